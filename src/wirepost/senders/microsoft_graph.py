"""Microsoft Graph change notifications: that a resource changed, and what becomes of the subscription."""

from __future__ import annotations

from typing import Any

from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import (
    at,
    each,
    fingerprint,
    key,
    line,
    needed,
    our_type,
    parse_object,
    picked,
    text,
)
from wirepost.webhooks.replies import plain
from wirepost.webhooks.schemes.tokens import GRAPH
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Item, Reading, Terms, Unmapped, Webhook

_FIELDS = {
    "id": ("resourceData", "id"),
    "kind": ("resourceData", "@odata.type"),
    "resource": ("resource",),
    "subscription": ("subscriptionId",),
    "expires": ("subscriptionExpirationDateTime",),
}


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """Each notification; the client state stays behind, and what changed has to be asked."""
    parts = parse_object(request.body).get("value")
    if not isinstance(parts, list):
        raise Unmapped("has no value")
    return Reading(each(parts, _item))


def _item(change: dict[str, Any]) -> Item:
    lifecycle = text(change.get("lifecycleEvent"))
    kind = lifecycle or needed(change.get("changeType"), "changeType")
    subscription = needed(change.get("subscriptionId"), "subscriptionId")
    resource = text(change.get("resource"))
    subject = f"subscription/{subscription}" if lifecycle or not resource else resource
    own = text(change.get("id"))
    return Item(
        type=our_type("microsoft_graph", kind),
        provider_type=kind,
        summary=line("Microsoft Graph", kind, subject),
        data=picked(change, _FIELDS),
        subject=subject,
        key=key(own) or _key_of(change, kind),
        event_id=own,
        account=text(change.get("tenantId")),
    )


def _key_of(change: dict[str, Any], kind: str) -> str:
    """What tells one change of a resource from the next is its version; of a subscription, its end."""
    version = at(change, "resourceData", "@odata.etag") or change.get("subscriptionExpirationDateTime")
    return fingerprint(change.get("subscriptionId"), change.get("resource"), kind, version)


async def _confirm(request: Incoming, terms: Terms) -> Reply | None:
    """The validation token of a subscription that is being made, decoded."""
    if request.method != "POST" or "validationToken" not in request.query:
        return None
    return plain(request.query["validationToken"])


WEBHOOK = Webhook(
    name="microsoft_graph",
    title="Microsoft Graph",
    scheme=GRAPH,
    read=read,
    greet=_confirm,
    accepted=Reply(status=202),
    steps="Create the subscription with the API (POST /v1.0/subscriptions): notificationUrl and "
    "lifecycleNotificationUrl {url}, and a clientState, which also goes into `token`.",
)
