"""HTTP/1.1 written by hand, so that a test decides how a request comes in: whole, in chunks, in pieces."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

LONGEST_S = 20


@dataclass(frozen=True)
class Heard:
    """What was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def whole(body: bytes) -> tuple[str, Sequence[bytes]]:
    """At once, with its length."""
    return f"Content-Length: {len(body)}", [body]


def in_chunks(body: bytes) -> tuple[str, Sequence[bytes]]:
    """Without a length, in many chunks of different sizes."""
    parts, at, size = [], 0, 1
    while at < len(body):
        part = body[at : at + size]
        parts.append(b"%x\r\n%s\r\n" % (len(part), part))
        at, size = at + size, size * 2 % 509
    return "Transfer-Encoding: chunked", [*parts, b"0\r\n\r\n"]


def in_pieces(body: bytes) -> tuple[str, Sequence[bytes]]:
    """With its length, in pieces that arrive one after the other."""
    size = max(1, len(body) // 3)
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return f"Content-Length: {len(body)}", pieces


WAYS = (whole, in_chunks, in_pieces)


async def send(
    url: str, method: str, headers: Sequence[tuple[str, str]], parts: tuple[str, Sequence[bytes]]
) -> Heard:
    """One request on a connection of its own."""
    where = urlsplit(url)
    target = f"{where.path}?{where.query}" if where.query else where.path
    framing, pieces = parts
    lines = [f"{method} {target} HTTP/1.1", f"Host: {where.netloc}", "Connection: close", framing]
    lines += [f"{name}: {value}" for name, value in headers]
    async with asyncio.timeout(LONGEST_S):
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        try:
            writer.write("\r\n".join([*lines, "", ""]).encode())
            for piece in pieces:
                await writer.drain()
                writer.write(piece)
            return _heard(await reader.read())
        finally:
            writer.close()


def _heard(answer: bytes) -> Heard:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Heard(int(first.split(" ")[1]), headers, body)
