"""`EventCursors`: how far a reader of a subscription got, signed, so that nobody can make one up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirepost.core.errors import InvalidCall
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

    def mint(self, subscription: Subscription, seq: int) -> str:
        """The cursor behind the event with this `seq`."""
        return _PREFIX + self._signer.sign(_PURPOSE, {"s": seq, "b": subscription.binding})

    def open(self, cursor: str, subscription: Subscription, path: str = "cursor") -> int:
        """The `seq` in it; raises `InvalidCall` for one that was changed or belongs elsewhere."""
        head, prefix, token = cursor.partition(_PREFIX)
        try:
            claims = self._signer.open(_PURPOSE, token if prefix and not head else "")
        except BadToken:
            raise _refusal("was not issued by this server or was changed", path) from None
        if claims["b"] != subscription.binding:
            raise _refusal("belongs to another subscription, or to what this one asked for before", path)
        return int(claims["s"])


def _refusal(problem: str, path: str) -> InvalidCall:
    return InvalidCall(
        "invalid_arguments",
        f"The cursor {problem}",
        hint="Leave it out: what was not acknowledged comes again by itself",
        fields=[{"path": path, "problem": problem}],
    )
