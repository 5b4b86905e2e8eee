"""Batches and answers in the background, as jobs.

https://platform.openai.com/docs/guides/batch, /docs/guides/background
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from wirepost.contracts.generation import BatchRow
from wirepost.contracts.jobs import BATCH_POLL_S, JobKind, Look, Problem, Row, Seen
from wirepost.providers.openai.client import OpenAiClient
from wirepost.providers.openai.wire import of_response, usage_of_response
from wirepost.tools.jobs import JobStatus
from wirepost.upstream import parts

BATCH_STATES: Mapping[str, JobStatus] = {
    "validating": "queued",
    "in_progress": "running",
    "finalizing": "running",
    "completed": "succeeded",
    "failed": "failed",
    "expired": "expired",
    "cancelling": "cancelling",
    "cancelled": "cancelled",
}
RESPONSE_STATES: Mapping[str, JobStatus] = {
    "queued": "queued",
    "in_progress": "running",
    "completed": "succeeded",
    "failed": "failed",
    "incomplete": "partial",
    "cancelled": "cancelled",
}
_FILES = ("output_file_id", "error_file_id")
_OK = 200


async def _look_at_batch(look: Look[OpenAiClient]) -> Seen:
    row = await look.api.get(f"/v1/batches/{look.job.provider_id}")
    counts, state = parts.mapping(row.get("request_counts")), parts.line(row.get("status"))
    status = BATCH_STATES.get(state, "unknown")
    failed = parts.count(counts.get("failed"))
    if status == "succeeded" and failed:
        status = "partial"
    if status in {"expired", "cancelled"} and row.get("output_file_id"):
        status = "partial"  # what was answered until then is there, and was paid for
    return Seen(
        status,
        state,
        done=parts.count(counts.get("completed")) + failed,
        total=parts.number(counts.get("total")) or None,
        expires_at=parts.moment(row.get("expires_at")),
        error=_problem(parts.mapping(row.get("errors")).get("data")),
        details={name: parts.name(row[name]) for name in _FILES if row.get(name)},
        warnings=(f"{failed} requests failed; their rows say why",) if failed else (),
    )


async def _rows_of_batch(look: Look[OpenAiClient]) -> AsyncIterator[Row]:
    for name in _FILES:
        file = look.job.details.get(name)
        if file:
            async for line in look.api.lines(str(file)):
                yield _row(parts.parsed(line)).model_dump(exclude_none=True)


def _row(line: Mapping[str, Any]) -> BatchRow:
    custom_id, answer = parts.name(line.get("custom_id")), parts.mapping(line.get("response"))
    body, error = parts.mapping(answer.get("body")), parts.mapping(line.get("error"))
    if answer.get("status_code") != _OK:
        inner = parts.mapping(body.get("error"))
        said = parts.words(error.get("message")) or parts.words(inner.get("message")) or "no answer"
        is_late = error.get("code") == "batch_expired"
        return BatchRow(custom_id=custom_id, status="expired" if is_late else "failed", error=said)
    found = of_response(body)
    return BatchRow(
        custom_id=custom_id,
        status="ok",
        text=found.text,
        finish_reason=found.finish_reason,
        model=found.model,
        usage=found.usage,
    )


async def _cancel_batch(look: Look[OpenAiClient]) -> None:
    await look.api.create(f"/v1/batches/{look.job.provider_id}/cancel")


async def _look_at_response(look: Look[OpenAiClient]) -> Seen:
    row = await look.api.get(f"/v1/responses/{look.job.provider_id}")
    state, error = parts.line(row.get("status")), row.get("error")
    return Seen(
        RESPONSE_STATES.get(state, "unknown"),
        state,
        total=1,
        error=_problem([error]) if error else None,
        usage=usage_of_response(row),
    )


async def _rows_of_response(look: Look[OpenAiClient]) -> AsyncIterator[Row]:
    found = of_response(await look.api.get(f"/v1/responses/{look.job.provider_id}"))
    yield {
        "text": found.text,
        "finish_reason": found.finish_reason,
        "model": found.model,
        "usage": found.usage.model_dump(exclude_none=True),
    }


async def _cancel_response(look: Look[OpenAiClient]) -> None:
    await look.api.create(f"/v1/responses/{look.job.provider_id}/cancel")


def _problem(errors: Any) -> Problem | None:
    for each in parts.rows(errors):
        return Problem(
            parts.words(each.get("code")) or "failed", parts.words(each.get("message")) or "It failed"
        )
    return None


KINDS: tuple[JobKind[Any], ...] = (
    JobKind(
        "openai.batch",
        "Batch of OpenAI",
        look=_look_at_batch,
        results=_rows_of_batch,
        cancel=_cancel_batch,
        longest_poll_s=BATCH_POLL_S,
    ),
    JobKind(
        "openai.response",
        "Answer of OpenAI in the background",
        look=_look_at_response,
        results=_rows_of_response,
        cancel=_cancel_response,
    ),
)
