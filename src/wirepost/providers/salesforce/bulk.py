"""`salesforce.bulk_query`: exports as jobs of Bulk API 2.0.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/queries.htm
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from wirepost.contracts.jobs import JobKind, Look, Problem, Row, Seen
from wirepost.contracts.records import Query
from wirepost.core.text import clean_line
from wirepost.providers.salesforce import search, soql
from wirepost.providers.salesforce.client import ROOT, Json, SalesforceClient, job_path
from wirepost.providers.salesforce.describe import Described
from wirepost.tools.jobs import JobStatus, Started
from wirepost.upstream.client import Ask
from wirepost.upstream.stream import Cells

QUERY = "salesforce.bulk_query"
QUERIES = f"{ROOT}/jobs/query"
STATES: dict[str, JobStatus] = {
    "UploadComplete": "running",
    "InProgress": "running",
    "JobComplete": "succeeded",
    "Aborted": "cancelled",
    "Failed": "failed",
}
MOST_ROWS = 5000
"""Of one page of a result, so that a failure costs little."""
MAX_MESSAGE = 500
_END = "null"
"""Where the next page of a result begins when there is none."""


async def start_query(
    client: SalesforceClient, described: Described, query: Query, *, key: str | None
) -> Started:
    """Have a statement answered in bulk; twice the same only costs a job of the day's."""
    names = list(dict.fromkeys([search.ID, *query.fields]))
    statement = soql.select(names, described.name, where=search.conditions(described, query))
    made = await client.write("POST", QUERIES, {"operation": "query", "query": statement}, key=key)
    return Started(kind=QUERY, provider_id=str(made["id"]), status=status_of(made))


async def look_at(look: Look[SalesforceClient]) -> Seen:
    """Read how a query stands."""
    raw = await look.api.get(_path(look))
    status = status_of(raw)
    done = raw.get("numberRecordsProcessed")
    message = clean_line(str(raw.get("errorMessage") or "Salesforce gives no reason"), MAX_MESSAGE)
    return Seen(
        status=status,
        provider_status=clean_line(str(raw.get("state")), 80),
        done=done if isinstance(done, int) else None,
        error=Problem("upstream_rejected", message) if status == "failed" else None,
    )


async def read_results(look: Look[SalesforceClient]) -> AsyncIterator[Row]:
    """Every record by the names of its fields, all values as texts, page by page."""
    async for row in table(look.api, f"{_path(look)}/results", maxRecords=str(MOST_ROWS)):
        yield row


async def abort(look: Look[SalesforceClient]) -> None:
    """Ask for the end of a query or an import; the same twice is the same."""
    await look.api.write("PATCH", _path(look), {"state": "Aborted"}, key=look.job.id)


KINDS = (JobKind(QUERY, "Export (Salesforce)", look=look_at, results=read_results, cancel=abort),)


async def table(client: SalesforceClient, path: str, **query: str) -> AsyncIterator[Cells]:
    """The rows of a result, which is CSV and no JSON, page by page."""
    locator = ""
    while locator != _END:
        named = {**query, "locator": locator} if locator else query
        ask = Ask("GET", path, tuple(named.items()), headers={"Accept": "text/csv"})
        async with client.stream(ask) as page:
            async for row in page.table():
                yield row
        locator = page.headers.get("sforce-locator") or _END


def _path(look: Look[SalesforceClient]) -> str:
    return job_path(look.job.kind.partition(".bulk_")[2], look.job.provider_id)


def status_of(raw: Json) -> JobStatus:
    """A state that Salesforce adds later is not an end."""
    return STATES.get(str(raw.get("state")), "running")
