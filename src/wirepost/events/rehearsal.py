"""`Rehearsal`: what happens in sandboxes is sent to their endpoints, signed, as the vendors would send it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from wirepost.core.errors import CallError, ConfigError
from wirepost.events.endpoints import path_of
from wirepost.webhooks.incoming import Incoming

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.events.endpoints import Endpoint
    from wirepost.events.receive import Receiver
    from wirepost.sandbox.vendor import SandboxEvent

MOST_WAITING = 10_000
AGAIN_S = (1.0, 5.0, 30.0)
"""Seconds after which what was not taken is sent again; vendors go on for longer."""
ADDRESS = "http://127.0.0.1"
"""What the address of a sandbox's endpoint begins with where no other is known."""
TRY_LATER = 503

log = logging.getLogger(__name__)


class Rehearsal:
    """Sends within the process: the requests are those that would come over the network."""

    def __init__(self, receiver: Receiver, clock: Clock) -> None:
        self._receiver, self._clock = receiver, clock
        self._waiting: asyncio.Queue[tuple[str, SandboxEvent]] = asyncio.Queue(MOST_WAITING)

    def listener(self, source: str) -> Callable[[SandboxEvent], None]:
        """What a connection's sandbox tells its events; never waits."""

        def tell(event: SandboxEvent) -> None:
            try:
                self._waiting.put_nowait((source, event))
            except asyncio.QueueFull:
                log.warning("%s changes faster than its webhooks are sent; one was left out", source)

        return tell

    async def run(self) -> None:
        """Send what happens; ends when it is cancelled."""
        while True:
            source, event = await self._waiting.get()
            for endpoint in self._receiver.endpoints.all():
                if endpoint.source == source:
                    await self._send(endpoint, event)
            self._waiting.task_done()

    async def settled(self) -> None:
        """Return once everything was sent."""
        await self._waiting.join()

    async def _send(self, endpoint: Endpoint, event: SandboxEvent) -> None:
        status = await self._try(endpoint, event)
        for pause_s in AGAIN_S:
            if status != TRY_LATER:
                break
            await self._clock.sleep(pause_s)
            status = await self._try(endpoint, event)
        if not 200 <= status < 300:  # noqa: PLR2004 - the range of success
            log.warning("%s: a webhook of its sandbox was answered with %d", endpoint.source, status)

    async def _try(self, endpoint: Endpoint, event: SandboxEvent) -> int:
        """The status it was answered with; without its secret a vendor cannot send either."""
        try:
            request = await self._request(endpoint, event)
        except (CallError, ConfigError):
            return TRY_LATER
        return (await self._receiver.receive(endpoint, request)).status

    async def _request(self, endpoint: Endpoint, event: SandboxEvent) -> Incoming:
        url = endpoint.url or f"{ADDRESS}{path_of(endpoint.source, endpoint.name)}"
        now = self._clock.now().timestamp()
        headers = event.headers
        sign, secrets = endpoint.webhook.sign, (await endpoint.terms()).secrets
        if sign is not None and secrets:
            headers = dict(sign(headers, event.body, url, secrets[0].value, now))
        return Incoming(
            method="POST",
            url=url,
            headers=tuple((name.lower(), value) for name, value in headers.items()),
            body=event.body,
            now=now,
            peer="127.0.0.1",
        )
