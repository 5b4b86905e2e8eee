"""`State`: one Stripe account in memory, and what an endpoint is given."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Any

from wirepost.core.clock import Clock
from wirepost.providers.stripe.sandbox.changes import Changes
from wirepost.providers.stripe.sandbox.errors import missing
from wirepost.providers.stripe.sandbox.examples import EXAMPLES, SUFFIX
from wirepost.providers.stripe.sandbox.forms import Param
from wirepost.providers.stripe.sandbox.tables import Key, Row, Table
from wirepost.sandbox.world import World

ALPHABET = bytes.maketrans(b"+/", b"Xq")


@dataclass(frozen=True)
class Kind:
    """One kind of object: how it is called in errors, what its first objects are, how they are found."""

    name: str
    rows: Callable[[State], list[Row]]
    indexes: Mapping[str, Key] = field(default_factory=dict)


class State:
    """All objects of one account; each kind is made from the world when it is first needed."""

    def __init__(self, world: World, clock: Clock, scope: str, kinds: Mapping[str, Kind]) -> None:
        self.world, self.clock = world, clock
        self._scope = scope
        self._kinds = kinds
        self._tables: dict[str, Table] = {}
        self._ids: dict[str, dict[str, str]] = {}
        self._made = 0
        self.numbers: dict[str, int] = {}
        """Counters of documents, such as invoice numbers."""
        self.changes = Changes()
        """What the request at hand has changed."""

    @property
    def now(self) -> int:
        """Seconds since the epoch, as Stripe writes times."""
        return epoch(self.clock.now())

    def table(self, name: str) -> Table:
        """All objects of a kind."""
        table = self._tables.get(name)
        if table is None:
            kind = self._kinds[name]
            rows = kind.rows(self)
            rows.sort(key=lambda row: int(row.get("created", 0)))
            table = self._tables[name] = Table(
                name, rows, self.clock.monotonic, kind.indexes, partial(self.changes.note, name)
            )
        return table

    def is_open(self, name: str) -> bool:
        """Whether a kind of object was needed so far."""
        return name in self._tables

    def get(self, name: str, object_id: str, *, param: str = "id", status: int = 404) -> Row:
        """The object with this id, or Stripe's error."""
        row = self.table(name).find(object_id)
        if row is None:
            raise missing(self._kinds[name].name, object_id, param, status=status)
        return row

    def named(self, name: str, object_id: str, param: str) -> Row:
        """The object that a parameter names, or Stripe's error."""
        return self.get(name, object_id, param=param, status=400)

    def id_of(self, prefix: str, key: str) -> str:
        """The id of a fact of the world: always the same one."""
        ids = self._ids.get(prefix)
        if ids is None:
            ids = self._ids[prefix] = {}
            if prefix in EXAMPLES:
                ids[EXAMPLES[prefix](self.world)] = f"{prefix}_{SUFFIX}"
        found = ids.get(key)
        if found is None:
            found = ids[key] = _digest(self._scope, prefix, key)
        return found

    def new_id(self, prefix: str) -> str:
        """An id for a new object; the same requests in the same order get the same ids."""
        self._made += 1
        return _digest(self._scope, prefix, f"new-{self._made}")

    def number(self, name: str, start: int) -> int:
        """The next number of a document."""
        self.numbers[name] = self.numbers.get(name, start) + 1
        return self.numbers[name]

    def sizes(self) -> dict[str, int]:
        """How many objects of each kind there are, of those that were needed so far."""
        return {name: len(table) for name, table in sorted(self._tables.items())}


_SHAPES = {
    **dict.fromkeys(("pi", "ch", "py", "re", "txn"), ("3", 24)),
    **dict.fromkeys(("cus", "prod", "si", "req"), ("", 14)),
}


@lru_cache(maxsize=32_768)  # a sandbox that is put back makes the same ids again
def _digest(scope: str, prefix: str, key: str) -> str:
    head, length = _SHAPES.get(prefix, ("1", 24))
    digest = blake2b(f"{scope}/{prefix}/{key}".encode(), digest_size=18).digest()
    text = base64.b64encode(digest).translate(ALPHABET).decode()
    return f"{prefix}_{head}{text[: length - len(head)]}"


@dataclass(slots=True)
class Call:
    """What an endpoint is given: the account, the parts of the path, the parameters."""

    state: State
    path: dict[str, str]
    given: dict[str, Any]
    url: str
    asked: dict[str, Any] = field(default_factory=dict)
    """How an event names the request."""

    @property
    def id(self) -> str:
        """The id in the path."""
        return next(iter(self.path.values()))


@dataclass(frozen=True)
class Route:
    """One endpoint."""

    method: str
    path: str
    act: Callable[[Call], Row | bytes]
    """An object, or the content of a file."""
    permission: str
    """What a restricted key needs."""
    params: Mapping[str, Param] = field(default_factory=dict)
    is_search: bool = False


def epoch(moment: datetime) -> int:
    """A time as Stripe writes it."""
    return int(moment.timestamp())


def epoch_or_none(moment: datetime | None) -> int | None:
    """A time that may be missing."""
    return None if moment is None else epoch(moment)
