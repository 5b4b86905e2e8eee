"""`State`: one organisation in memory: its records, sessions, cursors, and a way back for transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wirepost.core.clock import Clock
from wirepost.providers.salesforce.sandbox.definitions import Kind, kinds
from wirepost.providers.salesforce.sandbox.errors import Body
from wirepost.providers.salesforce.sandbox.keys import PREFIXES, new_key, object_of, read
from wirepost.providers.salesforce.sandbox.rows import (
    ME,
    Row,
    Values,
    derive,
    rows_of_the_world,
    system_values,
    whole,
)
from wirepost.sandbox.world import World

FIRST_NEW = 900_000_000
"""Number of the first record that requests make."""
_JUNCTIONS = ("OpportunityContactRole", "ContentDocumentLink")


@dataclass
class Cursor:
    """The rest of a long answer."""

    records: list[Body]
    size: int


@dataclass
class State:
    """All records; those of an object are made from the world when they are first needed."""

    world: World
    clock: Clock
    sessions: set[str] = field(default_factory=set)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    jobs: dict[str, Any] = field(default_factory=dict)
    """Bulk jobs by id."""
    _tables: dict[str, dict[str, Row]] = field(default_factory=dict)
    _bin: dict[str, Row] = field(default_factory=dict)
    _undo: list[Callable[[], object]] = field(default_factory=list)
    written: list[Row] = field(default_factory=list)
    """Records that the request has made or changed so far, without what was taken back."""
    issued: int = 0
    """Sessions that were ever given out."""
    _made: int = 0

    @property
    def now(self) -> datetime:
        """The time of writes."""
        return whole(self.clock.now())

    def table(self, object_name: str) -> dict[str, Row]:
        """All records of an object by id, oldest id first; a note is a document."""
        name = "ContentNote" if object_name == "ContentDocument" else object_name
        found = self._tables.get(name)
        if found is None:
            found = self._tables[name] = {row.id: row for row in rows_of_the_world(self.world, name)}
        return found

    def kind(self, object_name: str) -> Kind | None:
        """An object by its name, whose case does not matter."""
        found = kinds().get(object_name)
        return found or next((k for k in kinds().values() if k.name.lower() == object_name.lower()), None)

    def find(self, key: str, object_name: str | None = None) -> Row | None:
        """The record with an id of 15 or 18 characters."""
        full = read(key)
        owner = object_name or (full and object_of(full))
        return self.table(owner).get(full) if owner and full else None

    def is_deleted(self, key: str) -> bool:
        """Whether it is in the recycle bin."""
        return read(key) in self._bin

    def new_id(self, prefix: str) -> str:
        """The same requests in the same order get the same ids."""
        self._made += 1
        return new_key(prefix, FIRST_NEW + self._made)

    def create(self, object_name: str, values: Values) -> Row:
        """A new record."""
        system = system_values(self.new_id(PREFIXES[object_name]), self.now)
        if "OwnerId" in kinds()[object_name].fields:
            system["OwnerId"] = ME
        row = Row(object_name, {**system, **values})
        if object_name == "Case":
            row.values["CaseNumber"] = f"{1000 + len(self.table('Case')) + self._made:08}"
        derive(row)
        table = self.table(object_name)
        table[row.id] = row
        self._undo.append(lambda: table.pop(row.id))
        self._note(row)
        return row

    def change(self, row: Row, values: Values) -> None:
        """Other values for some fields."""
        before = row.values
        now = self.now
        row.values = {
            **before,
            **values,
            "LastModifiedDate": now,
            "SystemModstamp": now,
            "LastModifiedById": ME,
        }
        if row.object == "Event":
            self._move(row.values, values)
        derive(row)
        self._undo.append(lambda: setattr(row, "values", before))
        self._note(row)

    def delete(self, row: Row) -> None:
        """To the recycle bin, with what only links it to others; other references to it become empty."""
        table = self.table(row.object)
        self._undo.append(lambda: table.update({row.id: self._bin.pop(row.id)}))
        self._bin[row.id] = table.pop(row.id)
        for child, name in list(self.references(row)):
            if child.object in _JUNCTIONS:
                self.delete(child)
            else:
                self.change(child, {name: None})

    def references(self, row: Row) -> Iterator[tuple[Row, str]]:
        """Records that lead to this one, and their fields."""
        targets = {row.object, "ContentDocument"} if row.object == "ContentNote" else {row.object}
        for kind in kinds().values():
            names = [f.name for f in kind.fields.values() if targets & {target for target, _ in f.targets}]
            if names and kind.name != "ContentDocument":
                for child in list(self.table(kind.name).values()):
                    yield from ((child, name) for name in names if child.values.get(name) == row.id)

    def mark(self) -> int:
        """Where a transaction begins."""
        return len(self._undo)

    def roll_back(self, mark: int) -> None:
        """Take back everything since then."""
        while len(self._undo) > mark:
            self._undo.pop()()

    def take_written(self) -> list[Row]:
        """The records that were written and are still there; from now on none."""
        rows = [row for row in self.written if row.id in self.table(row.object)]
        self.written.clear()
        return rows

    def sizes(self) -> dict[str, int]:
        """How many records of each object there are, of those that were needed so far."""
        return {name: len(table) for name, table in sorted(self._tables.items())}

    def _note(self, row: Row) -> None:
        self.written.append(row)
        self._undo.append(self.written.pop)

    @staticmethod
    def _move(values: Values, given: Values) -> None:
        """A new start or length moves the end of an event."""
        if "ActivityDateTime" in given and "StartDateTime" not in given:
            values["StartDateTime"] = given["ActivityDateTime"]
        if "EndDateTime" not in given:
            values["EndDateTime"] = None
