"""Whatever goes wrong gives one clear error that says what to do, leaks nothing, and is recorded."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from support.clock import ManualClock
from support.running import Running, running, settings_for
from wirepost.app import build_app
from wirepost.calls.audit import verify
from wirepost.calls.caller import Caller
from wirepost.core.errors import ConfigError
from wirepost.sandbox.vendor import Fault

KEY = "sk_test_51CanaryCanaryCanary"
LIVE_KEY = "sk_live_51CanaryCanaryCanary"


@pytest.fixture
async def wirepost(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Running]:
    async with running(tmp_path, clock) as app:
        yield app


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"payments": "pi_1"}, "payments"),
        ({"payment": ["pi_1"]}, "payment"),
        ({}, "payment"),
        ({"payment": "pi_1", "max_tokens": 1}, "max_tokens"),
        ({"payment": "pi_1", "fields": ["colour"]}, "fields"),
        ({"payment": "pi_1", "connection": "stripe-sandbax"}, "connection"),
    ],
)
async def test_wrong_arguments_are_named(wirepost: Running, arguments: dict[str, Any], path: str) -> None:
    error = await wirepost.error("stripe_get_payment", **arguments)
    assert error["code"] == "invalid_arguments"
    assert path in [field["path"] for field in error["fields"]]
    assert error["hint"]
    assert len(await wirepost.records()) == 1


@pytest.mark.parametrize("change", ["text", "caller", "argument", "tool", "expiry"])
async def test_cursor_leads_nowhere_but_where_it_was_given(
    wirepost: Running, clock: ManualClock, change: str
) -> None:
    tool, caller, asked = "stripe_list_payments", Caller("local"), {"limit": 2}
    cursor = (await wirepost.ok(tool, caller, **asked))["page"]["next_cursor"]
    second = await wirepost.ok(tool, caller, **asked, cursor=cursor)
    assert second["page"]["returned"] == 2
    if change == "text":
        cursor = cursor[:-3] + ("AAA" if cursor[-3:] != "AAA" else "BBB")
    elif change == "caller":
        caller = Caller("somebody else")
    elif change == "argument":
        asked = {"limit": 2, "status": "succeeded"}  # type: ignore[dict-item]
    elif change == "tool":
        tool = "stripe_list_refunds"
    else:
        clock.advance(24 * 3600 + 1)
    error = await wirepost.error(tool, caller, **asked, cursor=cursor)
    assert error["code"] == "invalid_arguments"
    assert error["fields"][0]["path"] == "cursor"


async def test_missing_key_is_asked_for_by_name(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    stripe = {"provider": "stripe", "environment": "test", "key": "env:NO_SUCH_KEY"}
    async with running(tmp_path, clock, connections={"stripe-test": stripe}) as wirepost:
        error = await wirepost.error("stripe_get_balance")
        assert error["code"] == "not_connected"
        assert "NO_SUCH_KEY" in error["message"]
        assert error["hint"]


@pytest.mark.parametrize(("environment", "key"), [("test", LIVE_KEY), ("production", KEY)])
async def test_key_of_the_other_environment_refuses_to_start(
    tmp_path: Path, environment: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_KEY", key)
    stripe = {"provider": "stripe", "environment": environment, "key": "env:STRIPE_KEY"}
    with pytest.raises(ConfigError, match="environment") as refused:
        await build_app(settings_for(tmp_path, connections={"stripe": stripe}))
    assert key not in str(refused.value)


async def test_provider_that_is_down_is_said_to_be_down(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_KEY", KEY)
    address = f"http://127.0.0.1:{closed_port()}"
    stripe = {"provider": "stripe", "environment": "test", "key": "env:STRIPE_KEY", "base_url": address}
    async with running(tmp_path, clock, connections={"stripe": stripe}) as wirepost:
        error = await wirepost.error("stripe_get_balance")
        assert error["code"] == "upstream_unavailable"
        assert error["retryable"]
        shown = orjson.dumps([error, await wirepost.records()]).decode()
        assert KEY not in shown


@pytest.mark.parametrize("kind", ["html", "malformed"])
async def test_answer_that_is_no_answer_is_not_taken_for_one(wirepost: Running, kind: Any) -> None:
    sandbox = wirepost.app.connections.sandbox("stripe-sandbox")
    assert sandbox
    sandbox.inject(Fault(kind=kind, match="GET *", times=3, status=200))
    error = await wirepost.error("stripe_get_balance")
    assert error["code"] == "upstream_unavailable"
    assert "<" not in error["message"]
    assert await wirepost.ok("stripe_get_balance")


async def test_full_disk_sends_nothing_and_recovers(wirepost: Running) -> None:
    payment = await wirepost.ok("stripe_list_payments", status="succeeded", limit=1)
    pages = (await wirepost.app.database.read("PRAGMA page_count"))[0][0]

    async def limit(count: Any) -> None:
        async def work(tx: Any) -> None:
            await tx.execute(f"PRAGMA max_page_count = {count}")

        await wirepost.app.database.write(work)

    await limit(pages)
    arguments = {"payment": payment["data"]["records"][0]["id"], "reason": "x" * 300}
    codes = {(await wirepost.error("no_such_tool", filler="y" * 3000))["code"] for _ in range(60)}
    assert codes == {"invalid_arguments", "server_unavailable"}
    error = await wirepost.error("stripe_create_refund", **arguments)
    assert error["code"] == "server_unavailable"
    assert error["outcome"] == "not_applied"
    assert error["hint"]
    assert wirepost.sent(path="/v1/refunds") == []

    await limit(1_000_000)
    await wirepost.ok("stripe_get_balance")
    assert (await verify(wirepost.app.database)).is_whole
    assert len(await wirepost.records()) == 63  # those that could not be stored then are stored now


async def test_read_only_server_neither_lists_nor_obeys_a_write(tmp_path: Path, clock: ManualClock) -> None:
    async with running(tmp_path, clock, read_only=True) as wirepost:
        names = [entry["name"] for entry in wirepost.app.calls.tools(Caller("local")).entries]
        assert "stripe_get_payment" in names
        assert "stripe_create_refund" not in names
        error = await wirepost.error("stripe_create_refund", payment="pi_1")
        assert error["code"] == "forbidden_by_policy"


async def test_money_caps_hold_per_action_and_day_and_are_given_back(
    tmp_path: Path, clock: ManualClock
) -> None:
    money = {"max_per_action": {"eur": "10.00"}, "max_per_day": {"eur": "15.00"}, "currencies": ["eur"]}
    stripe = {"provider": "stripe", "environment": "sandbox", "money": money}
    async with running(tmp_path, clock, connections={"stripe-sandbox": stripe}) as wirepost:
        page = await wirepost.ok("stripe_list_payments", status="succeeded", limit=100)
        usable = []
        for payment in page["data"]["records"]:
            if payment["currency"] == "eur" and payment["amount_minor"] > 3000:
                outcome = await wirepost.outcome(
                    "stripe_create_refund",
                    payment=payment["id"],
                    amount="1.00",
                    currency="eur",
                    mode="preview",
                )
                usable += [] if outcome.is_error else [payment["id"]]
        one, two, three = usable[:3]
        refund: dict[str, Any] = {"currency": "eur"}

        too_much = await wirepost.error("stripe_create_refund", payment=one, amount="10.01", **refund)
        assert too_much["code"] == "forbidden_by_policy"
        await wirepost.confirmed("stripe_create_refund", payment=one, amount="10.00", **refund)
        sandbox = wirepost.app.connections.sandbox("stripe-sandbox")
        assert sandbox
        sandbox.inject(Fault(kind="status", status=400, match="POST /v1/refunds", times=1))
        preview = await wirepost.ok(
            "stripe_create_refund", payment=two, amount="5.00", **refund, mode="preview"
        )
        token = preview["data"]["confirmation"]
        rejected = await wirepost.error(
            "stripe_create_refund", payment=two, amount="5.00", **refund, confirmation=token
        )
        assert rejected["outcome"] == "not_applied"
        await wirepost.confirmed("stripe_create_refund", payment=two, amount="5.00", **refund)
        preview = await wirepost.ok(
            "stripe_create_refund", payment=three, amount="0.01", **refund, mode="preview"
        )
        spent = await wirepost.error(
            "stripe_create_refund",
            payment=three,
            amount="0.01",
            **refund,
            confirmation=preview["data"]["confirmation"],
        )
        assert spent["code"] == "forbidden_by_policy"
        clock.advance(24 * 3600)
        await wirepost.confirmed("stripe_create_refund", payment=three, amount="0.01", **refund)
