"""Whoever sends a signed JSON token, as `jwt` in the endpoint's settings describes it."""

from __future__ import annotations

from wirepost.webhooks import any_json
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.jwt import JWT
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Reading, Terms, Webhook


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """Each object of the body."""
    return any_json.read("jwt", "JSON Web Token", request, terms)


WEBHOOK = Webhook(
    name="jwt",
    title="JSON Web Token",
    scheme=JWT,
    read=read,
    steps="Enter {url} at the sender and describe its token in `jwt`; a shared secret or public key goes "
    "into `secrets`.",
)
