"""How long an event that is stored takes to a client that waits for it."""

from __future__ import annotations

import asyncio
import statistics
import time
from functools import partial
from typing import Any

import orjson
from ingest import Receivers, throughput
from measures import Measure, Target
from rounds import Round

from clients import Ask, over_http
from webhooks import at, lanes, requests

PER_S, EVENTS, TAKEN = 200, 400, 3000
READER, FEW, MANY = "ours-reader", "ours-reader-10000", "ours-reader-1000000"
PATH = "/webhooks/stripe"


def measures(receivers: Receivers) -> list[Measure]:
    """Every row about events that are waited for."""

    def waited(name: str, share: float) -> Round:
        async def take() -> float:
            return at(await _waits(receivers, name), share)

        return take

    def listed(name: str) -> Round:
        async def take() -> float:
            async with over_http(await receivers.url(name)) as (ask,):
                return await _lists(ask)

        return take

    rated = partial(throughput, receivers)
    few, many, times = "10,000", Target("ratio", "≤", 1.5), Target("ratio", "≥", 0.67)
    return [
        Measure("event-wait-p50", "ms", waited(READER, 0.5), target=Target("ours", "≤", 20)),
        Measure("event-wait-p99", "ms", waited(READER, 0.99), target=Target("ours", "≤", 100)),
        Measure("million-wait", "ms", waited(MANY, 0.5), waited(FEW, 0.5), few, many),
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


async def _waits(receivers: Receivers, name: str) -> list[float]:
    """Seconds from each request's answer until the event came out of `event_wait`."""
    answered: dict[str, float] = {}
    seen: dict[str, float] = {}
    async with (
        over_http(await receivers.url(name)) as (ask,),
        lanes(await receivers.port(name)) as sending,
    ):
        while not (await _wait(ask, 0))["timed_out"]:
            pass
        made = requests(PATH, EVENTS)

        async def read() -> None:
            while len(seen) < EVENTS:
                answer = await _wait(ask, 10)
                seen.update((event["id"], time.perf_counter()) for event in answer["events"])
                if answer["timed_out"]:
                    raise RuntimeError("events did not come")

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


async def _send(lane: Any, request: bytes, answered: dict[str, float]) -> None:
    answer = orjson.loads(await lane.send(request))
    answered[answer["id"]] = time.perf_counter()


async def _wait(ask: Ask, wait_s: float) -> dict[str, Any]:
    arguments = {"subscription": "reader", "limit": 50, "wait_s": wait_s}
    answer = orjson.loads(await ask(("tools/call", {"name": "event_wait", "arguments": arguments})))
    found: dict[str, Any] = answer["result"]["structuredContent"]["data"]
    return found
