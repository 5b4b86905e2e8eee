"""One request to a provider, its answer, and the ways in which no usable answer comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from wirepost.core.errors import CallError

How = Literal["unreachable", "untrusted", "timeout", "cut", "too_large"]
"""The ways in which an answer fails to arrive."""

_NOT_PARSED: Any = object()


@dataclass(frozen=True)
class Ask:
    """One request, without address and credential, which belong to the connection."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    content: bytes | None = field(default=None, repr=False)
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    key: str | None = None
    """Idempotency key; its presence is what allows a write to be repeated."""
    is_write: bool = False
    as_user: bool = False
    """Authorise with the connection's second key, which acts as a user."""
    quota: str | None = None
    """A further limit of the connection that this request counts against (`Limits.quotas`)."""
    timeout_s: float | None = None
    """For one attempt; the connection's default otherwise."""
    origin: str | None = None
    """Scheme, host and port to ask instead of the connection's address, such as the vendor's store of files:
    the connection's own, or one that the client names in `other_hosts`. Answers may be of any type there."""
    has_credential: bool = False
    """Whether an `origin` gets the credential too."""
    signed_for: str | None = None
    """The service that a signature counts for, where it is another than the connection's (AWS)."""

    @property
    def may_repeat(self) -> bool:
        """Whether sending it twice is harmless."""
        return not self.is_write or self.key is not None


@dataclass(frozen=True)
class Answer:
    """What the provider said; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    request_id: str | None = None
    _json: Any = field(default=_NOT_PARSED, init=False, repr=False, compare=False)

    @property
    def is_success(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP's class of success

    def json(self) -> Any:
        """The body as JSON, parsed once; `None` when it is empty. Raises `ValueError` when it is not JSON."""
        if self._json is _NOT_PARSED:
            object.__setattr__(self, "_json", orjson.loads(self.body) if self.body else None)
        return self._json


class Failure(Exception):
    """An attempt without a usable answer: what to tell the caller, and whether another one makes sense."""

    def __init__(self, error: CallError, *, may_repeat: bool, demanded_wait_s: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.may_repeat = may_repeat
        self.demanded_wait_s = demanded_wait_s
        """How long the provider wants us to wait."""


class Lost(Exception):
    """A request that got no complete answer.

    `is_sent` is false only where it is certain that no byte of the request left.
    """

    def __init__(self, how: How, *, is_sent: bool) -> None:
        super().__init__(how)
        self.how: How = how
        self.is_sent = is_sent
