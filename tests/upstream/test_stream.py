"""Streams: lines and tables of any size, with no more than a line in memory, and ends that are no ends."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterable
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import ManualClock
from wirepost.core.errors import CallError, Rejected
from wirepost.upstream.client import Ask, Client
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope
from wirepost.upstream.stream import MAX_LINE, REST, LineTooLong, Stream, lines_of, table_of
from wirepost.upstream.upstream import Upstream

MB = 1024 * 1024
MANY = Limits(1000, 1000, 1)


async def key() -> str:
    """The credential."""
    return "Bearer key"


class Vendor(Client):
    """One of the kind that differs in nothing."""


class Sending(httpx2.AsyncByteStream):
    """A body in pieces, after which the connection may break."""

    def __init__(self, pieces: Iterable[bytes], *, breaks: httpx2.RequestError | None = None) -> None:
        self._pieces, self._breaks = pieces, breaks
        self.is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        if self._breaks is not None:
            raise self._breaks

    async def aclose(self) -> None:
        self.is_closed = True


class Answering(httpx2.AsyncBaseTransport):
    """Answers each request with the next of these."""

    def __init__(self, *answers: tuple[int, Sending]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        status, body = self.answers.pop(0)
        return httpx2.Response(status, headers={"content-type": "Text/CSV; charset=utf-8"}, stream=body)


def client(clock: ManualClock, *answers: tuple[int, Sending], time_s: float = 45) -> tuple[Vendor, Answering]:
    transport = Answering(*answers)
    upstream = Upstream(
        "vendor",
        base_url="https://vendor.example",
        credential=key,
        limits=MANY,
        clock=clock,
        transport=transport,
    )
    return Vendor(upstream, Scope(clock.monotonic() + time_s), None), transport


async def each(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def read(vendor: Vendor, found: list[Any], after_each: Callable[[], None] = lambda: None) -> None:
    async with vendor.stream(Ask("GET", "/file")) as content:
        async for row in content.table():
            found.append(row)
            after_each()


def cut_at(content: bytes, places: Iterable[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(content) + 1) for place in places), len(content)]
    return [content[start:end] for start, end in pairwise(bounds)]


@given(st.lists(st.binary().map(lambda line: line.replace(b"\n", b""))), st.lists(st.integers(0, 500)))
async def test_lines_are_the_same_wherever_pieces_end(lines: list[bytes], places: list[int]) -> None:
    pieces = cut_at(b"\n".join(lines), places)
    wanted = [line.rstrip(b"\r") for line in lines if line.strip()]
    assert [line async for line in lines_of(each(*pieces))] == wanted


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)


@given(st.lists(st.tuples(cells, cells), min_size=1), st.lists(st.integers(0, 2000)))
async def test_tables_are_what_another_writer_wrote(rows: list[tuple[str, str]], places: list[int]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])
    pieces = cut_at(b"\xef\xbb\xbf" + text.getvalue().encode(), places)
    assert [tuple(row.values()) async for row in table_of(each(*pieces))] == rows


async def test_more_cells_than_columns_are_kept_together() -> None:
    rows = [row async for row in table_of(each(b"a,b\n1,2,3,4\n5\n\n"))]
    assert rows == [{"a": "1", "b": "2", REST: "3, 4"}, {"a": "5"}]
    assert [row async for row in table_of(each(b'a\n"cut in the midd'))] == [{"a": "cut in the midd"}]


async def test_a_line_longer_than_memory_should_hold_is_refused() -> None:
    with pytest.raises(LineTooLong):
        _ = [line async for line in lines_of(each(*[b"x" * MB] * (MAX_LINE // MB + 1)))]
    never_closed = [b'a\n"', *[b"x" * MB + b"\n"] * (MAX_LINE // MB + 1)]
    with pytest.raises(Rejected):
        _ = [row async for row in table_of(each(*never_closed))]


async def test_sixty_megabytes_pass_through_little_memory(clock: ManualClock) -> None:
    line = b'{"custom_id": "row", "text": "' + b"x" * 1000 + b'"}\n'
    sending = Sending(line * 64 for _ in range(60 * MB // (64 * len(line))))
    vendor, _ = client(clock, (200, sending))
    tracemalloc.start()
    try:
        count = 0
        async with vendor.stream(Ask("GET", "/file")) as content:
            async for _ in content.lines():
                count += 1
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count * len(line) > 59 * MB
    assert peak < 8 * MB
    assert sending.is_closed


async def test_until_it_begins_a_stream_is_repeated_like_any_read(clock: ManualClock) -> None:
    vendor, transport = client(clock, (503, Sending([b"busy"])), (200, Sending([b"a\n1\n"])))
    async with vendor.stream(Ask("GET", "/file")) as content:
        assert content.content_type == "text/csv"
        assert [row async for row in content.table()] == [{"a": "1"}]
    assert transport.asked == 2


async def test_a_refusal_is_the_error_that_a_read_would_raise(clock: ManualClock) -> None:
    vendor, _ = client(clock, (404, Sending([b"{}"])))
    with pytest.raises(Rejected) as refused:
        async with vendor.stream(Ask("GET", "/file")):
            pass
    assert refused.value.code == "not_found"


@pytest.mark.parametrize("breaks", [httpx2.ReadError("reset"), httpx2.ReadTimeout("slow")])
async def test_what_breaks_in_the_middle_is_told_and_not_repeated(
    clock: ManualClock, breaks: httpx2.RequestError
) -> None:
    vendor, transport = client(clock, (200, Sending([b"a\n1\n"], breaks=breaks)))
    found: list[Any] = []
    with pytest.raises(CallError) as broken:
        await read(vendor, found)
    assert found == [{"a": "1"}]
    assert broken.value.retryable
    assert transport.asked == 1


async def test_nothing_is_read_beyond_the_deadline(clock: ManualClock) -> None:
    vendor, _ = client(clock, (200, Sending([b"a\n1\n", b"2\n", b"3\n"])))
    found: list[Any] = []
    with pytest.raises(CallError) as late:
        await read(vendor, found, lambda: clock.advance(46))
    assert found == [{"a": "1"}]
    assert late.value.code == "timeout"


async def test_a_stream_that_is_left_gives_its_place_back(clock: ManualClock) -> None:
    first = Sending([b"1\n"] * 5)
    vendor, transport = client(clock, (200, first), (200, Sending([b"2\n"])))
    async with vendor.stream(Ask("GET", "/file")) as content:
        async for _ in content.lines():
            break
    assert first.is_closed
    async with vendor.stream(Ask("GET", "/file")) as content:  # the connection has room for one at a time
        assert [line async for line in content.lines()] == [b"2"]
    assert transport.asked == 2


async def test_a_whole_has_a_limit() -> None:
    assert await Stream({}, each(b"ab", b"cd")).whole(4) == b"abcd"
    with pytest.raises(Rejected, match="larger than"):
        await Stream({}, each(b"ab", b"cd")).whole(3)
