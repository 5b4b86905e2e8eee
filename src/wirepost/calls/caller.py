"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass

from wirepost.tools.scopes import ADMIN


@dataclass(frozen=True)
class Caller:
    """The authenticated origin of a call; confirmations, cursors and intents belong to one caller."""

    id: str
    scopes: frozenset[str] | None = None
    """What the caller may use (`tools.scopes`); `None` means everything this server offers."""
    client: str | None = None
    """Name and version of the client program, as it stated them; for the audit only."""

    @property
    def is_operator(self) -> bool:
        """Whether the caller may change what all callers share."""
        return self.scopes is None or ADMIN in self.scopes


LOCAL = Caller("local")
"""The owner of this machine account: stdio, the local socket, HTTP where nobody is asked."""
