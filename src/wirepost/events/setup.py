"""`WebhookSetup`: the webhook of an endpoint at its provider: found, made, repaired, given a new secret."""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from wirepost.core.errors import ConfigError, InvalidCall, Rejected
from wirepost.upstream.scope import Scope
from wirepost.webhooks.webhook import Secret

if TYPE_CHECKING:
    from wirepost.connections.connections import Connection
    from wirepost.core.clock import Clock
    from wirepost.events.endpoints import Endpoint, StoredSecrets
    from wirepost.webhooks.manage import Hook, Management

WITHIN_S = 60.0
SECRET_BYTES = 24

Deed = Literal["created", "repaired", "replaced", "unchanged", "rotated"]
Note = Callable[[Deed, str, "Hook"], Awaitable[None]]
"""Is told of what was changed, where, and at which hook."""


@dataclass(frozen=True)
class Done:
    """What became of the webhook at one place."""

    deed: Deed
    place: str
    """Such as a repository; empty where the account has one list."""
    hook: Hook


@dataclass(frozen=True)
class Found:
    """The webhooks that lead here, at one place."""

    place: str
    ours: Sequence[Hook]
    others: int
    """Webhooks that lead elsewhere."""


class WebhookSetup:
    """Works with the shared account of the connection; `note` hears of each change."""

    def __init__(
        self, endpoint: Endpoint, connection: Connection, stored: StoredSecrets, clock: Clock, note: Note
    ) -> None:
        self._endpoint, self._connection = endpoint, connection
        self._stored, self._clock, self._note = stored, clock, note

    @property
    def can_be_managed(self) -> bool:
        """Whether the provider has an API for it; where it has none, a person follows the steps."""
        return self._endpoint.webhook.manage is not None and self._endpoint.settings.sender is None

    async def look(self) -> list[Found]:
        """What is there; raises `CallError` and `ConfigError`."""
        found = []
        async with self._opened() as places:
            for place, management in places:
                hooks = await management.hooks()
                ours = [each for each in hooks if each.url == self._url]
                found.append(Found(place, ours, len(hooks) - len(ours)))
        return found

    async def set_up(self, types: Sequence[str]) -> list[Done]:
        """Have exactly what is needed at each place, whatever is there; raises what `look` does."""
        async with self._opened() as places:
            return [await self._set_up(place, management, types) for place, management in places]

    async def rotate(self) -> list[Done]:
        """A new secret at each place; the old one is believed until `forget_old` is called.

        Raises what `look` does, `InvalidCall` where the secret is that of an app, `Rejected` where nothing is
        set up.
        """
        async with self._opened() as places:
            return [await self._rotate(place, management) for place, management in places]

    async def forget_old(self) -> int:
        """Believe only the newest of the stored secrets; returns how many there were besides."""
        return await self._stored.keep_newest(self._endpoint.source, self._endpoint.name)

    async def _set_up(self, place: str, management: Management, types: Sequence[str]) -> Done:
        hooks = [each for each in await management.hooks() if each.url == self._url]
        known = [each.value for each in (await self._endpoint.terms()).secrets]
        if not hooks:
            return await self._told("created", place, await self._create(management, types, known))
        hook = hooks[0]
        if not known and management.keyed_by == "provider":
            made = await self._create(management, types, known)
            await management.remove(hook)
            return await self._told("replaced", place, made)
        is_right = hook.is_active and sorted(hook.types) == sorted(management.asked_for(types))
        if is_right and known:
            return Done("unchanged", place, hook)
        secret = await self._our_secret(known) if management.keyed_by == "us" else None
        return await self._told("repaired", place, await management.repair(hook, types, secret))

    async def _rotate(self, place: str, management: Management) -> Done:
        if management.keyed_by == "app":
            raise InvalidCall(
                "unsupported_by_provider",
                f"Webhooks of {self._endpoint.webhook.title} are signed with the secret of the app",
                hint="Rotate it there, and put both under `secrets` until the old one is not used any more",
            )
        hooks = [each for each in await management.hooks() if each.url == self._url]
        if not hooks:
            raise Rejected(
                "not_found",
                f"No webhook of {self._endpoint.webhook.title} leads to {self._url}",
                hint=f"wirepost webhooks setup {self._endpoint.source}",
            )
        hook = hooks[0]
        if management.keyed_by == "us":
            secret = await self._keep(_made())
            return await self._told("rotated", place, await management.repair(hook, hook.types, secret))
        made = await self._create(management, hook.types, [])
        await management.remove(hook)
        return await self._told("rotated", place, made)

    async def _create(self, management: Management, types: Sequence[str], known: Sequence[str]) -> Hook:
        secret = await self._our_secret(known) if management.keyed_by == "us" else None
        made = await management.create(self._url, types, secret)
        if made.secret is not None:
            await self._keep(made.secret)
        return made

    async def _our_secret(self, known: Sequence[str]) -> str:
        """Kept before the provider learns it, so that the first request is believed."""
        return known[0] if known else await self._keep(_made())

    async def _keep(self, value: str) -> str:
        label = self._endpoint.label(self._clock.now())
        await self._stored.add(self._endpoint.source, self._endpoint.name, Secret(value, label))
        self._endpoint.forget()
        return value

    async def _told(self, deed: Deed, place: str, hook: Hook) -> Done:
        await self._note(deed, place, hook)
        return Done(deed, place, hook)

    @property
    def _url(self) -> str:
        if not self._endpoint.url:
            raise ConfigError(
                "is missing: providers are told the address under which this server is reached",
                key="server.url",
                hint="set it to the public address, such as https://wirepost.example.com",
            )
        return self._endpoint.url

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[list[tuple[str, Management]]]:
        """Place and management of each."""
        make = self._endpoint.webhook.manage
        if make is None:
            raise InvalidCall(
                "unsupported_by_provider",
                f"{self._endpoint.webhook.title} has no API for webhooks",
                hint="A person has to do it there",
            )
        _ = self._url  # its lack is told before the provider is asked anything

        async def may_write() -> None:
            """An operator's command is the permission."""

        scope = Scope(
            self._clock.monotonic() + WITHIN_S,
            before_write=may_write,
            api_version=None,
        )
        management = make(self._connection.shared.client(scope))
        places = self._endpoint.settings.places
        yield [(each, management.at(each)) for each in places] if places else [("", management)]


def _made() -> str:
    """A secret in the form of Standard Webhooks, which every sender takes that is told one."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
