"""Customers: find, read, save."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from wirepost.providers.stripe.arguments import (
    INTENT_LABEL,
    AccountId,
    CustomerId,
    MetadataItem,
    metadata_of,
    since,
    wrong,
)
from wirepost.providers.stripe.billing import CustomerDetails, Invoice, Subscription
from wirepost.providers.stripe.client import StripeClient, together
from wirepost.providers.stripe.encoding import all_of, any_of, contains, equals, labelled
from wirepost.providers.stripe.models import Card, Customer, Json, expanded, found_of, page_of
from wirepost.tools.context import Call
from wirepost.tools.results import Page
from wirepost.tools.tool import Risk, tool

Part = Literal["subscriptions", "payment_methods", "open_invoices", "balance"]
PART_LIMIT = 20


@tool(
    Risk.READ,
    scopes=["rak_customer_read"],
    example={"query": "Hansen"},
    long_help="""
    `email` alone reads Stripe's list: always up to date, but exact and case-sensitive, and several
    customers may share one address. `query` and `metadata` use Stripe's search: any case, part of a
    name, an e-mail address or a phone number, up to a minute behind. Conditions given together must all
    hold.
    """,
)
async def stripe_find_customers(
    call: Call[StripeClient],
    *,
    email: str | None = None,
    query: str | None = None,
    metadata: list[MetadataItem] | None = None,
    account: AccountId | None = None,
) -> Page[Customer]:
    """Find customers by exact e-mail, or by part of name, e-mail or phone (query).

    Search lags up to a minute.
    """
    api = call.api.on(account)
    if email and not query and not metadata:
        raw = await api.get("/v1/customers", email=email, limit=call.limit, starting_after=call.position)
        page = page_of(Customer, raw)
        if not page.records and call.position is None:
            call.warn("e-mail is matched exactly, upper and lower case included; query finds other spellings")
        return page
    if not query and not metadata:
        raise wrong("query", "is required, unless email or metadata is given")
    text = _search(email, query, metadata or [])
    raw = await api.get("/v1/customers/search", query=text, limit=call.limit, page=call.position)
    return found_of(Customer, raw)


def _search(email: str | None, query: str | None, metadata: list[MetadataItem]) -> str:
    """The search text; the language does not mix `OR` over the fields with further conditions."""
    conditions = [labelled(item.name, item.value) for item in metadata]
    if email:
        conditions.append(equals("email", email))
    if not query:
        return all_of(conditions)
    if not conditions:
        return any_of(contains(field, query) for field in ("name", "email", "phone"))
    return all_of([*conditions, contains(_likely_field(query), query)])


def _likely_field(query: str) -> str:
    if "@" in query:
        return "email"
    return "phone" if query.strip().lstrip("+").replace(" ", "").isdecimal() else "name"


@tool(
    Risk.READ,
    scopes=["rak_customer_read", "rak_subscription_read", "rak_payment_method_read", "rak_invoice_read"],
    example={"customer": "cus_NordlichtExample", "include": ["subscriptions", "open_invoices"]},
    long_help="""
    `include` adds: `subscriptions` (up to 20, all but canceled), `payment_methods` (up to 20; brand,
    last four digits, expiry), `open_invoices` (up to 20), `balance` (negative: credit that reduces the
    next invoice).
    """,
)
async def stripe_get_customer(
    call: Call[StripeClient],
    *,
    customer: CustomerId,
    include: list[Part] | None = None,
    account: AccountId | None = None,
) -> CustomerDetails:
    """Get one customer, with subscriptions, payment methods, open invoices or balance if asked for."""
    api = call.api.on(account)
    parts = {
        part: _read_part(api, customer, part) for part in dict.fromkeys(include or ()) if part != "balance"
    }
    answers = await together(api.get(f"/v1/customers/{customer}"), *parts.values())
    raw = answers[0]
    lists: dict[Part, Json] = dict(zip(parts, answers[1:], strict=True))
    for part, answer in lists.items():
        if answer["has_more"]:
            call.warn(f"{part}: the first {PART_LIMIT} are shown; the list tool has the rest")
    shown = CustomerDetails.shown(raw)
    if "balance" not in (include or ()):
        shown = {name: value for name, value in shown.items() if not name.startswith("balance")}
    return CustomerDetails.model_validate({**shown, **_parts(lists)})


def _read_part(api: StripeClient, customer: str, part: Part) -> Awaitable[dict[str, Any]]:
    if part == "subscriptions":
        return api.get("/v1/subscriptions", customer=customer, limit=PART_LIMIT)
    if part == "payment_methods":
        return api.get(f"/v1/customers/{customer}/payment_methods", limit=PART_LIMIT)
    return api.get("/v1/invoices", customer=customer, status="open", limit=PART_LIMIT)


def _parts(lists: Mapping[Part, Json]) -> dict[str, Any]:
    read: dict[Part, Callable[[Json], Any]] = {
        "subscriptions": Subscription.read,
        "payment_methods": _method,
        "open_invoices": Invoice.read,
    }
    return {part: [read[part](row) for row in raw["data"]] for part, raw in lists.items()}


def _method(raw: Json) -> dict[str, Any]:
    card = Card.read(raw)
    return {"id": raw["id"], **(card.model_dump() if card else {"type": "unknown"})}


@tool(
    Risk.WRITE,
    scopes=["rak_customer_write"],
    example={"email": "kim.larsen@nordlicht.example", "name": "Kim Larsen", "intent": "customer-4711"},
    long_help="""
    Without `customer` a new one is created, even if the e-mail address is already in use: look with
    stripe_find_customers first. With `customer` only what is given changes; an empty text clears a
    value, an empty metadata value removes the entry.
    """,
)
async def stripe_save_customer(
    call: Call[StripeClient],
    *,
    customer: CustomerId | None = None,
    email: str | None = None,
    name: str | None = None,
    phone: str | None = None,
    description: str | None = None,
    metadata: list[MetadataItem] | None = None,
    account: AccountId | None = None,
) -> Customer:
    """Update a customer, or create one when customer is absent. Only given values change."""
    api = call.api.on(account)
    wanted = _wanted(email, name, phone, description, metadata_of(metadata))
    if customer is not None:
        return Customer.read(await api.post(f"/v1/customers/{customer}", key=call.key, **wanted))
    wanted["metadata"] = metadata_of(metadata, call.intent)
    return Customer.read(await api.post("/v1/customers", key=call.key, **wanted))


@stripe_save_customer.reconcile
async def find_saved(
    call: Call[StripeClient],
    *,
    customer: CustomerId | None = None,
    email: str | None = None,
    name: str | None = None,
    phone: str | None = None,
    description: str | None = None,
    metadata: list[MetadataItem] | None = None,
    account: AccountId | None = None,
) -> Customer | None:
    """The customer, if it has every wanted value; a new one is found by its intent in the plain list."""
    api = call.api.on(account)
    if customer is None:
        return await _find_created(call, api, email)
    raw = await api.get(f"/v1/customers/{customer}")
    wanted = _wanted(email, name, phone, description, None)
    labels = expanded(raw.get("metadata"))
    has_labels = all((labels.get(item.name) or "") == item.value for item in metadata or ())
    has_values = all((raw.get(field) or "") == value for field, value in wanted.items())
    return Customer.read(raw) if has_labels and has_values else None


async def _find_created(call: Call[StripeClient], api: StripeClient, email: str | None) -> Customer | None:
    async for row in api.rows("/v1/customers", email=email or None, created=since(call.dispatched_at)):
        if expanded(row.get("metadata")).get(INTENT_LABEL) == call.intent:
            return Customer.read(row)
    return None


def _wanted(
    email: str | None,
    name: str | None,
    phone: str | None,
    description: str | None,
    labels: dict[str, str] | None,
) -> dict[str, Any]:
    given = {"email": email, "name": name, "phone": phone, "description": description, "metadata": labels}
    return {field: value for field, value in given.items() if value is not None}
