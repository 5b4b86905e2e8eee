"""Refunds, disputes and the balance of the Stripe sandbox: one movement shows everywhere."""

from __future__ import annotations

from typing import Any

import pytest

from support.sandboxes import PAID, JudgedStripe, judged_stripe
from wirepost.core.money import CURRENCIES

DISPUTE = "dp_NordlichtExample"


@pytest.fixture
def stripe() -> JudgedStripe:
    return judged_stripe()


async def charge_of(stripe: JudgedStripe, intent: str = PAID) -> dict[str, Any]:
    """The charge of a payment as it is now."""
    found = await stripe.get(f"/v1/payment_intents/{intent}", expand=["latest_charge.balance_transaction"])
    charge: dict[str, Any] = found.body["latest_charge"]
    return charge


async def paid_in(stripe: JudgedStripe, currency: str) -> dict[str, Any]:
    """An untouched charge in a currency."""
    query = f'currency:"{currency}" AND status:"succeeded" AND refunded:"false" AND disputed:"false"'
    found = (await stripe.get("/v1/charges/search", query=query, limit=50)).body["data"]
    return next(row for row in found if row["amount_refunded"] == 0)


async def test_a_refund_changes_charge_list_and_balance(stripe: JudgedStripe) -> None:
    before, balance = await charge_of(stripe), (await stripe.get("/v1/balance")).body
    made = (await stripe.post("/v1/refunds", payment_intent=PAID, amount=1000, reason="duplicate")).body
    assert (made["status"], made["amount"], made["reason"]) == ("succeeded", 1000, "duplicate")
    assert (made["charge"], made["payment_intent"], made["currency"]) == (before["id"], PAID, "eur")
    after = await charge_of(stripe)
    assert (after["amount_refunded"], after["refunded"], after["amount"]) == (1000, False, before["amount"])
    moved = (await stripe.get(f"/v1/balance_transactions/{made['balance_transaction']}")).body
    assert (moved["amount"], moved["net"], moved["type"], moved["source"]) == (
        -1000,
        -1000,
        "refund",
        made["id"],
    )
    now = (await stripe.get("/v1/balance")).body
    assert now["available"][0]["amount"] == balance["available"][0]["amount"] - 1000
    newest = (await stripe.get("/v1/refunds", limit=1)).body["data"][0]
    assert newest == made


async def test_without_an_amount_the_remainder_is_refunded(stripe: JudgedStripe) -> None:
    total = (await charge_of(stripe))["amount"]
    await stripe.post("/v1/refunds", payment_intent=PAID, amount=1000)
    rest = await stripe.post("/v1/refunds", payment_intent=PAID)
    assert rest.body["amount"] == total - 1000
    assert (await charge_of(stripe))["refunded"] is True
    again = await stripe.post("/v1/refunds", payment_intent=PAID)
    assert (again.status, again.error["code"]) == (400, "charge_already_refunded")


async def test_more_than_the_remainder_is_refused_and_nothing_changes(stripe: JudgedStripe) -> None:
    charge = await charge_of(stripe)
    await stripe.post("/v1/refunds", charge=charge["id"], amount=1000)
    refused = await stripe.post("/v1/refunds", charge=charge["id"], amount=charge["amount"] - 999)
    assert (refused.status, refused.error["type"], refused.error["param"]) == (
        400,
        "invalid_request_error",
        "amount",
    )
    assert "greater than unrefunded amount" in refused.error["message"]
    assert (await charge_of(stripe))["amount_refunded"] == 1000


@pytest.mark.parametrize("status", ["needs_response", "under_review", "lost"])
async def test_a_disputed_payment_is_not_refunded(stripe: JudgedStripe, status: str) -> None:
    disputes = (await stripe.get("/v1/disputes", limit=100)).body["data"]
    dispute = next(row for row in disputes if row["status"] == status)
    refused = await stripe.post("/v1/refunds", payment_intent=dispute["payment_intent"])
    assert (refused.status, refused.error["code"]) == (400, "charge_disputed")
    assert (await stripe.get("/v1/refunds", payment_intent=dispute["payment_intent"])).body["data"] == []


