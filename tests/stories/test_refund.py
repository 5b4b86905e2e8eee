"""A refund from the first look to the audit: previewed, confirmed, sent once, whatever happens on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.clock import ManualClock
from support.running import Running, running
from wirepost.calls.audit import verify
from wirepost.calls.caller import Caller
from wirepost.sandbox.vendor import Fault

REFUNDS = "/v1/refunds"


@pytest.fixture
async def wirepost(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Running]:
    async with running(tmp_path, clock) as app:
        yield app


async def refundable(wirepost: Running, *, currency: str = "eur") -> dict[str, Any]:
    """A payment that was collected and nothing happened to since, large enough for two part refunds."""
    page = await wirepost.ok("stripe_list_payments", status="succeeded", limit=100)
    for payment in page["data"]["records"]:
        if payment["currency"] == currency and payment["amount_minor"] > 3000:
            found = (await wirepost.ok("stripe_get_payment", payment=payment["id"]))["data"]
            if not found.get("amount_refunded_minor") and not found.get("disputed"):
                return found
    pytest.fail("the world has no such payment")


async def test_previewed_confirmed_and_repeated_refund_pays_once(wirepost: Running) -> None:
    payment = await refundable(wirepost)
    asked = {"payment": payment["id"], "amount": "10.00", "currency": "eur", "intent": "refund-4711"}

    preview = await wirepost.ok("stripe_create_refund", **asked, mode="preview")
    assert wirepost.sent(path=REFUNDS) == []
    token = preview["data"]["confirmation"]

    first = await wirepost.ok("stripe_create_refund", **asked, confirmation=token)
    again = await wirepost.ok("stripe_create_refund", **asked)

    assert first["data"]["amount"] == "10.00"
    assert again["data"]["id"] == first["data"]["id"]
    assert first["meta"]["idempotency"] == {"intent": "refund-4711", "replayed": False}
    assert again["meta"]["idempotency"] == {"intent": "refund-4711", "replayed": True}
    assert len(wirepost.sent(path=REFUNDS)) == 1
    refunds = await wirepost.ok("stripe_list_refunds", payment=payment["id"])
    assert [refund["id"] for refund in refunds["data"]["records"]] == [first["data"]["id"]]


async def test_execution_without_confirmation_is_refused_with_the_plan(wirepost: Running) -> None:
    payment = await refundable(wirepost)
    error = await wirepost.error("stripe_create_refund", payment=payment["id"])
    assert error["code"] == "confirmation_required"
    assert error["outcome"] == "not_applied"
    done = await wirepost.ok(
        "stripe_create_refund", payment=payment["id"], confirmation=error["plan"]["confirmation"]
    )
    assert done["data"]["amount_minor"] == payment["amount_minor"]


async def test_preview_sends_no_write(wirepost: Running) -> None:
    payment = await refundable(wirepost)
    await wirepost.ok("stripe_create_refund", payment=payment["id"], mode="preview")
    assert wirepost.sent(method="POST") == []
    assert wirepost.sent(method="DELETE") == []


@pytest.mark.parametrize("change", ["argument", "caller", "state", "second use", "expiry", "text"])
async def test_confirmation_fits_nothing_but_what_it_accepted(
    wirepost: Running, clock: ManualClock, change: str
) -> None:
    payment = await refundable(wirepost)
    asked: dict[str, Any] = {"payment": payment["id"], "amount": "10.00", "currency": "eur"}
    token = (await wirepost.ok("stripe_create_refund", **asked, mode="preview"))["data"]["confirmation"]
    caller = Caller("local")
    if change == "argument":
        asked["amount"] = "11.00"
    elif change == "caller":
        caller = Caller("somebody else")
    elif change == "state":
        await wirepost.confirmed("stripe_create_refund", **{**asked, "amount": "1.00"})
    elif change == "second use":
        await wirepost.ok("stripe_create_refund", **asked, intent="first", confirmation=token)
        asked["intent"] = "second"
    elif change == "expiry":
        clock.advance(601)
    else:
        token = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    count = len(wirepost.sent(path=REFUNDS))

    error = await wirepost.error("stripe_create_refund", caller, **asked, confirmation=token)

    assert error["code"] == "confirmation_mismatch"
    assert error["plan"]["confirmation"]
    assert len(wirepost.sent(path=REFUNDS)) == count


async def test_confirmation_of_another_connection_does_not_fit(tmp_path: Path, clock: ManualClock) -> None:
    sandbox = {"provider": "stripe", "environment": "sandbox"}
    async with running(tmp_path, clock, connections={"one": sandbox, "two": sandbox}) as wirepost:
        page = await wirepost.ok("stripe_list_payments", connection="one", status="succeeded", limit=100)
        eligible = [p["id"] for p in page["data"]["records"]]
        for payment in eligible:
            preview = await wirepost.outcome(
                "stripe_create_refund", payment=payment, connection="one", mode="preview"
            )
            if not preview.is_error:
                break
        token = preview.envelope["data"]["confirmation"]
        error = await wirepost.error(
            "stripe_create_refund", payment=payment, connection="two", confirmation=token
        )
        assert error["code"] == "confirmation_mismatch"
        missing = await wirepost.error("stripe_create_refund", payment=payment)
        assert missing["code"] == "connection_required"


async def test_same_intent_with_other_arguments_is_a_conflict(wirepost: Running) -> None:
    payment = await refundable(wirepost)
    asked = {"payment": payment["id"], "currency": "eur", "intent": "refund-1"}
    await wirepost.confirmed("stripe_create_refund", **asked, amount="10.00")
    error = await wirepost.error("stripe_create_refund", **asked, amount="12.00")
    assert error["code"] == "conflict"
    assert len(wirepost.sent(path=REFUNDS)) == 1


async def test_identical_call_without_intent_is_suspected_for_a_day(
    wirepost: Running, clock: ManualClock
) -> None:
    payment = await refundable(wirepost)
    asked = {"payment": payment["id"], "amount": "10.00", "currency": "eur"}
    await wirepost.confirmed("stripe_create_refund", **asked)
    assert (await wirepost.error("stripe_create_refund", **asked))["code"] == "duplicate_suspected"
    clock.advance(23 * 3600)
    assert (await wirepost.error("stripe_create_refund", **asked))["code"] == "duplicate_suspected"
    clock.advance(2 * 3600)
    assert (await wirepost.error("stripe_create_refund", **asked))["code"] == "confirmation_required"
    await wirepost.confirmed("stripe_create_refund", **asked, intent="really again")
    assert len(wirepost.sent(path=REFUNDS)) == 2


async def test_ten_callers_with_one_intent_refund_once(wirepost: Running) -> None:
    """12.2.3e: all at the same moment."""
    payment = await refundable(wirepost)
    asked = {"payment": payment["id"], "amount": "10.00", "currency": "eur", "intent": "once"}
    token = (await wirepost.ok("stripe_create_refund", **asked, mode="preview"))["data"]["confirmation"]
    results = await asyncio.gather(
        *(wirepost.outcome("stripe_create_refund", **asked, confirmation=token) for _ in range(10))
    )
    done = [result.envelope["data"]["id"] for result in results if not result.is_error]
    assert len(done) == 10
    assert len(set(done)) == 1
    assert len(wirepost.sent(path=REFUNDS)) == 1


async def test_lost_answer_is_asked_for_again_with_the_same_key(wirepost: Running) -> None:
    payment = await refundable(wirepost)
    sandbox = wirepost.app.connections.sandbox("stripe-sandbox")
    assert sandbox
    sandbox.inject(Fault(kind="lost_answer", match=f"POST {REFUNDS}", times=1))
    done = await wirepost.confirmed(
        "stripe_create_refund", payment=payment["id"], amount="10.00", currency="eur", intent="lost"
    )
    assert done["data"]["amount"] == "10.00"
    keys = {request.headers["idempotency-key"] for request in wirepost.sent(path=REFUNDS)}
    assert len(wirepost.sent(path=REFUNDS)) == 2
    assert len(keys) == 1
    refunds = await wirepost.ok("stripe_list_refunds", payment=payment["id"])
    assert len(refunds["data"]["records"]) == 1


async def test_answers_lost_for_good_are_found_by_reading(wirepost: Running) -> None:
    """Nothing came back from any attempt; the refund is found and reported as done."""
    payment = await refundable(wirepost)
    sandbox = wirepost.app.connections.sandbox("stripe-sandbox")
    assert sandbox
    sandbox.inject(Fault(kind="lost_answer", match=f"POST {REFUNDS}", times=9))
    done = await wirepost.confirmed(
        "stripe_create_refund", payment=payment["id"], amount="10.00", currency="eur", intent="lost"
    )
    assert any("found by reading" in warning for warning in done["warnings"])
    refunds = await wirepost.ok("stripe_list_refunds", payment=payment["id"])
    assert [refund["id"] for refund in refunds["data"]["records"]] == [done["data"]["id"]]


async def test_unknown_outcome_is_looked_up_before_anything_is_sent_again(wirepost: Running) -> None:
    """12.2.3d: the answer and the look afterwards both fail; the repetition finds exactly one refund."""
    payment = await refundable(wirepost)
    sandbox = wirepost.app.connections.sandbox("stripe-sandbox")
    assert sandbox
    asked = {"payment": payment["id"], "amount": "10.00", "currency": "eur", "intent": "unknown"}
    token = (await wirepost.ok("stripe_create_refund", **asked, mode="preview"))["data"]["confirmation"]
    sandbox.inject(Fault(kind="lost_answer", match=f"POST {REFUNDS}", times=3))
    sandbox.inject(Fault(kind="cut", match=f"GET {REFUNDS}", times=3))

    error = await wirepost.error("stripe_create_refund", **asked, confirmation=token)
    assert error["code"] == "outcome_unknown"
    assert error["outcome"] == "unknown"
    record = (await wirepost.records())[-1]
    assert record["sent_at"] == record["at"]
    assert record["sent"][-3:] == [f"POST {REFUNDS} cut"] * 3
    sent = len(wirepost.sent(path=REFUNDS))

    done = await wirepost.ok("stripe_create_refund", **asked)
    assert done["meta"]["idempotency"]["replayed"]
    assert len(wirepost.sent(path=REFUNDS)) == sent
    assert "sent" not in (await wirepost.records())[-1]
    refunds = await wirepost.ok("stripe_list_refunds", payment=payment["id"])
    assert [refund["id"] for refund in refunds["data"]["records"]] == [done["data"]["id"]]


async def test_server_error_that_would_be_replayed_gets_a_new_key(wirepost: Running) -> None:
    """12.2.3f: a provider replays its own 500 to the same key for ever."""
    payment = await refundable(wirepost)
    sandbox = wirepost.app.connections.sandbox("stripe-sandbox")
    assert sandbox
    asked = {"payment": payment["id"], "amount": "10.00", "currency": "eur", "intent": "five hundred"}
    token = (await wirepost.ok("stripe_create_refund", **asked, mode="preview"))["data"]["confirmation"]
    sandbox.inject(Fault(kind="status", status=500, match=f"POST {REFUNDS}", times=1))
    error = await wirepost.error("stripe_create_refund", **asked, confirmation=token)
    assert error["code"] == "outcome_unknown"
    done = await wirepost.ok("stripe_create_refund", **asked)
    assert done["data"]["amount"] == "10.00"
    keys = [request.headers["idempotency-key"] for request in wirepost.sent(path=REFUNDS)]
    assert keys[0] != keys[-1]
    refunds = await wirepost.ok("stripe_list_refunds", payment=payment["id"])
    assert len(refunds["data"]["records"]) == 1


async def test_rejected_refund_may_be_tried_again_under_the_same_intent(wirepost: Running) -> None:
    payment = await refundable(wirepost)
    sandbox = wirepost.app.connections.sandbox("stripe-sandbox")
    assert sandbox
    asked = {"payment": payment["id"], "amount": "10.00", "currency": "eur", "intent": "second try"}
    sandbox.inject(Fault(kind="status", status=429, match=f"POST {REFUNDS}", times=3))
    preview = await wirepost.ok("stripe_create_refund", **asked, mode="preview")
    error = await wirepost.error(
        "stripe_create_refund", **asked, confirmation=preview["data"]["confirmation"]
    )
    assert error["code"] == "rate_limited"
    assert error["outcome"] == "not_applied"
    done = await wirepost.confirmed("stripe_create_refund", **asked)
    assert not done["meta"]["idempotency"]["replayed"]


async def test_every_attempt_leaves_exactly_one_record(wirepost: Running) -> None:
    payment = await refundable(wirepost)
    before = len(await wirepost.records())
    await wirepost.error("stripe_create_refund", payment=payment["id"])
    await wirepost.error("stripe_create_refund", payment=payment["id"], colour="red")
    await wirepost.error("no_such_tool")
    await wirepost.ok("stripe_create_refund", payment=payment["id"], mode="preview")
    await wirepost.confirmed(
        "stripe_create_refund", payment=payment["id"], intent="audited", reason="broken cup"
    )
    await wirepost.app.calls.declined(Caller("local"), "stripe_create_refund", {"payment": payment["id"]})
    records = (await wirepost.records())[before:]
    refused = ["confirmation_required", "invalid_arguments", "invalid_arguments"]
    assert [record["result"] for record in records] == [*refused, "ok", "ok", "ok", "confirmation_required"]
    assert records[5]["reason"] == "broken cup"
    assert records[5]["outcome"] == "applied"
    assert records[5]["intent"] == "audited"
    assert records[5]["arguments"]["confirmation"] == "[token]"
    assert (await verify(wirepost.app.database)).is_whole


async def test_cancelled_write_is_seen_through_and_recorded(tmp_path: Path) -> None:
    clock = ManualClock(auto=False)
    async with running(tmp_path, clock) as wirepost:
        payment = await refundable(wirepost)
        sandbox = wirepost.app.connections.sandbox("stripe-sandbox")
        assert sandbox
        asked = {"payment": payment["id"], "amount": "10.00", "currency": "eur", "intent": "cancelled"}
        preview = await wirepost.ok("stripe_create_refund", **asked, mode="preview")
        sandbox.inject(Fault(kind="slow", delay_s=1, match=f"POST {REFUNDS}", times=1))
        token = preview["data"]["confirmation"]
        call = asyncio.create_task(wirepost.outcome("stripe_create_refund", **asked, confirmation=token))
        await clock.wait_for_sleepers()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        clock.advance(1)
        done = await wirepost.ok("stripe_create_refund", **asked)
        assert done["meta"]["idempotency"]["replayed"]
        assert len(wirepost.sent(path=REFUNDS)) == 1
        cancelled = [record for record in await wirepost.records() if record.get("cancelled")]
        assert [record["outcome"] for record in cancelled] == ["applied"]
