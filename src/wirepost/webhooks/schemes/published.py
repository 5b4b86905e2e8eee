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
"""Before an address is asked again, whether there was something or not."""
PER_MINUTE = 20
"""Addresses asked in a minute: who invents some does not make us ask for all of them."""
_KEPT = 64


class Published(Generic[T]):
    """Documents that are read once and kept; requests that need the same one wait for one fetch."""

    def __init__(self, read: Callable[[bytes], T], otherwise: Check) -> None:
        """`read` raises `ValueError` for what is no such document, which is then told as `otherwise`."""
        self._read, self._otherwise = read, otherwise
        self._found: OrderedDict[str, tuple[float, T]] = OrderedDict()
        self._asked: OrderedDict[str, float] = OrderedDict()
        self._times: deque[float] = deque(maxlen=PER_MINUTE)
        self._running: dict[str, asyncio.Task[None]] = {}

    async def get(self, url: str, terms: Terms, now: float, *, newer_than_s: float = KEPT_S) -> T:
        """What is there, not older than `newer_than_s` where that can be had.

        Raises `Rejected` where there is nothing, and `Unavailable` where the sender should try again.
        """
        if url not in self._found or now - self._found[url][0] >= newer_than_s:
            try:
                await self._ask(url, terms, now)
            except Unavailable:
                if url not in self._found:
                    raise
        if url not in self._found:
            raise Rejected(self._otherwise, url)
        self._found.move_to_end(url)
        return self._found[url][1]

    async def _ask(self, url: str, terms: Terms, now: float) -> None:
        task = self._running.get(url)
        if task is None:
            if url in self._asked and abs(now - self._asked[url]) < AGAIN_S:
                return
            if len(self._times) == PER_MINUTE and abs(now - self._times[0]) < AGAIN_S:
                raise Unavailable("rate_limited", "Too many addresses of keys", retry_after_s=AGAIN_S)
            self._times.append(now)
            task = self._running[url] = asyncio.ensure_future(self._fetch(url, terms, now))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(task)  # who leaves does not end it for the others

    async def _fetch(self, url: str, terms: Terms, now: float) -> None:
        try:
            if terms.fetch is not None:
                self._found[url] = (now, self._read(await terms.fetch(url)))
        except Unavailable:
            raise  # not remembered: the sender's next attempt asks again
        except (CallError, ValueError):
            pass  # there is no such document
        finally:
            del self._running[url]
        self._asked[url] = now
        _shorten(self._found)
        _shorten(self._asked)


def _shorten(kept: OrderedDict[str, Any]) -> None:
    while len(kept) > _KEPT:
        kept.popitem(last=False)
