"""The example file, the reference page and the JSON Schema follow from the models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from wirepost.core import yaml
from wirepost.core.yaml import dotted
from wirepost.settings import Settings, load_settings, shape
from wirepost.settings.connections import default_connections
from wirepost.settings.describe import example, json_schema, reference


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def uncommented(text: str) -> str:
    """What a person gets who removes every # that stands before an option."""
    lines = []
    for line in text.splitlines():
        bare = line.lstrip(" ")
        is_option = bare.startswith("#") and not bare.startswith("# ")
        lines.append(line.replace("#", "", 1) if is_option else line)
    return "\n".join(lines)


def test_the_example_as_it_is_changes_nothing() -> None:
    Path("wirepost.yaml").write_text(example())
    loaded = load_settings(environ={})
    Path("wirepost.yaml").unlink()
    assert loaded == load_settings(environ={})


def test_the_example_with_every_option_set_is_a_valid_configuration() -> None:
    Path("wirepost.yaml").write_text(uncommented(example()))
    settings = load_settings(environ={})
    assert list(settings.connections) == [*default_connections(), "stripe-test"]
    assert str(settings.connections["stripe-test"].key) == "env:STRIPE_API_KEY"
    assert [rule.id for rule in settings.policy.rules] == ["large-refunds"]


def test_the_example_has_every_option() -> None:
    lines = [line.strip() for line in uncommented(example()).splitlines()]
    shown = {line.removeprefix("- ").partition(":")[0] for line in lines}
    assert {str(path[-1]) for path, _ in shape.options(Settings)} - shown <= {
        *("kind", "match", "times", "status", "retry_after", "delay_s", "is_applied"),
        *("over", "up_to", "currency"),
    }, "only the parts of faults and amounts are left to the reference"


def test_the_reference_has_a_row_for_every_option() -> None:
    page = reference()
    for path, field in shape.options(Settings):
        row = next(line for line in page.splitlines() if line.startswith(f"| `{path[-1]}` |"))
        assert row
        assert (field.description or "").replace("|", "\\|") in page, dotted(path)


def test_the_reference_says_defaults_and_kinds() -> None:
    page = reference()
    assert "| `port` | whole number | `8484` | Port to listen on; 0: any free one |" in page
    assert "| `effect` | `allow`, `confirm`, `approve`, `deny` | required |" in page


def test_the_reference_has_groups_that_may_be_written_shorter() -> None:
    _, _, section = reference().partition("## `connections.<name>.webhooks.<name>.secrets[]`\n")
    assert "| `not_after` | time | empty |" in section.partition("\n## ")[0]


def valid(value: Any) -> bool:
    return jsonschema.Draft202012Validator(json.loads(json_schema())).is_valid(value)


def test_the_schema_accepts_what_is_accepted_and_refuses_what_is_refused() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(json_schema()))
    assert valid(yaml.read(uncommented(example()).replace("url:\n", "url: null\n"), "x").value)
    assert valid({"connections": {"a": {"provider": "stripe", "environment": "test", "key": "env:A"}}})
    assert not valid({"connections": {"a": {"provider": "stripe", "environment": "live"}}})
    assert not valid(
        {"connections": {"a": {"provider": "stripe", "environment": "test", "key": "sk_live_x"}}}
    )
    assert not valid({"serve": {}})
