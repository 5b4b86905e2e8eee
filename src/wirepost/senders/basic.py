"""Whoever sends user and password."""

from __future__ import annotations

from wirepost.webhooks import any_json
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.tokens import BASIC
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Reading, Terms, Webhook


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """Each object of the body."""
    return any_json.read("basic", "Basic authentication", request, terms)


WEBHOOK = Webhook(
    name="basic",
    title="Basic authentication",
    scheme=BASIC,
    read=read,
    steps="Enter {url} at the sender with a user and a long random password; `user:password` goes "
    "into `secrets`.",
)
