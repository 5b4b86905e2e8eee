"""`Streams`: one long request for each subscription, on which events arrive as notifications."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import SUBSCRIPTION_ID_META_KEY
from mcp_types import INTERNAL_ERROR, INVALID_REQUEST

from wirepost.core.errors import CallError
from wirepost.events.log import STORED
from wirepost.events.occurrence import occurrence
from wirepost.server.mcp_events.asked import Asked, Asking, Wanted
from wirepost.server.mcp_events.errors import client_name, error, numbers_for

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

    from wirepost.core.clock import Clock
    from wirepost.events.reading import LogReader, Page
    from wirepost.store.signals import Signals

    Context = ServerRequestContext[Any, Any]

METHOD = "events/stream"
HEARTBEAT_S = 25.0
"""The specification wants a message at least every 30 seconds."""
LOOK_EVERY_S = 5.0
"""How often the log is looked at where nobody says that something was stored in it."""
PAGE = 100
LIFE_S = 3600.0
MOST = 4096


@dataclass(frozen=True, eq=False)
class _Shared:
    """What all streams of a process use."""

    asking: Asking
    reader: LogReader
    signals: Signals
    clock: Clock
    ending: asyncio.Event


class Streams:
    """The streams of this process; each reads the log at its client's pace and holds nobody else up."""

    def __init__(
        self, asking: Asking, reader: LogReader, signals: Signals, clock: Clock, *, most: int = MOST
    ) -> None:
        self._shared = _Shared(asking, reader, signals, clock, asyncio.Event())
        self._most = most
        self._open = 0

    async def serve(self, ctx: Context, asked: Asked) -> dict[str, Any]:
        """Send what happens until the client leaves, may not read any more, or this server ends.

        Over HTTP a stream ends after an hour as well: to read on, the client shows again who it is.
        """
        shared, wanted = self._shared, self._shared.asking.read(ctx, asked)
        if ctx.request_id is None:
            raise MCPError(INVALID_REQUEST, f"{METHOD} needs an id")
        if self._open >= self._most:
            raise error(
                ctx, "ResourceExhausted", "Too many streams are open", limit="streams", max=self._most
            )
        self._open += 1
        try:
            position, since = await shared.asking.start(wanted, asked, shared.reader)
            await _Stream(shared, ctx, wanted).run(position, since)
        finally:
            self._open -= 1
        return {"_meta": {}}

    def close(self) -> None:
        """Let every stream send its last message and end."""
        self._shared.ending.set()


class _Stream:
    """One of them."""

    def __init__(self, shared: _Shared, ctx: Context, wanted: Wanted) -> None:
        self._shared, self._ctx, self._wanted = shared, ctx, wanted
        self._sent_at = 0.0
        self._ends_at = math.inf if ctx.request is None else shared.clock.monotonic() + LIFE_S

    async def run(self, position: int, since: float | None) -> None:
        """From a position on; returns when the stream is to end."""
        page = await self._page(position, since, limit=0)
        position = page.position
        await self._place("active", position, truncated=page.is_truncated)
        while not self._is_over():
            stored = self._shared.signals.listen(STORED)
            try:
                page = await self._page(position, since, limit=PAGE)
                # asked after reading, so that nothing is told that was stored when access had ended
                is_allowed = await self._shared.asking.is_allowed(self._wanted)
                await self._shared.asking.note(self._wanted.caller.id, page.events if is_allowed else [])
            except CallError:
                await self._send(
                    "error", error={"code": INTERNAL_ERROR, "message": "The store does not answer"}
                )
                await self._rest(asyncio.Event())
                continue
            if not is_allowed:
                await self._terminate()
                return
            await self._tell(page)
            position, since = page.position, since if page.has_more else None
            if not page.has_more:
                await self._rest(stored)
                await self._beat(position)

    def _is_over(self) -> bool:
        return self._shared.ending.is_set() or self._shared.clock.monotonic() >= self._ends_at

    async def _page(self, position: int, since: float | None, limit: int) -> Page:
        return await self._shared.reader.page(position, self._wanted.filter.matches, limit=limit, since=since)

    async def _tell(self, page: Page) -> None:
        if page.is_truncated:
            begin = page.events[0].seq - 1 if page.events else page.position
            await self._place("active", begin, truncated=True)
        for event in page.events:
            cursor = self._shared.asking.cursor(self._wanted, event.seq)
            await self._send("event", **occurrence(self._wanted.type.name, event, cursor))

    async def _beat(self, position: int) -> None:
        if self._shared.clock.monotonic() - self._sent_at >= HEARTBEAT_S:
            await self._place("heartbeat", position)

    async def _place(self, kind: str, position: int, **more: Any) -> None:
        await self._send(kind, cursor=self._shared.asking.cursor(self._wanted, position), **more)

    async def _terminate(self) -> None:
        number = numbers_for(client_name(self._ctx))["Forbidden"]
        await self._send("terminated", error={"code": number, "message": "Forbidden: access has ended"})

    async def _send(self, kind: str, **params: Any) -> None:
        meta = {SUBSCRIPTION_ID_META_KEY: self._ctx.request_id}
        notice = cast("Any", _Notice(f"notifications/events/{kind}", {**params, "_meta": meta}))
        await self._ctx.session.send_notification(notice, related_request_id=self._ctx.request_id)
        self._sent_at = self._shared.clock.monotonic()

    async def _rest(self, stored: asyncio.Event) -> None:
        """Until something was stored, it is time to look or to give a sign of life, or all streams end."""
        left = self._sent_at + HEARTBEAT_S - self._shared.clock.monotonic()
        waits = [
            asyncio.ensure_future(stored.wait()),
            asyncio.ensure_future(self._shared.ending.wait()),
            asyncio.ensure_future(self._shared.clock.sleep(min(max(left, 0.0), LOOK_EVERY_S))),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()


class _Notice:
    """A notification exactly as it is given: the SDK's models would leave out what is null in an event."""

    def __init__(self, method: str, params: dict[str, Any]) -> None:
        self._wire = {"method": method, "params": params}

    def model_dump(self, **_: Any) -> dict[str, Any]:
        """What the SDK sends."""
        return self._wire
