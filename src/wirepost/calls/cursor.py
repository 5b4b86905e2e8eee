"""Cursors: a provider's position, signed and bound to tool, connection, caller and arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wirepost.core.errors import InvalidCall
from wirepost.core.signing import BadToken, Signer, digest

_PREFIX = "c1."


@dataclass(frozen=True)
class Position:
    """Where a page starts: the provider's position, and how many records behind it were returned."""

    provider: str | None = None
    skip: int = 0


class Cursors:
    """Mints and opens page cursors."""

    def __init__(self, signer: Signer, lifetime_s: float) -> None:
        self._signer, self._lifetime_s = signer, lifetime_s

    def mint(
        self, position: Position, *, owner: tuple[str, str, str], arguments_hash: str, now: datetime
    ) -> str:
        """A cursor for `position`; `owner` is (tool, connection, caller)."""
        claims = {
            "p": position.provider,
            "k": position.skip,
            "b": _binding(owner, arguments_hash),
            "e": int(now.timestamp() + self._lifetime_s),
        }
        return _PREFIX + self._signer.sign("cursor", claims)

    def open(
        self, cursor: str, *, owner: tuple[str, str, str], arguments_hash: str, now: datetime
    ) -> Position:
        """The position inside; raises `InvalidCall` for a foreign, changed or expired cursor."""
        head, prefix, token = cursor.partition(_PREFIX)
        try:
            claims = self._signer.open("cursor", token if prefix and not head else "")
        except BadToken:
            raise _refusal("was not issued by this server or was changed") from None
        if claims["b"] != _binding(owner, arguments_hash):
            raise _refusal("belongs to another tool, connection, caller or other arguments")
        if claims["e"] < now.timestamp():
            raise _refusal("has expired")
        return Position(claims["p"], claims["k"])


def _binding(owner: tuple[str, str, str], arguments_hash: str) -> str:
    return digest([*owner, arguments_hash])[:32]


def _refusal(problem: str) -> InvalidCall:
    return InvalidCall(
        "invalid_arguments",
        f"The cursor {problem}",
        hint="Repeat the call without cursor to start at the first page",
        fields=[{"path": "cursor", "problem": problem}],
    )
