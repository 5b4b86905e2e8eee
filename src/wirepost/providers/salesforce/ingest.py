"""`salesforce.bulk_ingest`: imports as jobs of Bulk API 2.0.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/walkthrough_upload_data.htm
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlsplit

from wirepost.contracts.jobs import JobKind, Look, Problem, Row, Seen
from wirepost.contracts.records import Draft, Import, ImportOperation, Value, imported
from wirepost.core.errors import CallError, FieldProblem, InvalidCall, OutcomeUnknown, Unavailable
from wirepost.core.text import clean_line
from wirepost.providers.salesforce import aftermath, ids
from wirepost.providers.salesforce.bulk import MAX_MESSAGE, abort, status_of, table
from wirepost.providers.salesforce.client import ROOT, Json, SalesforceClient, job_path
from wirepost.providers.salesforce.describe import Described
from wirepost.providers.salesforce.records import moment_of
from wirepost.providers.salesforce.refusals import read_errors
from wirepost.tools.jobs import JobStatus, Started
from wirepost.upstream.client import Ask

INGEST = "salesforce.bulk_ingest"
INGESTS = f"{ROOT}/jobs/ingest"
OPERATIONS: Mapping[ImportOperation, str] = {"create": "insert", "update": "update", "upsert": "upsert"}
CSV = "text/csv; charset=UTF-8"
ID = "Id"
EMPTY = "#N/A"
"""Empties a field; a cell without anything leaves it as it is.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/datafiles_csv_rows.htm
"""
MOST_BYTES = 100_000_000
"""Of one upload, which may have 150 MB when Salesforce has encoded it.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/upload_job_data.htm
"""
SUCCEEDED, FAILED, UNPROCESSED = "successfulResults", "failedResults", "unprocessedrecords"
NEW_ID, IS_NEW, ERROR = "sf__Id", "sf__Created", "sf__Error"
"""Columns that Salesforce adds to those that were sent."""
LATE = timedelta(minutes=10)
"""After which a job that was not started never will be: whatever was sent has long arrived."""
MOST_PAGES = 20
"""Of the list of jobs, to look for one."""
RUNS = "An import like this one runs, whose rows Salesforce does not show yet"
TWICE = "Several imports have these rows, and none has a name"


async def start_import(
    client: SalesforceClient, described: Described, wanted: Import, *, key: str | None
) -> Started:
    """Have records written in bulk; nothing is written before the last of three requests."""
    body = _body(described, wanted)
    content = _content(wanted)
    job_id = await _uploaded(client, body, content, key)
    try:
        raw = await client.write("PATCH", job_path("ingest", job_id), {"state": "UploadComplete"}, key=None)
    except OutcomeUnknown as lost:
        raw = await _closed(client, job_id, lost)
    return _started(job_id, raw, wanted)


async def find_import(
    client: SalesforceClient, described: Described, wanted: Import, since: datetime
) -> Started | None:
    """The job with these rows; raises `OutcomeUnknown` while there is one whose rows cannot be read yet."""
    body, ours = _body(described, wanted), Counter(_same(row) for row in _rows(wanted))
    start, user = aftermath.start_of(client, since), (await client.who()).get("user_id")
    found, is_certain = list[Json](), True
    async for raw in _jobs(client):
        made_at = moment_of(str(raw.get("createdDate")))
        if made_at is None or made_at < start or not _is_like(raw, body) or _is_of_another(raw, user):
            continue
        if raw.get("state") == "Open":
            is_certain = is_certain and client.upstream.clock.now() - made_at > LATE
        elif status_of(raw) == "running":
            is_certain = False
        elif await _sent_in(client, str(raw["id"])) == ours:
            found.append(raw)
    if not is_certain:
        raise _undecided(RUNS, "Repeat the call with the same intent in some minutes")
    if len(found) > 1:
        raise _undecided(TWICE, "Each has written these records; look in Salesforce, and do not repeat it")
    return _started(str(found[0]["id"]), found[0], wanted) if found else None


async def look_at(look: Look[SalesforceClient]) -> Seen:
    """Read how an import stands."""
    raw = await look.api.get(job_path("ingest", look.job.provider_id))
    done, failed = _count(raw, "numberRecordsProcessed"), _count(raw, "numberRecordsFailed")
    status, warnings = _ended(status_of(raw), done, failed), list[str]()
    message = clean_line(str(raw.get("errorMessage") or "Salesforce gives no reason"), MAX_MESSAGE)
    if done and raw.get("state") in {"Aborted", "Failed"}:
        warnings = [f"{done} records were processed before it ended", message]
    return Seen(
        status=status,
        provider_status=clean_line(str(raw.get("state")), 80),
        done=done,
        error=Problem("upstream_rejected", message) if status == "failed" else None,
        warnings=tuple(warnings),
    )


async def read_results(look: Look[SalesforceClient]) -> AsyncIterator[Row]:
    """What became of each record, with the values that were sent; Salesforce keeps no order."""
    path = job_path("ingest", look.job.provider_id)
    async for row in table(look.api, f"{path}/{SUCCEEDED}"):
        is_new = row.get(IS_NEW, "").lower() == "true"
        yield imported("ok", record_id=row.get(NEW_ID), is_new=is_new, fields=_sent(row))
    async for row in table(look.api, f"{path}/{FAILED}"):
        trouble = _trouble(row.get(ERROR, ""))
        yield imported(
            "failed",
            record_id=row.get(NEW_ID) or None,
            code=trouble.code,
            message=trouble.message,
            fields=_sent(row),
        )
    async for row in table(look.api, f"{path}/{UNPROCESSED}"):
        yield imported("unprocessed", fields=_sent(row))


KINDS = (JobKind(INGEST, "Import (Salesforce)", look=look_at, results=read_results, cancel=abort),)


async def _uploaded(client: SalesforceClient, body: Json, content: bytes, key: str | None) -> str:
    """A job with the records, not started: its id. Whatever fails here has written nothing."""
    try:
        made = await client.write("POST", INGESTS, body, key=key)
        job_id = str(made["id"])
        path = f"{job_path('ingest', job_id)}/batches"
        await client.answer(Ask("PUT", path, content=content, content_type=CSV, is_write=True))
    except OutcomeUnknown as error:
        raise Unavailable("upstream_unavailable", error.message, applied_nothing=True) from None
    except CallError as error:
        error.applied_nothing = True
        raise
    return job_id


async def _closed(client: SalesforceClient, job_id: str, lost: OutcomeUnknown) -> Json:
    """The job whose start was not answered, if it has started; raises what was `lost` where nobody knows."""
    try:
        raw = await client.get(job_path("ingest", job_id))
    except CallError:
        raise lost from None
    if raw.get("state") == "Open":
        raise lost
    return raw


def _body(described: Described, wanted: Import) -> Json:
    """What a job is made with; raises `InvalidCall` for what Salesforce cannot do in bulk."""
    match = wanted.match_field
    if wanted.operation == "update" and match is not None:
        _refuse(f"Salesforce updates in bulk by {ID} only", "Leave match_field out, or upsert", ())
    if match is not None and match not in described.external_ids:
        allowed = sorted(described.external_ids)
        _refuse(f"{match} is no external id of {described.name}", "Name one, or update by id", allowed)
    body = {
        "object": described.name,
        "operation": OPERATIONS[wanted.operation],
        "contentType": "CSV",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    return body if match is None else {**body, "externalIdFieldName": match}


def _refuse(problem: str, hint: str, allowed: Sequence[str]) -> NoReturn:
    named = FieldProblem(path="match_field", problem=problem)
    if allowed:
        named["allowed"] = list(allowed)
    raise InvalidCall("unsupported_by_provider", problem, hint=hint, fields=[named])


def _content(wanted: Import) -> bytes:
    text = io.StringIO(newline="")
    columns = list(dict.fromkeys(name for row in _rows(wanted) for name in row))
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_rows(wanted))
    content = text.getvalue().encode()
    if len(content) > MOST_BYTES:
        raise InvalidCall(
            "invalid_arguments",
            f"The records have {len(content) // 1_000_000} MB; Salesforce takes {MOST_BYTES // 1_000_000}",
            hint="Divide them into several imports",
            fields=[FieldProblem(path="file_ref", problem="is too large")],
        )
    return content


def _rows(wanted: Import) -> Iterable[dict[str, str]]:
    """The cells of each record."""
    for draft in wanted.drafts:
        yield ({ID: draft.id} if draft.id else {}) | _cells(draft)


def _cells(draft: Draft) -> dict[str, str]:
    return {name: _text(name, value) for name, value in draft.fields.items()}


def _text(name: str, value: Value) -> str:
    if value is None:
        return EMPTY
    if value == EMPTY:
        problem = FieldProblem(path=name, problem=f"Salesforce would read {EMPTY} as nothing")
        raise InvalidCall("invalid_arguments", f"{name} cannot be {EMPTY}", fields=[problem])
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _jobs(client: SalesforceClient) -> AsyncIterator[Json]:
    """All imports that Salesforce still has."""
    locators: list[str] = []
    for _ in range(MOST_PAGES):
        page = await client.get(INGESTS, **_page_at(locators))
        for raw in page.get("records") or ():
            yield raw
        locators = parse_qs(urlsplit(page.get("nextRecordsUrl") or "").query).get("queryLocator", [])
        if page.get("done", True) or not locators:
            return
    hint = "Look in Salesforce under Bulk Data Load Jobs whether it is there"
    raise _undecided("Salesforce has too many imports to find this one", hint)


def _page_at(locators: Sequence[str]) -> dict[str, Any]:
    return {"queryLocator": locators[0]} if locators else {"jobType": "V2Ingest"}


def _undecided(message: str, hint: str) -> OutcomeUnknown:
    return OutcomeUnknown("outcome_unknown", message, hint=hint)


def _is_of_another(raw: Json, user: str | None) -> bool:
    """Where we know who we are, a job that somebody else has made is not ours."""
    made_by = raw.get("createdById")
    return bool(user and made_by) and not ids.same_id(str(made_by), str(user))


def _is_like(raw: Json, body: Json) -> bool:
    return all(raw.get(name) == body.get(name) for name in ("object", "operation", "externalIdFieldName"))


async def _sent_in(client: SalesforceClient, job_id: str) -> Counter[tuple[tuple[str, str], ...]]:
    """The records of a job that has ended."""
    path = job_path("ingest", job_id)
    found: Counter[tuple[tuple[str, str], ...]] = Counter()
    for part in (SUCCEEDED, FAILED, UNPROCESSED):
        found.update([_same(_sent(row)) async for row in table(client, f"{path}/{part}")])
    return found


def _sent(row: Mapping[str, str]) -> dict[str, str]:
    """The cells that were sent, without those that were empty."""
    return {name: text for name, text in row.items() if text and not name.startswith("sf__")}


def _same(row: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(row.items()))


def _started(job_id: str, raw: Json, wanted: Import) -> Started:
    total = len(wanted.drafts)
    return Started(kind=INGEST, provider_id=job_id, status=status_of(raw), total=total)


def _ended(status: JobStatus, done: int | None, failed: int | None) -> JobStatus:
    """What was written stays written, so an end in the middle is a part, and so is one with failures."""
    if (status == "succeeded" and failed) or (status in {"cancelled", "failed"} and done):
        return "partial"
    return status


def _count(raw: Json, name: str) -> int | None:
    value = raw.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _trouble(text: str) -> Any:
    """`CODE:message:fields --` as an error of one record."""
    code, _, rest = text.partition(":")
    message, _, fields = rest.rpartition(":")
    named = [name.strip() for name in fields.removesuffix("--").split(",") if name.strip()]
    return read_errors([{"statusCode": code, "message": message or rest, "fields": named}])
