"""What models have used and cost, by day (UTC); budgets are checked against it."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson

from wirepost.core.errors import Unavailable
from wirepost.toolsets.ai.prices import to_nano

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.jobs.job import Job
    from wirepost.store.database import Database, Tx
    from wirepost.toolsets.ai.aliases import Aliases

_ADD = (
    "INSERT INTO ai_usage (day, connection, model, alias, requests, input_tokens, output_tokens, cost_nano) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (day, connection, model, alias) DO UPDATE SET "
    "requests = ai_usage.requests + excluded.requests, "
    "input_tokens = ai_usage.input_tokens + excluded.input_tokens, "
    "output_tokens = ai_usage.output_tokens + excluded.output_tokens, "
    "cost_nano = ai_usage.cost_nano + excluded.cost_nano"
)
_SPENT = "SELECT model, cost_nano FROM ai_usage WHERE day = ? AND connection = ? LIMIT 10000"
_OF_DAY = (
    "SELECT connection, model, alias, requests, input_tokens, output_tokens, cost_nano FROM ai_usage "
    "WHERE day = ? ORDER BY connection, model, alias LIMIT 10000"
)
_MARK_JOB = "UPDATE jobs SET usage = ? WHERE id = ? AND usage = ? RETURNING id"


@dataclass(frozen=True)
class Used:
    """One row of a day."""

    connection: str
    model: str
    alias: str
    requests: int
    input_tokens: int
    output_tokens: int
    cost_nano: int


class Usages:
    """The counts of one database; several servers may share them.

    Calls that run at the same time are each checked before they are counted, so a budget may be exceeded by
    what is under way when it is reached.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    @property
    def today(self) -> str:
        """The day, in UTC."""
        return self._clock.now().date().isoformat()

    async def of_day(self, day: str) -> list[Used]:
        """Everything that was used on a day."""
        return [Used(*row) for row in await self._database.read(_OF_DAY, day)]

    async def check(self, aliases: Aliases, connection: str, model: str) -> None:
        """Raise `Unavailable` (`quota_exhausted`) when the budget of the day is spent."""
        of_connection, of_model = aliases.budget(connection), aliases.budgets_of(connection, model)
        if of_connection is None and not of_model:
            return
        rows = await self._database.read(_SPENT, self.today, connection)
        if of_connection is not None and sum(row[1] for row in rows) >= to_nano(of_connection):
            raise self._exhausted(connection, of_connection)
        spent = sum(row[1] for row in rows if row[0] == model)
        for budget in of_model:
            if spent >= to_nano(budget):
                raise self._exhausted(f"{model} on {connection}", budget)

    async def add(self, used: Used) -> None:
        """Count what was used today; raises `Unavailable`."""
        today = self.today

        async def work(tx: Tx) -> None:
            await tx.execute(_ADD, today, *astuple(used))

        await self._database.write(work)

    async def add_of_job(self, job: Job, used: Used, cost: str | None) -> None:
        """Count what a job has used, once, however often its end is told; its cost is noted with the job."""
        today = self.today
        before, after = _json(job.usage or {}), _json({**(job.usage or {}), "cost": cost})

        async def work(tx: Tx) -> None:
            if await tx.execute(_MARK_JOB, after, job.id, before):
                await tx.execute(_ADD, today, *astuple(used))

        await self._database.write(work)

    def _exhausted(self, what: str, budget: str) -> Unavailable:
        now = self._clock.now()
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return Unavailable(
            "quota_exhausted",
            f"The budget of {budget} US dollars a day for {what} is spent; nothing was sent",
            hint="It begins anew at midnight UTC; an operator can raise it under ai in wirepost.yaml",
            retry_after_s=(midnight - now).total_seconds(),
        )


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
