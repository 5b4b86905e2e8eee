"""Calls from the command line: typed arguments, printed outcomes, through a server where one runs."""

from __future__ import annotations

import pytest

from wirepost.cli.calling import Outcome, call_tool, print_outcome, print_progress, read_pairs, typed
from wirepost.core.errors import ConfigError
from wirepost.settings import load

SCHEMA = {
    "properties": {
        "text": {"type": "string"},
        "limit": {"type": "integer"},
        "flag": {"type": "boolean"},
        "names": {"type": "array"},
    }
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ({"text": "10"}, "10"),
        ({"limit": "10"}, 10),
        ({"limit": "ten"}, "ten"),
        ({"flag": "true"}, True),
        ({"names": "a,b"}, ["a", "b"]),
        ({"names": '[{"a": 1}]'}, [{"a": 1}]),
        ({"unknown": "1"}, "1"),
    ],
)
def test_texts_become_what_the_tool_takes(text: dict[str, str], value: object) -> None:
    assert list(typed(text, SCHEMA).values()) == [value]
    assert typed(text, None) == text


def test_a_value_may_hold_an_equals_sign() -> None:
    assert read_pairs(["query=a=b"]) == {"query": "a=b"}
    with pytest.raises(ConfigError, match="given twice"):
        read_pairs(["a=1", "a=2"])


def test_an_error_is_printed_with_fields_hint_and_plan(capsys) -> None:
    plan = {
        "plan": "Refund 1.00 eur",
        "effects": [{"what": "Refunded", "before": "0.00", "after": "1.00"}, {"what": "Mail"}],
        "notes": ["Takes days"],
        "reversible": False,
        "confirmation": "tok",
    }
    error = {
        "code": "confirmation_required",
        "message": "needs a confirmation",
        "fields": [{"path": "a", "problem": "is odd", "allowed": ["x", "y"]}],
        "outcome": "unknown",
        "hint": "Ask",
        "plan": plan,
    }
    assert print_outcome(Outcome({"error": error, "warnings": ["late"]}, is_error=True), as_json=False) == 3
    assert capsys.readouterr().err.splitlines() == [
        "error: confirmation_required: needs a confirmation",
        "  a: is odd (allowed: x, y)",
        "  outcome: unknown",
        "  Ask",
        "",
        "Refund 1.00 eur",
        "  - Refunded: 0.00 → 1.00",
        "  - Mail",
        "  - Takes days",
        "  This cannot be undone.",
        "",
        "confirmation=tok",
        "warning: late",
    ]


def test_where_only_a_person_may_decide_no_confirmation_is_shown(capsys) -> None:
    error = {"code": "approval_required", "message": "Ask", "plan": {"plan": "Refund", "confirmation": None}}
    assert print_outcome(Outcome({"error": error}, is_error=True), as_json=False) == 3
    assert "confirmation" not in capsys.readouterr().err


def test_a_link_to_open_is_printed_where_there_is_one(capsys) -> None:
    url = "https://wirepost.example.com/connect/crm?c=1"
    error = {"code": "not_connected", "message": "Nobody has", "hint": "Show connect_url", "connect_url": url}
    assert print_outcome(Outcome({"error": error}, is_error=True), as_json=False) != 0
    assert f"connect_url={url}\n" in capsys.readouterr().err


def test_nothing_about_an_argument_is_printed_twice(capsys) -> None:
    fields = [
        {"path": "state", "problem": "must be one of open, done", "allowed": ["open", "done"]},
        {"path": "colour", "problem": "is not an argument", "allowed": ["note", "state"]},
        {"path": "note", "problem": "is required"},
    ]
    message = "sample: state must be one of open, done (and 2 more)"
    print_outcome(
        Outcome(
            {"error": {"code": "invalid_arguments", "message": message, "fields": fields}}, is_error=True
        ),
        as_json=False,
    )
    assert capsys.readouterr().err.splitlines() == [
        f"error: invalid_arguments: {message}",
        "  colour: is not an argument (allowed: note, state)",
        "  note: is required",
    ]


def test_progress_is_told_beside_the_result(capsys) -> None:
    print_progress({"progress": 1, "total": 4, "message": "page 1"})
    print_progress({"progress": 2})
    print_progress({"progress": 10.0011, "total": 25})
    assert capsys.readouterr().err == "… page 1 (1/4)\n… working (2)\n… working (10/25)\n"


@pytest.mark.slow
def test_with_a_server_the_call_goes_through_it(cli, server) -> None:
    listed = cli("tools", "call", "stripe_list_payments", "limit=2", "--json")
    assert len(listed.json["data"]["records"]) == 2
    assert listed.json["warnings"] == []
    traced = cli("tools", "call", "stripe_list_payments", "limit=1", "--trace")
    assert "no trace" in traced.err
    assert cli("tools", "call", "stripe_list_payments", "limit=none").code == 1
    record = cli("audit", "list", "--limit", "1", "--json").json[0]["record"]
    assert record["client"].startswith("wirepost-cli")


HALF = {"object": "contact", "text": "\udcff"}
TOO_MUCH = {"object": "contact", "text": "a" * 2**20}


@pytest.mark.parametrize(("arguments", "says"), [(HALF, "half a character"), (TOO_MUCH, "at most 1048576")])
@pytest.mark.slow
def test_what_no_line_can_carry_is_refused_as_without_a_server(
    configure, arguments: dict[str, str], says: str, request
) -> None:
    configure("connections: {crm: {provider: hubspot, environment: sandbox}}\n")

    def call() -> object:
        return call_tool(load(None), "crm_search_records", {}, arguments, may_ask=False).envelope["error"]

    alone = call()
    request.getfixturevalue("server")
    assert call() == alone
    assert says in str(alone)
