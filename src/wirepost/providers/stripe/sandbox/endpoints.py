"""Everything the imitation can do: its endpoints, its kinds of objects, what can be expanded."""

from __future__ import annotations

from wirepost.providers.stripe.sandbox import balance, customers, disputes, payments, refunds
from wirepost.providers.stripe.sandbox.expand import Expander

_PARTS = (customers, payments, refunds, disputes, balance)

ROUTES = [route for part in _PARTS for route in part.ROUTES]
KINDS = {name: kind for part in _PARTS for name, kind in part.KINDS.items()}

_PAYMENT = {"customer": "customers", "payment_intent": "payment_intents", "charge": "charges"}
EXPANDER = Expander(
    {
        "customer": {"invoice_settings.default_payment_method": "payment_methods"},
        "payment_method": {"customer": "customers"},
        "payment_intent": {
            "customer": "customers",
            "latest_charge": "charges",
            "payment_method": "payment_methods",
        },
        "charge": {
            "balance_transaction": "balance_transactions",
            "customer": "customers",
            "payment_intent": "payment_intents",
        },
        "refund": {
            **_PAYMENT,
            "balance_transaction": "balance_transactions",
            "payment_method": "payment_methods",
        },
        "dispute": _PAYMENT,
        "payout": {"balance_transaction": "balance_transactions"},
    },
    {("charge", "refunds"): payments.refunds_of},
)
