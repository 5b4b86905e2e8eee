"""Reports that Stripe works out while nobody waits."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from wirepost.core.times import CLOCKS
from wirepost.providers.stripe.arguments import AccountId, epoch_of, since, wrong
from wirepost.providers.stripe.client import StripeClient
from wirepost.providers.stripe.reports import PATH, started
from wirepost.tools.context import Call
from wirepost.tools.jobs import Started
from wirepost.tools.tool import Argument, Risk, tool


class Interval(Argument):
    """The time that a report is about."""

    start: Annotated[str, Field(description="RFC 3339, date or -30d")]
    end: Annotated[str, Field(description="The same; not part of it any more")]


@tool(
    Risk.READ,
    scopes=["rak_report_runs_and_report_types_write"],
    example={
        "report_type": "balance.summary.1",
        "interval": {"start": "-30d", "end": "-2d"},
        "intent": "balance of the month",
    },
    long_help="""
    `report_type` is one of https://docs.stripe.com/reports/report-types, such as `balance.summary.1`,
    `balance_change_from_activity.itemized.3` or `payouts.itemized.3`. Most need an `interval`, which must lie
    within the time that Stripe has worked up: usually all but the last day or two. Without `columns` a
    report has its usual ones. job_get follows it, job_get_result returns its lines, every value a text.
    """,
)
async def stripe_start_report(
    call: Call[StripeClient],
    *,
    report_type: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+)*\.[0-9]+$")],
    interval: Interval | None = None,
    columns: list[str] | None = None,
    account: AccountId | None = None,
) -> Started:
    """Start a financial report, as a job."""
    parameters = _parameters(interval, columns, call.now)
    raw = await call.api.on(account).post(
        PATH, key=call.key, report_type=report_type, parameters=parameters or None
    )
    return started(raw, account)


@stripe_start_report.reconcile
async def find_report(
    call: Call[StripeClient],
    *,
    report_type: str,
    interval: Interval | None = None,
    columns: list[str] | None = None,
    account: AccountId | None = None,
) -> Started | None:
    """The run of the same report that an earlier attempt started: runs carry no mark of ours.

    Whose it is does not matter, as the same report has the same lines.
    """
    parameters = _parameters(interval, columns, call.dispatched_at or call.now)
    async for raw in call.api.on(account).rows(PATH, created=since(call.dispatched_at)):
        if raw["report_type"] == report_type and _is_same(raw.get("parameters") or {}, parameters):
            return started(raw, account)
    return None


def _parameters(interval: Interval | None, columns: list[str] | None, now: datetime) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if interval is not None:
        start = epoch_of(interval.start, now=now, path="interval.start")
        end = epoch_of(interval.end, now=now, path="interval.end")
        if start is None or end is None or start >= end:
            raise wrong("interval.end", "must be later than interval.start")
        found |= {"interval_start": start, "interval_end": end}
    if columns:
        found["columns"] = columns
    return found


def _is_same(given: dict[str, Any], asked: dict[str, Any]) -> bool:
    """Whether a run was asked for the same; `-30d` meant another second when it was sent."""
    times = [name for name in ("interval_start", "interval_end") if name in asked]
    near = all(abs((given.get(name) or 0) - asked[name]) <= CLOCKS.total_seconds() for name in times)
    return near and (given.get("columns") or None) == asked.get("columns")
