"""`Target`: where a client that subscribed is called back, and what signs the requests."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.core.signing import digest

if TYPE_CHECKING:
    from wirepost.secrets.vault import Vault

SINK = "callback"
"""The way on which deliveries to such clients go."""
BOTH_SIGN_S = 86_400.0
"""After a change of the secret the one before signs too, for so long."""
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret."""
_SECRET = re.compile(r"whsec_([A-Za-z0-9+/]+={0,2})", re.ASCII)


class BadSecret(ValueError):
    """Not `whsec_` and base64 of 24 to 64 bytes."""


@dataclass(frozen=True)
class Target:
    """One client that is called back."""

    id: str
    """As the client knows the subscription; no secret, and no right to anything."""
    url: str
    name: str
    """The type of event, as it was subscribed to."""
    arguments: dict[str, Any]
    secret: str = field(repr=False)
    """`whsec_…` of the client."""
    former: str | None = field(default=None, repr=False)
    former_until: float = 0.0
    """Seconds since 1970 until which the former secret signs too."""
    scopes: frozenset[str] | None = None
    """What the caller might use when it subscribed last."""
    takes_control: bool = False
    """Whether the client is known to accept bodies that are no events: `gap`, `terminated`."""

    def secrets(self, now: float) -> list[bytes]:
        """Keys that sign now, the newest first."""
        return [
            secret_bytes(each)
            for each in (self.secret, self.former if now < self.former_until else None)
            if each
        ]

    def renewed(self, later: Target, now: float) -> Target:
        """What holds after the client subscribed again; for a day a former secret signs along."""
        if later.secret == self.secret:
            return replace(later, former=self.former, former_until=self.former_until)
        return replace(later, former=self.secret, former_until=now + BOTH_SIGN_S)

    def sealed(self, vault: Vault, owner: str) -> str:
        """What the database keeps."""
        shown = {**vars(self), "scopes": None if self.scopes is None else sorted(self.scopes)}
        return vault.seal(orjson.dumps(shown).decode(), bound_to=("callback", owner, row_name(self.id)))

    @classmethod
    def opened(cls, sealed: str, vault: Vault, owner: str, row: str) -> Target:
        """The target of a subscription by its owner and name; raises `KeyUnavailable` and `Tampered`."""
        kept = orjson.loads(vault.open(sealed, bound_to=("callback", owner, row)))
        scopes = kept.pop("scopes")
        return cls(**kept, scopes=None if scopes is None else frozenset(scopes))


def subscription_id(owner: str, url: str, name: str, arguments: dict[str, Any]) -> str:
    """The id of a subscription, the same for the same owner, address, type and arguments."""
    return f"sub_{digest([owner, url, name, arguments])[:32]}"


def row_name(target_id: str) -> str:
    """Under which its subscription is kept among those of its owner."""
    return f"callback-{target_id}"


def secret_bytes(secret: str) -> bytes:
    """The key in a secret; raises `BadSecret`."""
    import base64

    found = _SECRET.fullmatch(secret)
    try:
        key = base64.b64decode(found[1], validate=True) if found else b""
    except ValueError:
        key = b""
    if not SHORTEST <= len(key) <= LONGEST:
        raise BadSecret
    return key
