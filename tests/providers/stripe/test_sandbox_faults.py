"""Stripe's own ways of failing, on demand and by load."""

from __future__ import annotations

import pytest

from support.clock import ManualClock
from support.sandboxes import PAID, JudgedStripe, judged_stripe, shop
from wirepost.providers.stripe.sandbox import StripeSandbox
from wirepost.sandbox.faults import Fault


@pytest.fixture
def stripe() -> JudgedStripe:
    return judged_stripe()


async def test_too_many_requests_are_refused_until_time_passes(stripe: JudgedStripe) -> None:
    stripe.sandbox.limit(2)
    answers = [await stripe.get("/v1/balance") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    refused = answers[-1]
    assert (refused.error["code"], refused.error["type"]) == ("rate_limit", "invalid_request_error")
    assert refused.headers["stripe-rate-limited-reason"] == "global-rate"
    assert refused.headers["stripe-should-retry"] == "true"
    assert "retry-after" not in refused.headers
    stripe.clock.advance(0.5)
    assert (await stripe.get("/v1/balance")).status == 200


async def test_searches_have_a_limit_of_their_own(stripe: JudgedStripe) -> None:
    stripe.sandbox.limit(1, scope="search")
    answers = [await stripe.get("/v1/customers/search", query='name:"x"') for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 429]
    assert answers[1].headers["stripe-rate-limited-reason"] == "endpoint-rate"
    assert (await stripe.get("/v1/balance")).status == 200


@pytest.mark.parametrize("retry_after", [None, "7", "Wed, 25 Nov 2026 10:00:05 GMT"])
async def test_a_429_comes_with_and_without_a_delay(stripe: JudgedStripe, retry_after: str | None) -> None:
    stripe.sandbox.inject(Fault("status", status=429, retry_after=retry_after))
    refused = await stripe.get("/v1/balance")
    assert (refused.status, refused.headers.get("retry-after")) == (429, retry_after)
    assert (await stripe.get("/v1/balance")).status == 200


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, "invalid_request_error", None),
        (401, "invalid_request_error", "api_key_expired"),
        (402, "card_error", "card_declined"),
        (409, "invalid_request_error", "lock_timeout"),
        (500, "api_error", None),
        (503, "api_error", None),
    ],
)
async def test_each_status_has_stripes_error(
    stripe: JudgedStripe, status: int, kind: str, code: str | None
) -> None:
    stripe.sandbox.inject(Fault("status", status=status))
    refused = await stripe.post("/v1/refunds", payment_intent=PAID)
    assert (refused.status, refused.error["type"], refused.error.get("code")) == (status, kind, code)
    assert (await stripe.get("/v1/refunds", payment_intent=PAID)).body["data"] == []


async def test_a_fault_never_hides_a_wrong_key_or_parameter(stripe: JudgedStripe) -> None:
    stripe.sandbox.inject(Fault("status", status=503, times=None))
    assert (await stripe.get("/v1/balance", nope=1)).error["code"] == "parameter_unknown"
    stripe.key = "nonsense"
    assert (await stripe.get("/v1/balance")).status == 401


async def test_a_slow_answer_takes_its_time_and_is_right() -> None:
    clock = ManualClock()
    stripe = JudgedStripe(StripeSandbox(shop(), clock), clock)
    stripe.sandbox.inject(Fault("slow", delay_s=2.5))
    assert (await stripe.get("/v1/balance")).status == 200
    assert clock.slept == [2.5]
