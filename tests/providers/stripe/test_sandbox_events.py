"""The sandbox tells what has changed: as a list, as requests to be sent, and in the form that Stripe has."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from support.clock import START, ManualClock
from support.sandboxes import PAID, JudgedStripe, judged_stripe
from support.worlds import world_at
from wirepost.providers.stripe.items import item_of
from wirepost.providers.stripe.sandbox import StripeSandbox
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.sockets import ConnectionCut

DISPUTE = "dp_NordlichtExample"


@pytest.fixture
def stripe() -> JudgedStripe:
    return judged_stripe()


def told(stripe: JudgedStripe) -> list[str]:
    """The types of what would have been sent since the last time."""
    types = [event.type for event in stripe.sandbox.outbox]
    stripe.sandbox.outbox.clear()
    return types


async def a_customer(stripe: JudgedStripe) -> str:
    """A customer that is new, told of already."""
    made = await stripe.post("/v1/customers", email="new@example.com")
    told(stripe)
    return str(made.body["id"])


async def a_draft(stripe: JudgedStripe, **options: Any) -> str:
    """An invoice with one item, told of already."""
    customer = options.pop("customer", None) or await a_customer(stripe)
    invoice = (await stripe.post("/v1/invoices", customer=customer, currency="eur", **options)).body["id"]
    await stripe.post("/v1/invoiceitems", invoice=invoice, customer=customer, amount=1500, currency="eur")
    assert told(stripe) == ["invoice.created", "invoiceitem.created", "invoice.updated"]
    return str(invoice)


async def test_reading_changes_nothing_and_tells_nothing(stripe: JudgedStripe) -> None:
    for path in ("/v1/customers", "/v1/charges", "/v1/events", "/v1/webhook_endpoints"):
        assert (await stripe.get(path)).status == 200
    assert told(stripe) == []
    assert (await stripe.get("/v1/events")).body["data"] == []


async def test_a_refund_is_told_of_the_charge_and_of_itself(stripe: JudgedStripe) -> None:
    refund = (await stripe.post("/v1/refunds", payment_intent=PAID, amount=1000, key="wp_1")).body
    sent = {event.type: orjson.loads(event.body) for event in stripe.sandbox.outbox}
    assert list(sent) == ["charge.refunded", "refund.created"]
    assert sent["refund.created"]["data"]["object"] == refund
    changed = sent["charge.refunded"]["data"]
    assert (changed["object"]["amount_refunded"], changed["previous_attributes"]) == (
        1000,
        {"amount_refunded": 0},
    )
    assert sent["charge.refunded"]["request"]["idempotency_key"] == "wp_1"
    assert sent["charge.refunded"]["livemode"] is False
    item = item_of(sent["charge.refunded"])
    assert (item.type, item.data["refunded_now"], item.marks[0]) == ("payment.refunded", "10.00", "wp_1")
    listed = (await stripe.get("/v1/events")).body["data"]
    assert [event["id"] for event in reversed(listed)] == [event["id"] for event in sent.values()]


async def test_a_repetition_under_the_same_key_is_not_told_again(stripe: JudgedStripe) -> None:
    for _ in range(2):
        await stripe.post("/v1/refunds", payment_intent=PAID, amount=1000, key="wp_1")
    assert told(stripe) == ["charge.refunded", "refund.created"]


async def test_a_lost_answer_does_not_lose_the_event(stripe: JudgedStripe) -> None:
    stripe.sandbox.inject(Fault("lost_answer", match="POST /v1/customers"))
    with pytest.raises(ConnectionCut):
        await stripe.post("/v1/customers", email="new@example.com")
    assert told(stripe) == ["customer.created"]


async def test_a_refused_request_tells_nothing(stripe: JudgedStripe) -> None:
    assert (await stripe.post("/v1/refunds", payment_intent=PAID, amount=10**9)).status == 400
    assert told(stripe) == []


async def test_an_update_names_what_was_there_before(stripe: JudgedStripe) -> None:
    customer = await a_customer(stripe)
    await stripe.post(f"/v1/customers/{customer}", address={"city": "Kiel"}, name="Anna")
    (event,) = stripe.sandbox.outbox
    assert event.type == "customer.updated"
    before = orjson.loads(event.body)["data"]["previous_attributes"]
    assert (before["name"], before["address"]) == (None, None)
    assert "email" not in before
    told(stripe)
    await stripe.post(f"/v1/customers/{customer}", name="Anna")
    assert told(stripe) == []


async def test_an_invoice_is_told_of_from_draft_to_its_end(stripe: JudgedStripe) -> None:
    first = await a_draft(stripe, collection_method="send_invoice", days_until_due=7)
    await stripe.post(f"/v1/invoices/{first}/send")
    assert told(stripe) == ["invoice.updated", "invoice.finalized", "invoice.sent"]
    await stripe.post(f"/v1/invoices/{first}/pay", paid_out_of_band=True)
    assert told(stripe) == ["invoice.updated", "invoice.paid", "invoice.payment_succeeded"]
    second = await a_draft(stripe)
    await stripe.delete(f"/v1/invoices/{second}")
    assert set(told(stripe)) == {"invoice.deleted", "invoiceitem.deleted"}
    third = await a_draft(stripe)
    await stripe.post(f"/v1/invoices/{third}/finalize")
    told(stripe)
    await stripe.post(f"/v1/invoices/{third}/mark_uncollectible")
    await stripe.post(f"/v1/invoices/{third}/void")
    assert told(stripe) == [
        *("invoice.updated", "invoice.marked_uncollectible"),
        *("invoice.updated", "invoice.voided"),
    ]


async def test_a_card_that_is_refused_is_told_of_although_the_request_fails(stripe: JudgedStripe) -> None:
    past_due = (await stripe.get("/v1/subscriptions", status="past_due", limit=1)).body["data"][0]
    invoice = past_due["latest_invoice"]
    assert (await stripe.post(f"/v1/invoices/{invoice}/pay")).status == 402
    types = told(stripe)
    assert {"charge.failed", "payment_intent.payment_failed", "invoice.payment_failed"} <= set(types)
    assert "invoice.paid" not in types


async def test_a_subscription_is_changed_and_ended(stripe: JudgedStripe) -> None:
    running = (await stripe.get("/v1/subscriptions", status="active", limit=1)).body["data"][0]["id"]
    await stripe.post(f"/v1/subscriptions/{running}", cancel_at_period_end=True)
    assert told(stripe) == ["customer.subscription.updated"]
    await stripe.delete(f"/v1/subscriptions/{running}")
    assert told(stripe) == ["customer.subscription.deleted"]


async def test_a_dispute_is_updated_and_closed(stripe: JudgedStripe) -> None:
    await stripe.post(
        f"/v1/disputes/{DISPUTE}", evidence={"uncategorized_text": "It was delivered"}, submit=False
    )
    assert told(stripe) == ["charge.dispute.updated"]
    await stripe.post(f"/v1/disputes/{DISPUTE}/close")
    assert told(stripe) == ["charge.dispute.closed"]


async def test_events_are_filtered_by_type_and_by_whether_somebody_waits_for_them(
    stripe: JudgedStripe,
) -> None:
    await a_customer(stripe)
    await stripe.post("/v1/refunds", payment_intent=PAID, amount=100)
    for given, types in (
        ({"type": "refund.created"}, ["refund.created"]),
        ({"types": ["customer.created", "refund.created"]}, ["refund.created", "customer.created"]),
        ({"delivery_success": False}, []),
    ):
        found = (await stripe.get("/v1/events", **given)).body["data"]
        assert [event["type"] for event in found] == types


async def test_an_endpoint_tells_its_secret_once_and_counts_what_it_waits_for(stripe: JudgedStripe) -> None:
    made = await stripe.post(
        "/v1/webhook_endpoints", url="https://hooks.example.com/x", enabled_events=["customer.created"]
    )
    assert made.body["secret"].startswith("whsec_")
    path = f"/v1/webhook_endpoints/{made.body['id']}"
    assert "secret" not in (await stripe.get(path)).body
    await stripe.post("/v1/customers", email="new@example.com")
    await stripe.post("/v1/refunds", payment_intent=PAID, amount=100)
    waiting = {
        event["type"]: event["pending_webhooks"] for event in (await stripe.get("/v1/events")).body["data"]
    }
    assert waiting == {"refund.created": 0, "charge.refunded": 0, "customer.created": 1}
    assert (await stripe.post(path, disabled=True)).body["status"] == "disabled"
    assert (await stripe.delete(path)).body["deleted"] is True
    assert (await stripe.get("/v1/webhook_endpoints")).body["data"] == []


async def test_an_address_must_be_one_and_endpoints_are_limited(stripe: JudgedStripe) -> None:
    wrong = await stripe.post("/v1/webhook_endpoints", url="hooks.example.com", enabled_events=["*"])
    assert (wrong.status, wrong.error["code"]) == (400, "url_invalid")
    address = "https://hooks.example.com/x"
    answers = [
        (await stripe.post("/v1/webhook_endpoints", url=address, enabled_events=["*"])).status
        for _ in range(17)
    ]
    assert answers == [200] * 16 + [400]


async def test_events_of_a_connected_account_name_it() -> None:
    sandbox = StripeSandbox(world_at(START), ManualClock(), accounts=["acct_shop2"])
    stripe = JudgedStripe(sandbox, ManualClock())
    await stripe.send("POST", "/v1/customers", {"email": "a@example.com"}, {"Stripe-Account": "acct_shop2"})
    (event,) = sandbox.outbox
    assert item_of(orjson.loads(event.body)).account == "acct_shop2"
    assert (await stripe.get("/v1/events")).body["data"] == []


async def test_a_fresh_sandbox_has_neither_events_nor_endpoints(stripe: JudgedStripe) -> None:
    await stripe.post("/v1/webhook_endpoints", url="https://hooks.example.com/x", enabled_events=["*"])
    await a_customer(stripe)
    stripe.sandbox.reset()
    assert (await stripe.get("/v1/events")).body["data"] == []
    assert (await stripe.get("/v1/webhook_endpoints")).body["data"] == []
