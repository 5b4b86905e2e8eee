"""The one thread that writes: units of work that wait together are committed together."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

import apsw

from wirepost.core.errors import Unavailable
from wirepost.store.errors import shutting_down, translate
from wirepost.store.tx import Row, T, Value, Work

BATCH = 256
WAITING = 5000
_FULL_RETRY_S = 1.0


class _Unit(NamedTuple):
    work: Work[Any]
    future: asyncio.Future[Any]
    is_relaxed: bool


class _Done(NamedTuple):
    future: asyncio.Future[Any]
    value: Any
    error: Exception | None


class Writer:
    """Takes units in order, runs those that wait in one transaction, and answers when it is on the disk."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self._units: SimpleQueue[_Unit | None] = SimpleQueue()
        self._waiting = 0
        self._is_closing = False
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._batches = _Batches(connection, path)
        self._thread = threading.Thread(target=self._run, name="wirepost-write", daemon=True)
        self._thread.start()

    async def submit(self, work: Work[T], *, is_relaxed: bool = False) -> T:
        """Run one unit; whoever stops waiting for it does not stop it."""
        if self._is_closing:
            raise shutting_down()
        if self._waiting >= WAITING:
            raise Unavailable(
                "server_unavailable",
                f"{WAITING} writes wait for the server's disk already; nothing was sent",
                hint="Repeat the call later; `wirepost doctor` measures the disk",
                retry_after_s=_FULL_RETRY_S,
            )
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting += 1
        self._units.put(_Unit(work, future, is_relaxed))
        return await future

    async def close(self) -> None:
        """Write what waits, close the connection, end the thread."""
        if not self._is_closing:
            self._is_closing = True
            self._units.put(None)
        await asyncio.shield(self._closed)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            batch, is_open = self._take()
            if batch:
                self._tell(self._deliver, self._batches.run(batch))
        self._batches.close()
        self._tell(self._closed.set_result, None)

    def _take(self) -> tuple[list[_Unit], bool]:
        batch: list[_Unit] = []
        unit = self._units.get()
        while unit is not None:
            batch.append(unit)
            if len(batch) == BATCH:
                return batch, True
            try:
                unit = self._units.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _tell(self, what: Any, *args: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(what, *args)

    def _deliver(self, results: list[_Done]) -> None:
        self._waiting -= len(results)
        for future, value, error in results:
            if future.done():
                continue
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)


class _Batches:
    """Everything the writing thread does with the connection."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection, self._path = connection, path
        self._cursor = connection.cursor()
        self._synchronous = "full"

    def run(self, batch: list[_Unit]) -> list[_Done]:
        """One transaction: units that fail are taken out of it, the others are committed or fail together."""
        try:
            self._wait_for_disk("normal" if all(unit.is_relaxed for unit in batch) else "full")
            self._cursor.execute("BEGIN IMMEDIATE")
            if len(batch) == 1:
                return [self._run_alone(batch[0])]
            results = [self._run_among_others(unit) for unit in batch]
            self._cursor.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - the worker loop goes on, and nobody waits for ever
            self._roll_back()
            return [_Done(unit.future, None, self._translate(error)) for unit in batch]
        return results

    def close(self) -> None:
        """Let the library note how the tables have grown, then close."""
        with contextlib.suppress(apsw.Error):
            self._connection.pragma("optimize")
        self._connection.close(True)  # noqa: FBT003 - positional only; errors of closing do not matter any more

    def _wait_for_disk(self, synchronous: str) -> None:
        """Whether the next commit waits until the disk has it (`full`), with all that came before it."""
        if synchronous != self._synchronous:
            self._connection.pragma("synchronous", synchronous)
            self._synchronous = synchronous

    def _run_alone(self, unit: _Unit) -> _Done:
        done, _ = self._run_unit(unit)
        if done.error:
            self._roll_back()
        else:
            self._cursor.execute("COMMIT")
        return done

    def _run_among_others(self, unit: _Unit) -> _Done:
        self._cursor.execute("SAVEPOINT unit")
        done, cause = self._run_unit(unit)
        if done.error:
            if cause and not self._connection.in_transaction:
                raise cause  # a full disk, for one, ends the whole transaction
            self._cursor.execute("ROLLBACK TO unit")
        self._cursor.execute("RELEASE unit")
        return done

    def _run_unit(self, unit: _Unit) -> tuple[_Done, apsw.Error | None]:
        tx = _SqliteTx(self._cursor, self._translate)
        try:
            value = _drive(unit.work(tx))
        except Exception as error:  # noqa: BLE001 - a worker loop: whatever a unit raises belongs to its caller
            return _Done(unit.future, None, error), tx.cause
        return _Done(unit.future, value, tx.failure), tx.cause

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with contextlib.suppress(apsw.Error):
                self._cursor.execute("ROLLBACK")

    def _translate(self, error: Exception) -> Exception:
        return translate(error, self._path, self._connection.system_errno)


class _SqliteTx:
    """The open transaction; remembers its first failure, after which it does nothing more."""

    def __init__(self, cursor: apsw.Cursor, translator: Callable[[apsw.Error], Exception]) -> None:
        self._cursor, self._translate = cursor, translator
        self.cause: apsw.Error | None = None
        self.failure: Exception | None = None

    async def execute(self, sql: str, *params: Value) -> list[Row]:
        if self.failure:
            raise self.failure
        try:
            return self._cursor.execute(sql, params).fetchall()
        except apsw.Error as error:
            self.cause, self.failure = error, self._translate(error)
            raise self.failure from error


def _drive(work: Awaitable[T]) -> T:
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        value: T = end.value
        return value
    steps.close()
    raise RuntimeError("a unit of work may await nothing but tx.execute")
