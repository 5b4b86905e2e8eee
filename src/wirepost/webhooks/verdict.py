"""Whether a request is genuine: `Verified` says by what, `Rejected` says which check failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Check = Literal[
    "missing_header",
    "malformed_header",
    "malformed_body",
    "missing_body",
    "bad_timestamp",
    "timestamp_too_old",
    "timestamp_too_new",
    "signature_mismatch",
    "no_supported_scheme",
    "unsupported_version",
    "empty_secret",
    "untrusted_cert_url",
    "untrusted_subscribe_url",
    "untrusted_topic",
    "token_expired",
    "token_not_yet_valid",
    "wrong_audience",
    "wrong_issuer",
]
_MALFORMED = frozenset({"malformed_header", "malformed_body", "bad_timestamp"})


class Rejected(Exception):
    """A request that is not believed; `check` is told to the sender, `where` only to the operator."""

    def __init__(self, check: Check, where: str = "") -> None:
        super().__init__(f"{check}: {where}" if where else check)
        self.check: Check = check
        self.where = where

    @property
    def status(self) -> int:
        """400 for what cannot be read, 401 for what is not genuine."""
        return 400 if self.check in _MALFORMED else 401


@dataclass(frozen=True)
class Verified:
    """What makes a request genuine."""

    by: Literal["signature", "token", "ip", "poll", "none"]
    scheme: str
    """Such as `stripe-v1`."""
    secret: str | None = None
    """Label of the secret that fitted."""
    signed_at: float | None = None
    """The signed time of this attempt, in seconds since 1970."""
    signed: bytes = b""
    """What was signed apart from a time that changes with each attempt; empty: the body."""
    is_id_signed: bool = False
    """Whether the provider's id of the event is among what was signed."""
