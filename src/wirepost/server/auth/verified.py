"""What the ways to check a token have in common: the caller it proves, and the reasons why it proves none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from wirepost.calls.caller import Caller


@dataclass(frozen=True)
class Verified:
    """A token that is good now."""

    caller: Caller
    issuer: str
    """Whose word it is: an address, or `static` for tokens of this server."""
    subject: str
    client_id: str
    """The program that was given the token; together the three say to whom a session belongs."""


class Refused(Exception):
    """The token proves nothing; the message says why, in words that may be shown to whoever sent it."""


class CannotTell(Exception):
    """Whether the token is good cannot be found out now, which is not the caller's fault."""

    def __init__(self, why: str, retry_after_s: int = 10) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


class TooMany(Exception):
    """Too many bad tokens came from one address."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("Too many tokens that are not valid")
        self.retry_after_s = retry_after_s


class Verifier(Protocol):
    """One way to check tokens."""

    async def verify(self, token: str, address: str) -> Verified:
        """What the token proves, shown from a network address.

        Raises `Refused`, `CannotTell` or `TooMany`.
        """
        ...
