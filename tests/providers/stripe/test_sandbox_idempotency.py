"""Idempotency keys of the Stripe sandbox, and what faults make of them."""

from __future__ import annotations

import asyncio

import pytest

from support.clock import ManualClock
from support.sandboxes import PAID, JudgedStripe, judged_stripe, shop
from wirepost.providers.stripe.sandbox import StripeSandbox
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.sockets import ConnectionCut, ConnectRefused

GIVEN = {"payment_intent": PAID, "amount": 1000}


@pytest.fixture
def stripe() -> JudgedStripe:
    return judged_stripe()


async def refunded(stripe: JudgedStripe) -> int:
    """What was given back for the payment."""
    rows = (await stripe.get("/v1/refunds", payment_intent=PAID)).body["data"]
    return sum(row["amount"] for row in rows)


async def test_the_same_key_gets_the_same_answer_and_acts_once(stripe: JudgedStripe) -> None:
    first = await stripe.post("/v1/refunds", **GIVEN, key="k")
    second = await stripe.post("/v1/refunds", **GIVEN, key="k")
    assert (second.status, second.raw) == (200, first.raw)
    assert second.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert second.headers["original-request"] == first.headers["request-id"] != second.headers["request-id"]
    assert second.headers["idempotency-key"] == "k"
    assert await refunded(stripe) == 1000


async def test_without_a_key_the_same_request_acts_twice(stripe: JudgedStripe) -> None:
    await stripe.post("/v1/refunds", **GIVEN)
    await stripe.post("/v1/refunds", **GIVEN)
    assert await refunded(stripe) == 2000


async def test_the_order_of_the_parameters_does_not_matter(stripe: JudgedStripe) -> None:
    await stripe.post("/v1/refunds", payment_intent=PAID, amount=1000, key="k")
    again = await stripe.post("/v1/refunds", amount=1000, payment_intent=PAID, key="k")
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(
    ("path", "params"),
    [("/v1/refunds", {**GIVEN, "amount": 999}), ("/v1/refunds", {}), ("/v1/customers", {"name": "x"})],
)
async def test_other_parameters_under_the_same_key_are_an_error(
    stripe: JudgedStripe, path: str, params: dict[str, object]
) -> None:
    await stripe.post("/v1/refunds", **GIVEN, key="k")
    refused = await stripe.post(path, **params, key="k")
    assert (refused.status, refused.error["type"]) == (400, "idempotency_error")
    assert await refunded(stripe) == 1000


async def test_a_refusal_by_the_endpoint_is_kept(stripe: JudgedStripe) -> None:
    first = await stripe.post("/v1/refunds", payment_intent=PAID, amount=99_999_999, key="k")
    again = await stripe.post("/v1/refunds", payment_intent=PAID, amount=99_999_999, key="k")
    assert (first.status, again.status) == (400, 400)
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_parameter_error_is_not_kept(stripe: JudgedStripe) -> None:
    assert (await stripe.post("/v1/refunds", payment_intent=PAID, amount="ten", key="k")).status == 400
    made = await stripe.post("/v1/refunds", **GIVEN, key="k")
    assert made.status == 200
    assert "idempotent-replayed" not in made.headers


async def test_a_rate_limit_is_not_kept(stripe: JudgedStripe) -> None:
    stripe.sandbox.inject(Fault("status", status=429))
    assert (await stripe.post("/v1/refunds", **GIVEN, key="k")).status == 429
    assert (await stripe.post("/v1/refunds", **GIVEN, key="k")).status == 200


@pytest.mark.parametrize(("is_applied", "amount"), [(False, 0), (True, 1000)])
async def test_a_500_is_replayed_whether_or_not_it_did_something(
    stripe: JudgedStripe, *, is_applied: bool, amount: int
) -> None:
    stripe.sandbox.inject(Fault("status", status=500, is_applied=is_applied))
    first = await stripe.post("/v1/refunds", **GIVEN, key="k")
    again = await stripe.post("/v1/refunds", **GIVEN, key="k")
    assert (first.status, first.error["type"]) == (500, "api_error")
    assert (again.status, again.raw) == (500, first.raw)
    assert again.headers["idempotent-replayed"] == "true"
    assert await refunded(stripe) == amount
    assert (await stripe.post("/v1/refunds", **GIVEN, key="other")).status == 200
    assert await refunded(stripe) == amount + 1000


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_failure_in_front_of_stripe_is_not_kept(stripe: JudgedStripe, status: int) -> None:
    stripe.sandbox.inject(Fault("status", status=status))
    assert (await stripe.post("/v1/refunds", **GIVEN, key="k")).status == status
    assert (await stripe.post("/v1/refunds", **GIVEN, key="k")).status == 200
    assert await refunded(stripe) == 1000


