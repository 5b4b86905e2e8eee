"""`FetchedCredential`: a token that is fetched without a person, kept until shortly before it ends."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from wirepost.connections.credentials import Checkable

if TYPE_CHECKING:
    from wirepost.contracts.provider import Provider
    from wirepost.core.clock import Clock
    from wirepost.secrets.resolve import Secrets
    from wirepost.settings import ConnectionSettings
    from wirepost.upstream.upstream import Upstream

Method = TypeVar("Method")


@dataclass(frozen=True)
class FetchedToken:
    """A token as it is sent."""

    header: str
    renew_at: float
    """By the clock that never goes back."""
    address: str | None = None
    """Where the provider wants further requests."""


class FetchedCredential(Checkable, Generic[Method]):
    """Fetched on first use, and again when it ends or is refused."""

    is_renewable = True

    def __init__(
        self,
        connection: str,
        provider: Provider,
        method: Method,
        *,
        settings: ConnectionSettings,
        clock: Clock,
        secrets: Secrets,
        upstream: Callable[[], Upstream],
    ) -> None:
        self._connection, self._provider, self._method = connection, provider, method
        self._settings, self._clock, self._secrets = settings, clock, secrets
        self._upstream = upstream
        self._token: FetchedToken | None = None
        self._fetching = asyncio.Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._connection})"

    @property
    def address(self) -> str | None:
        """Where the provider wants further requests, once a token is there."""
        return self._token.address if self._token else None

    async def header(self) -> str:
        """The value of the credential's header; raises `CallError` when no token can be had."""
        async with self._fetching:
            if self._token is None or self._token.renew_at <= self._clock.monotonic():
                self._token = await self._fetch()
            return self._token.header

    def forget(self, refused: str) -> None:
        """Fetch a new token next time, unless somebody has done so meanwhile."""
        if self._token is not None and refused == self._token.header:
            self._token = None

    @abstractmethod
    async def _fetch(self) -> FetchedToken:
        """Ask the provider for a token."""
