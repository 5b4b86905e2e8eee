"""Stripe's webhook: how its requests are signed, read, set up, and made for trying."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.core.clock import Clock
from wirepost.core.ids import new_id
from wirepost.providers.stripe.items import THIN, TYPES, item_of
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.reading import parse_object
from wirepost.webhooks.samples import sample_file, sample_type, with_fields
from wirepost.webhooks.schemes.hmacs import STRIPE
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Reading, Terms, Webhook

if TYPE_CHECKING:
    from wirepost.providers.stripe.client import StripeClient
    from wirepost.providers.stripe.manage import StripeManagement


_PAYMENT, _DISPUTE, _INVOICE = "payment_intent.succeeded", "charge.dispute.created", "invoice.paid"
_CHANGED = "customer.subscription.updated"
_OBJECT = "data.object."
SAMPLES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    **{
        name: (name, {})
        for name in (
            *(_PAYMENT, _DISPUTE, _INVOICE, _CHANGED, "charge.refunded", "refund.created", "payout.paid"),
            *("invoice.payment_failed", "customer.subscription.deleted", "customer.created"),
            *("customer.subscription.trial_will_end", "checkout.session.completed"),
            "v1.billing.meter.error_report_triggered",
        )
    },
    "payment_intent.payment_failed": (
        _PAYMENT,
        {
            "status": "requires_payment_method",
            "amount_received": 0,
            "last_payment_error": {"code": "card_declined", "decline_code": "insufficient_funds"},
        },
    ),
    "payment_intent.canceled": (_PAYMENT, {"status": "canceled", "amount_received": 0}),
    "charge.dispute.updated": (_DISPUTE, {"status": "under_review"}),
    "charge.dispute.closed": (_DISPUTE, {"status": "lost"}),
    "refund.failed": ("refund.created", {"status": "failed", "failure_reason": "expired_or_canceled_card"}),
    "invoice.created": (_INVOICE, {"status": "draft", "amount_paid": 0, "attempt_count": 0, "paid": False}),
    "invoice.finalized": (_INVOICE, {"status": "open", "amount_paid": 0, "attempt_count": 0, "paid": False}),
    "invoice.voided": (_INVOICE, {"status": "void", "amount_paid": 0, "paid": False}),
    "checkout.session.expired": (
        "checkout.session.completed",
        {"status": "expired", "payment_status": "unpaid"},
    ),
    "customer.subscription.created": (_CHANGED, {}),
    "customer.updated": ("customer.created", {}),
    "customer.deleted": ("customer.created", {}),
    "payout.failed": ("payout.paid", {"status": "failed", "failure_code": "account_closed"}),
}
"""Type → the sample it is made from, and what is different in its object."""


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:  # noqa: ARG001 - the signature says all
    """The one event of a request."""
    return Reading([item_of(parse_object(request.body))])


def sample(kind: str, fields: Mapping[str, Any]) -> tuple[Mapping[str, str], bytes]:
    """A request of this type, ours or Stripe's; raises `ValueError` naming those there are."""
    found = sample_type(kind, SAMPLES, TYPES)
    name, differences = SAMPLES[found]
    event = orjson.loads(sample_file("wirepost.providers.stripe", f"{name}.json"))
    if name != found:
        event["data"].pop("previous_attributes", None)
    now = Clock().now()
    is_thin = event["object"] == THIN
    event |= {"id": new_id("evt"), "type": found}
    event["created"] = now.isoformat(timespec="milliseconds") if is_thin else int(now.timestamp())
    with_fields(event, {_OBJECT + path: value for path, value in differences.items()})
    body = orjson.dumps(with_fields(event, fields), option=orjson.OPT_INDENT_2)
    return {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Stripe/1.0"}, body


def manage(client: StripeClient) -> StripeManagement:
    """Where its webhooks are set up; loaded when somebody does that."""
    from wirepost.providers.stripe.manage import StripeManagement

    return StripeManagement(client)


WEBHOOK = Webhook(
    name="stripe",
    title="Stripe",
    scheme=STRIPE,
    read=read,
    types=TYPES,
    addresses="stripe",
    sample=sample,
    sign=STRIPE.sign,
    manage=manage,
    steps="Workbench, Webhooks, Add destination: choose the events, Webhook endpoint, {url}; then show the "
    "signing secret (whsec_…) and name it under secrets",
)
