"""Brings a database to the present schema: numbered SQL files, one transaction each."""

from __future__ import annotations

from pathlib import Path

import apsw

from wirepost.core.clock import Clock
from wirepost.core.errors import ConfigError

MIGRATIONS = Path(__file__).parent / "migrations"


def list_migrations(directory: Path = MIGRATIONS) -> list[tuple[int, str]]:
    """Number and text of every migration, in order."""
    files = sorted(directory.glob("[0-9][0-9][0-9][0-9].sql"))
    return [(int(file.stem), file.read_text(encoding="utf-8")) for file in files]


def find_version(connection: apsw.Connection) -> int:
    """The number of the last migration applied; 0 for an empty database."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'").fetchall():
        return 0
    version: int = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").get
    return version


def migrate(connection: apsw.Connection, clock: Clock, path: Path, directory: Path = MIGRATIONS) -> None:
    """Apply what is missing; a newer database is refused, because its rows may mean something else."""
    migrations = list_migrations(directory)
    if check_version(connection, path, migrations[-1][0]) == migrations[-1][0]:
        return
    for number, sql in migrations:
        connection.execute("BEGIN IMMEDIATE")
        try:
            if find_version(connection) < number:  # asked under the lock: another process may have done it
                connection.execute(sql).fetchall()
                at = clock.now().isoformat()
                connection.execute("INSERT INTO schema_version VALUES (?, ?)", (number, at))
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def check_version(connection: apsw.Connection, path: Path, known: int) -> int:
    """The version of the database; raises `ConfigError` when a newer program made it."""
    version = find_version(connection)
    if version > known:
        raise ConfigError(
            f"the database has schema {version}, this program knows up to {known}",
            file=str(path),
            hint="Start the newer version that made it, or choose another data directory",
        )
    return version
