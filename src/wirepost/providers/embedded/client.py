"""`EmbeddedClient`: a connection that asks nobody."""

from __future__ import annotations

from wirepost.upstream.client import Client


class EmbeddedClient(Client):
    """There is no vendor behind it, so nothing is ever sent."""
