"""`anthropic.batch`: message batches as jobs (https://platform.claude.com/docs/en/api/messages/batches)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Literal

from wirepost.contracts.generation import BatchRow
from wirepost.contracts.jobs import BATCH_POLL_S, JobKind, Look, Problem, Row, Seen
from wirepost.providers.anthropic.client import BATCHES, AnthropicClient, moment
from wirepost.providers.anthropic.messages import generation_of
from wirepost.tools.jobs import JobStatus, Started
from wirepost.upstream import parts

KIND = "anthropic.batch"
STATUSES: dict[str, JobStatus] = {"in_progress": "running", "canceling": "cancelling"}
ROWS: dict[str, Literal["ok", "failed", "cancelled", "expired"]] = {
    "succeeded": "ok",
    "errored": "failed",
    "canceled": "cancelled",
    "expired": "expired",
}
_COUNTS = ("succeeded", "errored", "canceled", "expired")


def started(raw: Mapping[str, Any]) -> Started:
    """A batch as the job it is."""
    counts = _counts(raw)
    return Started(
        kind=KIND,
        provider_id=parts.name(raw.get("id")),
        status=_status(raw),
        expires_at=moment(raw.get("expires_at")),
        total=sum(counts.values()) or None,
    )


def created_at(raw: Mapping[str, Any]) -> datetime | None:
    """When a batch was made."""
    return moment(raw.get("created_at"))


async def look_at(look: Look[AnthropicClient]) -> Seen:
    """Read how a batch stands."""
    raw = await look.api.get(_path(look))
    counts, status = _counts(raw), _status(raw)
    failed = Problem("upstream_rejected", "Every request of the batch failed")
    return Seen(
        status=status,
        provider_status=parts.line(raw.get("processing_status"), 80),
        done=sum(counts[name] for name in _COUNTS),
        total=sum(counts.values()),
        expires_at=moment(raw.get("expires_at")),
        error=failed if status == "failed" else None,
        warnings=("Anthropic no longer has the results",) if raw.get("archived_at") else (),
    )


async def read_results(look: Look[AnthropicClient]) -> AsyncIterator[Row]:
    """One row for each request, in the order of the file."""
    name = look.api.upstream.name
    async for line in look.api.lines(f"{_path(look)}/results"):
        raw = parts.parsed(line)
        row = _row(parts.name(raw.get("custom_id")), parts.needed(raw.get("result")), name)
        yield row.model_dump(exclude_none=True)


async def ask_end(look: Look[AnthropicClient]) -> None:
    """Ask for its end; requests that are being answered are still finished."""
    await look.api.write(f"{_path(look)}/cancel")


KINDS = (
    JobKind(
        KIND,
        "Batch of messages (Anthropic)",
        look=look_at,
        results=read_results,
        cancel=ask_end,
        longest_poll_s=BATCH_POLL_S,
    ),
)


def _path(look: Look[AnthropicClient]) -> str:
    return f"{BATCHES}/{look.job.provider_id}"


def _counts(raw: Mapping[str, Any]) -> dict[str, int]:
    given = parts.mapping(raw.get("request_counts"))
    return {name: parts.count(given.get(name)) for name in (*_COUNTS, "processing")}


def _status(raw: Mapping[str, Any]) -> JobStatus:
    """A batch only ends; how it went is in the counts. A state of tomorrow is no end."""
    state = parts.text(raw.get("processing_status"))
    if state != "ended":
        return STATUSES.get(state, "running")
    counts = _counts(raw)
    if counts["succeeded"]:
        is_all = sum(counts.values()) == counts["succeeded"]
        return "succeeded" if is_all else "partial"
    if counts["canceled"]:
        return "cancelled"
    return "expired" if counts["expired"] else "failed"


def _row(custom_id: str, result: Mapping[str, Any], name: str) -> BatchRow:
    status = ROWS.get(parts.text(result.get("type")), "failed")
    if status != "ok":
        return BatchRow(custom_id=custom_id, status=status, error=_error(result))
    said = generation_of(result.get("message"), name)
    return BatchRow(
        custom_id=custom_id,
        status=status,
        text=said.text,
        finish_reason=said.finish_reason,
        model=said.model,
        usage=said.usage,
    )


def _error(result: Mapping[str, Any]) -> str | None:
    """The message of an error answer: `error.error.message`."""
    body = result.get("error")
    inner = body.get("error") if isinstance(body, Mapping) else None
    words = (inner if isinstance(inner, Mapping) else {}).get("message")
    return parts.words(words) or None
