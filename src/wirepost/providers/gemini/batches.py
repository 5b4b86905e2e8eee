"""`gemini.batch`: batches of requests as jobs (https://ai.google.dev/gemini-api/docs/batch-api)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from wirepost.contracts.generation import BatchRow
from wirepost.contracts.google_models import answered_row, status_of
from wirepost.contracts.jobs import BATCH_POLL_S, JobKind, Look, Problem, Row, Seen
from wirepost.core.errors import InvalidCall
from wirepost.providers.gemini.client import GeminiClient
from wirepost.tools.jobs import JobStatus, Started
from wirepost.upstream import parts

BATCH = "gemini.batch"


def started(raw: Mapping[str, Any], total: int | None = None) -> Started:
    """A batch as the job it is."""
    return Started(kind=BATCH, provider_id=parts.name(raw.get("name")), status=_status(raw), total=total)


def facts(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is known of a batch: the operation's `metadata`."""
    return parts.mapping(raw.get("metadata"))


async def look_at_batch(look: Look[GeminiClient]) -> Seen:
    """Read how a batch stands."""
    raw = await look.api.whole(look.job.provider_id)  # it holds its answers, too
    status, stats = _status(raw), parts.mapping(facts(raw).get("batchStats"))
    total = parts.digits(stats.get("requestCount"))
    done = parts.digits(stats.get("successfulRequestCount")) + parts.digits(stats.get("failedRequestCount"))
    return Seen(
        status=status,
        provider_status=parts.line(facts(raw).get("state"), 80),
        done=done if total else None,
        total=total or None,
        error=Problem("upstream_rejected", _words(raw) or "Gemini gives no reason")
        if status == "failed"
        else None,
    )


async def read_batch(look: Look[GeminiClient]) -> AsyncIterator[Row]:
    """One row for each request; raises `InvalidCall` for a batch that wrote to a file."""
    raw = await look.api.whole(look.job.provider_id)
    model = parts.line(facts(raw).get("model"))
    output = parts.needed(facts(raw).get("output") or raw.get("response"))
    if output.get("responsesFile"):
        raise InvalidCall("unsupported_by_provider", "Batches that write their answers to files are not read")
    for each in parts.rows(parts.mapping(output.get("inlinedResponses")).get("inlinedResponses")):
        yield _row(each, look.api.upstream.name, model).model_dump(exclude_none=True)


async def end_batch(look: Look[GeminiClient]) -> None:
    """Ask for its end."""
    await look.api.write(f"{look.job.provider_id}:cancel")


KINDS = (
    JobKind(
        BATCH,
        "Batch of requests (Gemini)",
        look=look_at_batch,
        results=read_batch,
        cancel=end_batch,
        longest_poll_s=BATCH_POLL_S,
    ),
)


def _status(raw: Mapping[str, Any]) -> JobStatus:
    """A batch that succeeded with requests that failed has succeeded in part."""
    status = status_of(facts(raw).get("state"))
    failed = parts.digits(parts.mapping(facts(raw).get("batchStats")).get("failedRequestCount"))
    return "partial" if status == "succeeded" and failed else status


def _row(raw: Mapping[str, Any], name: str, model: str) -> BatchRow:
    custom_id = parts.name(parts.mapping(raw.get("metadata")).get("key"))
    if raw.get("response") is None:
        return BatchRow(custom_id=custom_id, status="failed", error=_words(raw))
    return answered_row(custom_id, raw["response"], name, model)


def _words(raw: Mapping[str, Any]) -> str | None:
    return parts.words(parts.mapping(raw.get("error")).get("message")) or None
