"""`stripe.report`: report runs as jobs (https://docs.stripe.com/api/reporting/report_run)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from wirepost.contracts.jobs import JobKind, Look, Problem, Row, Seen
from wirepost.core.errors import Unavailable
from wirepost.core.text import clean_line
from wirepost.providers.stripe.client import StripeClient
from wirepost.tools.jobs import JobStatus, Started

Json = dict[str, Any]

KIND = "stripe.report"
PATH = "/v1/reporting/report_runs"
STATUSES: dict[str, JobStatus] = {"pending": "running", "succeeded": "succeeded", "failed": "failed"}
MAX_MESSAGE = 500


def started(raw: Json, account: str | None) -> Started:
    """A run as the job it is."""
    return Started(
        kind=KIND,
        provider_id=raw["id"],
        details={"account": account} if account else {},
        status=_status(raw),
    )


async def look_at(look: Look[StripeClient]) -> Seen:
    """Read how a run stands."""
    raw = await _run(look)
    status = _status(raw)
    return Seen(
        status=status,
        provider_status=clean_line(str(raw.get("status")), 80),
        error=_problem(raw) if status == "failed" else None,
    )


async def read_results(look: Look[StripeClient]) -> AsyncIterator[Row]:
    """The lines of its file by the names of its columns; raises `Unavailable` where the run has none."""
    raw = await _run(look)
    url = (raw.get("result") or {}).get("url")
    if not isinstance(url, str) or not url:
        raise Unavailable("upstream_unavailable", "Stripe names no file for this report")
    async with _api(look).file(url) as content:
        async for row in content.table():
            yield row


KINDS = (JobKind(KIND, "Financial report (Stripe)", look=look_at, results=read_results),)


def _api(look: Look[StripeClient]) -> StripeClient:
    return look.api.on(look.job.details.get("account"))


async def _run(look: Look[StripeClient]) -> Json:
    return await _api(look).get(f"{PATH}/{look.job.provider_id}")


def _status(raw: Json) -> JobStatus:
    """A state that Stripe adds later is not an end of the run."""
    return STATUSES.get(str(raw.get("status")), "running")


def _problem(raw: Json) -> Problem:
    return Problem(
        "upstream_rejected", clean_line(str(raw.get("error") or "Stripe gives no reason"), MAX_MESSAGE)
    )
