"""`vertex.batch`: batches of requests as jobs.

https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/batch-prediction-from-cloud-storage
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson

from wirepost.contracts.generation import BatchItem, BatchRow
from wirepost.contracts.google_models import answered_row, body_of, status_of
from wirepost.contracts.jobs import BATCH_POLL_S, JobKind, Look, Problem, Row, Seen
from wirepost.core.errors import Rejected
from wirepost.providers.vertex import storage
from wirepost.providers.vertex.client import VertexClient
from wirepost.providers.vertex.storage import Place
from wirepost.tools.jobs import JobStatus, Started
from wirepost.upstream import faults, parts

BATCH = "vertex.batch"
KEY = "key"
"""Field beside `request` that holds our id. Vertex AI repeats the request with its answer, and may leave out
what stands beside it; then the row's number, in the request's labels, leads to the id in the input."""
LABEL = "wirepost-row"
_LONGEST_NUMBER = 9
_RESULTS = "prediction"
_SUFFIX = ".jsonl"


def started(raw: Mapping[str, Any], total: int | None = None) -> Started:
    """A batch as the job it is."""
    return Started(
        kind=BATCH, provider_id=parts.name(raw.get("name")), status=status_of(raw.get("state")), total=total
    )


def lines_of(items: Sequence[BatchItem]) -> bytes:
    """Requests as Vertex AI reads them."""
    rows = (
        {KEY: each.custom_id, "request": {**body_of(each.prompt), "labels": {LABEL: str(number)}}}
        for number, each in enumerate(items)
    )
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


async def look_at_batch(look: Look[VertexClient]) -> Seen:
    """How a batch stands; where it ended early, the answers that it has brought are there, and paid for."""
    job = await look.api.get(look.job.provider_id)
    stats = parts.mapping(job.get("completionStats"))
    output = parts.text(parts.mapping(job.get("outputInfo")).get("gcsOutputDirectory"))
    good, bad = parts.digits(stats.get("successfulCount")), parts.digits(stats.get("failedCount"))
    status = _status(status_of(job.get("state")), good if output else 0, bad)
    total = good + bad + parts.digits(stats.get("incompleteCount"))
    return Seen(
        status=status,
        provider_status=parts.line(job.get("state"), 80),
        done=good + bad if total else None,
        total=total or None,
        error=_problem(job) if status in {"failed", "expired"} else None,
        details=_places(job, output) if output else {},
    )


async def read_batch(look: Look[VertexClient]) -> AsyncIterator[Row]:
    """The answers of a batch, in the order of Vertex AI."""
    try:
        begin = Place.of(str(look.job.details.get("output")))
    except ValueError:
        raise faults.not_understood(look.api.upstream.name) from None
    ids: list[str] = []
    for place in await storage.listed(look.api, Place(begin.bucket, f"{begin.name.rstrip('/')}/")):
        name = place.name.rpartition("/")[2]
        if name.startswith(_RESULTS) and name.endswith(_SUFFIX):
            async for line in storage.lines(look.api, place):
                raw = parts.parsed(line)
                named = await _id_of(look, raw, ids)
                yield _row(look, place, raw, named).model_dump(exclude_none=True)


async def end_batch(look: Look[VertexClient]) -> None:
    """Ask for its end."""
    await look.api.write(f"{look.job.provider_id}:cancel")


KINDS = (
    JobKind(
        BATCH,
        "Batch of requests (Vertex AI)",
        look=look_at_batch,
        results=read_batch,
        cancel=end_batch,
        longest_poll_s=BATCH_POLL_S,
    ),
)


def _status(status: JobStatus, good: int, bad: int) -> JobStatus:
    is_part = status == "succeeded" and bad
    is_early = status in {"cancelled", "expired"} and good
    return "partial" if is_part or is_early else status


def _places(job: Mapping[str, Any], output: str) -> Mapping[str, Any]:
    """What is needed to read the answers."""
    source = parts.mapping(parts.mapping(job.get("inputConfig")).get("gcsSource"))
    return {
        "output": output,
        "input": next(iter(parts.words_in(source.get("uris"))), ""),
        "model": parts.text(job.get("model")).rpartition("/")[2],
    }


async def _id_of(look: Look[VertexClient], raw: Mapping[str, Any], ids: list[str]) -> str | None:
    """Whose answer it is; `ids` are those of the input, once they had to be read."""
    custom_id = raw.get(KEY)
    if isinstance(custom_id, str):
        return custom_id
    number = parts.mapping(parts.mapping(raw.get("request")).get("labels")).get(LABEL)
    if not isinstance(number, str) or not number.isdecimal() or len(number) > _LONGEST_NUMBER:
        return None
    if not ids:
        try:
            source = Place.of(str(look.job.details.get("input")))
        except ValueError:
            return None
        ids += [parts.text(parts.parsed(line).get(KEY)) async for line in storage.lines(look.api, source)]
    return ids[int(number)] if int(number) < len(ids) else None


def _row(look: Look[VertexClient], place: Place, raw: Mapping[str, Any], custom_id: str | None) -> BatchRow:
    if not custom_id:
        raise Rejected(
            "upstream_rejected",
            f"An answer in {place.uri} does not say which request it belongs to",
            hint="Read the object yourself: each line repeats its request",
        )
    if raw.get("status") or not raw.get("response"):
        told = raw.get("error") or raw.get("status")
        return BatchRow(custom_id=custom_id, status="failed", error=_words(told))
    return answered_row(
        custom_id, raw["response"], look.api.upstream.name, str(look.job.details.get("model") or "")
    )


def _words(status: Any) -> str:
    """Of a request that failed: a text, or a status of Google's."""
    said = status.get("message") if isinstance(status, Mapping) else status
    return parts.words(said) or "failed without a reason"


def _problem(job: Mapping[str, Any]) -> Problem:
    words = parts.words(parts.mapping(job.get("error")).get("message"))
    return Problem("upstream_rejected", words or "Vertex AI gives no reason")
