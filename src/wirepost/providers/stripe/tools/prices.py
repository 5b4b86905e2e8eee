"""Prices, and payment links made of them."""

from __future__ import annotations

from typing import Any

from wirepost.core.errors import Rejected
from wirepost.core.money import Money, OpenAmount
from wirepost.providers.stripe.arguments import (
    INTENT_LABEL,
    AccountId,
    CurrencyCode,
    PriceId,
    metadata_of,
    wrong,
)
from wirepost.providers.stripe.billing import PaymentLink, Price
from wirepost.providers.stripe.client import StripeClient
from wirepost.providers.stripe.models import Json, expanded, page_of, sifted
from wirepost.tools.context import Call
from wirepost.tools.results import Effect, Page, Plan
from wirepost.tools.tool import Argument, Risk, tool

MAX_LINKS = 500
"""Payment links are listed newest first and have no date; a link of minutes ago is among the first."""


class LinkItem(Argument):
    """One position of a payment link."""

    price: PriceId
    quantity: int = 1


@tool(
    Risk.READ,
    scopes=["rak_plan_read", "rak_product_read"],
    example={"product_contains": "lamp", "active": True},
    long_help="""
    `recurring` true lists subscription prices, false one-time ones. Stripe cannot filter by product
    name: with `product_contains` up to 100 prices are looked through per page, so a page may hold fewer
    records than `limit` (even none) while more follow. `scheme: tiered` marks prices without a single
    amount.
    """,
)
async def stripe_list_prices(
    call: Call[StripeClient],
    *,
    product_contains: str | None = None,
    currency: CurrencyCode | None = None,
    active: bool | None = None,
    recurring: bool | None = None,
    account: AccountId | None = None,
) -> Page[Price]:
    """List prices with their products, newest first."""
    raw = await call.api.on(account).get(
        "/v1/prices",
        currency=currency.lower() if currency else None,
        active=active,
        type=None if recurring is None else "recurring" if recurring else "one_time",
        limit=call.limit if product_contains is None else 100,
        starting_after=call.position,
        expand=["data.product"],
    )
    if product_contains is None:
        return page_of(Price, raw)
    wanted = product_contains.casefold()
    return sifted(Price, raw, lambda row: wanted in _product_name(row).casefold(), call.limit)


def _product_name(price: Json) -> str:
    return str(expanded(price.get("product")).get("name") or "")


@tool(
    Risk.MONEY,
    scopes=["rak_payment_link_write", "rak_plan_read"],
    example={"items": [{"price": "price_NordlichtExample", "quantity": 1}], "intent": "link-4711"},
    long_help="""
    Whoever has the link can pay, any number of times unless `limit_to_one`. `after_url` (https) is
    where the payer goes afterwards. All prices must be active and share one currency. A link can be
    deactivated in the Stripe dashboard.
    """,
)
async def stripe_create_payment_link(
    call: Call[StripeClient],
    *,
    items: list[LinkItem],
    after_url: str | None = None,
    limit_to_one: bool = False,
    account: AccountId | None = None,
) -> PaymentLink:
    """Create a link where anybody who has it can pay for the given prices."""
    _check_request(items, after_url)
    raw = await call.api.on(account).post(
        "/v1/payment_links",
        key=call.key,
        line_items=[item.model_dump() for item in items],
        after_completion={"type": "redirect", "redirect": {"url": after_url}} if after_url else None,
        restrictions={"completed_sessions": {"limit": 1}} if limit_to_one else None,
        metadata=metadata_of(None, call.intent),
    )
    return PaymentLink.read(raw)


@stripe_create_payment_link.plan
async def plan_link(
    call: Call[StripeClient],
    *,
    items: list[LinkItem],
    after_url: str | None = None,
    limit_to_one: bool = False,
    account: AccountId | None = None,
) -> Plan:
    """What the link would offer."""
    api = call.api.on(account)
    _check_request(items, after_url)
    prices = [await api.get(f"/v1/prices/{item.price}") for item in items]
    for index, price in enumerate(prices):
        if not price.get("active"):
            raise Rejected("conflict", f"Price {price['id']} is archived and cannot be paid")
        if price["currency"] != prices[0]["currency"]:
            raise wrong(
                f"items[{index}].price",
                f"is in {price['currency']}, the first one in {prices[0]['currency']}",
            )
    total = _total(items, prices)
    times = "once" if limit_to_one else "any number of times"
    offered = (
        f"{total.major} {total.currency}"
        if isinstance(total, Money)
        else f"an amount in {total.currency} that Stripe does not name beforehand"
    )
    return Plan(
        summary=f"Create a payment link over {offered}, payable {times}",
        effects=[
            Effect(what=f"Anybody with the link can pay {offered} {times}"),
            *(
                Effect(what=f"Sold by the link: {item.quantity} × price {item.price}", after=_unit(price))
                for item, price in zip(items, prices, strict=True)
            ),
            *([Effect(what="Whoever has paid is led on to", after=after_url)] if after_url else []),
        ],
        reversible=True,
        state=[
            [price["id"], price["currency"], price.get("unit_amount"), item.quantity]
            for item, price in zip(items, prices, strict=True)
        ],
        money=total,
    )


@stripe_create_payment_link.reconcile
async def find_link(
    call: Call[StripeClient],
    *,
    items: list[LinkItem],
    after_url: str | None = None,
    limit_to_one: bool = False,
    account: AccountId | None = None,
) -> PaymentLink | None:
    """The link that an earlier attempt made."""
    api = call.api.on(account)
    seen = 0
    async for row in api.rows("/v1/payment_links"):
        if expanded(row.get("metadata")).get(INTENT_LABEL) == call.intent:
            return PaymentLink.read(row)
        seen += 1
        if seen == MAX_LINKS:
            break
    return None


def _check_request(items: list[LinkItem], after_url: str | None) -> None:
    if not items:
        raise wrong("items", "needs at least one item")
    if after_url is not None and not after_url.startswith("https://"):
        raise wrong("after_url", "must start with https://")
    for index, item in enumerate(items):
        if item.quantity < 1:
            raise wrong(f"items[{index}].quantity", "must be at least 1")


def _total(items: list[LinkItem], prices: list[dict[str, Any]]) -> Money | OpenAmount:
    """Tiers, fractions of a cent, and what the payer chooses have no amount of a unit."""
    if any(price.get("unit_amount") is None for price in prices):
        return OpenAmount(prices[0]["currency"])
    minor = sum(item.quantity * price["unit_amount"] for item, price in zip(items, prices, strict=True))
    return Money(minor, prices[0]["currency"])


def _unit(price: Json) -> str | None:
    if price.get("unit_amount") is None:
        return None
    return f"{Money(price['unit_amount'], price['currency']).major} {price['currency']} each"
