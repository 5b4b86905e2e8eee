"""Stripe's own library against the sandbox on a real socket: it cannot tell the difference."""

from __future__ import annotations

from typing import Any

import pytest

from support.clients import StripeCall, use_stripe
from support.sandboxes import ANNA, PAID, JudgedStripe, judged_stripe
from support.serving import served
from wirepost.sandbox.faults import Fault

pytestmark = pytest.mark.services("stripe")

REFUND = {"payment_intent": PAID, "amount": 500}


@pytest.fixture
def stripe() -> JudgedStripe:
    return judged_stripe(lacking={"rk_test_readonly": {"rak_charge_write"}})


async def use(stripe: JudgedStripe, *calls: StripeCall, **options: Any) -> list[dict[str, Any]]:
    """Make the calls with the vendor's library."""
    async with served(stripe.sandbox.socket_app) as base:
        return await use_stripe(base, *calls, **options)


async def test_the_library_reads_and_writes(stripe: JudgedStripe) -> None:
    expand = {"expand": ["latest_charge.balance_transaction", "customer"]}
    quantity = {"items": [{"id": "si_NordlichtExample", "quantity": 4}]}
    results = await use(
        stripe,
        ("customers.list", [{"email": "anna.lindqvist@example.com"}], {}),
        ("customers.search", [{"query": "name~'lindqvist'", "limit": 2}], {}),
        ("payment_intents.retrieve", [PAID, expand], {}),
        ("refunds.create", [REFUND], {"idempotency_key": "k1"}),
        ("refunds.create", [REFUND], {"idempotency_key": "k1"}),
        ("refunds.list", [{"payment_intent": PAID}], {}),
        (
            "invoices.create_preview",
            [{"subscription": "sub_NordlichtExample", "subscription_details": quantity}],
            {},
        ),
        ("subscriptions.cancel", ["sub_NordlichtExample", {"prorate": False}], {}),
        ("invoices.send_invoice", ["in_NordlichtExample"], {}),
        ("payment_links.create", [{"line_items": [{"price": "price_NordlichtExample", "quantity": 1}]}], {}),
        (
            "disputes.update",
            ["dp_NordlichtExample", {"evidence": {"customer_name": "A"}, "submit": False}],
            {},
        ),
        ("balance.retrieve", [], {}),
        ("payouts.list", [{"limit": 1}], {}),
    )
    assert [result for result in results if "answer" not in result] == []
    answers = [result["answer"] for result in results]
    assert answers[0]["data"][0]["id"] == ANNA
    assert answers[1]["object"] == "search_result"
    assert answers[2]["latest_charge"]["balance_transaction"]["object"] == "balance_transaction"
    assert answers[3]["id"] == answers[4]["id"]
    assert [row["amount"] for row in answers[5]["data"]] == [500]
    assert (answers[7]["status"], answers[8]["status"]) == ("canceled", "open")


async def test_the_library_pages_through_everything(stripe: JudgedStripe) -> None:
    ids: list[str] = []
    async with served(stripe.sandbox.socket_app) as base:
        position: dict[str, str] = {}
        for _ in range(4):
            (result,) = await use_stripe(base, ("customers.list", [{"limit": 100, **position}], {}))
            ids += [row["id"] for row in result["answer"]["data"]]
            position = {"starting_after": ids[-1]}
    assert (len(ids), len(set(ids))) == (400, 400)
    assert result["answer"]["has_more"] is False


async def test_errors_become_the_librarys_exceptions(stripe: JudgedStripe) -> None:
    late = (await stripe.get("/v1/subscriptions", status="past_due", limit=1)).body["data"][0]
    calls: dict[str, StripeCall] = {
        "InvalidRequestError": ("customers.retrieve", ["cus_nobody"], {}),
        "IdempotencyError": ("refunds.create", [{**REFUND, "amount": 501}], {"idempotency_key": "k1"}),
        "CardError": ("invoices.pay", [late["latest_invoice"]], {}),
    }
    await stripe.post("/v1/refunds", **REFUND, key="k1")
    results = await use(stripe, *calls.values())
    assert [result["kind"] for result in results] == list(calls)
    assert [result["status"] for result in results] == [404, 400, 402]
    assert results[0]["error"]["code"] == "resource_missing"


@pytest.mark.parametrize(
    ("key", "kind", "status"),
    [("sk_live_123456789", "AuthenticationError", 401), ("rk_test_readonly", "PermissionError", 403)],
)
async def test_wrong_keys_become_the_librarys_exceptions(
    stripe: JudgedStripe, key: str, kind: str, status: int
) -> None:
    (result,) = await use(stripe, ("refunds.create", [REFUND], {}), key=key)
    assert (result["kind"], result["status"]) == (kind, status)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("429;retry-after=1", "RateLimitError"),
        ("500", "APIError"),
        ("cut", "APIConnectionError"),
        ("lost_answer", "APIConnectionError"),
        ("html", "APIError"),
        ("malformed", "APIError"),
    ],
)
async def test_faults_reach_the_library(stripe: JudgedStripe, fault: str, kind: str) -> None:
    stripe.sandbox.inject(Fault.parse(fault))
    (result,) = await use(stripe, ("refunds.create", [REFUND], {"idempotency_key": "k1"}))
    assert result["kind"] == kind
    made = (await stripe.get("/v1/refunds", payment_intent=PAID)).body["data"]
    assert len(made) == (fault in {"lost_answer", "malformed"})
