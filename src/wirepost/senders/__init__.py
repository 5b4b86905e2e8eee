"""Senders of webhooks that have no provider of their own here; each is loaded when it is first asked for."""

from __future__ import annotations
