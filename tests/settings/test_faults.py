"""Faults in the configuration: the same line as on the command line, or option by option."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from wirepost.core.errors import ConfigError
from wirepost.settings import collect, load, load_settings
from wirepost.settings.describe import json_schema

FILE = """
connections:
  shop:
    provider: stripe
    environment: sandbox
    faults:
"""
TWO_WAYS = [
    ("503", "{kind: status, status: 503}"),
    (
        "429;retry-after=2;times=3;match=POST /v1/refunds",
        '{kind: status, status: 429, retry_after: "2", times: 3, match: POST /v1/refunds}',
    ),
    ("500;applied", "{kind: status, status: 500, is_applied: true}"),
    ("refused", "{kind: refused}"),
    ("cut;times=always", "{kind: cut, times: }"),
    ("slow=1.5", "{kind: slow, delay_s: 1.5}"),
    ("lost_answer;match=POST *", '{kind: lost_answer, match: "POST *"}'),
    ("malformed", "{kind: malformed}"),
    ("html;status=200;applied", "{kind: html, status: 200, is_applied: true}"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "wirepost.yaml"


def faults_in(file: Path, environ: dict[str, str] | None = None) -> list[dict[str, Any]]:
    settings = load_settings(file, environ or {})
    return [fault.model_dump() for fault in settings.connections["shop"].faults]


@pytest.mark.parametrize(("line", "options"), TWO_WAYS)
def test_a_line_says_the_same_as_options(file: Path, line: str, options: str) -> None:
    file.write_text(f"{FILE}      - {line}\n      - {options}\n")
    on_one_line, option_by_option = faults_in(file)
    assert on_one_line == option_by_option


def test_who_wrote_the_line_set_its_options(file: Path) -> None:
    file.write_text(f"{FILE}      - 429;times=3\n")
    origin = load(file, {}).origin_of("connections.shop.faults[0].times")
    assert (origin.layer, origin.line) == ("file", 7)


def test_a_variable_holds_lines(file: Path) -> None:
    file.write_text(FILE)
    variable = {"WIREPOST__CONNECTIONS__SHOP__FAULTS": "429;times=3, cut"}
    assert [(fault["kind"], fault["times"]) for fault in faults_in(file, variable)] == [
        ("status", 3),
        ("cut", 1),
    ]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("lost_anser", "faults[0].kind: must be one of status, slow, "),
        ("lost_anser", "(did you mean lost_answer?)"),
        ("429;time=3", "faults[0].time: is not a known option (did you mean times?)"),
        ("429;times=0", "faults[0].times: must be at least 1"),
        ("slow=-1", "faults[0].delay_s: must be at least 0"),
        ("slow=.inf", "faults[0].delay_s: must be a number"),
        ("302", "faults[0]: the status must be an error, 400 to 599; html may also have 200"),
        ("{kind: status, status: 200}", "faults[0]: the status must be an error"),
        ("true", "faults[0]: must be a group of `option: value` lines"),
    ],
)
def test_a_mistake_is_named_by_its_line_with_what_is_possible(file: Path, fault: str, said: str) -> None:
    file.write_text(f"{FILE}      - {fault}\n")
    problems = collect(file, {})
    assert isinstance(problems, list)
    assert [type(problem) for problem in problems] == [ConfigError]
    assert said in str(problems[0])
    assert problems[0].line == 7


def test_editors_accept_both_ways() -> None:
    check = jsonschema.Draft202012Validator(json.loads(json_schema()))
    for fault, is_accepted in (("cut", True), (429, True), ({"kind": "cut"}, True), ({"kind": "x"}, False)):
        shop = {"provider": "stripe", "environment": "sandbox", "faults": [fault]}
        assert check.is_valid({"connections": {"shop": shop}}) is is_accepted
