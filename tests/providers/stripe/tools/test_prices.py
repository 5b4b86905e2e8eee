"""Prices and payment links."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from wirepost.core.errors import InvalidCall, Rejected
from wirepost.core.money import Money, OpenAmount
from wirepost.providers.stripe.tools.prices import stripe_create_payment_link, stripe_list_prices


def price(stripe, identifier, **more):
    return stripe.sample(
        "price", **{"id": identifier, "currency": "eur", "unit_amount": 2000, "active": True, **more}
    )


async def test_prices_come_with_the_name_of_their_product(stripe):
    row = price(stripe, "price_1", product=stripe.sample("product", id="prod_1", name="Lamp"))
    row["recurring"] = row["recurring"] | {"interval_count": 3}
    stripe.listing("/v1/prices", row, has_more=True)
    page = await stripe.run(stripe_list_prices, currency="EUR", active=True, recurring=True)
    assert parse_qs(stripe.last["query"]) == {
        "currency": ["eur"],
        "active": ["true"],
        "type": ["recurring"],
        "limit": ["20"],
        "expand[0]": ["data.product"],
    }
    shown = page.records[0]
    assert (shown.product, shown.product_name, shown.amount, shown.interval) == (
        "prod_1",
        "Lamp",
        "20.00",
        "3 month",
    )
    assert page.after == ["price_1"]


async def test_one_time_prices_can_be_asked_for(stripe):
    await stripe.run(stripe_list_prices, recurring=False)
    assert parse_qs(stripe.last["query"])["type"] == ["one_time"]


async def test_tiered_prices_have_no_single_amount(stripe):
    stripe.listing(
        "/v1/prices", price(stripe, "price_1", unit_amount=None, billing_scheme="tiered", recurring=None)
    )
    shown = (await stripe.run(stripe_list_prices)).records[0]
    assert (shown.amount, shown.scheme, shown.interval) == (None, "tiered", None)


async def test_the_products_name_is_compared_here(stripe):
    rows = [
        price(stripe, f"price_{index}", product=stripe.sample("product", name=name))
        for index, name in enumerate(["Desk LAMP", "Chair", "lampshade"])
    ]
    stripe.listing("/v1/prices", *rows)
    page = await stripe.run(stripe_list_prices, product_contains="Lamp")
    assert [record.id for record in page.records] == ["price_0", "price_2"]
    assert parse_qs(stripe.last["query"])["limit"] == ["100"]


async def test_a_link_is_made_of_prices(stripe):
    link = await stripe.run(
        stripe_create_payment_link,
        items=[{"price": "price_1", "quantity": 2}, {"price": "price_2"}],
        after_url="https://shop.example/thanks",
        limit_to_one=True,
    )
    assert stripe.last["body"] == {
        "line_items": [{"price": "price_1", "quantity": 2}, {"price": "price_2", "quantity": 1}],
        "after_completion": {"type": "redirect", "redirect": {"url": "https://shop.example/thanks"}},
        "restrictions": {"completed_sessions": {"limit": 1}},
        "metadata": {"intent_id": "int_1"},
    }
    assert stripe.last["headers"]["idempotency-key"] == stripe.key
    assert link.url.startswith("https://")


async def test_a_plain_link_sends_nothing_else(stripe):
    await stripe.run(stripe_create_payment_link, items=[{"price": "price_1"}])
    assert set(stripe.last["body"]) == {"line_items", "metadata"}


async def test_the_plan_says_who_can_pay_what(stripe):
    stripe.stub("GET", "/v1/prices/price_1", price(stripe, "price_1"))
    stripe.stub("GET", "/v1/prices/price_2", price(stripe, "price_2", unit_amount=550))
    items = [{"price": "price_1", "quantity": 2}, {"price": "price_2"}]
    plan = await stripe.plan(stripe_create_payment_link, items=items)
    assert plan.summary == "Create a payment link over 45.50 eur, payable any number of times"
    assert plan.money == Money(4550, "eur")
    assert plan.effects[1].after == "20.00 eur each"
    once = await stripe.plan(stripe_create_payment_link, items=items, limit_to_one=True)
    assert "once" in once.summary


async def test_the_plan_says_where_the_payer_goes(stripe):
    stripe.stub("GET", "/v1/prices/price_1", price(stripe, "price_1"))
    plan = await stripe.plan(
        stripe_create_payment_link, items=[{"price": "price_1"}], after_url="https://thanks.example/"
    )
    assert plan.effects[-1].after == "https://thanks.example/"


@pytest.mark.parametrize("quantity", [0, -3])
async def test_less_than_one_cannot_be_sold(stripe, quantity):
    with pytest.raises(InvalidCall, match="at least 1"):
        await stripe.plan(stripe_create_payment_link, items=[{"price": "price_1", "quantity": quantity}])


async def test_an_amount_that_no_store_can_hold_is_refused(stripe):
    stripe.stub("GET", "/v1/prices/price_1", price(stripe, "price_1"))
    with pytest.raises(InvalidCall, match="more than 15 digits"):
        await stripe.plan(stripe_create_payment_link, items=[{"price": "price_1", "quantity": 9 * 10**18}])


async def test_the_plan_of_a_tiered_price_has_an_open_amount(stripe):
    stripe.stub(
        "GET", "/v1/prices/price_1", price(stripe, "price_1", unit_amount=None, billing_scheme="tiered")
    )
    plan = await stripe.plan(stripe_create_payment_link, items=[{"price": "price_1"}])
    assert plan.money == OpenAmount("eur")
    assert "does not name beforehand" in plan.summary


async def test_an_archived_price_is_refused(stripe):
    stripe.stub("GET", "/v1/prices/price_1", price(stripe, "price_1", active=False))
    with pytest.raises(Rejected):
        await stripe.plan(stripe_create_payment_link, items=[{"price": "price_1"}])


async def test_prices_of_two_currencies_are_refused(stripe):
    stripe.stub("GET", "/v1/prices/price_1", price(stripe, "price_1"))
    stripe.stub("GET", "/v1/prices/price_2", price(stripe, "price_2", currency="usd"))
    with pytest.raises(InvalidCall) as refused:
        await stripe.plan(stripe_create_payment_link, items=[{"price": "price_1"}, {"price": "price_2"}])
    assert refused.value.fields[0]["path"] == "items[1].price"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"items": []}, "items"),
        ({"items": [{"price": "price_1"}], "after_url": "http://shop.example"}, "after_url"),
    ],
)
async def test_a_wrong_argument_is_named(stripe, given, path):
    with pytest.raises(InvalidCall) as refused:
        await stripe.run(stripe_create_payment_link, **given)
    assert refused.value.fields[0]["path"] == path
    assert stripe.seen() == []


async def test_a_link_is_found_by_its_intent(stripe):
    rows = [
        stripe.sample("payment_link", id="plink_1"),
        stripe.sample("payment_link", id="plink_2", metadata={"intent_id": "int_1"}),
    ]
    stripe.listing("/v1/payment_links", *rows)
    found = await stripe.reconcile(stripe_create_payment_link, items=[{"price": "price_1"}])
    assert found.id == "plink_2"


async def test_the_search_for_a_link_ends(stripe):
    row = stripe.sample("payment_link", id="plink_1")
    stripe.listing("/v1/payment_links", *[row] * 100, has_more=True)
    assert await stripe.reconcile(stripe_create_payment_link, items=[{"price": "price_1"}]) is None
    assert len(stripe.seen()) == 5
    stripe.mock.forget()
    stripe.listing("/v1/payment_links", row)
    assert await stripe.reconcile(stripe_create_payment_link, items=[{"price": "price_1"}]) is None
