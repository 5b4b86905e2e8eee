"""Invoices, subscriptions, prices and links, from Stripe's published example objects."""

from __future__ import annotations

import pytest

from wirepost.providers.stripe.billing import (
    Invoice,
    InvoiceDetails,
    InvoiceLine,
    PaymentLink,
    Price,
    Subscription,
    SubscriptionItem,
    interval_of,
    items_of,
)


def test_an_invoice_shows_amounts_dates_and_its_subscription(stripe):
    parent = {"type": "subscription_details", "subscription_details": {"subscription": "sub_1"}}
    raw = stripe.sample("invoice", total=1900, parent=parent, description="Thanks", metadata={"a": "b"})
    invoice = Invoice.read(raw)
    assert (invoice.total, invoice.total_minor, invoice.currency) == ("19.00", 1900, "usd")
    assert (invoice.subscription, invoice.memo, invoice.due_at) == ("sub_1", "Thanks", "2009-02-13T23:31:30Z")
    assert invoice.metadata[0].name == "a"


def test_a_deleted_draft_has_only_its_id():
    invoice = Invoice.read({"id": "in_1", "object": "invoice", "deleted": True})
    assert invoice.model_dump(exclude_none=True) == {"id": "in_1", "status": "deleted"}


def test_only_the_details_know_the_payment_page(stripe):
    raw = stripe.sample("invoice", hosted_invoice_url="https://invoice.example/i/1")
    assert InvoiceDetails.read(raw).payment_page == "https://invoice.example/i/1"
    assert "invoice.example" not in Invoice.read(raw).model_dump_json()


def test_a_line_names_its_price_and_whether_it_is_prorated(stripe):
    pricing = {"type": "price_details", "price_details": {"price": {"id": "price_1"}, "product": "prod_1"}}
    line = InvoiceLine.read(stripe.sample("line_item", pricing=pricing))
    assert (line.amount, line.price, line.is_proration) == ("10.00", "price_1", True)
    plain = InvoiceLine.read(stripe.sample("line_item", parent=None, pricing=None))
    assert (plain.price, plain.is_proration) == (None, None)


def test_a_subscription_shows_its_items_with_their_own_periods(stripe):
    raw = stripe.sample("subscription", latest_invoice={"id": "in_1"})
    shown = Subscription.read(raw)
    item = SubscriptionItem.read(items_of(raw)[0])
    assert shown.items == [item]
    assert (item.amount, item.interval, item.product) == ("20.00", "month", "prod_QXg1hqf4jFNsqG")
    assert item.period_end == "2000-12-08T15:02:53Z"
    assert shown.latest_invoice == "in_1"


@pytest.mark.parametrize(
    ("recurring", "interval"),
    [
        ({"interval": "month", "interval_count": 1}, "month"),
        ({"interval": "week", "interval_count": 2}, "2 week"),
        (None, None),
    ],
)
def test_an_interval_is_named(recurring, interval):
    assert interval_of({"recurring": recurring}) == interval


def test_a_price_shows_its_amount_and_product(stripe):
    price = Price.read(stripe.sample("price", product={"id": "prod_1", "name": "Lamp"}))
    assert (price.amount, price.product, price.product_name, price.scheme) == (
        "20.00",
        "prod_1",
        "Lamp",
        None,
    )


def test_a_link_shows_where_to_pay_and_how_often(stripe):
    link = PaymentLink.read(stripe.sample("payment_link"))
    assert link.url.startswith("https://")
    assert link.limit == 102976443
    assert PaymentLink.read(stripe.sample("payment_link", restrictions=None)).limit is None
