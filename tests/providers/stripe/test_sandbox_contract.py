"""Every endpoint of the sandbox against Stripe's published description: what it takes and what it answers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support.sandboxes import JudgedStripe, judged_stripe
from support.sources import listed_exceptions
from support.specmock_fixture import described
from wirepost.providers.stripe.sandbox import (
    balance,
    catalog,
    customers,
    disputes,
    events,
    invoice_items,
    invoices,
    payment_links,
    payments,
    previews,
    refunds,
    reports,
    subscriptions,
)
from wirepost.providers.stripe.sandbox.endpoints import ROUTES
from wirepost.providers.stripe.sandbox.forms import Choice, Flag, Whole, declared
from wirepost.providers.stripe.sandbox.state import Route

UNCOVERED = listed_exceptions(Path(__file__).with_name("uncovered.txt"))
DESCRIBED = [route for route in ROUTES if f"{route.method} {route.path}" not in UNCOVERED]
Drive = Callable[[JudgedStripe], Awaitable[object]]


async def first(stripe: JudgedStripe, path: str, **params: Any) -> dict[str, Any]:
    """The newest object of a list."""
    found: dict[str, Any] = (await stripe.get(path, limit=1, **params)).body["data"][0]
    return found


async def ok(*answers: Awaitable[Any]) -> None:
    """Each must succeed."""
    got = [await answer for answer in answers]
    assert [answer.body for answer in got if answer.status != 200] == []


async def find(stripe: JudgedStripe, query: str, kind: str) -> dict[str, Any]:
    """An object by search."""
    found: dict[str, Any] = (await stripe.get(f"/v1/{kind}/search", query=query, limit=1)).body["data"][0]
    return found


async def paid(stripe: JudgedStripe) -> dict[str, Any]:
    """A payment that nobody touched."""
    charge = await find(stripe, 'status:"succeeded" AND refunded:"false" AND disputed:"false"', "charges")
    return (await stripe.get(f"/v1/payment_intents/{charge['payment_intent']}")).body


async def drive_customers(s: JudgedStripe) -> None:
    customer = await first(s, "/v1/customers")
    path = f"/v1/customers/{customer['id']}"
    await ok(
        s.get("/v1/customers", limit=3, expand=["data.invoice_settings.default_payment_method"]),
        s.get("/v1/customers", email="anna.lindqvist@example.com", created={"gte": 1, "lt": 2_000_000_000}),
        s.get("/v1/customers", created=customer["created"]),
        s.get(
            "/v1/customers/search",
            query='name~"lindqvist" AND -email:null',
            limit=2,
            expand=["data.subscriptions"],
        ),
        s.get("/v1/customers/search", query='metadata["shop_customer"]:"person0007" OR created>1'),
        s.post(
            "/v1/customers",
            email="new@example.com",
            name="Nëw",
            metadata={"a": "1"},
            address={"city": "Kiel"},
        ),
        s.post(
            "/v1/customers", description="x", preferred_locales=["de", "en"], tax_exempt="none", balance=0
        ),
        s.get(
            path,
            expand=["subscriptions.data.latest_invoice.payments", "invoice_settings.default_payment_method"],
        ),
        s.post(path, name="", phone="+49", metadata={"a": ""}, expand=["subscriptions"]),
        s.get(f"{path}/payment_methods", type="card"),
    )
    method = await first(s, f"{path}/payment_methods")
    await ok(
        s.get(f"{path}/payment_methods/{method['id']}", expand=["customer"]),
        s.get("/v1/payment_methods", customer=customer["id"], type="card"),
        s.get("/v1/payment_methods", limit=2),
        s.get(f"/v1/payment_methods/{method['id']}"),
        s.post(path, invoice_settings={"default_payment_method": method["id"]}),
    )


async def drive_payments(s: JudgedStripe) -> None:
    intent = await paid(s)
    failed = await find(s, 'status:"requires_payment_method"', "payment_intents")
    await ok(
        s.get("/v1/payment_intents", limit=5, customer=intent["customer"], created={"gt": 1}),
        s.get(
            "/v1/payment_intents", limit=2, expand=["data.latest_charge.balance_transaction", "data.customer"]
        ),
        s.get("/v1/payment_intents/search", query='amount>100 status:"canceled" currency:"eur"', limit=2),
        s.get(f"/v1/payment_intents/{failed['id']}", expand=["latest_charge"]),
        s.get(
            f"/v1/payment_intents/{intent['id']}",
            expand=["latest_charge.balance_transaction", "payment_method"],
        ),
        s.post(f"/v1/payment_intents/{intent['id']}", description="d", metadata={"a": "b"}),
        s.get("/v1/charges", payment_intent=intent["id"]),
        s.get("/v1/charges", customer=intent["customer"], limit=1, expand=["data.refunds", "data.customer"]),
        s.get(
            "/v1/charges/search", query='payment_method_details.card.last4:"4242" disputed:"true"', limit=2
        ),
        s.get(
            f"/v1/charges/{intent['latest_charge']}",
            expand=["refunds", "balance_transaction", "payment_intent"],
        ),
    )


async def drive_refunds(s: JudgedStripe) -> None:
    intent = await paid(s)
    made = await s.post(
        "/v1/refunds", payment_intent=intent["id"], amount=10, reason="duplicate", metadata={"a": "b"}
    )
    await ok(
        s.post(
            "/v1/refunds", charge=intent["latest_charge"], expand=["charge.refunds", "balance_transaction"]
        ),
        s.get("/v1/refunds", limit=3),
        s.get("/v1/refunds", payment_intent=intent["id"], expand=["data.payment_intent.latest_charge"]),
        s.get("/v1/refunds", charge=intent["latest_charge"], created={"lte": 2_000_000_000}),
        s.get(f"/v1/refunds/{made.body['id']}"),
        s.post(f"/v1/refunds/{made.body['id']}", metadata={"c": "d"}),
    )


async def drive_disputes(s: JudgedStripe) -> None:
    disputes = (await s.get("/v1/disputes", limit=100, expand=["data.charge"])).body["data"]
    waiting = [row for row in disputes if row["status"] == "needs_response"]
    path = f"/v1/disputes/{waiting[0]['id']}"
    await ok(
        s.get("/v1/disputes", payment_intent=waiting[0]["payment_intent"]),
        s.get(path, expand=["payment_intent"]),
        s.post(path, evidence={"customer_name": "Anna", "uncategorized_text": "…"}, submit=False),
        s.post(path, submit=True, metadata={"a": "b"}),
        s.post(f"/v1/disputes/{waiting[1]['id']}/close"),
    )


async def drive_balance(s: JudgedStripe) -> None:
    payout = await first(s, "/v1/payouts")
    move = await first(s, "/v1/balance_transactions")
    await ok(
        s.get("/v1/balance"),
        s.get("/v1/balance_transactions", limit=5, created={"gte": 1}, currency="eur"),
        s.get("/v1/balance_transactions", payout=payout["id"], limit=5),
        *(
            s.get("/v1/balance_transactions", type=kind, limit=3)
            for kind in ("refund", "adjustment", "payout")
        ),
        s.get("/v1/balance_transactions", source=move["source"]),
        s.get(f"/v1/balance_transactions/{move['id']}"),
        s.get(
            "/v1/payouts", limit=3, status="paid", arrival_date={"gt": 1}, expand=["data.balance_transaction"]
        ),
        s.get(f"/v1/payouts/{payout['id']}"),
    )


async def drive_catalogue(s: JudgedStripe) -> None:
    price = await first(s, "/v1/prices", currency="kwd")
    await ok(
        s.get("/v1/products", limit=5, active=True, type="service"),
        s.get("/v1/products", ids=[price["product"]], expand=["data.default_price"]),
        s.get("/v1/products/search", query='active:"true" AND name~"lantern"', limit=3),
        s.get(f"/v1/products/{price['product']}", expand=["default_price"]),
        s.get(
            "/v1/prices", limit=5, type="recurring", recurring={"interval": "year"}, expand=["data.product"]
        ),
        s.get("/v1/prices", product=price["product"], active=True),
        s.get("/v1/prices/search", query='currency:"jpy"', limit=3),
        s.get(f"/v1/prices/{price['id']}", expand=["product"]),
    )


async def drive_invoices(s: JudgedStripe) -> None:
    anna = (await s.get("/v1/customers", email="anna.lindqvist@example.com")).body["data"][0]["id"]
    price = await first(s, "/v1/prices", currency="eur", type="one_time", active=True)
    for status in ("draft", "open", "paid", "uncollectible", "void"):
        await ok(s.get("/v1/invoices", status=status, limit=2, expand=["data.payments", "data.customer"]))
    await ok(
        s.get("/v1/invoices", collection_method="send_invoice", due_date={"gte": 1}, limit=2),
        s.get("/v1/invoices/search", query='status:"open" AND total>100', limit=2),
        s.post("/v1/invoiceitems", customer=anna, amount=700, currency="eur", description="Pending"),
        s.get("/v1/invoiceitems", pending=True, customer=anna),
    )
    made = await s.post(
        "/v1/invoices",
        customer=anna,
        collection_method="send_invoice",
        days_until_due=14,
        currency="eur",
        auto_advance=False,
        description="memo",
        footer="f",
        metadata={"a": "b"},
        pending_invoice_items_behavior="include",
    )
    path = f"/v1/invoices/{made.body['id']}"
    item = await s.post("/v1/invoiceitems", invoice=made.body["id"], customer=anna, amount=1, currency="eur")
    await ok(
        s.post(
            "/v1/invoiceitems",
            invoice=made.body["id"],
            customer=anna,
            pricing={"price": price["id"]},
            quantity=2,
        ),
        s.get(f"/v1/invoiceitems/{item.body['id']}", expand=["invoice"]),
        s.get("/v1/invoiceitems", invoice=made.body["id"], limit=2),
        s.delete(f"/v1/invoiceitems/{item.body['id']}"),
        s.get(f"{path}/lines", limit=1),
        s.post(path, description="other", days_until_due=7),
        s.get(path, expand=["customer.invoice_settings.default_payment_method", "payments"]),
        s.post(f"{path}/finalize", auto_advance=False),
        s.post(f"{path}/send"),
        s.post(f"{path}/pay", expand=["payments.data.payment.payment_intent"]),
    )
    other = await s.post("/v1/invoices", customer=anna)
    await ok(s.delete(f"/v1/invoices/{other.body['id']}"))
    opened = (await s.get("/v1/invoices", status="open", collection_method="send_invoice")).body["data"]
    await ok(
        s.post(f"/v1/invoices/{opened[0]['id']}/void"),
        s.post(f"/v1/invoices/{opened[1]['id']}/mark_uncollectible"),
        s.post(f"/v1/invoices/{opened[2]['id']}/pay", paid_out_of_band=True),
    )


async def drive_subscriptions(s: JudgedStripe) -> None:
    anna = (await s.get("/v1/customers", email="anna.lindqvist@example.com")).body["data"][0]["id"]
    subscription = await first(s, "/v1/subscriptions", customer=anna)
    item = subscription["items"]["data"][0]
    path = f"/v1/subscriptions/{subscription['id']}"
    prices = (
        await s.get("/v1/prices", currency="eur", type="recurring", recurring={"interval": "month"})
    ).body["data"]
    other = next(
        p["id"] for p in prices if all(p["id"] != i["price"]["id"] for i in subscription["items"]["data"])
    )
    for status in ("active", "trialing", "past_due", "canceled", "ended", "all"):
        await ok(s.get("/v1/subscriptions", status=status, limit=2))
    details = {"items": [{"id": item["id"], "quantity": 7}], "proration_behavior": "create_prorations"}
    await ok(
        s.get("/v1/subscriptions", price=item["price"]["id"], limit=2, expand=["data.items.data.price"]),
        s.get("/v1/subscriptions/search", query='status:"active"', limit=2),
        s.get(path, expand=["latest_invoice.payments", "customer", "items.data.price.product"]),
        s.get("/v1/subscription_items", subscription=subscription["id"], limit=1),
        s.get(f"/v1/subscription_items/{item['id']}", expand=["price.product"]),
        s.post("/v1/invoices/create_preview", subscription=subscription["id"]),
        s.post("/v1/invoices/create_preview", subscription=subscription["id"], subscription_details=details),
        s.post(
            "/v1/invoices/create_preview",
            subscription=subscription["id"],
            subscription_details={"cancel_now": True},
        ),
        s.post(
            "/v1/invoices/create_preview", customer=anna, invoice_items=[{"amount": 5, "currency": "eur"}]
        ),
        s.post(path, items=[{"id": item["id"], "quantity": 3}], proration_behavior="create_prorations"),
        s.post("/v1/invoices/create_preview", subscription=subscription["id"]),
        s.post(
            path,
            items=[{"price": other}],
            proration_behavior="always_invoice",
            payment_behavior="error_if_incomplete",
        ),
        s.post(path, cancel_at_period_end=True, cancellation_details={"comment": "c", "feedback": "unused"}),
        s.post(path, cancel_at_period_end=False, metadata={"a": "b"}, description="d"),
        s.delete(path, invoice_now=True, prorate=True, cancellation_details={"comment": "bye"}),
    )


async def drive_links(s: JudgedStripe) -> None:
    price = await first(s, "/v1/prices", currency="eur", type="one_time", active=True)
    made = await s.post(
        "/v1/payment_links",
        line_items=[{"price": price["id"], "quantity": 2}],
        metadata={"a": "b"},
        after_completion={"type": "redirect", "redirect": {"url": "https://example.com/thanks"}},
        restrictions={"completed_sessions": {"limit": 1}},
        expand=["line_items"],
    )
    path = f"/v1/payment_links/{made.body['id']}"
    await ok(
        s.get("/v1/payment_links", limit=2, active=True, expand=["data.line_items"]),
        s.get(path),
        s.get(f"{path}/line_items", limit=1),
        s.post(path, active=False, metadata={"a": ""}, after_completion={"type": "hosted_confirmation"}),
    )


async def drive_events(s: JudgedStripe) -> None:
    made = await s.post(
        "/v1/webhook_endpoints",
        url="https://hooks.example.com/webhooks/stripe",
        enabled_events=["customer.created"],
        api_version="2026-10-28.endive",
        metadata={"a": "b"},
        connect=False,
    )
    path = f"/v1/webhook_endpoints/{made.body['id']}"
    await s.post("/v1/customers", email="new@example.com", key="wp_1")
    event = await first(s, "/v1/events")
    await ok(
        s.get("/v1/events", type="customer.created", created={"gte": 1}, delivery_success=False),
        s.get("/v1/events", types=["customer.created", "customer.updated"], ending_before=event["id"]),
        s.get(f"/v1/events/{event['id']}"),
        s.get("/v1/webhook_endpoints", limit=3),
        s.get(path),
        s.post(path, disabled=True, enabled_events=["*"], description="x", metadata={"a": ""}),
        s.delete(path),
    )


async def drive_reports(s: JudgedStripe) -> None:
    end = int(s.clock.now().timestamp()) - 3 * 86_400
    interval = {"interval_start": end - 30 * 86_400, "interval_end": end}
    made = await s.post(
        "/v1/reporting/report_runs",
        report_type="balance.summary.1",
        parameters={**interval, "columns": ["category", "net_amount"]},
    )
    await ok(
        s.get("/v1/reporting/report_types"),
        s.get("/v1/reporting/report_types/payouts.itemized.3"),
        s.get(f"/v1/reporting/report_runs/{made.body['id']}"),
    )
    s.clock.advance(reports.TAKES_S)
    await ok(
        s.get("/v1/reporting/report_runs", limit=3, created={"gte": 1}),
        s.get(f"/v1/reporting/report_runs/{made.body['id']}"),
    )


AREAS: list[tuple[Drive, list[ModuleType]]] = [
    (drive_customers, [customers]),
    (drive_payments, [payments]),
    (drive_refunds, [refunds]),
    (drive_disputes, [disputes]),
    (drive_balance, [balance]),
    (drive_catalogue, [catalog]),
    (drive_invoices, [invoices, invoice_items]),
    (drive_subscriptions, [subscriptions, previews]),
    (drive_links, [payment_links]),
    (drive_reports, [reports]),
    (drive_events, [events]),
]


@pytest.mark.parametrize(("drive", "parts"), AREAS, ids=lambda value: getattr(value, "__name__", ""))
async def test_every_endpoint_takes_and_answers_what_stripe_describes(
    drive: Drive, parts: list[ModuleType]
) -> None:
    stripe = judged_stripe()
    await drive(stripe)
    own = {id(route) for part in parts for route in part.ROUTES}
    assert {operation_of(route) for route in DESCRIBED if id(route) in own} <= set(stripe.seen)


def test_every_endpoint_belongs_to_an_area() -> None:
    assert {id(route) for route in ROUTES} == {id(r) for _, parts in AREAS for p in parts for r in p.ROUTES}


def test_the_list_of_what_is_not_described_only_shrinks() -> None:
    assert len(ROUTES) - len(DESCRIBED) == len(UNCOVERED) <= 1


@pytest.mark.parametrize("route", DESCRIBED, ids=lambda route: f"{route.method} {route.path}")
def test_every_parameter_is_one_that_stripe_has(route: Route) -> None:
    found = described_route(route)
    api = described("stripe")["stripe"]
    known: dict[str, Any] = {
        name.removesuffix("[]"): parameter["schema"]
        for (place, name), parameter in found.params.items()
        if place == "query"
    }
    for content in found.op.get("requestBody", {}).get("content", {}).values():
        known |= api.schemas.resolve(content["schema"]).get("properties", {})
    top = {"properties": known}
    for path, param in declared(route.params):
        schemas = reached(top, path)
        assert schemas, f"{route.method} {route.path} has no {path}"
        if isinstance(param, Choice):
            allowed = {value for schema in schemas for value in schema.get("enum", ())}
            assert set(param.allowed) <= allowed, path
        if isinstance(param, Whole):
            assert any(schema.get("type") == "integer" for schema in schemas), path
        if isinstance(param, Flag):
            assert any(schema.get("type") == "boolean" for schema in schemas), path


def reached(schema: dict[str, Any], path: tuple[str, ...]) -> list[dict[str, Any]]:
    """The alternatives of a nested parameter in the description."""
    resolve = described("stripe")["stripe"].schemas.resolve
    alternatives = [schema]
    for name in path:
        alternatives = [
            flat
            for one in alternatives
            for child in [one.get("items") if name == "[]" else one.get("properties", {}).get(name)]
            if child
            for flat in flattened(resolve(child), resolve)
        ]
    return alternatives


def flattened(schema: dict[str, Any], resolve: Callable[[Any], dict[str, Any]]) -> list[dict[str, Any]]:
    """A schema, or each of its alternatives."""
    if "anyOf" not in schema:
        return [schema]
    return [flat for part in schema["anyOf"] for flat in flattened(resolve(part), resolve)]


def described_route(route: Route) -> Any:
    """The same endpoint in the description; path parameters may have other names."""
    wanted = re.sub(r"{\w+}", "{}", route.path)
    return next(
        found
        for found in described("stripe")["stripe"].routes
        if found.verb == route.method.lower() and re.sub(r"{\w+}", "{}", found.path) == wanted
    )


def operation_of(route: Route) -> str:
    """Stripe's name of an endpoint."""
    name: str = described_route(route).name
    return name


