"""What jobs of models have used is counted when they have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirepost.toolsets.ai.prices import cost_nano, dollars
from wirepost.toolsets.ai.usage import Usages, Used

if TYPE_CHECKING:
    from wirepost.connections.connections import Connections
    from wirepost.core.clock import Clock
    from wirepost.jobs.job import Job

ACCOUNT = "account"
"""In the details of a job: the model and the alias that its tokens are counted under."""
_COUNTS = ("input_tokens", "output_tokens", "cached_input_tokens")


class Settling:
    """Is told of every job that has ended (`Jobs.on_end`)."""

    def __init__(self, usages: Usages, connections: Connections, clock: Clock) -> None:
        self._usages, self._connections, self._clock = usages, connections, clock

    async def job_ended(self, job: Job) -> None:
        """Count its tokens, those of a batch at the prices of batches. Raises `Unavailable`."""
        from wirepost.contracts.generation import Usage

        connection = self._connections.by_name.get(job.connection)
        if not job.usage or "cost" in job.usage or connection is None:
            return
        account = job.details.get(ACCOUNT) or {}
        model, alias = str(account.get("model") or ""), str(account.get("alias") or "")
        usage = Usage(**{name: job.usage[name] for name in _COUNTS if job.usage.get(name) is not None})
        is_batch = job.kind.endswith(".batch")
        nano = cost_nano(connection, model, usage, self._clock.now(), is_batch=is_batch) if model else None
        tokens = (usage.input_tokens, usage.output_tokens)
        used = Used(job.connection, model or "unknown", alias, job.total or 1, *tokens, nano or 0)
        await self._usages.add_of_job(job, used, None if nano is None else dollars(nano))
