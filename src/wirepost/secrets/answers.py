"""What the answer of a store of secrets means for the reference it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wirepost.core.errors import CallError, ConfigError, Unavailable

if TYPE_CHECKING:
    from wirepost.core.secret_refs import SecretRef

READ_S = 10.0
"""How long a store may take, repeated attempts included."""


class Unreachable(ConfigError):
    """A store that does not answer now; what it said before may still be good."""


def unreadable(reference: SecretRef, error: CallError) -> ConfigError:
    """Why a store did not give a secret."""
    kind = Unreachable if isinstance(error, Unavailable) else ConfigError
    return kind(f"{reference.title} cannot be read: {error.message}", hint=error.hint)


def text_at(reference: SecretRef, found: Any) -> str:
    """The field of a secret that a reference names; raises `ConfigError` naming the fields there are."""
    value = found.get(reference.field) if isinstance(found, Mapping) else None
    if not isinstance(value, str):
        there = ", ".join(sorted(map(str, found))) if isinstance(found, Mapping) else "no fields at all"
        raise ConfigError(f"{reference.title} has no text under that name", hint=f"there is: {there}")
    return value
