"""Answers to handshakes: what a sender asked to hear, in a form that no browser takes for a page."""

from __future__ import annotations

from typing import Any

import orjson

from wirepost.webhooks.incoming import Reply

MAX_CHALLENGE = 2000
"""Characters; whoever asks for more to be said back is no sender."""
_PLAIN_ONLY = {"X-Content-Type-Options": "nosniff"}

ALLOWED = Reply()
"""A handshake that asks for nothing but success."""
FORBIDDEN = Reply(status=403)


def plain(challenge: str) -> Reply:
    """The challenge said back as text; refused where it is empty or too long."""
    if not 0 < len(challenge) <= MAX_CHALLENGE:
        return FORBIDDEN
    return Reply(body=challenge.encode("utf-8", "replace"), headers=_PLAIN_ONLY)


def as_json(value: Any) -> Reply:
    """The value as JSON."""
    return Reply(body=orjson.dumps(value), content_type="application/json", headers=_PLAIN_ONLY)