async def test_a_lost_answer_is_had_again_with_the_same_key(stripe: JudgedStripe) -> None:
    stripe.sandbox.inject(Fault("lost_answer", match="POST /v1/refunds"))
    with pytest.raises(ConnectionCut):
        await stripe.post("/v1/refunds", **GIVEN, key="k")
    assert await refunded(stripe) == 1000
    again = await stripe.post("/v1/refunds", **GIVEN, key="k")
    assert (again.status, again.headers["idempotent-replayed"]) == (200, "true")
    assert await refunded(stripe) == 1000


@pytest.mark.parametrize(("kind", "error"), [("cut", ConnectionCut), ("refused", ConnectRefused)])
async def test_a_request_that_never_arrived_did_nothing(
    stripe: JudgedStripe, kind: str, error: type[Exception]
) -> None:
    stripe.sandbox.inject(Fault.parse(f"{kind};match=POST /v1/refunds"))
    with pytest.raises(error):
        await stripe.post("/v1/refunds", **GIVEN, key="k")
    assert await refunded(stripe) == 0
    assert (await stripe.post("/v1/refunds", **GIVEN, key="k")).status == 200


async def test_a_key_in_use_is_a_conflict_that_may_be_tried_again() -> None:
    clock = ManualClock(auto=False)
    stripe = JudgedStripe(StripeSandbox(shop(), clock), clock)
    stripe.sandbox.inject(Fault("slow", match="POST /v1/refunds", delay_s=3))
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        first = tasks.create_task(stripe.post("/v1/refunds", **GIVEN, key="k"))
        await clock.wait_for_sleepers(1)
        second = await stripe.post("/v1/refunds", **GIVEN, key="k")
        assert (second.status, second.error["code"]) == (409, "idempotency_key_in_use")
        assert second.headers["stripe-should-retry"] == "true"
        other = await stripe.post("/v1/refunds", **GIVEN, key="another")
        assert other.status == 200
        clock.advance(3)
    assert first.result().status == 200
    third = await stripe.post("/v1/refunds", **GIVEN, key="k")
    assert third.raw == first.result().raw
    assert await refunded(stripe) == 2000


async def test_a_request_is_processed_although_nobody_waits_any_more() -> None:
    clock = ManualClock(auto=False)
    stripe = JudgedStripe(StripeSandbox(shop(), clock), clock)
    stripe.sandbox.inject(Fault("slow", match="POST /v1/refunds", delay_s=30))
    async with asyncio.timeout(5):
        impatient = asyncio.create_task(stripe.post("/v1/refunds", **GIVEN, key="k"))
        await clock.wait_for_sleepers(1)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
    assert await refunded(stripe) == 1000
    again = await stripe.post("/v1/refunds", **GIVEN, key="k")
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_key_is_forgotten_after_a_day(stripe: JudgedStripe) -> None:
    await stripe.post("/v1/refunds", **GIVEN, key="k")
    stripe.clock.advance(23 * 3600)
    assert (await stripe.post("/v1/refunds", **GIVEN, key="k")).headers["idempotent-replayed"] == "true"
    stripe.clock.advance(2 * 3600)
    assert "idempotent-replayed" not in (await stripe.post("/v1/refunds", **GIVEN, key="k")).headers
    assert await refunded(stripe) == 2000


async def test_a_key_belongs_to_one_account() -> None:
    stripe = judged_stripe(accounts=["acct_1Outlet"])
    await stripe.post("/v1/customers", name="x", key="k")
    headers = {"Stripe-Account": "acct_1Outlet", "Idempotency-Key": "k"}
    there = await stripe.send("POST", "/v1/customers", {"name": "x"}, headers)
    assert "idempotent-replayed" not in there.headers


async def test_a_key_has_a_longest_length(stripe: JudgedStripe) -> None:
    assert (await stripe.post("/v1/customers", name="x", key="k" * 255)).status == 200
    assert (await stripe.post("/v1/customers", name="x", key="k" * 256)).status == 400


async def test_reads_and_deletions_ignore_keys(stripe: JudgedStripe) -> None:
    headers = {"Idempotency-Key": "k"}
    path = "/v1/invoices/in_NordlichtExample"
    assert (await stripe.send("GET", path, {}, headers)).status == 200
    assert (await stripe.send("DELETE", path, {}, headers)).status == 200
    assert (await stripe.send("DELETE", path, {}, headers)).status == 404