async def test_after_a_won_dispute_the_payment_can_be_refunded(stripe: JudgedStripe) -> None:
    disputes = (await stripe.get("/v1/disputes", limit=100)).body["data"]
    won = next(row for row in disputes if row["status"] == "won")
    assert (await stripe.post("/v1/refunds", payment_intent=won["payment_intent"])).status == 200


@pytest.mark.parametrize("status", ["requires_payment_method", "canceled"])
async def test_a_payment_that_failed_is_not_refunded(stripe: JudgedStripe, status: str) -> None:
    found = await stripe.get("/v1/payment_intents/search", query=f'status:"{status}"', limit=1)
    refused = await stripe.post("/v1/refunds", payment_intent=found.body["data"][0]["id"])
    assert (refused.status, refused.error["param"]) == (400, "payment_intent")


async def test_a_failed_charge_is_not_refunded_and_two_references_are_one_too_many(
    stripe: JudgedStripe,
) -> None:
    failed = (await stripe.get("/v1/charges/search", query='status:"failed"', limit=1)).body["data"][0]
    assert (await stripe.post("/v1/refunds", charge=failed["id"])).status == 400
    assert (await stripe.post("/v1/refunds", charge=failed["id"], payment_intent=PAID)).status == 400


async def test_three_decimal_currencies_end_in_zero(stripe: JudgedStripe) -> None:
    charge = await paid_in(stripe, "kwd")
    assert (await stripe.post("/v1/refunds", charge=charge["id"], amount=1001)).error["param"] == "amount"
    assert (await stripe.post("/v1/refunds", charge=charge["id"], amount=1000)).status == 200


@pytest.mark.parametrize("currency", ["eur", "usd", "gbp", "jpy", "kwd"])
async def test_every_currency_settles_in_euros(stripe: JudgedStripe, currency: str) -> None:
    charge = await paid_in(stripe, currency)
    moved = (await stripe.get(f"/v1/balance_transactions/{charge['balance_transaction']}")).body
    assert moved["currency"] == "eur"
    assert moved["net"] == moved["amount"] - moved["fee"]
    assert (moved["exchange_rate"] is None) == (currency == "eur")
    major = charge["amount"] / 10 ** CURRENCIES[currency].decimals
    assert moved["amount"] == pytest.approx(major * (moved["exchange_rate"] or 1) * 100, abs=0.51)


async def test_payments_show_why_they_failed(stripe: JudgedStripe) -> None:
    query = 'status:"requires_payment_method"'
    rows = (await stripe.get("/v1/payment_intents/search", query=query, limit=50)).body["data"]
    for row in rows[:5]:
        error = row["last_payment_error"]
        charge = (await stripe.get(f"/v1/charges/{error['charge']}")).body
        assert error["type"] == "card_error"
        assert (charge["paid"], charge["status"], charge["balance_transaction"]) == (False, "failed", None)
        assert row["amount_received"] == 0


async def test_a_payout_is_the_sum_of_what_went_into_it(stripe: JudgedStripe) -> None:
    for payout in (await stripe.get("/v1/payouts", limit=3)).body["data"]:
        rows: list[dict[str, Any]] = []
        position: dict[str, Any] = {}
        while True:
            page = (
                await stripe.get("/v1/balance_transactions", payout=payout["id"], limit=100, **position)
            ).body
            rows += page["data"]
            if not page["has_more"]:
                break
            position = {"starting_after": rows[-1]["id"]}
        assert sum(row["net"] for row in rows if row["type"] != "payout") == payout["amount"]
        assert [row["amount"] for row in rows if row["type"] == "payout"] == [-payout["amount"]]


