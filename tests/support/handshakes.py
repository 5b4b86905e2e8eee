"""The collected handshakes: what senders ask before they send, and what they must be answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import orjson

from support.signatures import terms_with
from support.sources import TESTS
from wirepost.providers import load_provider
from wirepost.senders import SENDERS, load_sender
from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.webhook import Reading, Terms, Webhook

NOW = 1_764_061_200.0
OWN_NAMES = {"any": "stripe", "salesforce_outbound": "salesforce"}
"""Providers that the vectors call otherwise."""
SETTINGS = {
    "allowed_origins": "origins",
    "organization_ids": "accounts",
    "rate": "origin_rate",
    "topics": "topics",
}
TOKENS = ("verify_token", "client_state", "channel_token")


@dataclass(frozen=True)
class Handshake:
    """One of them."""

    id: str
    sender: str
    """Of `wirepost.senders`, or a provider."""
    request: Incoming
    expected: Mapping[str, Any]
    secrets: tuple[str, ...] = ()
    token: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    """Options of the endpoint besides its secrets and token."""

    def webhook(self) -> Webhook:
        """Who sends it."""
        if self.sender in SENDERS:
            return load_sender(self.sender)
        found = load_provider(self.sender).sender
        assert found is not None, f"{self.sender} sends nothing"
        return found.load()

    def terms(self) -> Terms:
        """What the endpoint asks."""
        return terms_with(*self.secrets, token=self.token, **self.settings)


@cache
def handshakes() -> Mapping[str, Handshake]:
    """Sender and name → handshake."""
    path = TESTS / "senders" / "vectors" / "webhook_handshakes.json"
    found = [_read(each) for each in json.loads(path.read_text(encoding="utf-8"))]
    return {each.id: each for each in found}


def _read(each: Mapping[str, Any]) -> Handshake:
    sent, config = each["request"], each["config"]
    headers = tuple((name.lower(), value) for name, value in sent["headers"])
    settings = {ours: config[theirs] for theirs, ours in SETTINGS.items() if theirs in config}
    if each["provider"] == "asana":
        settings["expects_secret"] = True
    return Handshake(
        id=f"{each['provider']}: {each['name']}",
        sender=OWN_NAMES.get(each["provider"], each["provider"]),
        request=Incoming(sent["method"], sent["url"], headers, sent["body"].encode(), config.get("now", NOW)),
        expected=each["expected_response"],
        secrets=tuple(config.get("secrets", ())),
        token=next((config[name] for name in TOKENS if name in config), None),
        settings=settings,
    )


async def answered(webhook: Webhook, request: Incoming, terms: Terms) -> Reply | Reading:
    """The answer to a handshake, or what the request says where it is none; raises `Rejected`."""
    if webhook.greet is not None and (reply := await webhook.greet(request, terms)) is not None:
        return reply
    verified = await webhook.scheme.verify(request, terms)
    if webhook.reply is not None and (reply := await webhook.reply(request, terms)) is not None:
        return reply
    return webhook.read(request, verified, terms)


def check_answer(expected: Mapping[str, Any], status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Whether it is what the sender wants; `headers` with their content type."""
    given = {name.lower(): value for name, value in headers.items()}
    allowed = expected.get("status", status)
    assert status in (allowed if isinstance(allowed, list) else [allowed])
    if expected.get("status_2xx"):
        assert 200 <= status < 300
    if "content_type" in expected:
        assert given["content-type"].split(";")[0] == expected["content_type"]
    if "json" in expected:
        assert orjson.loads(body) == expected["json"]
    if "text" in expected:
        assert body.decode() == expected["text"]
    for name, value in expected.get("headers", {}).items():
        assert given[name.lower()] == value
    for part in expected.get("xml_contains", ()):
        assert part in body.decode()
