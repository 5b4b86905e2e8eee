"""What a call would be answered, without making it."""

from __future__ import annotations

import pytest

from support.running import running
from wirepost.calls.caller import Caller

SANDBOX = {"provider": "stripe", "environment": "sandbox"}
RULES = [
    {"id": "eu-only", "effect": "deny", "tools": ["stripe_create_refund"], "connections": ["shop-us"]},
    {
        "id": "small",
        "effect": "allow",
        "tools": ["stripe_create_refund"],
        "amount": {"up_to": "20.00", "currency": "eur"},
    },
    {"id": "no-robots", "effect": "deny", "tools": ["stripe_save_customer"], "callers": ["robot-*"]},
]
TWO = {"shop-eu": SANDBOX, "shop-us": SANDBOX}


async def explained(wirepost, tool, **arguments):
    named = [{"name": name, "value": value} for name, value in arguments.items()]
    return (await wirepost.ok("policy_explain", tool=tool, arguments=named))["data"]


@pytest.fixture
async def wirepost(tmp_path, clock):
    async with running(tmp_path, clock, connections=TWO, policy={"rules": RULES}) as app:
        yield app


async def test_a_rule_on_the_connection_decides_by_its_name(wirepost) -> None:
    denied = await explained(wirepost, "stripe_create_refund", connection="shop-us")
    assert (denied["effect"], denied["rule"], denied["connection"]) == ("deny", "eu-only", "shop-us")


@pytest.mark.parametrize(
    ("amount", "effect", "rule"),
    [("20.00", "allow", "small"), ("20.01", "confirm", "default:W3"), ("0.01", "allow", "small")],
)
async def test_a_rule_on_amounts_decides_at_its_edge(wirepost, amount, effect, rule) -> None:
    found = await explained(
        wirepost, "stripe_create_refund", connection="shop-eu", amount=amount, currency="eur"
    )
    assert (found["effect"], found["rule"]) == (effect, rule)


async def test_without_amount_or_currency_the_answer_is_open(wirepost) -> None:
    for arguments in ({}, {"currency": "eur"}, {"payment": "pi_1"}):
        found = await explained(wirepost, "stripe_create_refund", connection="shop-eu", **arguments)
        assert (found["effect"], found["rule"]) == ("confirm", "amount")
        assert "preview" in found["reason"]


async def test_a_limit_in_one_currency_says_nothing_of_another(wirepost) -> None:
    found = await explained(
        wirepost, "stripe_create_refund", connection="shop-eu", amount="1", currency="jpy"
    )
    assert found["rule"] == "default:W3"


async def test_a_tool_of_our_own_has_no_connection(wirepost) -> None:
    found = (await wirepost.ok("policy_explain", tool="connection_list"))["data"]
    assert (found["effect"], found["rule"], found["risk"]) == ("allow", "default:R", "R")
    assert "connection" not in found


async def test_the_caller_who_asks_is_the_one_who_is_judged(wirepost) -> None:
    found = await explained(wirepost, "stripe_save_customer", connection="shop-eu")
    assert (found["effect"], found["rule"]) == ("allow", "default:W1")
    asked = {
        "tool": "stripe_save_customer",
        "arguments": [{"name": "connection", "value": "shop-eu"}],
    }
    refused = (await wirepost.ok("policy_explain", Caller("robot-7"), **asked))["data"]
    assert (refused["effect"], refused["rule"]) == ("deny", "no-robots")


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("stripe_create_refund", {}, "connection_required"),
        ("stripe_create_refund", {"connection": "shop-ue"}, "invalid_arguments"),
        (
            "stripe_create_refund",
            {"connection": "shop-eu", "amount": "1e3", "currency": "eur"},
            "invalid_arguments",
        ),
        (
            "stripe_create_refund",
            {"connection": "shop-eu", "amount": "1", "currency": "xxx"},
            "invalid_arguments",
        ),
        ("stripe_create_refund", {"connection": "shop-eu", "paymnt": "pi_1"}, "invalid_arguments"),
        ("stripe_pay_everything", {}, "invalid_arguments"),
    ],
)
async def test_what_could_not_be_called_cannot_be_explained(wirepost, tool, arguments, code) -> None:
    named = [{"name": name, "value": value} for name, value in arguments.items()]
    refused = await wirepost.error("policy_explain", tool=tool, arguments=named)
    assert refused["code"] == code
    assert wirepost.sent("shop-eu") == wirepost.sent("shop-us") == []


async def test_nothing_is_sent_to_find_out(wirepost) -> None:
    await explained(wirepost, "stripe_create_refund", connection="shop-eu", payment="pi_1")
    assert wirepost.sent("shop-eu", method="GET") == []
