"""Everything the imitation can do: its endpoints, its kinds of objects, what can be expanded."""

from __future__ import annotations

from wirepost.providers.stripe.sandbox import (
    balance,
    catalog,
    customers,
    disputes,
    events,
    invoice_items,
    invoice_rows,
    invoices,
    payment_links,
    payments,
    previews,
    refunds,
    reports,
    subscriptions,
)
from wirepost.providers.stripe.sandbox.expand import Expander

_PARTS = (
    customers,
    payments,
    refunds,
    disputes,
    balance,
    catalog,
    subscriptions,
    invoices,
    invoice_items,
    previews,
    payment_links,
    reports,
    events,
)

ROUTES = [route for part in _PARTS for route in part.ROUTES]
KINDS = {name: kind for part in _PARTS for name, kind in part.KINDS.items()}

_CUSTOMER = {"customer": "customers"}
_METHOD = {"default_payment_method": "payment_methods"}
_PAID = {**_CUSTOMER, "payment_intent": "payment_intents", "charge": "charges"}
_MOVED = {"balance_transaction": "balance_transactions"}

EXPANDER = Expander(
    {
        "customer": {"invoice_settings.default_payment_method": "payment_methods"},
        "payment_method": _CUSTOMER,
        "payment_intent": {**_CUSTOMER, "latest_charge": "charges", "payment_method": "payment_methods"},
        "charge": {**_PAID, **_MOVED},
        "refund": {**_PAID, **_MOVED, "payment_method": "payment_methods"},
        "dispute": _PAID,
        "payout": _MOVED,
        "product": {"default_price": "prices"},
        "price": {"product": "products"},
        "subscription": {**_CUSTOMER, **_METHOD, "latest_invoice": "invoices"},
        "invoice": {
            **_CUSTOMER,
            **_METHOD,
            "parent.subscription_details.subscription": "subscriptions",
        },
        "line_item": {"subscription": "subscriptions", "pricing.price_details.price": "prices"},
        "invoiceitem": {**_CUSTOMER, "invoice": "invoices"},
        "invoice_payment": {"invoice": "invoices", "payment.payment_intent": "payment_intents"},
    },
    {
        ("customer", "subscriptions"): customers.subscriptions_of,
        ("charge", "refunds"): payments.refunds_of,
        ("invoice", "payments"): invoice_rows.payments_of,
        ("payment_link", "line_items"): payment_links.line_items_of,
    },
)