async def test_the_balance_is_the_sum_of_its_transactions(stripe: JudgedStripe) -> None:
    rows: list[dict[str, Any]] = []
    page = (await stripe.get("/v1/balance_transactions", limit=100)).body
    while True:
        rows += page["data"]
        if not page["has_more"]:
            break
        last = rows[-1]["id"]
        page = (await stripe.get("/v1/balance_transactions", limit=100, starting_after=last)).body
    balance = (await stripe.get("/v1/balance")).body
    found = balance["available"][0]["amount"] + balance["pending"][0]["amount"]
    assert found == sum(row["net"] for row in rows)


async def test_evidence_is_staged_then_submitted_for_good(stripe: JudgedStripe) -> None:
    path = f"/v1/disputes/{DISPUTE}"
    staged = await stripe.post(path, evidence={"customer_name": "Anna"}, submit=False)
    assert (staged.body["status"], staged.body["evidence"]["customer_name"]) == ("needs_response", "Anna")
    assert staged.body["evidence_details"]["has_evidence"] is True
    assert staged.body["evidence_details"]["submission_count"] == 0
    sent = await stripe.post(path, evidence={"shipping_carrier": "Post"})
    assert (sent.body["status"], sent.body["evidence_details"]["submission_count"]) == ("under_review", 1)
    assert sent.body["evidence"]["customer_name"] == "Anna"
    late = await stripe.post(path, evidence={"customer_name": "Other"})
    assert late.status == 400
    assert (await stripe.get(path)).body["evidence"]["customer_name"] == "Anna"


async def test_evidence_has_a_limit_and_a_date(stripe: JudgedStripe) -> None:
    path = f"/v1/disputes/{DISPUTE}"
    names = ("uncategorized_text", "refund_refusal_explanation", "product_description", "customer_name",
             "cancellation_rebuttal", "service_date", "shipping_address", "access_activity_log")  # fmt: skip
    long = await stripe.post(path, evidence=dict.fromkeys(names, "x" * 20_000))
    assert (long.status, long.error["param"]) == (400, "evidence")
    stripe.clock.advance(60 * 86400)
    assert (await stripe.post(path, evidence={"customer_name": "Anna"})).status == 400


async def test_a_closed_dispute_is_lost_and_stays_closed(stripe: JudgedStripe) -> None:
    closed = await stripe.post(f"/v1/disputes/{DISPUTE}/close")
    assert closed.body["status"] == "lost"
    assert (await stripe.post(f"/v1/disputes/{DISPUTE}/close")).status == 400


async def test_a_dispute_took_its_money_and_a_won_one_gave_it_back(stripe: JudgedStripe) -> None:
    for row in (await stripe.get("/v1/disputes", limit=100)).body["data"]:
        moved = [move["amount"] for move in row["balance_transactions"]]
        assert moved[0] < 0
        assert sum(moved) == (0 if row["status"] == "won" else moved[0])


async def test_customers_take_metadata_apart_by_name(stripe: JudgedStripe) -> None:
    made = (await stripe.post("/v1/customers", metadata={"a": "1", "b": "2", "empty": ""})).body
    assert made["metadata"] == {"a": "1", "b": "2"}
    path = f"/v1/customers/{made['id']}"
    assert (await stripe.post(path, metadata={"a": "", "c": "3"})).body["metadata"] == {"b": "2", "c": "3"}
    assert (await stripe.post(path, name="N")).body["metadata"] == {"b": "2", "c": "3"}
    assert (await stripe.post(path, metadata="")).body["metadata"] == {}


async def test_an_empty_string_unsets_a_field_and_parts_of_an_address_are_kept(stripe: JudgedStripe) -> None:
    made = (await stripe.post("/v1/customers", name="N", address={"city": "Kiel", "country": "DE"})).body
    changed = await stripe.post(f"/v1/customers/{made['id']}", name="", address={"city": "Lübeck"})
    assert changed.body["name"] is None
    assert (changed.body["address"]["city"], changed.body["address"]["country"]) == ("Lübeck", "DE")
