"""Square: payments, orders, invoices, customers, inventory."""

from __future__ import annotations

from typing import Any

from wirepost.core.money import Money
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.reading import at, key, line, moment, needed, our_type, parse_object, picked, text
from wirepost.webhooks.schemes.hmacs import SQUARE
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Item, Reading, Terms, Webhook

TYPES = {
    "customer.created": "contact.created",
    "customer.deleted": "contact.deleted",
    "customer.updated": "contact.updated",
    "dispute.created": "payment.dispute.opened",
    "dispute.state.updated": "payment.dispute.updated",
    "inventory.count.updated": "inventory.changed",
    "invoice.payment_made": "invoice.paid",
    "order.created": "order.created",
    "order.updated": "order.updated",
    "subscription.created": "subscription.created",
    "subscription.updated": "subscription.updated",
}
_FIELDS = {
    "id": ("id",),
    "status": ("status",),
    "state": ("state",),
    "order_id": ("order_id",),
    "payment_id": ("payment_id",),
    "customer_id": ("customer_id",),
    "location_id": ("location_id",),
    "reason": ("reason",),
    "version": ("version",),
}


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """One event about `data.object`, which has one member named like the entity."""
    body = parse_object(request.body)
    kind = needed(body.get("type"), "type")
    entity, own = text(at(body, "data", "type")), text(at(body, "data", "id"))
    subject = f"{entity}/{own}" if entity and own else None
    about: Any = at(body, "data", "object")
    if isinstance(about, dict) and len(about) == 1:
        about = next(iter(about.values()))
    item = Item(
        type=our_type("square", kind, TYPES),
        provider_type=kind,
        summary=line("Square", kind, subject),
        data={**picked(about, _FIELDS), **_amount(at(about, "amount_money"))},
        subject=subject,
        key=key(body.get("event_id")),
        event_id=text(body.get("event_id")),
        time=moment(body.get("created_at")),
        account=text(body.get("merchant_id")),
        untrusted=("reason",),
    )
    return Reading((item,))


def _amount(money: Any) -> dict[str, str]:
    """In major units, as tools give amounts."""
    minor, currency = at(money, "amount"), at(money, "currency")
    if type(minor) is not int or not isinstance(currency, str):
        return {}
    return {"amount": Money(minor, currency.lower()).major, "currency": currency.lower()}


WEBHOOK = Webhook(
    name="square",
    title="Square",
    scheme=SQUARE,
    read=read,
    types=TYPES,
    steps="In the Square developer console open Webhooks, Subscriptions, Add: notification URL {url}; its "
    "signature key goes into `secrets`. The address is part of the signature: set `url` if a proxy changes "
    "it.",
)
