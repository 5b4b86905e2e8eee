"""Bulk API 2.0: queries that are answered after a while, in pages of CSV.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/queries.htm
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wirepost.providers.salesforce.sandbox.calls import Call, Reply, Route
from wirepost.providers.salesforce.sandbox.errors import Body, SalesforceError, not_found
from wirepost.providers.salesforce.sandbox.rows import ME
from wirepost.providers.salesforce.sandbox.selecting import select
from wirepost.providers.salesforce.sandbox.syntax import parse

STARTS_S, ENDS_S = 5.0, 20.0
"""After its creation a job is in progress, and then complete."""
KEPT_S = 7 * 86_400.0
"""Older jobs are deleted, whatever their state.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/asynch_api_jobs_lifespan.htm
"""
PREFIX = "750"
MOST_ROWS = 100_000


@dataclass
class BulkQuery:
    """A query and its answer, as it was when it was asked."""

    row: Body
    records: list[Body]
    made_at: float


def begun(call: Call, **own: str) -> Body:
    """What is told of a new job of either kind."""
    now = call.state.now.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return {
        "id": call.state.new_id(PREFIX),
        "createdById": ME,
        "createdDate": now,
        "systemModstamp": now,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(call.base.rpartition("/v")[2]),
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
        **own,
    }


def kept(call: Call) -> dict[str, Any]:
    """The jobs of either kind that are not too old."""
    jobs, now = call.state.jobs, call.state.clock.monotonic()
    for job_id in [job_id for job_id, job in jobs.items() if now - job.made_at >= KEPT_S]:
        del jobs[job_id]
    return jobs


def table(rows: Sequence[Mapping[str, str]], headers: Mapping[str, str] | None = None) -> Reply:
    """Rows of a result; the first line names the columns."""
    text = io.StringIO(newline="")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, columns, quoting=csv.QUOTE_ALL, lineterminator="\n")
    if rows:
        writer.writeheader()
        writer.writerows(rows)
    return Reply(200, text.getvalue().encode(), {"Content-Type": "text/csv", **(headers or {})})


def _create(call: Call) -> Reply:
    body = call.body
    if body.get("operation") not in {"query", "queryAll"}:
        raise SalesforceError("INVALIDJOB", "Unsupported operation for a query job")
    statement = parse(str(body["query"]))
    answer = select(call.state, statement, call.base)
    job = begun(call, operation=body["operation"], object=statement.source, state="UploadComplete")
    call.state.jobs[job["id"]] = BulkQuery(job, answer.records, call.state.clock.monotonic())
    return Reply(200, job)


def _job(call: Call) -> BulkQuery:
    """The job in the path, as it stands now."""
    found = kept(call).get(call.path["job"])
    if not isinstance(found, BulkQuery):
        raise not_found()
    passed = call.state.clock.monotonic() - found.made_at
    if found.row["state"] != "Aborted" and passed >= STARTS_S:
        found.row["state"] = "JobComplete" if passed >= ENDS_S else "InProgress"
    return found


def _get(call: Call) -> Reply:
    job = _job(call)
    done = len(job.records) if job.row["state"] == "JobComplete" else 0
    return Reply(200, {**job.row, "numberRecordsProcessed": done, "retries": 0, "totalProcessingTime": 0})


def _abort(call: Call) -> Reply:
    job = _job(call)
    if call.body.get("state") != "Aborted" or job.row["state"] == "JobComplete":
        raise SalesforceError("INVALIDJOBSTATE", f"Aborting is not allowed in state {job.row['state']}")
    job.row["state"] = "Aborted"
    return Reply(200, job.row)


def _results(call: Call) -> Reply:
    job = _job(call)
    if job.row["state"] != "JobComplete":
        message = f"Job is not in a completed state: {job.row['state']}"
        raise SalesforceError("INVALIDJOBSTATE", message)
    start, size = int(call.value("locator") or 0), int(call.value("maxRecords") or MOST_ROWS)
    rows = [_flat(each) for each in job.records]
    page, end = rows[start : start + size], start + size
    headers = {
        "Sforce-Locator": str(end) if end < len(rows) else "null",
        "Sforce-NumberOfRecords": str(len(page)),
    }
    return table(page, headers)


def _flat(record: Body) -> dict[str, str]:
    return {name: _text(value) for name, value in record.items() if name != "attributes"}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


ROUTES = [
    Route("POST", r"/jobs/query", _create),
    Route("GET", r"/jobs/query/(?P<job>\w+)", _get),
    Route("PATCH", r"/jobs/query/(?P<job>\w+)", _abort),
    Route("GET", r"/jobs/query/(?P<job>\w+)/results", _results),
]
