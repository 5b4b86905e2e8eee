"""`Stream`: an answer that is read piece by piece, however long it is, and its lines and tables."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence

import httpx2

from wirepost.core.errors import Rejected
from wirepost.upstream.ask import Lost

Cells = Mapping[str, str]
MAX_LINE = 8 * 1024 * 1024
"""Bytes of one line, or of one row of a table: what is held at a time."""
REST = "beyond_the_columns"
"""Values for which the first line of a table names no column."""
_BOM = b"\xef\xbb\xbf"

csv.field_size_limit(MAX_LINE)


class LineTooLong(Rejected):
    """What was to be read line by line has one of more than `MAX_LINE` bytes."""

    def __init__(self) -> None:
        told = f"A line of the result is longer than {MAX_LINE // 1024**2} MB"
        super().__init__("upstream_rejected", told)


class Unread:
    """The body of an answer whose head has come."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response

    async def pieces(self) -> AsyncIterator[bytes]:
        """It as it comes, decoded; raises `Lost` where it does not come to its end."""
        try:
            async for piece in self._response.aiter_bytes():
                yield piece
        except httpx2.TimeoutException:
            raise Lost("timeout", is_sent=True) from None
        except httpx2.RequestError:  # its message may quote headers
            raise Lost("cut", is_sent=True) from None

    async def close(self) -> None:
        """Give the connection back, or end it where there is more to come."""
        await self._response.aclose()


class Stream:
    """A success that is being read, once and in one of these forms; all raise `CallError`."""

    def __init__(self, headers: Mapping[str, str], pieces: AsyncIterator[bytes]) -> None:
        self.headers, self.pieces = headers, pieces

    @property
    def content_type(self) -> str:
        """Without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def lines(self) -> AsyncIterator[bytes]:
        """The lines that are not empty."""
        return lines_of(self.pieces)

    def table(self) -> AsyncIterator[Cells]:
        """The rows of a CSV file by the names of its columns."""
        return table_of(self.pieces)

    async def whole(self, most: int) -> bytes:
        """All of it where that is not more than so many bytes; raises `Rejected`."""
        body = bytearray()
        async for piece in self.pieces:
            body += piece
            if len(body) > most:
                raise Rejected("upstream_rejected", f"The result is larger than {most // 1024**2} MB")
        return bytes(body)


async def lines_of(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The lines that are not empty, without their ends; raises `LineTooLong`."""
    async for line in _physical(pieces):
        bare = line.rstrip(b"\r\n")
        if bare.strip():
            yield bare


async def table_of(pieces: AsyncIterator[bytes]) -> AsyncIterator[Cells]:
    """The rows of a CSV file (RFC 4180) by the names in its first line; raises `Rejected` for others."""
    names: Sequence[str] | None = None
    async for cells in _rows(pieces):
        if names is None:
            names = cells
            continue
        row = dict(zip(names, cells, strict=False))
        if len(cells) > len(names):
            row[REST] = ", ".join(cells[len(names) :])
        yield row


async def _rows(pieces: AsyncIterator[bytes]) -> AsyncIterator[list[str]]:
    """A row may go over several lines: it ends where its quotes are even."""
    held, is_open = bytearray(), False
    async for line in _physical(pieces):
        held += line
        is_open ^= line.count(b'"') % 2 == 1
        if is_open and len(held) <= MAX_LINE:
            continue
        for cells in _cells(held):
            yield cells
        held, is_open = bytearray(), False
    for cells in _cells(held):
        yield cells


def _cells(lines: bytes | bytearray) -> list[list[str]]:
    text = lines.removeprefix(_BOM).decode("utf-8", "replace")
    try:
        return [cells for cells in csv.reader(io.StringIO(text, newline="")) if cells]
    except csv.Error as error:
        raise Rejected("upstream_rejected", f"The result is no table: {error}") from None


async def _physical(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines with their ends."""
    rest = bytearray()
    async for piece in pieces:
        *whole, last = piece.split(b"\n")
        for part in whole:
            yield bytes(rest) + part + b"\n" if rest else part + b"\n"
            rest.clear()
        rest += last
        if len(rest) > MAX_LINE:
            raise LineTooLong
    if rest:
        yield bytes(rest)
