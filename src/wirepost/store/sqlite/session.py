"""The SQLite file: which library, which settings, which permissions, and the one connection that writes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import apsw

from wirepost.core.clock import Clock
from wirepost.core.errors import ConfigError
from wirepost.store.migrate import check_current, migrate
from wirepost.store.sqlite.errors import refuse, translate
from wirepost.store.tx import LOCK_WAIT_S, Row, Value

OLDEST = (3, 51, 3)
"""Before, two connections that check-point could damage a WAL database (sqlite.org/wal.html, section 11)."""
CHECKPOINT_PAGES = 4000


def library_version() -> str:
    """The version of the SQLite library that the driver brings."""
    version: str = apsw.sqlite_lib_version()
    return version


def check_library(version: str) -> None:
    """Refuse a SQLite library that is too old to be trusted with a WAL database."""
    if tuple(int(part) for part in version.split(".")) < OLDEST:
        needed = ".".join(map(str, OLDEST))
        raise ConfigError(
            f"SQLite {version} is too old, {needed} or later is needed",
            hint="Reinstall the package apsw from its wheel, which brings its own library",
        )


def create_file(path: Path) -> None:
    """Make the directory and the file, readable for nobody else; the files beside it inherit its mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as error:
        raise ConfigError(
            f"the database cannot be opened: {error.strerror}",
            file=str(path),
            hint=f"Let user {os.geteuid()} read and write it and its directory, or choose another directory",
        ) from None


def open_writing(path: Path, clock: Clock, wait_s: float = LOCK_WAIT_S) -> SqliteSession:
    """The one connection that writes, with the present schema in place."""
    check_library(library_version())
    create_file(path)
    with contextlib.ExitStack() as undo:
        try:
            connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
            undo.callback(connection.close)
            connection.set_busy_timeout(int(wait_s * 1000))
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
            connection.pragma("foreign_keys", 1)
            connection.wal_autocheckpoint(CHECKPOINT_PAGES)
            session = SqliteSession(connection, path)
            migrate(session, clock, str(path))
        except apsw.Error as error:
            raise refuse(error, path) from error
        undo.pop_all()
    return session


class SqliteSession:
    """The connection that writes, in the hands of the writing thread."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection, self._path = connection, path
        self._cursor = connection.cursor()
        self._synchronous = "full"

    def begin(self, *, is_relaxed: bool) -> None:
        """Open a transaction; its commit waits for the disk to have it and all before it, or does not."""
        synchronous = "normal" if is_relaxed else "full"
        if synchronous != self._synchronous:
            self._connection.pragma("synchronous", synchronous)
            self._synchronous = synchronous
        self._cursor.execute("BEGIN IMMEDIATE")

    def execute(self, sql: str, params: Sequence[Value] = ()) -> list[Row]:
        """Run one statement."""
        return self._cursor.execute(sql, params).fetchall()

    def run_script(self, sql: str) -> None:
        """Run the statements of a migration."""
        self._cursor.execute(sql).fetchall()

    def has_schema(self) -> bool:
        """Whether a migration was ever applied."""
        return bool(self.execute("SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'"))

    def commit(self) -> None:
        """Bring the transaction to the disk."""
        self._cursor.execute("COMMIT")

    def roll_back(self) -> None:
        """End the transaction if the library has not done so."""
        if self.is_in_transaction:
            with contextlib.suppress(apsw.Error):
                self._cursor.execute("ROLLBACK")

    @property
    def is_in_transaction(self) -> bool:
        """A full disk, for one, ends the transaction."""
        return self._connection.in_transaction

    def translate(self, error: Exception) -> Exception:
        """What the operator can do about it."""
        return translate(error, self._path, self._connection.system_errno)

    def close(self) -> None:
        """Let the library note how the tables have grown, then close."""
        with contextlib.suppress(apsw.Error):
            self._connection.pragma("optimize")
        self._connection.close(True)  # noqa: FBT003 - positional only; errors of closing do not matter any more


def open_reading(path: Path, wait_s: float = LOCK_WAIT_S) -> apsw.Connection:
    """A connection that cannot write."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(int(wait_s * 1000))
    return connection


def check_readable(path: Path, wait_s: float = LOCK_WAIT_S) -> None:
    """Refuse a file that is missing or has not exactly the schema this program reads."""
    check_library(library_version())
    if not os.path.exists(path):  # noqa: PTH110 - unlike Path.exists, says no where looking is forbidden
        raise ConfigError("there is no database", file=str(path), hint="Start the server: wirepost serve")
    try:
        with contextlib.closing(open_reading(path, wait_s)) as connection:
            check_current(SqliteSession(connection, path), str(path))
    except apsw.Error as error:
        raise refuse(error, path) from error
