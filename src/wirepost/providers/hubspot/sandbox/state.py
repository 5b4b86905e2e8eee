"""`State`: one HubSpot account in memory: records, their links, and an index that lags behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from wirepost.core.clock import Clock
from wirepost.providers.hubspot.sandbox.definitions import TYPE_IDS
from wirepost.providers.hubspot.sandbox.links import REVERSE
from wirepost.providers.hubspot.sandbox.rows import Row, links_of_the_world, rows_of_the_world, set_times
from wirepost.providers.hubspot.sandbox.telling import Telling
from wirepost.providers.hubspot.sandbox.transferred import Transfers
from wirepost.sandbox.vendor import SandboxEvent
from wirepost.sandbox.world import World

LAG_S = 5.0
"""So long after a write the index still shows what was before."""


@dataclass
class _Pending:
    """What the index knows of a record that was written just now."""

    at: float
    before: Row | None


class State:
    """All records; each kind is made from the world when it is first needed."""

    def __init__(
        self, world: World, clock: Clock, announce: Callable[[SandboxEvent], None] = lambda _: None
    ) -> None:
        self.world, self.clock = world, clock
        self._telling = Telling(announce, lambda: self.now)
        self._tables: dict[str, dict[str, Row]] = {}
        self._archived: dict[str, dict[str, Row]] = {}
        self._pending: dict[str, dict[str, _Pending]] = {}
        self._links: dict[tuple[str, str, str], dict[str, set[int]]] | None = None
        self._made = 0
        self.transfers = Transfers()

    @property
    def now(self) -> datetime:
        """The time of writes."""
        return self.clock.now().astimezone(UTC)

    def table(self, kind: str) -> dict[str, Row]:
        """All records of a kind by id, oldest first."""
        found = self._tables.get(kind)
        if found is None:
            found = self._tables[kind] = {row.id: row for row in rows_of_the_world(self.world, kind)}
        return found

    def archived(self, kind: str) -> dict[str, Row]:
        """The recycle bin."""
        return self._archived.setdefault(kind, {})

    def indexed(self, kind: str) -> Iterator[Row]:
        """Records as searches know them."""
        pending = self._pending.setdefault(kind, {})
        horizon = self.clock.monotonic() - LAG_S
        for row_id in [row_id for row_id, one in pending.items() if one.at <= horizon]:
            del pending[row_id]
        table = self.table(kind)
        for row in table.values():
            if row.id not in pending:
                yield row
        yield from (one.before for one in pending.values() if one.before is not None)

    def create(self, kind: str, properties: dict[str, str]) -> Row:
        """A new record."""
        self._made += 1
        row = Row(str(900_000_000 + self._made), dict(properties), self.now, self.now)
        self._announce(kind, row.id, None)
        self.table(kind)[row.id] = row
        set_times(kind, row)
        self._telling.created(kind, row.id)
        return row

    def change(self, kind: str, row: Row, properties: dict[str, str]) -> Row:
        """Other values for some properties."""
        self._announce(kind, row.id, row.copy())
        others = {name: value for name, value in properties.items() if row.properties.get(name, "") != value}
        row.properties.update(properties)
        row.updated_at = self.now
        set_times(kind, row)
        self._telling.changed(kind, row.id, others)
        return row

    def archive(self, kind: str, row_id: str) -> None:
        """To the recycle bin; who is not there stays away."""
        row = self.table(kind).get(row_id)
        if row is None:
            return
        self._announce(kind, row_id, row)
        self.archived(kind)[row_id] = self.table(kind).pop(row_id)
        self._telling.archived(kind, row_id)

    def links(self, kind: str, row_id: str, target: str) -> dict[str, set[int]]:
        """Id → types of association, of one record to all of another kind."""
        return self._all_links.setdefault((kind, row_id, target), {})

    def link(self, kind: str, row_id: str, target: str, other: str, type_ids: set[int]) -> None:
        """Associate two records in both directions."""
        is_new = not type_ids <= self.links(kind, row_id, target).get(other, set())
        self._join(kind, row_id, target, other, type_ids)
        if is_new:
            self._telling.linked(((kind, row_id), (target, other)), type_ids, is_removed=False)

    def unlink(
        self, kind: str, row_id: str, target: str, other: str, type_ids: set[int] | None = None
    ) -> None:
        """Remove types of an association, or all of it."""
        there = self.links(kind, row_id, target).get(other, set())
        gone = there if type_ids is None else there & type_ids
        if gone:
            self._telling.linked(((kind, row_id), (target, other)), gone, is_removed=True)
        for one, two, first, second, types in (
            (kind, target, row_id, other, type_ids),
            (target, kind, other, row_id, None if type_ids is None else {REVERSE[each] for each in type_ids}),
        ):
            linked = self.links(one, first, two)
            left = set() if types is None else linked.get(second, set()) - types
            if left:
                linked[second] = left
            else:
                linked.pop(second, None)

    def sizes(self) -> dict[str, int]:
        """How many records of each kind there are, of those that were needed so far."""
        return {kind: len(table) for kind, table in sorted(self._tables.items())}

    @property
    def _all_links(self) -> dict[tuple[str, str, str], dict[str, set[int]]]:
        if self._links is None:
            self._links = {}
            for kind, row_id, target, other, type_id in links_of_the_world(self.world):
                self._join(kind, row_id, target, other, {type_id})
        return self._links

    def _join(self, kind: str, row_id: str, target: str, other: str, type_ids: set[int]) -> None:
        self.links(kind, row_id, target).setdefault(other, set()).update(type_ids)
        back = {REVERSE[type_id] for type_id in type_ids}
        self.links(target, other, kind).setdefault(row_id, set()).update(back)

    def _announce(self, kind: str, row_id: str, before: Row | None) -> None:
        """Remember for the index what a record was before its first change of late."""
        pending = self._pending.setdefault(kind, {})
        known = pending.get(row_id)
        pending[row_id] = _Pending(self.clock.monotonic(), before if known is None else known.before)


__all__ = ["LAG_S", "TYPE_IDS", "Row", "State"]
