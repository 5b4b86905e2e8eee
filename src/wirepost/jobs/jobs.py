"""`Jobs`: work that outlives the call that started it, each piece in one row that only its caller sees."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from wirepost.core.errors import Rejected
from wirepost.core.ids import new_id
from wirepost.jobs.job import COLUMNS, Job, changed, handle, opened
from wirepost.jobs.results import kept_as_file
from wirepost.store.queue import WORK, Task, hasten, put
from wirepost.store.retention import delete_in_slices
from wirepost.store.signals import wait
from wirepost.store.tx import NotUnique
from wirepost.tools.jobs import JobHandle, JobStatus, Started

if TYPE_CHECKING:
    from wirepost.contracts.jobs import Problem, Row
    from wirepost.core.clock import Clock
    from wirepost.jobs.files import Files
    from wirepost.jobs.local import LocalKind
    from wirepost.store.database import Database, Tx, Value, Work
    from wirepost.store.signals import Signals

LOOK = "job.look"
"""The work of looking at a job, and of telling that it has ended; its key is the job's id."""
LOOK_EVERY_S = 5.0
"""The net below the signals, where other servers use the database too."""
DAY_S = 86_400.0
MOST = 5000

_INSERT = (
    f"INSERT INTO jobs ({COLUMNS}) VALUES ({', '.join('?' * len(COLUMNS.split(',')))}) "  # noqa: S608 - our own words
    # It was adopted before its start was known here: whoever started it has it.
    "ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, tool = excluded.tool, intent = excluded.intent "
    "WHERE jobs.intent IS NULL AND excluded.intent IS NOT NULL"
)
_SELECT = f"SELECT {COLUMNS} FROM jobs WHERE "  # noqa: S608 - our own words
_PAGE = _SELECT + "(created_at, id) < (?, ?){which} ORDER BY created_at DESC, id DESC LIMIT ?"
_OF_KIND = _SELECT + "kind = ? AND ended_at IS {word} ORDER BY created_at DESC, id DESC LIMIT ?"
_NUMBER = "SELECT COUNT(*) FROM jobs WHERE kind = ? AND owner = ? AND ended_at IS NULL"
_UPDATE = "UPDATE jobs SET {columns} WHERE id = ? AND version = ? AND ended_at IS NULL RETURNING id"
_WAITING = "SELECT id FROM jobs WHERE connection = ? AND kind = ? AND provider_id = ? AND ended_at IS NULL"
_FREE_KEY = "UPDATE jobs SET provider_id = NULL WHERE connection = ? AND kind = ? AND provider_id = ?"
_FOLLOWED = (
    "SELECT id FROM jobs WHERE ended_at IS NULL AND connection = ? AND (provider_id = ? OR id = ?) "
    "ORDER BY id LIMIT 10"
)
_OPEN = "SELECT connection, id, provider_id FROM jobs WHERE ended_at IS NULL ORDER BY created_at DESC LIMIT ?"
_UNWATCHED = (
    "SELECT id FROM jobs WHERE ended_at IS NULL AND kind LIKE '%.%' AND NOT EXISTS (SELECT 1 FROM work "
    "WHERE work.kind = ? AND work.key = jobs.id AND work.state = 'waiting') LIMIT ?"
)
_FORGET = (
    "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE ended_at IS NOT NULL AND ended_at < ? LIMIT ?) "
    "RETURNING id"
)
_CONSTANT = frozenset({"id", "owner", "kind", "connection", "environment", "tool", "intent", "created_at"})


def topic(job: str) -> str:
    """What is told when a job changes."""
    return f"job {job}"


