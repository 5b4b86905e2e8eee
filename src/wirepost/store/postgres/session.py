"""The one connection of this process that writes to PostgreSQL."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import psycopg
from psycopg.pq import TransactionStatus

from wirepost.core.ids import new_id
from wirepost.store.migrate import migrate
from wirepost.store.postgres.errors import Unusable, refuse, translate
from wirepost.store.postgres.sql import HAS_SCHEMA, script, statement
from wirepost.store.problems import Problem

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.postgres.server import Connection, Server
    from wirepost.store.tx import Row, Value

ASK_AGAIN = 20
ASK_AGAIN_S = 0.5
"""How often, and after how many seconds, it is asked again whether it stored what it did not answer."""

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""Whatever the server is set to: a snapshot older than the lock would not show what others have written."""
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('wirepost ' || current_schema(), 0))"
_NOTE = (
    "INSERT INTO commits (writer, number, at) VALUES ('{}', {}, extract(epoch FROM clock_timestamp())) "
    "ON CONFLICT (writer) DO UPDATE SET number = excluded.number, at = excluded.at"
)
_UNKNOWN = Problem(
    "it broke off while it stored this and cannot be asked since, so it may have been stored",
    "Repeat the call with the same intent; what was stored is found",
)


def open_writing(server: Server, clock: Clock, wait_s: float) -> PostgresSession:
    """Connect, with the present schema in place; raises `ConfigError`."""
    with contextlib.ExitStack() as undo:
        try:
            session = PostgresSession(server, wait_s)
            undo.callback(session.close)
            migrate(session, clock, server.label)
        except (psycopg.Error, Unusable) as error:
            raise refuse(error, server.label) from error
        undo.pop_all()
    session.is_noting = True
    return session


class PostgresSession:
    """Writes as SQLite does: one transaction at a time among all processes, so units never see each other.

    Each transaction takes one lock and, if it wrote, leaves its number in `commits`. So a commit whose answer
    was lost with the connection can be looked up: once the lock is ours, the old transaction is over.
    """

    def __init__(self, server: Server, wait_s: float, ask_again_s: float = ASK_AGAIN_S) -> None:
        self._server, self._wait_s, self._ask_again_s = server, wait_s, ask_again_s
        self._connection = self._connect()
        self._name, self._number = new_id("wri"), 0
        self._has_written = False
        self.is_noting = False
        """Whether the table of commits is there."""
        self._pause = threading.Event()

    def begin(self, *, is_relaxed: bool) -> None:
        """Open a transaction; the server may have been restarted since the last one."""
        sql = f"{_BEGIN}; {'SET LOCAL synchronous_commit = off; ' if is_relaxed else ''}{_LOCK}"
        self._has_written = False
        if self._is_lost:
            self._connection = self._connect()
        try:
            self._send(sql)
        except psycopg.OperationalError:
            if not self._is_lost:
                raise
            # Restarted since the last transaction; nothing of this one was on its way.
            self._connection = self._connect()
            self._send(sql)

    def execute(self, sql: str, params: Sequence[Value] = ()) -> list[Row]:
        """Run one statement."""
        cursor = self._connection.execute(statement(sql), params)
        self._has_written = self._has_written or (cursor.statusmessage or "").startswith(
            ("INSERT", "UPDATE", "DELETE")
        )
        return cursor.fetchall() if cursor.description else []

    def run_script(self, sql: str) -> None:
        """Run the statements of a migration."""
        self._connection.execute(script(sql))

    def has_schema(self) -> bool:
        """Whether a migration was ever applied."""
        return bool(self.execute(HAS_SCHEMA))

    def commit(self) -> None:
        """Bring the transaction to the disk; when the answer is lost, find out what became of it."""
        if not self._has_written or not self.is_noting:
            self._send("COMMIT")
            return
        self._number += 1
        try:
            self._send(f"{_NOTE.format(self._name, self._number)}; COMMIT")
        except psycopg.OperationalError:
            if not self._is_lost or not self._was_stored():
                raise

    def roll_back(self) -> None:
        """End the transaction if there still is one."""
        if self.is_in_transaction:
            with contextlib.suppress(psycopg.Error):
                self._send("ROLLBACK")

    @property
    def is_in_transaction(self) -> bool:
        """Not once the connection is lost, with which the server ends the transaction."""
        status = self._connection.info.transaction_status
        return status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}

    def translate(self, error: Exception) -> Exception:
        """What the operator can do about it."""
        return translate(error, self._server.label)

    def close(self) -> None:
        """End the connection, and forget the number of its last commit."""
        with contextlib.suppress(psycopg.Error):
            if self.is_noting:
                self.execute("DELETE FROM commits WHERE writer = ?", (self._name,))
        self._connection.close()

    def _connect(self) -> Connection:
        return self._server.connect(self._wait_s, may_write=True)

    @property
    def _is_lost(self) -> bool:
        return self._connection.closed

    def _send(self, sql: str) -> None:
        """Several statements in one message; they take no parameters."""
        self._connection.execute(sql.encode(), prepare=False)

    def _was_stored(self) -> bool:
        for _ in range(ASK_AGAIN):
            try:
                self.begin(is_relaxed=False)
                rows = self.execute("SELECT number FROM commits WHERE writer = ?", (self._name,))
                self._send("COMMIT")
            except (psycopg.OperationalError, Unusable):
                self.roll_back()
                self._pause.wait(self._ask_again_s)
            else:
                return rows == [(self._number,)]
        raise Unusable(_UNKNOWN)
