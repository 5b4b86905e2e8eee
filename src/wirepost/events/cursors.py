"""`EventCursors`: how far a reader of a subscription got, signed, so that nobody can make one up.

A caller may read in several sessions at once. Each begins with a cursor of its own, or with none, and the
cursors that follow name the same reader, which tells what one session was given from what others were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirepost.core.errors import InvalidCall
from wirepost.core.ids import new_id
from wirepost.core.signing import BadToken

if TYPE_CHECKING:
    from wirepost.core.signing import Signer
    from wirepost.events.subscriptions import Subscription

_PREFIX = "e1."
_PURPOSE = "subscription-cursor"


class EventCursors:
    """Makes and opens them; each is bound to its subscription and to what that asks for."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def mint(self, subscription: Subscription, seq: int, reader: str | None = None) -> str:
        """The cursor behind the event with this `seq`; without a reader a new one begins with it."""
        claims = {"s": seq, "b": subscription.binding, "r": reader or new_reader()}
        return _PREFIX + self._signer.sign(_PURPOSE, claims)

    def open(self, cursor: str, subscription: Subscription, path: str = "cursor") -> int:
        """The `seq` in it; raises `InvalidCall` for one that was changed or belongs elsewhere."""
        return int(self._claims(cursor, subscription, path)["s"])

    def resume(self, cursor: str, subscription: Subscription, path: str = "cursor") -> tuple[int, str]:
        """The `seq` and the reader in it; raises like `open`."""
        claims = self._claims(cursor, subscription, path)
        return int(claims["s"]), str(claims.get("r", ""))  # older ones name no reader

    def _claims(self, cursor: str, subscription: Subscription, path: str) -> dict[str, Any]:
        head, prefix, token = cursor.partition(_PREFIX)
        try:
            claims = self._signer.open(_PURPOSE, token if prefix and not head else "")
        except BadToken:
            raise _refusal("was not issued by this server or was changed", path) from None
        if claims["b"] != subscription.binding:
            raise _refusal("belongs to another subscription, or to what this one asked for before", path)
        return claims


def new_reader() -> str:
    """What tells the reader that begins now from others of the same caller."""
    return new_id("rdr")


def holder_of(caller: str, reader: str) -> str:
    """By what it is noted who has an event: a caller, in one of its sessions."""
    return f"{caller} {reader}"


def _refusal(problem: str, path: str) -> InvalidCall:
    return InvalidCall(
        "invalid_arguments",
        f"The cursor {problem}",
        hint="Leave it out: what was not acknowledged comes again by itself",
        fields=[{"path": path, "problem": problem}],
    )
