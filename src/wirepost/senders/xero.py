"""Xero: changes of contacts and invoices; signed tests of an address have no events in them."""

from __future__ import annotations

from typing import Any

from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import (
    each,
    fingerprint,
    line,
    moment,
    needed,
    our_type,
    parse_object,
    picked,
    text,
)
from wirepost.webhooks.schemes.hmacs import XERO
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Item, Reading, Terms, Unmapped, Webhook

TYPES = {"CONTACT.CREATE": "contact.created", "CONTACT.UPDATE": "contact.updated"}
_FIELDS = {"id": ("resourceId",), "url": ("resourceUrl",), "tenant_type": ("tenantType",)}


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """Each event; they say that something changed, what it is now has to be asked."""
    events = parse_object(request.body).get("events")
    if not isinstance(events, list):
        raise Unmapped("has no events")
    return Reading(each(events, _item))


def _item(event: dict[str, Any]) -> Item:
    category = needed(event.get("eventCategory"), "eventCategory")
    provider_type = f"{category}.{needed(event.get('eventType'), 'eventType')}"
    own = needed(event.get("resourceId"), "resourceId")
    at = text(event.get("eventDateUtc")) or ""
    subject = f"{category.lower()}/{own}"
    return Item(
        type=our_type("xero", provider_type, TYPES),
        provider_type=provider_type,
        summary=line("Xero", provider_type, subject),
        data=picked(event, _FIELDS),
        subject=subject,
        key=fingerprint(category, provider_type, own, at),
        time=moment(f"{at.removesuffix('Z')}Z"),
        account=text(event.get("tenantId")),
    )


WEBHOOK = Webhook(
    name="xero",
    title="Xero",
    scheme=XERO,
    read=read,
    types=TYPES,
    accepted=Reply(),  # without a body: Xero takes any as a failure
    steps="In the Xero developer portal open your app, Webhooks: delivery URL {url}; the webhooks key goes "
    "into `secrets`. Then press Send intent to receive.",
)
