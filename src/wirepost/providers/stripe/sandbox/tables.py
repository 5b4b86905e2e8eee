"""Objects of one kind in memory: found by id or by an indexed field, newest first."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Row = dict[str, Any]
Key = Callable[[Row], Any]
Note = Callable[["Row | None", "Row | None"], None]
"""Is told how an object was before and is now."""


def _untold(_before: Row | None, _after: Row | None) -> None:
    return None


class Table:
    """All objects of one kind, oldest first; a removed one leaves a gap so that positions stay."""

    def __init__(
        self,
        name: str,
        rows: Iterable[Row],
        now: Callable[[], float],
        indexes: Mapping[str, Key],
        note: Note = _untold,
    ) -> None:
        self.name = name
        self._note = note
        self._now = now
        self._rows: list[Row | None] = []
        self._positions: dict[str, int] = {}
        self._keys = indexes
        self._indexes: dict[str, dict[Any, list[int]]] = {field: {} for field in indexes}
        self._earlier: dict[str, tuple[float, Row | None]] = {}
        for row in rows:
            self._append(row)

    def __len__(self) -> int:
        return len(self._positions)

    def find(self, row_id: str) -> Row | None:
        """The object with this id."""
        position = self._positions.get(row_id)
        return None if position is None else self._rows[position]

    def add(self, row: Row) -> Row:
        """A new object."""
        self._append(row)
        self._earlier[row["id"]] = (self._now(), None)
        self._note(None, row)
        return row

    def change(self, row_id: str, **changes: Any) -> Row:
        """Replace fields of an object; nested values are replaced whole, never changed in place."""
        position = self._positions[row_id]
        row = self._rows[position]
        assert row is not None  # noqa: S101 - positions lead to rows
        if row_id not in self._earlier:
            self._earlier[row_id] = (self._now(), dict(row))
        before = {field: key(row) for field, key in self._keys.items()}
        was = dict(row)
        row.update(changes)
        self._note(was, row)
        for field, key in self._keys.items():
            if (value := key(row)) != before[field]:
                insort(self._indexes[field].setdefault(value, []), position)
        return row

    def remove(self, row_id: str) -> Row:
        """Take an object away."""
        position = self._positions.pop(row_id)
        row, self._rows[position] = self._rows[position], None
        assert row is not None  # noqa: S101 - positions lead to rows
        self._note(row, None)
        return row

    def newest(self, **equal: Any) -> Iterator[Row]:
        """Objects with these values in indexed fields, newest first."""
        return (row for _, row in self._descending(equal))

    def older(self, than: str | None, **equal: Any) -> Iterator[Row]:
        """Objects behind one of them in a list, which is newest first."""
        limit = len(self._rows) if than is None else self._positions[than]
        return (row for position, row in self._descending(equal) if position < limit)

    def newer(self, than: str, **equal: Any) -> Iterator[Row]:
        """Objects before one of them in a list, nearest first."""
        limit = self._positions[than]
        return (row for position, row in self._ascending(equal) if position > limit)

    def searchable(self, lag_s: float) -> Iterator[tuple[Row, Row]]:
        """Objects as the search index knows them, and as they are: what was just written is not there yet."""
        horizon = self._now() - lag_s
        for row_id in [row_id for row_id, (at, _) in self._earlier.items() if at <= horizon]:
            del self._earlier[row_id]
        for row in self.newest():
            earlier = self._earlier.get(row["id"])
            known = row if earlier is None else earlier[1]
            if known is not None:
                yield known, row

    def _append(self, row: Row) -> None:
        position = len(self._rows)
        self._rows.append(row)
        self._positions[row["id"]] = position
        for field, key in self._keys.items():
            self._indexes[field].setdefault(key(row), []).append(position)

    def _descending(self, equal: Mapping[str, Any]) -> Iterator[tuple[int, Row]]:
        return self._matching(reversed(self._candidates(equal)), equal)

    def _ascending(self, equal: Mapping[str, Any]) -> Iterator[tuple[int, Row]]:
        return self._matching(self._candidates(equal), equal)

    def _candidates(self, equal: Mapping[str, Any]) -> list[int] | range:
        if not equal:
            return range(len(self._rows))
        found = [self._indexes[field].get(value, []) for field, value in equal.items()]
        return min(found, key=len)

    def _matching(self, positions: Iterable[int], equal: Mapping[str, Any]) -> Iterator[tuple[int, Row]]:
        last = -1
        for position in positions:
            row = self._rows[position]
            if row is None or position == last:
                continue
            # An index keeps the positions of values that a row had before.
            if all(self._keys[field](row) == value for field, value in equal.items()):
                last = position
                yield position, row
