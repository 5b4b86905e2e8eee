"""Senders of webhooks that have no provider of their own here; each is loaded when it is first asked for."""

from __future__ import annotations

import difflib
from importlib import import_module
from typing import TYPE_CHECKING

from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.webhooks.webhook import Webhook

SENDERS = {
    name: f"wirepost.senders.{name}"
    for name in (
        "asana",
        "aws_sns",
        "azure_event_grid",
        "basic",
        "bearer",
        "cloudevents",
        "discord",
        "dropbox",
        "gitlab",
        "google_push",
        "hmac",
        "jwt",
        "linear",
        "mailgun",
        "meta",
        "microsoft_graph",
        "monday",
        "netlify",
        "okta",
        "sendgrid",
        "square",
        "standard_webhooks",
        "trello",
        "twilio",
        "twitch",
        "twitter",
        "websub",
        "xero",
        "zendesk",
        "zoom",
    )
} | {"openai": "wirepost.providers.openai.webhook"}
"""Name → module that declares `WEBHOOK`; OpenAI's is a provider's, too, and keeps its name here."""


def sender_names() -> tuple[str, ...]:
    """Every known sender, without loading any."""
    return tuple(SENDERS)


def load_sender(name: str) -> Webhook:
    """What one sender sends; raises `ConfigError` for an unknown name."""
    if name not in SENDERS:
        close = difflib.get_close_matches(name, SENDERS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(SENDERS)}"
        message = f"there is no sender {name!r}"
        raise ConfigError(message, hint=hint)
    webhook: Webhook = import_module(SENDERS[name]).WEBHOOK
    return webhook
