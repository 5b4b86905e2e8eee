"""`LogCursors`: positions in the log as clients of the Events extension keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirepost.core.signing import BadToken, digest

if TYPE_CHECKING:
    from wirepost.core.signing import Signer

_PURPOSE = "event-cursor"


class BadCursor(ValueError):
    """A cursor that holds no position here; the message says why, after the words "The cursor"."""


class LogCursors:
    """Makes and reads them; each is signed, and bound to a type of event and to arguments."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def mint(self, position: int, name: str, arguments: dict[str, Any]) -> str:
        """The cursor of a position."""
        return self._signer.sign(_PURPOSE, {"s": position, "b": _binding(name, arguments)})

    def open(self, cursor: str, name: str, arguments: dict[str, Any]) -> int:
        """The position in it; raises `BadCursor`."""
        try:
            claims = self._signer.open(_PURPOSE, cursor)
        except BadToken:
            raise BadCursor("was not issued by this server, or was changed") from None
        if claims["b"] != _binding(name, arguments):
            raise BadCursor("belongs to another type or other arguments")
        return int(claims["s"])


def _binding(name: str, arguments: dict[str, Any]) -> str:
    return digest([name, arguments])[:24]
