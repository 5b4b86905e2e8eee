"""Whoever repeats a token in the header `Authorization`, or in another one."""

from __future__ import annotations

from wirepost.webhooks import any_json
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.tokens import BEARER
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Reading, Terms, Webhook


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """Each object of the body."""
    return any_json.read("bearer", "Bearer token", request, terms)


WEBHOOK = Webhook(
    name="bearer",
    title="Bearer token",
    scheme=BEARER,
    read=read,
    steps="Enter {url} at the sender with a long random token, which also goes into `secrets`.",
)
