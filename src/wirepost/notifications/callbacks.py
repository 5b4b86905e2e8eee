"""`Callbacks`: requests to clients that gave an address to be called back at (MCP Events, webhook mode)."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Any

import orjson

from wirepost import __version__
from wirepost.core.ids import new_id
from wirepost.upstream.guard import AddressRefused, NoAnswer

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.events.callback import Target
    from wirepost.upstream.guard import Poster, Said

TIMEOUT_S = 15.0
CHALLENGE_BYTES = 32
_SUCCESS = range(200, 300)


class Callbacks:
    """Posts signed bodies to clients, and asks an address whether it wants to be called."""

    def __init__(self, poster: Poster, clock: Clock) -> None:
        self._poster, self._clock = poster, clock

    async def challenge(self, target: Target) -> str | None:
        """`None` where the address repeats a random value; otherwise in a word what it did instead."""
        value = secrets.token_urlsafe(CHALLENGE_BYTES)
        body = {"type": "verification", "challenge": value}
        try:
            said = await self.post(target, new_id("msg"), orjson.dumps(body))
        except (AddressRefused, NoAnswer) as error:
            return str(error)
        if said.status not in _SUCCESS:
            return f"answered {said.status}"
        return None if _repeats(said.body, value) else "did not repeat the challenge"

    async def post(self, target: Target, message: str, body: bytes) -> Said:
        """What was answered to a body that is signed anew each time; raises `AddressRefused`, `NoAnswer`."""
        from wirepost.webhooks.schemes.standard import sign_standard

        now = self._clock.now().timestamp()
        former = [target.former] if target.former and now < target.former_until else []
        headers = {
            "content-type": "application/json",
            "user-agent": f"wirepost/{__version__}",
            "x-mcp-subscription-id": target.id,
            **sign_standard([target.secret, *former], message, now, body),
        }
        return await self._poster.post(target.url, body, headers, TIMEOUT_S)


def _repeats(body: bytes, value: str) -> bool:
    try:
        said: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    found = said.get("challenge") if isinstance(said, dict) else None
    return isinstance(found, str) and hmac.compare_digest(found.encode(), value.encode())
