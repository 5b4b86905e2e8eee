"""Stripe's own library works against the sandbox: what it reads there is what it reads from Stripe."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from support.clients import use_stripe
from support.clock import START, ManualClock
from support.serving import served
from support.worlds import world_at
from wirepost.providers.stripe.sandbox import StripeSandbox
from wirepost.sandbox.faults import Fault

pytestmark = pytest.mark.services("stripe")


@pytest.fixture
def sandbox() -> StripeSandbox:
    return StripeSandbox(world_at(START), ManualClock())


@pytest.fixture
async def base(sandbox: StripeSandbox) -> AsyncIterator[str]:
    async with served(sandbox.app) as address:
        yield address


async def test_customers_are_paged_and_searched(base: str) -> None:
    (first,) = await use_stripe(base, ("customers.list", [{"limit": 2}], {}))
    shown = first["answer"]["data"]
    second, found, one = await use_stripe(
        base,
        ("customers.list", [{"limit": 2, "starting_after": shown[-1]["id"]}], {}),
        ("customers.search", [{"query": f"email:'{shown[0]['email']}'"}], {}),
        ("customers.retrieve", [shown[0]["id"]], {}),
    )
    assert first["answer"]["has_more"] is True
    assert not {row["id"] for row in shown} & {row["id"] for row in second["answer"]["data"]}
    assert shown[0]["id"] in [row["id"] for row in found["answer"]["data"]]
    assert one["answer"] == shown[0]


async def test_a_refund_is_made_once_for_one_key(base: str) -> None:
    (payments,) = await use_stripe(base, ("payment_intents.list", [{"limit": 100}], {}))
    payment = next(row for row in payments["answer"]["data"] if row["status"] == "succeeded")
    wanted = (
        "refunds.create",
        [{"payment_intent": payment["id"], "amount": 50}],
        {"idempotency_key": "once"},
    )
    made, again, listed = await use_stripe(
        base, wanted, wanted, ("refunds.list", [{"payment_intent": payment["id"]}], {})
    )
    assert made["answer"] == again["answer"]
    assert [row["id"] for row in listed["answer"]["data"]].count(made["answer"]["id"]) == 1


async def test_refusals_are_the_errors_the_library_knows(base: str) -> None:
    missing, wrong = await use_stripe(
        base,
        ("customers.retrieve", ["cus_nobody"], {}),
        ("refunds.create", [{"payment_intent": "pi_nobody"}], {}),
    )
    assert (missing["status"], missing["kind"], missing["error"]["code"]) == (
        404,
        "InvalidRequestError",
        "resource_missing",
    )
    assert (wrong["kind"], wrong["error"]["param"]) == ("InvalidRequestError", "payment_intent")
    (refused,) = await use_stripe(base, ("balance.retrieve", [], {}), key="nonsense")
    assert (refused["status"], refused["kind"]) == (401, "AuthenticationError")


async def test_faults_reach_the_library_as_the_errors_it_knows(base: str, sandbox: StripeSandbox) -> None:
    sandbox.inject(Fault(kind="status", match="GET /v1/balance", times=1, status=429))
    limited, well = await use_stripe(base, ("balance.retrieve", [], {}), ("balance.retrieve", [], {}))
    assert (limited["status"], limited["kind"]) == (429, "RateLimitError")
    assert well["answer"]["object"] == "balance"
