"""How long an event that is stored takes to a client that waits for it or is told of it."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

import orjson
from ingest import Receivers, throughput
from measures import Measure, Target
from rounds import Round

from clients import Ask, Refused, over_http, streamed
from webhooks import at, lanes, requests

PER_S, EVENTS, TAKEN = 200, 400, 3000
READER, FEW, MANY = "ours-reader", "ours-reader-10000", "ours-reader-1000000"
PATH = "/webhooks/stripe"
EVENT, UPDATED = "notifications/events/event", "notifications/resources/updated"

Hear = Callable[[], Awaitable[Collection[str] | None]]
"""The next ids that were told; `None` stands for all that were stored."""
Follow = Callable[[str], AbstractAsyncContextManager[Hear]]
"""Address of a server → how its events are heard, from now on."""


def measures(receivers: Receivers) -> list[Measure]:
    """Every row about events that are waited for."""

    def told(name: str, follow: Follow, share: float) -> Round:
        async def take() -> float:
            return at(await _delays(receivers, name, follow), share)

        return take

    def listed(name: str) -> Round:
        async def take() -> float:
            async with over_http(await receivers.url(name)) as (ask,):
                return await _lists(ask)

        return take

    rated = partial(throughput, receivers)
    few, many, times = "10,000", Target("ratio", "≤", 1.5), Target("ratio", "≥", 0.67)
    soon, at_most = Target("ours", "≤", 20), Target("ours", "≤", 100)
    return [
        Measure("event-wait-p50", "ms", told(READER, _waiting, 0.5), target=soon),
        Measure("event-wait-p99", "ms", told(READER, _waiting, 0.99), target=at_most),
        Measure("event-stream-p50", "ms", told(READER, _streaming, 0.5), target=soon),
        Measure("event-stream-p99", "ms", told(READER, _streaming, 0.99), target=at_most),
        Measure("resource-update-p50", "ms", told(READER, _updated, 0.5), target=soon),
        Measure("resource-update-p99", "ms", told(READER, _updated, 0.99), target=at_most),
        Measure("million-wait", "ms", told(MANY, _waiting, 0.5), told(FEW, _waiting, 0.5), few, many),
        Measure("million-list", "ms", listed(MANY), listed(FEW), few, many),
        Measure("million-ingest", "/s", rated(MANY, TAKEN), rated(FEW, TAKEN), few, times),
    ]


async def _lists(ask: Ask) -> float:
    """Median milliseconds of a page of the newest refunds."""
    arguments = {"source": "stripe", "type": "payment.refunded"}
    seen = []
    for _ in range(60):
        began = time.perf_counter()
        await ask(("tools/call", {"name": "event_list", "arguments": arguments}))
        seen.append(time.perf_counter() - began)
    return statistics.median(seen) * 1000


async def _delays(receivers: Receivers, name: str, follow: Follow) -> list[float]:
    """Seconds from each request's answer until its event was told."""
    answered: dict[str, float] = {}
    seen: dict[str, float] = {}
    async with (
        follow(await receivers.url(name)) as hear,
        lanes(await receivers.port(name)) as sending,
    ):
        made = requests(PATH, EVENTS)

        async def read() -> None:
            while len(seen) < EVENTS:
                ids = await hear()
                now = time.perf_counter()
                for event in list(answered) if ids is None else ids:
                    seen.setdefault(event, now)

        reading = asyncio.create_task(read())
        started = time.perf_counter()
        running = []
        for number, request in enumerate(made):
            await asyncio.sleep(max(0.0, started + number / PER_S - time.perf_counter()))
            lane = sending[number % len(sending)]
            running.append(asyncio.create_task(_send(lane, request, answered)))
        await asyncio.gather(*running)
        await reading
    return sorted(max(0.0, seen[event] - when) for event, when in answered.items())


@asynccontextmanager
async def _waiting(url: str) -> AsyncIterator[Hear]:
    """By `event_wait`, called again and again."""
    async with over_http(url) as (ask,):
        while not (await _wait(ask, 0))["timed_out"]:
            pass

        async def hear() -> Collection[str]:
            answer = await _wait(ask, 10)
            if answer["timed_out"]:
                raise Refused("events did not come")
            return [event["id"] for event in answer["events"]]

        yield hear


@asynccontextmanager
async def _streaming(url: str) -> AsyncIterator[Hear]:
    """By `events/stream`, one message for each event."""
    async with streamed(url, ("events/stream", {"name": "payment.refunded"})) as stream:

        async def hear() -> Collection[str]:
            message = await stream.hear()
            return [message["params"]["eventId"]] if message.get("method") == EVENT else []

        yield hear


@asynccontextmanager
async def _updated(url: str) -> AsyncIterator[Hear]:
    """By the update of a resource, which says only that something has changed."""
    wanted = {"notifications": {"resourceSubscriptions": ["events://reader"]}}
    async with streamed(url, ("subscriptions/listen", wanted)) as stream:

        async def hear() -> Collection[str] | None:
            return None if (await stream.hear()).get("method") == UPDATED else []

        yield hear


async def _send(lane: Any, request: bytes, answered: dict[str, float]) -> None:
    answer = orjson.loads(await lane.send(request))
    answered[answer["id"]] = time.perf_counter()


async def _wait(ask: Ask, wait_s: float) -> dict[str, Any]:
    arguments = {"subscription": "reader", "limit": 50, "wait_s": wait_s}
    answer = orjson.loads(await ask(("tools/call", {"name": "event_wait", "arguments": arguments})))
    found: dict[str, Any] = answer["result"]["structuredContent"]["data"]
    return found
