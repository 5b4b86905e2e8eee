"""A vendor of models one of whose answers is another than it should be, at any place of it or as a whole."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

import httpx2
import orjson

from support.clock import ManualClock
from support.looking import look_by, rows_of
from support.worlds import world_at
from wirepost.connections.connections import Connection
from wirepost.contracts.ai import Models
from wirepost.contracts.jobs import JobKind, Seen
from wirepost.providers import load_provider
from wirepost.settings import ConnectionSettings
from wirepost.tools.jobs import Started
from wirepost.upstream.client import Client
from wirepost.upstream.limits import Limits
from wirepost.upstream.memory import InMemoryTransport
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream

MARK, NUMBER = "spoiled by a test", 8_675_309
"""What no honest answer holds."""
MANY, ROOM = 100_000, 3_000_000
LEVELS = 900
"""Levels that a reader of JSON still takes."""
_GONE: Any = object()
_DEEP = "lists in lists"
Path = tuple[str | int, ...]


VALUES: dict[str, Any] = {
    "gone": _GONE,
    "null": None,
    "true": True,
    "negative": -5,
    "number": NUMBER,
    "fraction": 0.5,
    "huge": 1e308,
    "text": MARK,
    "unseen": f"\u0000\u202e\n{MARK}",
    "empty list": [],
    "empty object": {},
    "list": [NUMBER],
    "list of lists": [[MARK]],
    "object": {MARK: NUMBER},
    "deep": _DEEP,
}
"""What stands in the place of a value."""
PAGE = b"<!DOCTYPE html><html><body>spoiled by a test</body></html>"
WHOLES: dict[str, Callable[[bytes], bytes]] = {
    "page": lambda _: PAGE,
    "empty": lambda _: b"",
    "cut": lambda body: body[: len(body) // 2],
    "no UTF-8": lambda body: body.replace(b'"', b'"\xff\xfe', 1),
    "surrogate": lambda _: b'{"id": "\\ud800", "name": "\\udfff"}',
    "NaN": lambda _: b'{"id": NaN, "data": [NaN], "name": -Infinity}',
    "null": lambda _: b"null",
    "true": lambda _: b"true",
    "number": lambda _: b"1" * 5000,
    "exponent": lambda _: b'{"id": 1e99999}',
    "text": lambda _: b'"spoiled by a test"',
    "empty list": lambda _: b"[]",
    "empty object": lambda _: b"{}",
    "deep list": lambda _: b"[" * 10_000 + b"]" * 10_000,
    "deep object": lambda _: b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "long text": lambda _: b'"' + b"x" * 4_000_000 + b'"',
    "long list": lambda _: b"[" + b"{}," * MANY + b"{}]",
    "too large": lambda _: b"[" + b" " * 9_000_000 + b"]",
}
"""What stands in the place of an answer."""


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """The way to every part of a value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for index, (name, item) in enumerate(items):
        if isinstance(value, dict) or index < 1:  # items of a list are alike
            yield from places(item, (*path, name))


def at(value: Any, path: Path) -> Any:
    """The part that is there."""
    for name in path:
        value = value[name]
    return value


def put(value: Any, path: Path, part: Any) -> Any:
    """The value with another part there."""
    if not path:
        return None if part is _GONE else part
    changed = copy.deepcopy(value)
    holder = at(changed, path[:-1])
    if part is _GONE:
        del holder[path[-1]]
    else:
        holder[path[-1]] = part
    return changed


