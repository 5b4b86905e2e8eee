"""`Management`: webhooks as the provider has them, set up and repaired by its API."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from wirepost.core.errors import InvalidCall


def unsupported(message: str, hint: str | None = None) -> InvalidCall:
    """The error for what a provider's API, or the credential that is there, cannot do."""
    return InvalidCall("unsupported_by_provider", message, hint=hint)


@dataclass(frozen=True)
class Hook:
    """One webhook at the provider."""

    id: str
    url: str
    types: Sequence[str]
    """In the provider's words; empty: all."""
    is_active: bool = True
    secret: str | None = field(default=None, repr=False)
    """Where the provider tells it, usually only when it is made."""
    note: str = ""
    """Why it is not active, when it was last answered: whatever the provider tells."""


class Management(ABC):
    """What can be done about webhooks by API; what cannot raises `InvalidCall`, unsupported_by_provider."""

    keyed_by: ClassVar[Literal["us", "provider", "app"]] = "app"
    """Who makes the secret of a webhook: we do, the provider does, or an app has one for all."""

    def asked_for(self, types: Sequence[str]) -> Sequence[str]:
        """The types as `Hook.types` shows them once they are set."""
        return types

    def at(self, place: str) -> Management:
        """The same at one of the `places` of an endpoint, such as a repository."""
        raise unsupported(f"Webhooks are not set up for each place, so {place} cannot be one")

    @abstractmethod
    async def hooks(self) -> list[Hook]:
        """All webhooks of the account that we may see."""

    @abstractmethod
    async def create(self, url: str, types: Sequence[str], secret: str | None) -> Hook:
        """A new one; `secret` where the sender is told it, otherwise the hook has the provider's."""

    @abstractmethod
    async def repair(self, hook: Hook, types: Sequence[str], secret: str | None) -> Hook:
        """Active again, for these types and with this secret."""

    @abstractmethod
    async def remove(self, hook: Hook) -> None:
        """Gone."""
