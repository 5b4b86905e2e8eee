"""Whoever signs with a shared secret, as `hmac` in the endpoint's settings describes it."""

from __future__ import annotations

from wirepost.webhooks import any_json
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.generic import HMAC
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Reading, Terms, Webhook


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """Each object of the body."""
    return any_json.read("hmac", "HMAC signature", request, terms)


WEBHOOK = Webhook(
    name="hmac",
    title="HMAC signature",
    scheme=HMAC,
    read=read,
    steps="Enter {url} at the sender and describe its signature in `hmac`; the shared secret goes "
    "into `secrets`.",
)
