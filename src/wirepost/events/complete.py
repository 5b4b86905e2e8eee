"""`Completing`: events that lacked something when they came get it, and can be read from then on."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.core.errors import CallError
from wirepost.events.arrive import COMPLETE, VISIT, completion
from wirepost.events.endpoints import DEFAULT
from wirepost.events.normalise import tidied
from wirepost.events.personal import KEEP_ALL, Personal
from wirepost.store.queue import WORK, put
from wirepost.store.worker import GiveUp, RetryLater

if TYPE_CHECKING:
    from wirepost.calls.own_writes import OwnWrites
    from wirepost.core.clock import Clock
    from wirepost.events.endpoints import Endpoints
    from wirepost.events.event import Event
    from wirepost.events.log import EventLog
    from wirepost.store.worker import Handler, Job

MAX_FETCHES = 5
"""Attempts to fetch what an event is about; then it is told without."""
MAX_LOOKS = 10
"""Looks whether a write of ours that was under way has caused it."""
LOOK_S = 3.0
SLICE = 200

FetchObject = Callable[[str, str], Awaitable[dict[str, Any]]]
"""Connection, path → what is there, as `Item.data` would hold it; raises `CallError`."""

_HELD = (
    "SELECT seq, id, source, endpoint, receipt FROM events WHERE seq < 0 AND seq < ? "
    "ORDER BY seq DESC LIMIT ?"
)
_TRY_ANEW = "UPDATE work SET state = 'waiting', attempt = 0, due_at = ? WHERE kind = ? AND state = 'dead'"

log = logging.getLogger(__name__)


class Completing:
    """Finds out what is missing, within limits; what cannot be found out is not waited for any longer."""

    def __init__(
        self,
        events: EventLog,
        endpoints: Endpoints,
        own: OwnWrites,
        fetch: FetchObject,
        *,
        clock: Clock,
        hash_key: bytes = b"",
    ) -> None:
        self._events, self._endpoints, self._own, self._fetch = events, endpoints, own, fetch
        self._clock, self._hash_key = clock, hash_key

    @property
    def work(self) -> dict[str, Handler]:
        """Kind of work → what does it."""
        return {COMPLETE: self.complete, VISIT: self.visit}

    async def complete(self, job: Job) -> None:
        """Let an event be read, with what could be found out; raises `RetryLater` and `CallError`."""
        event = await self._events.incomplete(job.key)
        if event is None:
            return
        await self._find_cause(event, job)
        await self._fetch_object(event, job)
        await self._events.complete(event)

    async def visit(self, job: Job) -> None:
        """Ask for an address once, which completes a handshake; raises `GiveUp` and `CallError`."""
        endpoint = self._endpoints.find(job.details["source"], job.details["endpoint"])
        if endpoint is None or endpoint.fetch is None:
            raise GiveUp("the endpoint is not there any more")
        await endpoint.fetch(job.details["url"])

    async def release(self) -> int:
        """Tell of what was held, except at endpoints that still hold; returns of how many events.

        What could not be told because something went on failing is tried anew.
        """
        now = self._clock.now().timestamp()
        await self._events.database.write(lambda tx: tx.execute(_TRY_ANEW, now, COMPLETE))
        before, released = 0, 0
        while rows := await self._events.database.read(_HELD, before, SLICE):
            for seq, event_id, source, endpoint, receipt in rows:
                before = int(seq)
                held = orjson.loads(receipt).get("held")
                if held is not None and not self._holds(str(source), str(endpoint)):
                    await self._release(str(event_id), str(source), held)
                    released += 1
        return released

    def _holds(self, source: str, endpoint: str) -> bool:
        """Whether an endpoint tells nobody now; one that was taken out of the configuration does not."""
        found = self._endpoints.find(source, endpoint)
        return found is not None and found.settings.paused == "hold"

    async def _release(self, event_id: str, source: str, missing: dict[str, Any]) -> None:
        if not missing:
            event = await self._events.incomplete(event_id)
            if event is not None:
                await self._events.complete(event)
            return
        now = self._clock.now().timestamp()
        task = completion(event_id, source, missing, now)
        await self._events.database.write(lambda tx: put(tx, task, now))
        self._events.signals.tell(WORK)

    async def _find_cause(self, event: Event, job: Job) -> None:
        marks = job.details.get("marks")
        if not marks:
            return
        write = await self._own.find(event.source, marks, event.time)
        if write is not None:
            event.actor = {**event.actor, "kind": "self"}
            event.correlation_id, event.hops = write.intent_id, write.hops
        elif job.attempt < MAX_LOOKS and await self._own.is_writing(event.source):
            raise RetryLater(LOOK_S, "a write of ours is under way that may have caused it")

    async def _fetch_object(self, event: Event, job: Job) -> None:
        path = job.details.get("fetch")
        if path is None:
            return
        try:
            data = await self._fetch(event.source, path)
        except Exception as error:  # whatever it is, such as a connection that is gone: the event is told
            if job.attempt < MAX_FETCHES:
                raise
            why = str(error) if isinstance(error, CallError) else type(error).__name__
            log.warning("event %s is told without what it is about: %s", event.id, why)
            return
        endpoint = self._endpoints.find(event.source, job.details.get("endpoint", DEFAULT))
        redact = endpoint.settings.redact if endpoint else KEEP_ALL
        event.data, event.data_truncated = tidied(data, Personal(redact, self._hash_key))
        event.untrusted = sorted(set(text_paths(event.data)))


def text_paths(value: Any, at: str = "") -> Iterator[str]:
    """Where texts are: of what a provider's API tells, any of them may be an outsider's."""
    if isinstance(value, str):
        yield at
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from text_paths(each, f"{at}.{name}" if at else name)
    elif isinstance(value, list):
        for each in value:
            yield from text_paths(each, f"{at}[]")