class Jobs:
    """All jobs of one database."""

    def __init__(
        self, database: Database, signals: Signals, clock: Clock, files: Files, *, keep_days: float = 30
    ) -> None:
        self._database, self._signals, self._clock, self._files = database, signals, clock, files
        self._keep_s = keep_days * DAY_S
        self.local: dict[str, LocalKind] = {}
        """Kind → what can be done to its jobs, which run here."""
        self.on_end: list[Callable[[Job], Awaitable[None]]] = []
        """Who is told that a job has ended; may be told twice."""

    def opening(
        self,
        started: Started,
        *,
        owner: str,
        connection: str,
        environment: str,
        tool: str,
        intent: str | None,
    ) -> tuple[JobHandle, Work[None]]:
        """What the caller of a job at a provider gets, and what stores it as a part of another transaction.

        Done twice it stores one job.
        """
        job = opened(
            started,
            owner=owner,
            connection=connection,
            environment=environment,
            tool=tool,
            intent=intent,
            now=self._now,
        )
        return handle(job), self._adding(job, self._look(job))

    async def adopt(
        self, kind: str, *, connection: str, environment: str, provider_id: str, owner: str
    ) -> Job:
        """Follow a job that was started elsewhere; raises `Rejected` where another caller follows it."""
        started = Started(kind, provider_id, poll_after_s=0.0)
        job = opened(started, owner=owner, connection=connection, environment=environment, now=self._now)
        await self._database.write(self._adding(job, self._look(job)))
        self._signals.tell(WORK)
        stored = await self.get(job.id)
        if stored is None or stored.owner != owner:
            raise Rejected("conflict", "Another caller follows this job already")
        return stored

    async def add_local(
        self,
        kind: str,
        *,
        owner: str,
        tool: str,
        connection: str = "",
        environment: str = "",
        status: JobStatus = "running",
        details: dict[str, Any] | None = None,
        work: Callable[[str], Task] | None = None,
    ) -> JobHandle:
        """Note a job that runs here; who runs it calls `finish`. `work` makes of its id what is to be done.

        Raises `Unavailable`.
        """
        job = Job(
            id=new_id("job"),
            owner=owner,
            kind=kind,
            connection=connection,
            environment=environment,
            tool=tool,
            status=status,
            details=details or {},
            started_at=self._now if status == "running" else None,
            created_at=self._now,
            changed_at=self._now,
        )
        await self._database.write(self._adding(job, work(job.id) if work else None))
        return handle(job)

    async def add_waiting(
        self,
        kind: str,
        *,
        key: str,
        owner: str,
        tool: str,
        connection: str,
        environment: str,
        expires_at: datetime,
        details: dict[str, Any],
        also: Callable[[str], Task] | None = None,
    ) -> tuple[Job, bool]:
        """Note what waits here for a person until it expires: (job, True), or (the one that waits, False).

        Of the same kind, connection and key one is open at a time. `also` makes of its id what is to be done.
        """
        job = Job(
            id=new_id("job"),
            owner=owner,
            kind=kind,
            connection=connection,
            environment=environment,
            tool=tool,
            provider_id=key,
            status="waiting_approval",
            details=details,
            expires_at=expires_at.timestamp(),
            created_at=self._now,
            changed_at=self._now,
        )
        adding = self._adding(job, Task(LOOK, job.id, expires_at.timestamp()))

        async def work(tx: Tx) -> str:
            place = (connection, kind, key)
            present = await tx.execute(_WAITING, *place)
            if present:
                return str(present[0][0])
            await tx.execute(_FREE_KEY, *place)
            await adding(tx)
            if also is not None:
                await put(tx, also(job.id), self._now)
            return job.id

        try:
            stored = await self.get(await self._database.write(work))
        except NotUnique:  # another server was quicker
            stored = await self.get(await self._database.write(work))
        self._signals.tell(WORK)
        return (stored, False) if stored is not None and stored.id != job.id else (job, True)

    async def get(self, job_id: str) -> Job | None:
        """A job, whosever it is."""
        rows = await self._database.read(_SELECT + "id = ? LIMIT 1", job_id)
        return Job.of_row(rows[0]) if rows else None

    async def at_provider(self, connection: str, provider_id: str, owner: str) -> Job | None:
        """The job of an owner that its provider knows by that name."""
        sql = _SELECT + "connection = ? AND provider_id = ? AND owner = ? ORDER BY created_at DESC LIMIT 1"
        rows = await self._database.read(sql, connection, provider_id, owner)
        return Job.of_row(rows[0]) if rows else None

    async def find(self, job_id: str, owner: str) -> Job:
        """A job of a caller; raises `Rejected` where they have no such."""
        job = await self.get(job_id)
        if job is None or job.owner != owner:
            raise Rejected("not_found", f"You have no job {job_id[:60]!r}", hint="job_list names your jobs")
        return job

    async def page(
        self,
        owner: str | None,
        *,
        status: str | None = None,
        kind: str | None = None,
        since: float | None = None,
        before: tuple[float, str] | None = None,
        limit: int = 20,
    ) -> list[Job]:
        """Jobs of a caller or of all, newest first; `before` is (`created_at`, id) of the last one seen."""
        given = {"owner = ?": owner, "status = ?": status, "kind = ?": kind, "created_at >= ?": since}
        wanted = {condition: value for condition, value in given.items() if value is not None}
        sql = _PAGE.format(which="".join(f" AND {condition}" for condition in wanted))
        start = before or (self._now + DAY_S, "")
        rows = await self._database.read(sql, *start, *wanted.values(), limit)
        return [Job.of_row(row) for row in rows]

    async def of_kind(self, kind: str, *, is_over: bool, limit: int) -> list[Job]:
        """Jobs of one kind, the newest first, whosever they are."""
        sql = _OF_KIND.format(word="NOT NULL" if is_over else "NULL")
        return [Job.of_row(row) for row in await self._database.read(sql, kind, limit)]

    async def number_open(self, kind: str, owner: str) -> int:
        """How many jobs of one kind and owner have not ended."""
        rows = await self._database.read(_NUMBER, kind, owner)
        return int(rows[0][0])

    async def change(self, job: Job, *, work: Task | None = None, **values: Any) -> Job | None:
        """Change what was read before, and put `work` with it; a terminal status ends it.

        `None` where somebody else has changed it since, or it has ended. Raises `Unavailable`.
        """
        new = changed(job, self._now, **values)
        stored = {name: value for name, value in new.columns.items() if name not in _CONSTANT}
        sql = _UPDATE.format(columns=", ".join(f"{name} = ?" for name in stored))

        async def write(tx: Tx) -> bool:
            rows = await tx.execute(sql, *stored.values(), job.id, job.version)
            if rows and work is not None:
                await put(tx, work, self._now)
                await hasten(tx, work.kind, work.key, work.due_at)
            return bool(rows)

        if not await self._database.write(write):
            return None
        self._signals.tell(topic(job.id))
        if work is not None:
            self._signals.tell(WORK)
        return new

    async def finish(
        self,
        job_id: str,
        status: JobStatus,
        *,
        rows: Sequence[Row] | None = None,
        error: Problem | None = None,
        usage: dict[str, Any] | None = None,
        warnings: Sequence[str] = (),
        details: dict[str, Any] | None = None,
    ) -> Job | None:
        """End a job that runs here, with its result; `None` where it has ended already.

        Raises `Unavailable`.
        """
        while True:
            job = await self.get(job_id)
            if job is None or job.is_over:
                return None
            values: dict[str, Any] = {"status": status, "usage": usage}
            values["warnings"] = (*job.warnings, *warnings)
            if error is not None:
                values["error"] = {"code": error.code, "message": error.message}
            if details is not None:
                values["details"] = details
            if rows is not None:
                values |= await kept_as_file(self._files, job, _each(rows), status)
            ended = await self.change(job, work=Task(LOOK, job.id, self._now), **values)
            if ended is not None:
                return ended
            if "file" in values:
                await self._files.delete(values["file"])

    async def wait(self, job: Job, seconds: float) -> Job:
        """The job once its status is another one, or as it is after so many seconds."""
        deadline = self._clock.monotonic() + seconds
        while True:
            told = self._signals.listen(topic(job.id))
            now = await self.get(job.id) or job
            left_s = deadline - self._clock.monotonic()
            if now.is_over or now.status != job.status or left_s <= 0:
                return now
            await wait(told, self._clock, min(left_s, LOOK_EVERY_S))

    async def hasten(self, connection: str, name: str) -> int:
        """Something has happened to a job, named by its id here or at its provider: look at it now.

        Returns how many are meant. Raises `Unavailable`.
        """

        async def work(tx: Tx) -> None:
            for (job_id,) in found:
                await hasten(tx, LOOK, job_id, self._now)

        found = await self._database.read(_FOLLOWED, connection, name, name)
        if found:
            await self._database.write(work)
            self._signals.tell(WORK)
        return len(found)

    async def followed(self) -> set[tuple[str, str]]:
        """(Connection, id of the job here or at its provider) of what has not ended, the newest `MOST`."""
        rows = await self._database.read(_OPEN, MOST)
        return {(connection, name) for connection, *names in rows for name in names if name}

    async def told_end(self, job: Job) -> None:
        """Tell everybody who wants to know that it has ended; raises `CallError`."""
        for tell in self.on_end:
            await tell(job)

    async def prune(self) -> None:
        """Forget what ended long ago, and results that have expired; look again at what nobody looks at."""

        async def work(tx: Tx) -> None:
            for (job_id,) in await tx.execute(_UNWATCHED, LOOK, MOST):
                await put(tx, Task(LOOK, job_id, self._now), self._now)

        await self._database.write(work)
        await delete_in_slices(self._database, self._clock, _FORGET, self._now - self._keep_s)
        await self._files.prune()

    def _adding(self, job: Job, work: Task | None) -> Work[None]:
        async def add(tx: Tx) -> None:
            values: list[Value] = list(job.columns.values())
            await tx.execute(_INSERT, *values)
            if work is not None:
                await put(tx, work, self._now)

        return add

    def _look(self, job: Job) -> Task:
        return Task(LOOK, job.id, self._now + job.poll_after_s)

    @property
    def _now(self) -> float:
        return self._clock.now().timestamp()


async def _each(rows: Sequence[Row]) -> Any:
    for row in rows:
        yield row
