"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """The authenticated origin of a call; confirmations, cursors and intents belong to one caller."""

    id: str
    scopes: frozenset[str] | None = None
    """What the caller may use; `None` means everything this server offers."""
    client: str | None = None
    """Name and version of the client program, as it stated them; for the audit only."""


LOCAL = Caller("local")
"""The owner of this machine account: stdio, the local socket, loopback HTTP without authentication."""
