"""How one round takes one figure."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from servers import Servers, resident_mib, serving

from clients import Ask, Request, inside, over_http, over_stdio

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

IN_FLIGHT = 8
RATED = 5
"""A rate is taken over so many times as many requests: each round needs its share of garbage to collect."""
BARE: Request = ("tools/call", {"name": "bare", "arguments": {}})
LIST: Request = ("tools/list", {})
CUSTOMER = "cus_NordlichtExample"
READ: Request = ("tools/call", {"name": "stripe_get_customer", "arguments": {"customer": CUSTOMER}})
_intents = itertools.count(1)

Requests = Callable[[], Request]
Round = Callable[[], Awaitable[float]]


def bare() -> Request:
    """A call of the bare tool."""
    return BARE


def listing() -> Request:
    """All tools."""
    return LIST


def read() -> Request:
    """A read through policy and audit."""
    return READ


def write() -> Request:
    """A write that nobody asked for before."""
    arguments = {"customer": CUSTOMER, "description": "of a benchmark", "intent": f"note-{next(_intents)}"}
    return "tools/call", {"name": "stripe_save_customer", "arguments": arguments}


class Rounds:
    """Makes rounds of `calls` requests."""

    def __init__(self, servers: Servers, calls: int) -> None:
        self._servers, self._calls = servers, calls

    def http_p50(self, name: str, requests: Requests) -> Round:
        """Median milliseconds of one request after another over HTTP."""

        async def take() -> float:
            async with over_http(await self._servers.url(name)) as (ask,):
                return await self._p50(ask, requests)

        return take

    def stdio_p50(self, name: str, requests: Requests) -> Round:
        """The same over stdio."""

        async def take() -> float:
            async with over_stdio(self._servers.command(name)) as ask:
                return await self._p50(ask, requests)

        return take

    def inside_p50(self, build: Callable[[], Server[Any]], requests: Requests) -> Round:
        """The same within a server object, without bytes."""

        async def take() -> float:
            async with inside(build()) as ask:
                return await self._p50(ask, requests)

        return take

    def http_rate(self, name: str, requests: Requests) -> Round:
        """Requests a second with eight in flight over HTTP, each on a connection of its own."""

        async def take() -> float:
            async with over_http(await self._servers.url(name), IN_FLIGHT) as asks:
                return await self._rate(asks, requests)

        return take

    def stdio_rate(self, name: str, requests: Requests) -> Round:
        """The same over the streams of one program."""

        async def take() -> float:
            async with over_stdio(self._servers.command(name)) as ask:
                return await self._rate([ask] * IN_FLIGHT, requests)

        return take

    def size(self, name: str) -> Round:
        """Kilobytes (1000) of a tool list over HTTP."""

        async def take() -> float:
            async with over_http(await self._servers.url(name)) as (ask,):
                return len(await ask(LIST)) / 1000

        return take

    def beside(self, name: str) -> Callable[[Round], Round]:
        """Let a server run already when a round begins."""

        def wrap(round_: Round) -> Round:
            async def take() -> float:
                await self._servers.url(name)
                return await round_()

            return take

        return wrap

    def start(self, name: str, *, ends: str | None = None) -> Round:
        """Milliseconds from starting a stdio program until its tool list is there.

        `ends` is the data directory of a server that the program starts in the background.
        """

        async def take() -> float:
            command = self._servers.command(name)
            try:
                started = time.perf_counter()
                async with over_stdio(command) as ask:
                    await ask(LIST)
                    return (time.perf_counter() - started) * 1000
            finally:
                if ends:
                    await self._servers.end_background(ends)

        return take

    def memory(self, name: str, requests: Requests) -> Round:
        """Resident MiB of a server that has just started and answered a list and one call."""

        async def take() -> float:
            async with serving(self._servers.command(name)) as (url, pid), over_http(url) as (ask,):
                await ask(LIST)
                await ask(requests())
                return resident_mib(pid)

        return take

    async def _p50(self, ask: Ask, requests: Requests) -> float:
        times = []
        await ask(requests())
        for _ in range(self._calls):
            request = requests()
            started = time.perf_counter()
            await ask(request)
            times.append(time.perf_counter() - started)
        return statistics.median(times) * 1000

    async def _rate(self, asks: list[Ask], requests: Requests) -> float:
        each = max(1, self._calls * RATED // len(asks))

        async def several(ask: Ask) -> None:
            for _ in range(each):
                await ask(requests())

        await asyncio.gather(*(ask(requests()) for ask in asks))
        started = time.perf_counter()
        await asyncio.gather(*map(several, asks))
        return each * len(asks) / (time.perf_counter() - started)
