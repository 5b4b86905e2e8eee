"""Azure Event Grid: events in its own schema or as CloudEvents; an address is tried in two ways."""

from __future__ import annotations

from typing import Any

from wirepost.webhooks.cloud_events import allow, read_events
from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import (
    at,
    each,
    key,
    line,
    moment,
    needed,
    our_type,
    parse_list,
    scalars,
    text,
)
from wirepost.webhooks.replies import FORBIDDEN, MAX_CHALLENGE, as_json
from wirepost.webhooks.schemes.authorization import AUTHORIZATION
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Item, Reading, Terms, Unmapped, Webhook

_NAME, _TITLE = "azure_event_grid", "Azure Event Grid"


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """Each event, in whichever schema the subscription has."""
    if request.header("ce-specversion") is not None:
        return read_events(_NAME, _TITLE, request)
    parts = parse_list(request.body)
    if at(parts, 0, "specversion") is not None:
        return read_events(_NAME, _TITLE, request)
    return Reading(each(parts, _item))


def _item(event: dict[str, Any]) -> Item:
    kind, own = needed(event.get("eventType"), "eventType"), needed(event.get("id"), "id")
    about = text(event.get("subject"), limit=400)
    subject = about if about and "/" in about.strip("/") else f"subject/{about}" if about else None
    data = scalars(event.get("data"))
    return Item(
        type=our_type(_NAME, kind),
        provider_type=kind,
        summary=line(_TITLE, kind, subject),
        data=data,
        subject=subject.lstrip("/") if subject else None,
        key=key(own),
        event_id=own,
        time=moment(event.get("eventTime")),
        account=text(event.get("topic")),
        untrusted=tuple(name for name, single in data.items() if isinstance(single, str)),
    )


async def _confirm(request: Incoming, terms: Terms) -> Reply | None:
    """The validation code said back, of topics we take; CloudEvents subscriptions ask with OPTIONS."""
    if request.header("aeg-event-type") != "SubscriptionValidation":
        return await allow(request, terms)
    try:
        parts = parse_list(request.body)
    except Unmapped:
        return FORBIDDEN
    code, topic = at(parts, 0, "data", "validationCode"), at(parts, 0, "topic")
    is_taken = not terms.settings.accounts or topic in terms.settings.accounts
    if not isinstance(code, str) or not 0 < len(code) <= MAX_CHALLENGE or not is_taken:
        return FORBIDDEN
    return as_json({"validationResponse": code})


WEBHOOK = Webhook(
    name=_NAME,
    title=_TITLE,
    scheme=AUTHORIZATION,
    read=read,
    greet=_confirm,
    methods=frozenset({"OPTIONS", "POST"}),
    steps="Create an event subscription with endpoint type webhook and {url}, and a delivery property "
    "`Authorization: Bearer …`, whose token also goes into `secrets`; or with Microsoft Entra, see `jwt`.",
)
