"""Brings a database to the present schema: numbered SQL files, one transaction each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.tx import Row, Value

MIGRATIONS = Path(__file__).parent / "migrations"


class Readable(Protocol):
    """A database whose version can be asked."""

    def execute(self, sql: str, params: Sequence[Value] = ()) -> list[Row]:
        """Run one statement, and return its rows."""
        ...

    def has_schema(self) -> bool:
        """Whether a migration was ever applied."""
        ...


class Migratable(Readable, Protocol):
    """A database that can be brought to the present schema."""

    def begin(self, *, is_relaxed: bool) -> None:
        """Open a transaction that no other one of any process runs beside."""
        ...

    def run_script(self, sql: str) -> None:
        """Run the statements of a migration."""
        ...

    def commit(self) -> None:
        """Store the transaction."""
        ...

    def roll_back(self) -> None:
        """End the transaction if it is still open."""
        ...


def list_migrations(directory: Path = MIGRATIONS) -> list[tuple[int, str]]:
    """Number and text of every migration, in order."""
    files = sorted(directory.glob("[0-9][0-9][0-9][0-9].sql"))
    return [(int(file.stem), file.read_text(encoding="utf-8")) for file in files]


def find_version(database: Readable) -> int:
    """The number of the last migration applied; 0 for an empty database."""
    if not database.has_schema():
        return 0
    return int(database.execute("SELECT coalesce(max(version), 0) FROM schema_version")[0][0])


def migrate(database: Migratable, clock: Clock, place: str, directory: Path = MIGRATIONS) -> None:
    """Apply what is missing; a newer database is refused, because its rows may mean something else."""
    migrations = list_migrations(directory)
    if _check_version(database, place, migrations[-1][0]) == migrations[-1][0]:
        return
    for number, sql in migrations:
        database.begin(is_relaxed=False)
        try:
            if find_version(database) < number:  # asked under the lock: another process may have done it
                database.run_script(sql)
                at = clock.now().isoformat()
                database.execute("INSERT INTO schema_version VALUES (?, ?)", (number, at))
            database.commit()
        finally:
            database.roll_back()


def check_current(database: Readable, place: str) -> None:
    """Refuse a database that has not exactly the schema this program reads (`ConfigError`)."""
    known = list_migrations()[-1][0]
    version = _check_version(database, place, known)
    if version < known:
        raise ConfigError(
            f"the database has schema {version}, this program reads {known}",
            file=place,
            hint="Start the server once, it brings the database up to date: wirepost serve",
        )


def _check_version(database: Readable, place: str, known: int) -> int:
    version = find_version(database)
    if version > known:
        raise ConfigError(
            f"the database has schema {version}, this program knows up to {known}",
            file=place,
            hint="Start the newer version that made it, or choose another data directory",
        )
    return version