def countless(items: list[Any]) -> list[Any]:
    """The same items over and over again, as long as the answer is not too large to be read."""
    number = min(MANY, ROOM // len(orjson.dumps(items)) * len(items))
    return list(islice(cycle(items), number))


@dataclass(frozen=True)
class Piece:
    """The first JSON in a body, with what stands around it: one line of a file, or one event of a stream."""

    before: bytes
    value: Any
    after: bytes

    @classmethod
    def of(cls, body: bytes) -> Piece | None:
        """`None` where there is none."""
        lines = body.splitlines(keepends=True)
        for whole, after in ((body, b""), (lines[0] if lines else b"", b"".join(lines[1:]))):
            before = b"data: " if whole.startswith(b"data: ") else b""
            try:
                return cls(
                    before, orjson.loads(whole.removeprefix(before)), (b"\n" if after else b"") + after
                )
            except ValueError:
                continue
        return None

    def spoiled(self) -> Iterator[tuple[str, bytes]]:
        """(what was changed, body) for every place and every value."""
        for path in places(self.value):
            old = at(self.value, path)
            values = VALUES | ({"countless": countless(old)} if isinstance(old, list) and old else {})
            for name, value in values.items():
                changed = put(self.value, path, value)
                yield f"{path}: {name}", self.before + _dumped(changed) + self.after


def _dumped(value: Any) -> bytes:
    """JSON; no writer goes so deep as readers do."""
    return orjson.dumps(value).replace(orjson.dumps(_DEEP), b"[" * LEVELS + b"]" * LEVELS)


@dataclass
class OddTransport(httpx2.AsyncBaseTransport):
    """A sandbox; what is asked there is noted, and one of the answers may be another."""

    inner: httpx2.AsyncBaseTransport
    seen: list[tuple[str, httpx2.Response, bytes]] = field(default_factory=list)
    target: str | None = None
    body: bytes = b""
    status: int | None = None
    content_type: str | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self.inner.handle_async_request(request)
        content = await response.aread()
        asked = f"{request.method} {request.url.raw_path.decode().partition('?')[0]}"
        self.seen.append((asked, response, content))
        if self.target is None or asked != self.target:
            return response
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        if self.content_type is not None:
            headers["content-type"] = self.content_type
        return httpx2.Response(self.status or response.status_code, headers=headers, content=self.body)


class OddVendor:
    """One vendor on its sandbox, each time with a fresh connection."""

    def __init__(self, name: str, **options: Any) -> None:
        self.clock = ManualClock()
        self.provider = load_provider(name)
        self.name = name
        self.settings = ConnectionSettings.model_validate(
            {"provider": name, "environment": "sandbox", **options}
        )
        connection = Connection(
            name, self.provider, self.settings, self.clock, lambda: world_at(self.clock.now())
        )
        self._sign = getattr(connection.shared.credential, "sign", None)
        sandbox = self.provider.sandbox(world_at(self.clock.now()), self.clock)
        self._form = str(getattr(self.provider.auth[0], "form", "{}")).format(sandbox.key)
        self.transport = OddTransport(InMemoryTransport(sandbox.app, self.clock))

    @property
    def client(self) -> Client:
        """For one call that may write, on a connection that nothing has happened to."""
        upstream = Upstream(
            self.name,
            base_url=f"https://{self.name}.invalid",
            limits=Limits(10_000, 10_000, 100),
            clock=self.clock,
            credential=self._credential,
            credential_header=getattr(self.provider.auth[0], "header", "Authorization"),
            transport=self.transport,
            sign=self._sign,
        )
        scope = Scope(self.clock.monotonic() + 45, before_write=_announced)
        return self.provider.client(upstream, scope, self.settings)

    @property
    def models(self) -> Models:
        """Its models."""
        found = self.provider.offers[Models](self.client)
        assert isinstance(found, Models)
        return found

    def kind(self, name: str) -> JobKind[Any]:
        """A kind of its jobs."""
        assert self.provider.load_jobs is not None
        return next(each for each in self.provider.load_jobs() if each.name == name)

    def can_cancel(self, word: str) -> bool:
        """Whether such jobs can be stopped, by the contract's word for them."""
        words = {"background": ("response", "interaction"), "invocation": ("async", "job")}.get(word, (word,))
        kinds = self.provider.load_jobs() if self.provider.load_jobs else ()
        return any(each.cancel for each in kinds if each.name.partition(".")[2] in words)

    async def look(self, started: Started) -> Seen:
        """How a job stands."""
        return await self.kind(started.kind).look(look_by(self.client, self.clock.now(), started))

    async def rows(self, started: Started) -> list[dict[str, Any]]:
        """What it has brought."""
        return await rows_of(self.kind(started.kind), look_by(self.client, self.clock.now(), started))

    async def cancel(self, started: Started) -> None:
        """Ask for its end."""
        cancel = self.kind(started.kind).cancel
        assert cancel is not None
        await cancel(look_by(self.client, self.clock.now(), started))

    async def _credential(self) -> str:
        return self._form


async def _announced() -> None:
    """The ledger knows."""
