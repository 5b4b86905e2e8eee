"""`wirepost tools`: list, show, call, manifest."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from wirepost.tools.catalog import ToolList
from wirepost.tools.index import all_tools

REFUND = ("tools", "call", "stripe_create_refund", "amount=10.00")


@pytest.fixture
def payment(cli) -> dict[str, str]:
    """A payment that can be refunded."""
    found = cli("tools", "call", "stripe_list_payments", "status=succeeded", "limit=50", "--json").json
    records = found["data"]["records"]
    fitting = (each for each in records if each["amount_minor"] > 2000 and each["amount_refunded_minor"] == 0)
    return next(each for each in fitting if each["currency"] == "eur" and not each["is_disputed"])


def test_the_list_says_risk_cost_and_totals(cli) -> None:
    out = cli("tools", "list").out
    assert "stripe_create_refund" in out
    assert "tokens in each model request" in out
    assert "support" in out.partition("PRESET")[2]


def test_the_list_as_json_adds_up(cli) -> None:
    found = cli("tools", "list", "--json").json
    assert found["tokens"] == sum(tool["tokens"] for tool in found["tools"])
    assert found["presets"]["support"] == {"tools": len(found["tools"]), "tokens": found["tokens"]}
    everything = cli("tools", "list", "--all", "--json").json["tools"]
    assert len(everything) > len(found["tools"])
    assert {tool["name"] for tool in everything if tool["offered"]} == {
        tool["name"] for tool in found["tools"]
    }


def test_another_preset_can_be_looked_at(cli) -> None:
    found = cli("tools", "list", "--preset", "readonly", "--json").json
    assert {tool["risk"] for tool in found["tools"]} == {"R"}
    assert "there is no 'nope'" in cli("tools", "list", "--preset", "nope").err


def test_a_tool_is_shown_with_arguments_and_example(cli) -> None:
    out = cli("tools", "show", "stripe_create_refund").out
    for text in (
        "W3",
        "destructive",
        "rak_charge_write",
        "payment",
        "Try it: wirepost tools call stripe_create_refund",
    ):
        assert text in out
    assert cli("tools", "show", "stripe_create_refund", "--json").json["risk"] == "W3"


def test_an_unknown_tool_is_misuse(cli) -> None:
    result = cli("tools", "show", "stripe_create_refunds")
    assert (result.code, result.err) == (
        2,
        "error: there is no tool 'stripe_create_refunds' (did you mean stripe_create_refund?)\n",
    )


def test_arguments_are_read_in_the_types_of_the_tool(cli) -> None:
    found = cli("tools", "call", "stripe_list_payments", "limit=2", "fields=id,amount", "--json").json
    assert len(found["data"]["records"]) == 2
    assert found["warnings"] == []


def test_arguments_may_be_json(cli, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"limit": 1}')
    for args, given in (('{"limit": 1}', None), (f"@{tmp_path}/a.json", None), ("-", '{"limit": 1}')):
        found = cli("tools", "call", "stripe_list_payments", "--args", args, "--json", given=given).json
        assert len(found["data"]["records"]) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("limit",), "'limit' is not an argument (write key=value, or one JSON object after --args)"),
        (("=3",), "'=3' is not an argument"),
        (("limit=1", "limit=2"), "the argument limit is given twice"),
        (("limit=1", "--args", '{"limit": 2}'), "the argument limit is given twice"),
        (("--args", "{"), "--args is not JSON"),
        (("--args", "[]"), "--args must be a JSON object"),
        (("--args", "@none.json"), "none.json: cannot be read"),
    ],
)
def test_arguments_that_cannot_be_read_are_misuse(cli, arguments: tuple[str, ...], says: str) -> None:
    result = cli("tools", "call", "stripe_list_payments", *arguments)
    assert result.code == 2
    assert says in result.err


def test_a_call_that_fails_says_what_to_change(cli) -> None:
    result = cli("tools", "call", "stripe_get_payment", "paymnt=pi_1")
    assert result.code == 1
    assert "error: invalid_arguments" in result.err
    assert "paymnt" in result.err
    assert result.out == ""
    assert cli("tools", "call", "stripe_get_payment", "payment=pi_doesnotexist").code == 1


def test_data_goes_to_standard_output_and_the_rest_elsewhere(cli) -> None:
    result = cli("tools", "call", "stripe_list_payments", "limit=1", "--trace")
    assert set(json.loads(result.out)) == {"data", "page"}
    steps = [line.split()[-1] for line in result.err.splitlines()]
    assert steps == ["find", "read", "open", "decide", "run", "shape", "record"]


def test_a_refund_is_confirmed_and_repeated_without_paying_twice(cli, payment) -> None:
    refund = (*REFUND, f"payment={payment['id']}", "currency=eur", "intent=one")
    held_back = cli(*refund)
    assert held_back.code == 3
    assert "confirmation_required" in held_back.err
    confirmation = held_back.err.rpartition("confirmation=")[2].strip()
    done = cli(*refund, f"confirmation={confirmation}", "--json")
    assert done.code == 0
    again = cli(*refund, "--json")
    assert again.json["data"]["id"] == done.json["data"]["id"]
    assert again.json["meta"]["idempotency"] == {"intent": "one", "replayed": True}


@pytest.mark.slow
def test_on_a_terminal_the_plan_is_shown_and_a_person_asked(payment) -> None:
    asks_a_person(payment)


@pytest.mark.slow
def test_a_running_server_asks_through_the_terminal_as_well(server, payment) -> None:
    asks_a_person(payment)


def asks_a_person(payment: dict[str, str]) -> None:
    for answer, code in ((b"n\n", 3), (b"y\n", 0)):
        controller, terminal = pty.openpty()
        command = [sys.executable, "-m", "wirepost", *REFUND, f"payment={payment['id']}", "currency=eur"]
        os.write(controller, answer)
        result = subprocess.run(
            command, check=False, stdin=terminal, capture_output=True, text=True, timeout=30
        )
        os.close(terminal)
        os.close(controller)
        assert result.returncode == code, result.stderr
        assert "Refund 10.00 eur" in result.stderr
        assert "Do it?" in result.stderr
    assert json.loads(result.stdout)["amount"] == "10.00"


def test_a_refusal_by_policy_has_its_own_exit_code(cli, configure, payment) -> None:
    configure(
        "policy:\n  rules:\n    - {id: none, effect: deny, tools: [stripe_create_refund], reason: Not here}\n"
    )
    result = cli(*REFUND, f"payment={payment['id']}", "currency=eur")
    assert result.code == 3
    assert "Not here" in result.err


def test_the_manifest_is_the_one_of_the_repository_form(cli, tmp_path: Path) -> None:
    printed = cli("tools", "manifest").out
    assert cli("tools", "manifest", "-o", str(tmp_path / "t.json")).code == 0
    assert (tmp_path / "t.json").read_text() == printed
    assert {"presets", "tools"} == set(json.loads(printed))


def test_the_cost_of_a_long_list_is_that_of_what_is_sent(cli) -> None:
    """Beyond forty kilobytes the list does not describe arguments."""
    whole = cli("tools", "list", "--all", "--json").json
    assert whole["tokens"] == ToolList(tuple(all_tools())).tokens
