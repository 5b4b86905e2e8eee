"""Results of jobs become files here, before their provider forgets them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from wirepost.contracts.jobs import Row

if TYPE_CHECKING:
    from wirepost.jobs.files import Files
    from wirepost.jobs.job import Job
    from wirepost.tools.jobs import JobStatus

_TOKENS = ("input_tokens", "output_tokens", "cached_input_tokens")


Examine = Callable[[Row], Row]
"""A row as it may be passed on; another one says what is wrong with it."""
UNFIT = "do not fit what was asked for; they are marked as failed"


async def kept_as_file(
    files: Files, job: Job, rows: AsyncIterator[Row], status: JobStatus, examine: Examine | None = None
) -> dict[str, Any]:
    """Keep rows; returns what changes in a job that ends with this status.

    Where not all of them have room, or pass the examination, the job has succeeded in part. Raises
    `Unavailable`, and what `rows` raises.
    """
    used: dict[str, int] = {}
    seen = _Seen()
    async with aclosing(_counted(rows, used)) as counted:  # a result that is cut is not read to its end
        written = await files.write(
            job.owner, job.id, counted if examine is None else seen.of(counted, examine)
        )
    values: dict[str, Any] = {"file": written.file.id, "status": status}
    if used:
        values["usage"] = used
    if seen.unfit:
        values |= {"status": "partial", "warnings": (f"{seen.unfit} rows {UNFIT}",)}
    if written.is_cut:
        told = f"The result is larger than this server keeps; its first {written.file.rows} rows are here"
        values |= {"status": "partial", "error": {"code": "result_too_large", "message": told}}
    return values


class _Seen:
    """Counts the rows that an examination has changed."""

    def __init__(self) -> None:
        self.unfit = 0

    async def of(self, rows: AsyncIterator[Row], examine: Examine) -> AsyncIterator[Row]:
        """The rows, examined."""
        async for row in rows:
            fit = examine(row)
            self.unfit += fit is not row
            yield fit


async def _counted(rows: AsyncIterator[Row], used: dict[str, int]) -> AsyncGenerator[Row]:
    """The rows; tokens that they say they have used are added up."""
    async for row in rows:
        said = row.get("usage") if isinstance(row, dict) else None
        if isinstance(said, dict):
            for name in _TOKENS:
                if isinstance(said.get(name), int):
                    used[name] = used.get(name, 0) + said[name]
        yield row
