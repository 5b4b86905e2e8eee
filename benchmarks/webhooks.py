"""The sending side: signed requests made beforehand, sent as fast as they are answered or at a fixed rate."""

from __future__ import annotations

import asyncio
import hmac
import itertools
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httptools
import orjson

from clients import Refused

SECRET = "whsec_" + "b3" * 16
PAYLOAD = Path(__file__).parent.parent / "tests/providers/stripe/payloads/charge.refunded.json"
CONNECTIONS = 32
_PLACEHOLDERS = ((b"0" * 24, b"3PqXyz12AbCdEfGhIjKlMnOp"), (b"0" * 14, b"3PqXyz12AbCdEf"))
_numbers = itertools.count(1)


def _template() -> dict[str, object]:
    """A charge that was refunded, of about 2.5 KB, with ids that look like Stripe's."""
    written = PAYLOAD.read_bytes()
    for placeholder, text in _PLACEHOLDERS:
        written = written.replace(placeholder, text)
    event: dict[str, object] = orjson.loads(written)
    event["data"]["object"].pop("refunds", None)  # type: ignore[index] - an object
    return event


def requests(path: str, count: int) -> list[bytes]:
    """As many new events, signed now."""
    event, at, made = _template(), int(time.time()), []
    for _ in range(count):
        event["id"] = f"evt_1PqXy{at:x}k{next(_numbers)}"
        body = orjson.dumps(event)
        mac = hmac.digest(SECRET.encode(), b"%d.%b" % (at, body), "sha256").hex()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\n"
            f"Accept: */*\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
            f"Stripe-Signature: t={at},v1={mac}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


class Lane(asyncio.Protocol):
    """One kept connection, with one request at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body = b""
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport  # type: ignore[assignment] - of a stream

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls the methods below."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Part of an answer."""
        self._body += body

    def on_message_complete(self) -> None:
        """The end of an answer; the next one needs a fresh parser."""
        self._parser = httptools.HttpResponseParser(self)
        if self._answer and not self._answer.done():
            self._answer.set_result(self._body)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the request that waits, if any."""
        if self._answer and not self._answer.done():
            self._answer.set_exception(Refused(f"connection lost: {exc}"))

    def close(self) -> None:
        """Close the connection."""
        if self._transport:
            self._transport.close()

    async def send(self, request: bytes) -> bytes:
        """One request; raises `Refused` unless it was stored."""
        self._body, self._answer = b"", asyncio.get_running_loop().create_future()
        if self._transport:
            self._transport.write(request)
        answer = await self._answer
        if b'"stored"' not in answer:
            raise Refused(answer[:300].decode(errors="replace"))
        return answer


@asynccontextmanager
async def lanes(port: int, count: int = CONNECTIONS) -> AsyncIterator[list[Lane]]:
    """So many connections."""
    loop = asyncio.get_running_loop()
    opened = [(await loop.create_connection(Lane, "127.0.0.1", port))[1] for _ in range(count)]
    try:
        yield opened
    finally:
        for lane in opened:
            lane.close()


async def rate(sending: Sequence[Lane], made: list[bytes]) -> float:
    """Requests a second, each connection sending its next one when it has its answer."""
    rest = iter(made)

    async def one(lane: Lane) -> None:
        for request in rest:
            await lane.send(request)

    started = time.perf_counter()
    await asyncio.gather(*map(one, sending))
    return len(made) / (time.perf_counter() - started)


async def times(sending: Sequence[Lane], made: list[bytes], per_s: float) -> list[float]:
    """Seconds from the moment each request was to be sent until its answer, at a fixed rate.

    What must wait for a free connection waits as a part of its time, so a server that stops is not spared.
    """
    free: asyncio.Queue[Lane] = asyncio.Queue()
    for lane in sending:
        free.put_nowait(lane)
    seen: list[float] = []

    async def one(due: float, request: bytes) -> None:
        lane = await free.get()
        try:
            await lane.send(request)
        finally:
            free.put_nowait(lane)
        seen.append(time.perf_counter() - due)

    running = []
    for due, request in zip(_schedule(per_s), made, strict=False):
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        running.append(asyncio.create_task(one(due, request)))
    await asyncio.gather(*running)
    return sorted(seen)


def _schedule(per_s: float) -> Iterator[float]:
    started = time.perf_counter() + 0.05
    return (started + number / per_s for number in itertools.count())


def at(seen: Sequence[float], share: float) -> float:
    """The quantile, in milliseconds."""
    return seen[min(len(seen) - 1, int(len(seen) * share))] * 1000
