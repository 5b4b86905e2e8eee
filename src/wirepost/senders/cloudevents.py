"""CloudEvents from anyone; a sender may ask first whether it may send."""

from __future__ import annotations

from wirepost.webhooks.cloud_events import allow, read_events
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.authorization import AUTHORIZATION
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Reading, Terms, Webhook


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """Each event."""
    return read_events("cloudevents", "CloudEvents", request)


WEBHOOK = Webhook(
    name="cloudevents",
    title="CloudEvents",
    scheme=AUTHORIZATION,
    read=read,
    greet=allow,
    methods=frozenset({"OPTIONS", "POST"}),
    steps="Enter {url} at the sender with a token for the header Authorization, which also goes into "
    "`secrets`; list its origin in `origins` if it asks for permission.",
)
