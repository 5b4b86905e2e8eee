"""Payments: lists, searches, and the ways to name one."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from wirepost.core.errors import InvalidCall, Rejected
from wirepost.providers.stripe.tools.payments import stripe_get_payment, stripe_list_payments


async def test_a_plain_list_is_read_from_the_list(stripe):
    stripe.listing("/v1/payment_intents", stripe.paid(), has_more=True)
    page = await stripe.run(stripe_list_payments, customer="cus_1", created_after="-1d", created_before="now")
    assert stripe.last["path"] == "/v1/payment_intents"
    assert parse_qs(stripe.last["query"]) == {
        "customer": ["cus_1"],
        "created[gte]": ["1795514400"],
        "created[lt]": ["1795600800"],
        "limit": ["20"],
        "expand[0]": ["data.latest_charge"],
    }
    assert page.after == ["pi_1"]
    assert page.records[0].amount == "100.00"


async def test_the_next_page_starts_after_the_position(stripe):
    call = stripe.call(position="pi_9", limit=3)
    await stripe_list_payments.operation(call)
    assert "starting_after=pi_9" in stripe.last["query"]
    assert "limit=3" in stripe.last["query"]


@pytest.mark.parametrize(
    ("given", "query"),
    [
        ({"status": "succeeded"}, 'status:"succeeded"'),
        (
            {"amount_min": "10.00", "amount_max": "20", "currency": "EUR"},
            'currency:"eur" AND amount>=1000 AND amount<=2000',
        ),
        (
            {
                "status": "canceled",
                "customer": 'cus_"1',
                "created_after": "2026-11-24",
                "created_before": "today",
            },
            'status:"canceled" AND customer:"cus_\\"1" AND created>=1795478400 AND created<1795564800',
        ),
        ({"currency": "jpy", "amount_min": "500"}, 'currency:"jpy" AND amount>=500'),
    ],
)
async def test_status_and_amounts_are_searched_for(stripe, given, query):
    await stripe.run(stripe_list_payments, **given)
    assert stripe.last["operation"] == "PaymentIntent.search"
    assert parse_qs(stripe.last["query"])["query"] == [query]


async def test_a_search_continues_with_stripes_own_page(stripe):
    body = {
        "object": "search_result",
        "url": "/v1/payment_intents/search",
        "has_more": True,
        "data": [stripe.paid()],
        "next_page": "WzE3",
    }
    stripe.stub("GET", "/v1/payment_intents/search", body)
    page = await stripe.run(stripe_list_payments, status="succeeded")
    assert (page.next, page.after, page.has_more) == ("WzE3", None, True)
    call = stripe.call(position="WzE3")
    await stripe_list_payments.operation(call, status="succeeded")
    assert parse_qs(stripe.last["query"])["page"] == ["WzE3"]


@pytest.mark.parametrize("given", [{"amount_min": "1"}, {"amount_max": "1"}])
async def test_amounts_need_a_currency(stripe, given):
    with pytest.raises(InvalidCall) as refused:
        await stripe.run(stripe_list_payments, **given)
    assert refused.value.fields[0]["path"] == "currency"


async def test_a_wrong_amount_is_named(stripe):
    with pytest.raises(InvalidCall) as refused:
        await stripe.run(stripe_list_payments, amount_max="1.234", currency="eur")
    assert refused.value.fields[0]["path"] == "amount_max"


async def test_a_wrong_time_is_named(stripe):
    with pytest.raises(InvalidCall) as refused:
        await stripe.run(stripe_list_payments, created_after="soon")
    assert refused.value.fields[0]["path"] == "created_after"


async def test_a_payment_shows_money_card_and_fee_and_no_secret(stripe):
    stripe.pays(10000, amount_refunded=2500)
    payment = await stripe.run(stripe_get_payment, payment="pi_1")
    assert "latest_charge.balance_transaction" in parse_qs(stripe.last["query"])["expand[0]"]
    shown = payment.model_dump(exclude_none=True)
    assert shown["amount"] == "100.00"
    assert shown["amount_minor"] == 10000
    assert shown["amount_refunded"] == "25.00"
    assert shown["fee"] == "3.20"
    assert shown["net"] == "96.80"
    assert shown["charge"] == "ch_1"
    assert shown["customer"] == "cus_1"
    assert shown["method"] == {"type": "card", "brand": "visa", "last4": "4242", "expires": "2030-08"}
    assert shown["is_disputed"] is False
    assert "client_secret" not in str(shown)


async def test_a_charge_is_resolved_to_its_payment(stripe):
    stripe.pays()
    payment = await stripe.run(stripe_get_payment, payment="ch_1")
    assert payment.id == "pi_1"


async def test_an_old_charge_is_shown_as_it_is(stripe):
    charge = stripe.paid()["latest_charge"] | {"payment_intent": None, "failure_code": "card_declined"}
    stripe.stub("GET", "/v1/charges/py_1", charge | {"id": "py_1"})
    payment = await stripe.run(stripe_get_payment, payment="py_1")
    assert (payment.id, payment.charge, payment.amount_received) == ("py_1", "py_1", "100.00")
    assert payment.failure == "card_declined"


async def test_an_invoice_is_resolved_to_the_payment_that_paid_it(stripe):
    def paying(intent, **more):
        return stripe.sample(
            "invoice_payment", **{"payment": {"type": "payment_intent", "payment_intent": intent}, **more}
        )

    rows = [
        paying("pi_0", status="canceled", is_default=True),
        paying("pi_1", status="paid", is_default=False),
        stripe.sample("invoice_payment", payment={"type": "payment_record"}, status="paid", is_default=True),
    ]
    payments = {"object": "list", "url": "/v1/x", "has_more": False, "data": rows}
    stripe.stub("GET", "/v1/invoices/in_1", stripe.sample("invoice", payments=payments))
    stripe.pays()
    assert (await stripe.run(stripe_get_payment, payment="in_1")).id == "pi_1"


async def test_an_unpaid_invoice_has_no_payment(stripe):
    stripe.stub("GET", "/v1/invoices/in_1", stripe.sample("invoice"))
    with pytest.raises(Rejected) as refused:
        await stripe.run(stripe_get_payment, payment="in_1")
    assert refused.value.code == "not_found"


@pytest.mark.parametrize("payment", ["cus_1", "4711", "pm_1"])
async def test_another_kind_of_id_is_refused(stripe, payment):
    with pytest.raises(InvalidCall):
        await stripe.run(stripe_get_payment, payment=payment)


async def test_the_reason_of_a_failed_payment_is_shown(stripe):
    error = {"type": "card_error", "code": "card_declined", "decline_code": "lost_card", "message": "No."}
    failed = stripe.paid() | {
        "latest_charge": None,
        "status": "requires_payment_method",
        "last_payment_error": error,
    }
    stripe.stub("GET", "/v1/payment_intents/pi_1", failed)
    payment = await stripe.run(stripe_get_payment, payment="pi_1")
    assert (payment.status, payment.failure, payment.method) == ("requires_payment_method", "lost_card", None)
