"""Bulk API 2.0: records that are written after a while, from an upload of CSV.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/walkthrough_upload_data.htm
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wirepost.providers.salesforce.sandbox import values
from wirepost.providers.salesforce.sandbox.batches import create_one, update_one, upsert_one
from wirepost.providers.salesforce.sandbox.calls import Call, Reply, Route
from wirepost.providers.salesforce.sandbox.errors import Body, SalesforceError, not_found
from wirepost.providers.salesforce.sandbox.jobs import ENDS_S, STARTS_S, begun, kept, table

EMPTY = "#N/A"
PAGE = 1000
_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})

Cells = Mapping[str, str]


@dataclass
class Ingest:
    """An import: what was uploaded, and what became of it."""

    row: Body
    made_at: float
    closed_at: float = 0.0
    uploaded: list[Cells] | None = None
    columns: tuple[str, ...] = ()
    succeeded: list[Cells] = field(default_factory=list)
    failed: list[Cells] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Records that were processed."""
        return len(self.succeeded) + len(self.failed)


def _create(call: Call) -> Reply:
    body = call.body
    kind, operation = values.state_kind(call.state, str(body["object"])), body.get("operation")
    if operation not in {"insert", "update", "upsert"}:
        raise SalesforceError("INVALIDJOB", f"Unsupported operation {operation}")
    own = {"operation": str(operation), "object": kind.name, "state": "Open"}
    if operation == "upsert":
        own["externalIdFieldName"] = values.external(kind, str(body.get("externalIdFieldName"))).name
    elif body.get("externalIdFieldName"):
        raise SalesforceError("INVALIDJOB", "externalIdFieldName is for upsert only")
    job = begun(call, **own)
    job["contentUrl"] = f"{call.base.lstrip('/')}/jobs/ingest/{job['id']}/batches"
    call.state.jobs[job["id"]] = Ingest(job, call.state.clock.monotonic())
    return Reply(200, job)


def _upload(call: Call) -> Reply:
    job = _job(call)
    if not isinstance(call.content, bytes):
        raise SalesforceError("UNSUPPORTED_MEDIA_TYPE", "Unsupported content type", status=415)
    if job.row["state"] != "Open" or job.uploaded is not None:
        raise SalesforceError("INVALIDJOBSTATE", f"Uploading is not allowed in state {job.row['state']}")
    reader = csv.DictReader(io.StringIO(call.content.decode("utf-8-sig"), newline=""))
    job.uploaded, job.columns = list(reader), tuple(reader.fieldnames or ())
    return Reply(201)


def _close(call: Call) -> Reply:
    job, state = _job(call), call.body.get("state")
    now = job.row["state"]
    if state == "Aborted" and now not in _ENDED:
        job.row["state"] = "Aborted"
    elif state == "UploadComplete" and now == "Open" and job.uploaded is not None:
        job.row["state"], job.closed_at = state, call.state.clock.monotonic()
    else:
        raise SalesforceError("INVALIDJOBSTATE", f"{state} is not allowed in state {now}")
    return Reply(200, job.row)


def _get(call: Call) -> Reply:
    job = _job(call)
    told: Body = {"jobType": "V2Ingest", "retries": 0, "totalProcessingTime": 0}
    counts = {"numberRecordsProcessed": job.done, "numberRecordsFailed": len(job.failed)}
    return Reply(200, {**job.row, **told, **counts})


def _list(call: Call) -> Reply:
    found = [each for each in kept(call).values() if isinstance(each, Ingest)]
    start = int(call.value("queryLocator") or 0)
    page, end = found[start : start + PAGE], start + PAGE
    rows = [{**_moved(call, each).row, "jobType": "V2Ingest"} for each in page]
    more = f"{call.base}/jobs/ingest?queryLocator={end}" if end < len(found) else None
    return Reply(200, {"done": more is None, "records": rows, "nextRecordsUrl": more})


def _results(call: Call) -> Reply:
    job = _job(call)
    if job.row["state"] not in _ENDED:
        message = f"Job is not in a completed state: {job.row['state']}"
        raise SalesforceError("INVALIDJOBSTATE", message)
    rest = (job.uploaded or [])[job.done :]
    part = {"successfulresults": job.succeeded, "failedresults": job.failed, "unprocessedrecords": rest}
    return table(part[call.path["part"].lower()])


def _job(call: Call) -> Ingest:
    """The job in the path, as it stands now."""
    found = kept(call).get(call.path["job"])
    if not isinstance(found, Ingest):
        raise not_found()
    return _moved(call, found)


def _moved(call: Call, job: Ingest) -> Ingest:
    passed = call.state.clock.monotonic() - job.closed_at
    if job.row["state"] in {"UploadComplete", "InProgress"} and passed >= STARTS_S:
        job.row["state"] = "InProgress"
        if passed >= ENDS_S:
            _process(call, job)
    return job


def _process(call: Call, job: Ingest) -> None:
    """Write every record, each on its own."""
    kind = values.state_kind(call.state, job.row["object"])
    unknown = [name for name in job.columns if name.lower() not in kind.by_lower]
    if unknown or None in job.columns:
        job.row["state"] = "Failed"
        job.row["errorMessage"] = f"InvalidBatch : Field name not found : {unknown[0]}"
        return
    act = _act(call, job)
    for cells in job.uploaded or []:
        given = {name: None if text == EMPTY else text for name, text in cells.items() if text}
        try:
            done = act(given)
        except SalesforceError as error:
            told = f"{error.code}:{error.message}:{','.join(error.fields or [])} --"
            job.failed.append({"sf__Id": str(given.get("Id") or ""), "sf__Error": told, **cells})
        else:
            is_new = done.get("created", job.row["operation"] == "insert")
            job.succeeded.append({"sf__Id": done["id"], "sf__Created": str(is_new).lower(), **cells})
    job.row["state"] = "JobComplete"


def _act(call: Call, job: Ingest) -> Callable[[dict[str, Any]], Body]:
    kind = values.state_kind(call.state, job.row["object"])
    if job.row["operation"] == "upsert":
        by = values.external(kind, job.row["externalIdFieldName"])
        return lambda record: upsert_one(call, kind, by, record)
    one = create_one if job.row["operation"] == "insert" else update_one
    return lambda record: one(call, kind, record)


_JOB = r"/jobs/ingest/(?P<job>\w+)"
ROUTES = [
    Route("POST", r"/jobs/ingest", _create),
    Route("GET", r"/jobs/ingest", _list),
    Route("GET", _JOB, _get),
    Route("PATCH", _JOB, _close),
    Route("PUT", _JOB + r"/batches", _upload),
    Route("GET", _JOB + r"/(?P<part>successfulResults|failedResults|unprocessed[rR]ecords)", _results),
]
