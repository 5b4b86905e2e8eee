"""`Files`: rows of JSON that belong to one caller, kept for a while: results of jobs, and inputs for them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.core.errors import InvalidCall, Rejected
from wirepost.core.ids import new_id
from wirepost.store.retention import delete_in_slices

if TYPE_CHECKING:
    from wirepost.contracts.jobs import Row
    from wirepost.core.clock import Clock
    from wirepost.store.database import Database, Tx

PART_BYTES = 256 * 1024
"""A part ends with the row that reaches this size."""
DAY_S = 86_400.0
UNFINISHED_S = DAY_S
"""So long a file may be in the making; what is left of one whose writer has died is forgotten then."""
MEGABYTE = 1_000_000

_COLUMNS = "id, owner, name, rows, size, sha256, created_at, expires_at"
_BEGIN = f"INSERT INTO files ({_COLUMNS}) VALUES (?, ?, ?, 0, 0, '', ?, ?)"  # noqa: S608 - our own words
_PART = "INSERT INTO file_parts (file, part, first_row, content) VALUES (?, ?, ?, ?)"
_END = "UPDATE files SET rows = ?, size = ?, sha256 = ?, expires_at = ? WHERE id = ?"
_GET = f"SELECT {_COLUMNS} FROM files WHERE id = ? AND owner = ? AND sha256 <> '' LIMIT 1"  # noqa: S608 - our own words
_PARTS = "SELECT part, first_row, content FROM file_parts WHERE file = ? AND part >= ? ORDER BY part LIMIT 1"
_PART_OF_ROW = "SELECT part FROM file_parts WHERE file = ? AND first_row <= ? ORDER BY part DESC LIMIT 1"
_PRUNE_PARTS = (
    "DELETE FROM file_parts WHERE (file, part) IN (SELECT file_parts.file, part FROM file_parts "
    "JOIN files ON files.id = file_parts.file WHERE files.expires_at < ? LIMIT ?) RETURNING part"
)
_PRUNE = "DELETE FROM files WHERE id IN (SELECT id FROM files WHERE expires_at < ? LIMIT ?) RETURNING id"


@dataclass(frozen=True)
class File:
    """What is known of one; moments are seconds since 1970."""

    id: str
    owner: str
    name: str
    rows: int
    size: int
    """Bytes."""
    sha256: str
    """Of its lines of JSON, each with its end."""
    created_at: float
    expires_at: float


@dataclass(frozen=True)
class Written:
    """What became of rows that were to be kept."""

    file: File
    is_cut: bool
    """Not all of them had room."""


class Files:
    """The files of one database; each at most `max_mb` megabytes, and kept for `keep_days`."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        max_mb: float = 100,
        keep_days: float = 7,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._database, self._clock, self._part_bytes = database, clock, part_bytes
        self._max_bytes, self._keep_s = int(max_mb * MEGABYTE), keep_days * DAY_S

    async def write(self, owner: str, name: str, rows: AsyncIterator[Row]) -> Written:
        """Keep rows in their order until there is no room for the next one.

        Nobody can read the file before this returns. Raises `Unavailable`, and what `rows` raises.
        """
        file_id, sha, part, buffer = new_id("fil"), hashlib.sha256(), 0, bytearray()
        first_row = count = size = 0
        is_cut = False
        until = self._now + UNFINISHED_S
        await self._do(_BEGIN, file_id, owner, name, self._now, until)
        async for row in rows:
            line = _line(row)
            if size + len(line) > self._max_bytes:
                is_cut = True
                break
            buffer += line
            count, size = count + 1, size + len(line)
            if len(buffer) >= self._part_bytes:
                sha.update(buffer)
                await self._do(_PART, file_id, part, first_row, bytes(buffer))
                part, first_row, buffer = part + 1, count, bytearray()
        sha.update(buffer)
        now, digest = self._now, sha.hexdigest()
        file = File(file_id, owner, name, count, size, digest, now, now + self._keep_s)

        async def end(tx: Tx) -> None:
            await tx.execute(_PART, file_id, part, first_row, bytes(buffer))
            await tx.execute(_END, count, size, digest, file.expires_at, file_id)

        await self._database.write(end)
        return Written(file, is_cut)

    async def get(self, file_id: str, owner: str) -> File:
        """A file of a caller; raises `InvalidCall` where they have no such, or no longer."""
        rows = await self._database.read(_GET, file_id, owner)
        file = File(*rows[0]) if rows else None
        if file is None or file.expires_at < self._now:
            raise InvalidCall(
                "invalid_arguments",
                f"There is no file {file_id[:60]!r}, or it has expired",
                hint="`wirepost files put` stores one; job_get_result names that of a job",
                fields=[{"path": "file_ref", "problem": "is unknown"}],
            )
        return file

    async def page(self, file: File, first: int, limit: int) -> list[dict[str, Any]]:
        """Rows from number `first` (0: the first one), at most `limit`."""
        found: list[dict[str, Any]] = []
        async for number, row in self._numbered(file, first):
            if number >= first + limit:
                break
            found.append(row)
        return found

    async def rows(self, file: File) -> AsyncIterator[dict[str, Any]]:
        """All rows, one after the other."""
        async for _, row in self._numbered(file, 0):
            yield row

    async def chunks(self, file: File) -> AsyncIterator[bytes]:
        """The whole file as lines of JSON, in pieces that end with a row."""
        async for _, content in self._parts(file, 0):
            yield content

    async def rows_of(self, file_id: str, owner: str) -> AsyncIterator[dict[str, Any]]:
        """All rows of a file of a caller; raises `InvalidCall`."""
        async for row in self.rows(await self.get(file_id, owner)):
            yield row

    async def delete(self, file_id: str) -> None:
        """Forget one at the next opportunity; nobody can read it any more."""
        await self._do("UPDATE files SET expires_at = 0 WHERE id = ?", file_id)

    async def prune(self) -> None:
        """Forget what has expired."""
        for sql in (_PRUNE_PARTS, _PRUNE):
            await delete_in_slices(self._database, self._clock, sql, self._now)

    async def _numbered(self, file: File, first: int) -> AsyncIterator[tuple[int, dict[str, Any]]]:
        start = await self._database.read(_PART_OF_ROW, file.id, first)
        if first >= file.rows or not start:
            return
        async for number, content in self._parts(file, start[0][0]):
            for offset, line in enumerate(content.splitlines()):
                if number + offset >= first:
                    yield number + offset, orjson.loads(line)

    async def _parts(self, file: File, part: int) -> AsyncIterator[tuple[int, bytes]]:
        while rows := await self._database.read(_PARTS, file.id, part):
            yield rows[0][1], bytes(rows[0][2])
            part = rows[0][0] + 1

    async def _do(self, sql: str, *values: str | float | bytes) -> None:
        await self._database.write(lambda tx: tx.execute(sql, *values))

    @property
    def _now(self) -> float:
        return self._clock.now().timestamp()


def _line(row: Row) -> bytes:
    """A row as it is kept; raises `Rejected` for one that is nested so deeply that it cannot be written."""
    try:
        return orjson.dumps(row if isinstance(row, dict) else {"value": row}) + b"\n"
    except TypeError:
        raise Rejected("upstream_rejected", "A row of the result is nested too deeply to be kept") from None
