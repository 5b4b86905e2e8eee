"""`Published`: what senders publish for those who check their signatures, fetched by address and kept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from wirepost.core.errors import CallError, Unavailable
from wirepost.webhooks.verdict import Check, Rejected
from wirepost.webhooks.webhook import Terms

T = TypeVar("T")

KEPT_S = 24 * 3600.0
AGAIN_S = 60.0
"""Before an address is asked again, whether it answered or not."""
PER_MINUTE = 20
"""Addresses asked in a minute: who invents some does not make us ask for all of them."""
_KEPT = 64


class Published(Generic[T]):
    """Documents that were read once; each is asked for by one request at a time."""

    def __init__(self, read: Callable[[bytes], T], otherwise: Check) -> None:
        """`read` raises `ValueError` for what is no such document, which is then told as `otherwise`."""
        self._read, self._otherwise = read, otherwise
        self._found: OrderedDict[str, tuple[float, T]] = OrderedDict()
        self._asked: OrderedDict[str, float] = OrderedDict()
        self._times: deque[float] = deque(maxlen=PER_MINUTE)
        self._running: dict[str, asyncio.Task[None]] = {}

    async def get(self, url: str, terms: Terms, now: float, *, newer_than_s: float = KEPT_S) -> T:
        """What is there, as old as `newer_than_s` at most where it can be had.

        Raises `Rejected` where nothing is, and `Unavailable` where the sender should try again.
        """
        fetched_at, value = self._found.get(url, (None, None))
        if fetched_at is None or now - fetched_at >= newer_than_s:
            await self._ask(url, terms, now)
        if url not in self._found:
            raise Rejected(self._otherwise, url)
        self._found.move_to_end(url)
        fetched_at, value = self._found[url]
        return value

    async def _ask(self, url: str, terms: Terms, now: float) -> None:
        if url not in self._running:
            if now - self._asked.get(url, now - AGAIN_S) < AGAIN_S:
                return
            self._check_rate(now)
            self._asked[url] = now
            _shorten(self._asked)
            task = self._running[url] = asyncio.ensure_future(self._fetch(url, terms, now))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            await asyncio.shield(self._running[url])
        except Unavailable:
            if url not in self._found:
                self._asked.pop(url, None)  # so that the sender's next attempt is not refused for good
                raise

    def _check_rate(self, now: float) -> None:
        if len(self._times) == PER_MINUTE and now - self._times[0] < AGAIN_S:
            raise Unavailable("rate_limited", "Too many addresses of keys", retry_after_s=AGAIN_S)
        self._times.append(now)

    async def _fetch(self, url: str, terms: Terms, now: float) -> None:
        try:
            if terms.fetch is not None:
                self._found[url] = (now, self._read(await terms.fetch(url)))
                _shorten(self._found)
        except Unavailable:
            raise
        except (CallError, ValueError):  # there is no such document
            return
        finally:
            del self._running[url]


def _shorten(kept: OrderedDict[str, Any]) -> None:
    while len(kept) > _KEPT:
        kept.popitem(last=False)
