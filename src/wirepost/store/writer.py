"""The one thread that writes: units of work that wait together are committed together."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Protocol

from wirepost.core.errors import Unavailable
from wirepost.store.tx import Row, T, Value, Work, shutting_down

BATCH = 256
WAITING = 5000
_FULL_RETRY_S = 1.0


class Session(Protocol):
    """The one connection that writes, as the writing thread uses it; only that thread touches it."""

    def begin(self, *, is_relaxed: bool) -> None:
        """Open a transaction that no other one of any process runs beside.

        When it is relaxed, its commit need not wait for the disk.
        """
        ...

    def execute(self, sql: str, params: Sequence[Value] = ()) -> list[Row]:
        """Run one statement, and return its rows."""
        ...

    def commit(self) -> None:
        """Bring the transaction to the disk; when this raises, nothing of it is stored."""
        ...

    def roll_back(self) -> None:
        """End the transaction if it is still open; never raises."""
        ...

    @property
    def is_in_transaction(self) -> bool:
        """Whether the transaction has outlived the error of a statement."""
        ...

    def translate(self, error: Exception) -> Exception:
        """The error that a caller of the database sees."""
        ...

    def close(self) -> None:
        """End the connection; never raises."""
        ...


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

    def __init__(self, session: Session) -> None:
        self._loop = asyncio.get_running_loop()
        self._units: SimpleQueue[_Unit | None] = SimpleQueue()
        self._waiting = 0
        self._is_closing = False
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._session = session
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
                self._tell(self._deliver, run(self._session, batch))
        self._session.close()
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


def run(session: Session, batch: list[_Unit]) -> list[_Done]:
    """One transaction: units that fail are taken out of it, the others are committed or fail together."""
    try:
        session.begin(is_relaxed=all(unit.is_relaxed for unit in batch))
        if len(batch) == 1:
            return [_run_alone(session, batch[0])]
        results = [_run_among_others(session, unit) for unit in batch]
        session.commit()
    except Exception as error:  # noqa: BLE001 - the worker loop goes on, and nobody waits for ever
        session.roll_back()
        return [_Done(unit.future, None, session.translate(error)) for unit in batch]
    return results


def _run_alone(session: Session, unit: _Unit) -> _Done:
    done, _ = _run_unit(session, unit)
    if done.error:
        session.roll_back()
    else:
        session.commit()
    return done


def _run_among_others(session: Session, unit: _Unit) -> _Done:
    session.execute("SAVEPOINT unit")
    done, cause = _run_unit(session, unit)
    if done.error:
        if cause and not session.is_in_transaction:
            raise cause  # a full disk or a lost connection, for instance, ends the whole transaction
        session.execute("ROLLBACK TO unit")
    session.execute("RELEASE unit")
    return done


def _run_unit(session: Session, unit: _Unit) -> tuple[_Done, Exception | None]:
    tx = _OpenTx(session)
    try:
        value = _drive(unit.work(tx))
    except Exception as error:  # noqa: BLE001 - a worker loop: whatever a unit raises belongs to its caller
        return _Done(unit.future, None, error), tx.cause
    return _Done(unit.future, value, tx.failure), tx.cause


class _OpenTx:
    """The open transaction; remembers its first failure, after which it does nothing more."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.cause: Exception | None = None
        self.failure: Exception | None = None

    async def execute(self, sql: str, *params: Value) -> list[Row]:
        if self.failure:
            raise self.failure
        try:
            return self._session.execute(sql, params)
        except Exception as error:
            self.cause, self.failure = error, self._session.translate(error)
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
