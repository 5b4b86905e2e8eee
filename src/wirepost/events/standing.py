"""`Standing`: whether somebody who asked for events a while ago may still have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirepost.calls.caller import LOCAL, Caller

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.events.callback import Target
    from wirepost.events.catalogue import Catalogue
    from wirepost.store.database import Database

TOKEN = "token:"  # noqa: S105 - how ids of callers begin who have a token of this server
FRESH_S = 5.0
"""For so long an answer is believed again."""
_FIND = "SELECT revoked_at, expires_at FROM caller_tokens WHERE id = ? LIMIT 1"


def can_be_looked_up(caller: Caller) -> bool:
    """Whether this server knows for itself that a caller may not call any more."""
    return caller.id == LOCAL.id or caller.id.startswith(TOKEN)


class Standing:
    """Looks again at tokens of this server, and at what may be read.

    Tokens of others cannot be looked up: who has one and is called back must show a new one every day.
    """

    def __init__(self, database: Database, catalogue: Catalogue, clock: Clock) -> None:
        self._database, self._catalogue, self._clock = database, catalogue, clock
        self._known: dict[str, tuple[float, bool]] = {}

    async def is_current(self, caller: Caller) -> bool:
        """Whether its token was neither withdrawn nor has ended; raises `Unavailable`."""
        if not caller.id.startswith(TOKEN):
            return True
        at, is_current = self._known.get(caller.id, (-FRESH_S, False))
        now = self._clock.monotonic()
        if now - at >= FRESH_S:
            is_current = await self._look(caller.id.removeprefix(TOKEN))
            self._known[caller.id] = (now, is_current)
        return is_current

    async def may_receive(self, owner: str, target: Target) -> bool:
        """Whether a client may still be called back with such events; raises `Unavailable`."""
        caller = Caller(owner, target.scopes)
        source = target.arguments.get("source")
        named = [source] if isinstance(source, str) else []
        return self._catalogue.allows(caller, target.name, named) and await self.is_current(caller)

    async def _look(self, token: str) -> bool:
        rows = await self._database.read(_FIND, token)
        if not rows:
            return False
        revoked_at, expires_at = rows[0]
        now = self._clock.now().timestamp()
        return revoked_at is None and (expires_at is None or expires_at > now)