# Fields of Stripe's example objects that are not those of this API version, or that only other features fill.
ELSEWHERE = {
    "payment_intent": {"payment_method_types"},
    "charge": {"refunds"},
    "invoice": {"subscription"},
}
KINDS = {
    "customer": "/v1/customers",
    "payment_method": "/v1/payment_methods",
    "payment_intent": "/v1/payment_intents",
    "charge": "/v1/charges",
    "refund": "/v1/refunds",
    "dispute": "/v1/disputes",
    "balance_transaction": "/v1/balance_transactions",
    "payout": "/v1/payouts",
    "product": "/v1/products",
    "price": "/v1/prices",
    "subscription": "/v1/subscriptions",
    "invoice": "/v1/invoices",
    "invoiceitem": "/v1/invoiceitems",
    "payment_link": "/v1/payment_links",
}


@pytest.mark.parametrize("kind", KINDS)
async def test_objects_have_every_field_of_stripes_examples(kind: str) -> None:
    stripe = judged_stripe()
    row = await first(stripe, KINDS[kind])
    example = described("stripe")["stripe"].examples[kind]
    assert set(example) - set(row) - ELSEWHERE.get(kind, set()) == set()


@pytest.mark.parametrize(
    ("path", "inner", "kind"),
    [("/v1/subscriptions", "items", "subscription_item"), ("/v1/invoices", "lines", "line_item")],
)
async def test_embedded_objects_have_every_field_of_stripes_examples(
    path: str, inner: str, kind: str
) -> None:
    row = (await first(judged_stripe(), path))[inner]["data"][0]
    assert set(described("stripe")["stripe"].examples[kind]) - set(row) == set()
