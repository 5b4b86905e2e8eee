"""Customers: find, read, save."""

from __future__ import annotations

from wirepost.providers.stripe.arguments import AccountId, MetadataItem, wrong
from wirepost.providers.stripe.client import StripeClient
from wirepost.providers.stripe.encoding import all_of, any_of, contains, equals, labelled
from wirepost.providers.stripe.models import Customer, found_of, page_of
from wirepost.tools.context import Call
from wirepost.tools.results import Page
from wirepost.tools.tool import Risk, tool


@tool(
    Risk.READ,
    scopes=["rak_customer_read"],
    example={"query": "Hansen"},
    long_help="""
    `email` alone reads Stripe's list: always up to date, but exact and case-sensitive, and several customers may share
    one address. `query` and `metadata` use Stripe's search: any case, part of a name, an e-mail address or a phone number,
    up to a minute behind. Conditions given together must all hold.
    """,
)
async def stripe_find_customers(
    call: Call[StripeClient],
    email: str | None = None,
    query: str | None = None,
    metadata: list[MetadataItem] | None = None,
    account: AccountId | None = None,
) -> Page[Customer]:
    """Find customers by exact e-mail, or by part of name, e-mail or phone (query). Search lags up to a minute."""
    api = call.api.on(account)
    if email and not query and not metadata:
        raw = await api.get("/v1/customers", email=email, limit=call.limit, starting_after=call.position)
        page = page_of(Customer, raw)
        if not page.records and call.position is None:
            call.warn("e-mail is matched exactly, upper and lower case included; query finds other spellings")
        return page
    if not query and not metadata:
        raise wrong("query", "or email or metadata is required")
    text = _search(email, query, metadata or [])
    raw = await api.get("/v1/customers/search", query=text, limit=call.limit, page=call.position)
    return found_of(Customer, raw)


def _search(email: str | None, query: str | None, metadata: list[MetadataItem]) -> str:
    """The search text; `OR` over the fields only where nothing else must hold, as the language does not mix both."""
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
