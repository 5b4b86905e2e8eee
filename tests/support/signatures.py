"""Signed requests of the collected vectors, and what an endpoint for them is set up with."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from support.sources import TESTS
from wirepost.core.errors import Rejected as NotThere
from wirepost.settings.webhooks import WebhookSettings
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.generic import HMAC
from wirepost.webhooks.schemes.hmacs import (
    GITHUB,
    LINEAR,
    META,
    SHOPIFY,
    SLACK,
    SQUARE,
    STRIPE,
    TWITTER,
    ZOOM,
)
from wirepost.webhooks.schemes.hubspot import HUBSPOT
from wirepost.webhooks.schemes.jwt import JWT
from wirepost.webhooks.schemes.public_keys import DISCORD, SENDGRID
from wirepost.webhooks.schemes.sns import Sns
from wirepost.webhooks.schemes.standard import OPENAI, STANDARD, SVIX
from wirepost.webhooks.schemes.tokens import BASIC, BEARER
from wirepost.webhooks.schemes.twilio import TWILIO
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import TOLERANCE_S, Scheme, Secret, Terms

NOW = 1_764_061_200.0
"""2025-11-25T09:00:00Z."""
BY_SENDER: Mapping[str, Scheme] = {
    "basic": BASIC,
    "bearer": BEARER,
    "discord": DISCORD,
    "generic_hmac": HMAC,
    "github": GITHUB,
    "hubspot": HUBSPOT,
    "jwt": JWT,
    "linear": LINEAR,
    "meta": META,
    "openai": OPENAI,
    "sendgrid": SENDGRID,
    "shopify": SHOPIFY,
    "slack": SLACK,
    "square": SQUARE,
    "standard_webhooks": STANDARD,
    "stripe": STRIPE,
    "svix": SVIX,
    "twilio": TWILIO,
    "twitter": TWITTER,
    "zoom": ZOOM,
}


@cache
def vectors() -> Mapping[str, Mapping[str, Any]]:
    """Id → vector."""
    path = TESTS / "webhooks" / "vectors" / "webhook_signatures.json"
    return {each["id"]: each for each in json.loads(path.read_text(encoding="utf-8"))}


def vector(name: str) -> tuple[Scheme, Incoming, Terms]:
    """One of them; SNS with a scheme of its own, so that no certificate of another test is known."""
    found = vectors()[name]
    scheme = Sns() if found["provider"] == "aws_sns" else BY_SENDER[found["provider"]]
    return scheme, request_of(found), terms_of(found)


def request_of(found: Mapping[str, Any]) -> Incoming:
    """The request, with the address as the sender knows it."""
    is_text = found["body_encoding"] == "utf-8"
    body = found["body"].encode() if is_text else base64.b64decode(found["body"])
    url, public = urlsplit(found["url"]), found.get("options", {}).get("public_base_url")
    address = found["url"].replace(f"{url.scheme}://{url.netloc}", public, 1) if public else found["url"]
    headers = tuple((name.lower(), value) for name, value in found["headers"])
    return Incoming(found["method"], address, headers, body, found["now"])


def terms_of(found: Mapping[str, Any]) -> Terms:
    """What its endpoint asks; secrets are labelled by their place, from 0."""
    options = found.get("options", {})
    settings: dict[str, Any] = {name: dict(options[name]) for name in ("hmac", "jwt") if name in options}
    key = settings.get("jwt", {}).pop("jwk", None)
    shared = settings.get("jwt", {}).pop("secret", None)
    keys = [json.dumps(key)] if key else [shared] if shared else []
    terms = terms_with(*found["secrets"], *keys, documents=options.get("certs", {}), **settings)
    return replace(terms, tolerance_s=found["tolerance"])


def terms_with(
    *secrets: str, token: str | None = None, documents: Mapping[str, str] | None = None, **settings: Any
) -> Terms:
    """Of an endpoint with these settings; `documents` are what senders publish, by address."""

    async def fetch(url: str) -> bytes:
        if url not in (documents or {}):
            raise NotThere("not_found", "There is nothing at this address")
        return (documents or {})[url].encode()

    labelled = [Secret(value, str(place)) for place, value in enumerate(secrets)]
    return Terms(labelled, WebhookSettings(**settings), TOLERANCE_S, token, fetch)


def incoming(
    body: bytes = b"{}",
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    *,
    method: str = "POST",
    url: str = "https://hooks.example.com/webhooks/x",
    now: float = NOW,
) -> Incoming:
    """A request; header names as they are sent."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return Incoming(method, url, tuple((name.lower(), value) for name, value in pairs), body, now)


async def verdict(scheme: Scheme, request: Incoming, terms: Terms) -> str:
    """`valid`, or `invalid:` and the reason."""
    found = await verified(scheme, request, terms)
    return f"invalid:{found.check}" if isinstance(found, Rejected) else "valid"


async def verified(scheme: Scheme, request: Incoming, terms: Terms) -> Verified | Rejected:
    """What the scheme says, as a value."""
    try:
        return await scheme.verify(request, terms)
    except Rejected as rejected:
        return rejected
