"""Every secret of a configuration, looked up where it is kept; what is told of it gives nothing away."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.core.secret_refs import SecretRef
    from wirepost.secrets.resolve import Secrets
    from wirepost.settings import Settings

DIGEST_LETTERS = 4
"""Enough to see that two machines have the same secret, and useless for finding it."""


@dataclass(frozen=True)
class Looked:
    """What became of one reference."""

    key: str
    reference: SecretRef
    length: int = 0
    digest: str = ""
    error: ConfigError | None = None

    @property
    def told(self) -> str:
        """That it is there, in a form that two people can compare."""
        return f"{self.key}: ok len={self.length} sha256:{self.digest}…"

    @property
    def is_vital(self) -> bool:
        """Whether a server does not start without it."""
        return self.key.startswith(("secrets.keys", "store."))

    def shown(self) -> dict[str, Any]:
        """The same as JSON."""
        about = {"key": self.key, "reference": str(self.reference), "ok": self.error is None}
        if self.error is not None:
            return {**about, "problem": self.error.message, "hint": self.error.hint}
        return {**about, "length": self.length, "sha256": self.digest}


async def look_up(settings: Settings, clock: Clock, *, is_offline: bool = False) -> list[Looked]:
    """All references, at once; offline only those that need nobody else."""
    from wirepost.secrets.resolve import Secrets
    from wirepost.settings.secrets import references

    secrets = Secrets(settings.secrets, clock)
    wanted = [(key, each) for key, each in references(settings) if each.is_local or not is_offline]
    try:
        return list(await asyncio.gather(*(_look(secrets, key, each) for key, each in wanted)))
    finally:
        await secrets.close()


async def _look(secrets: Secrets, key: str, reference: SecretRef) -> Looked:
    try:
        value = await secrets.resolve(reference, may_have_lines=True)
    except ConfigError as error:
        return Looked(key, reference, error=error)
    digest = sha256(value.encode()).hexdigest()[:DIGEST_LETTERS]
    return Looked(key, reference, len(value), digest)
