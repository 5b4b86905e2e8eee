"""What Bedrock does while nobody waits: `bedrock.batch` and `bedrock.async`.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetModelInvocationJob.html
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_GetAsyncInvoke.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from wirepost.contracts.generation import BatchRow
from wirepost.contracts.jobs import BATCH_POLL_S, JobKind, Look, Problem, Row, Seen
from wirepost.providers.bedrock.client import BedrockClient
from wirepost.providers.bedrock.converse import generation_of
from wirepost.providers.bedrock.models import ASYNC, BATCH, output_of
from wirepost.tools.jobs import JobStatus
from wirepost.upstream import faults, parts, s3
from wirepost.upstream.faults import safe_words
from wirepost.upstream.s3 import Place

SHOWN = 1024 * 1024
"""Bytes up to which an object of text is part of the result; a larger one is only named."""
RESULTS = ".jsonl.out"
_TEXTS = (".json", ".jsonl", ".txt", ".csv")

BATCH_STATES: Mapping[str, JobStatus] = {
    "Submitted": "queued",
    "Validating": "queued",
    "Scheduled": "queued",
    "InProgress": "running",
    "Completed": "succeeded",
    "PartiallyCompleted": "partial",
    "Failed": "failed",
    "Stopping": "cancelling",
    "Stopped": "cancelled",
    "Expired": "expired",
}
ASYNC_STATES: Mapping[str, JobStatus] = {
    "InProgress": "running",
    "Completed": "succeeded",
    "Failed": "failed",
}


async def look_at_batch(look: Look[BedrockClient]) -> Seen:
    """How a batch stands; where it ended early, the answers that it has brought are there, and paid for."""
    job = await look.api.job(look.job.provider_id)
    word = parts.line(job.get("status"), 80)
    status = BATCH_STATES.get(word, "unknown")
    is_part = status == "succeeded" and parts.number(job.get("errorRecordCount"))
    is_early = status in {"cancelled", "expired"} and parts.number(job.get("successRecordCount"))
    return Seen(
        status="partial" if is_part or is_early else status,
        provider_status=word or None,
        done=parts.number(job.get("processedRecordCount")),
        total=parts.number(job.get("totalRecordCount")),
        error=_problem(job.get("message")) if status in {"failed", "expired"} else None,
        details={"output": output_of(job)} if output_of(job) else {},
    )


async def read_batch(look: Look[BedrockClient]) -> AsyncIterator[Row]:
    """The answers of a batch, in the order of Bedrock."""
    begin = _output(look)
    folder = Place(begin.bucket, f"{begin.key.rstrip('/')}/{look.job.provider_id}/")
    for stored in await s3.listed(look.api, folder):
        if stored.place.key.endswith(RESULTS):
            async for line in s3.lines(look.api, stored):
                yield _row(line).model_dump(exclude_none=True)


async def stop_batch(look: Look[BedrockClient]) -> None:
    """Ask Bedrock to stop it."""
    await look.api.stop_job(look.job.provider_id)


async def look_at_invocation(look: Look[BedrockClient]) -> Seen:
    """How an invocation stands."""
    found = await look.api.invocation(look.job.provider_id)
    word = parts.line(found.get("status"), 80)
    status = ASYNC_STATES.get(word, "unknown")
    return Seen(
        status=status,
        provider_status=word or None,
        error=_problem(found.get("failureMessage")) if status == "failed" else None,
        details={"output": output_of(found)} if output_of(found) else {},
    )


async def read_invocation(look: Look[BedrockClient]) -> AsyncIterator[Row]:
    """The objects that an invocation has written: their addresses, and texts with what is in them."""
    for stored in await s3.listed(look.api, _output(look)):
        row: dict[str, Any] = {"object": stored.place.uri, "bytes": stored.size}
        if stored.size <= SHOWN and stored.place.key.endswith(_TEXTS):
            content = b"".join([piece async for piece in s3.pieces(look.api, stored)])
            row["text"] = content.decode(errors="replace")
        yield row


JOBS = (
    JobKind(
        BATCH,
        "Batch of Bedrock",
        look=look_at_batch,
        results=read_batch,
        cancel=stop_batch,
        longest_poll_s=BATCH_POLL_S,
    ),
    JobKind(ASYNC, "Invocation of Bedrock", look=look_at_invocation, results=read_invocation),
)


def _row(line: bytes) -> BatchRow:
    """https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-results.html."""
    found = parts.parsed(line)
    name, output = parts.name(found.get("recordId")), found.get("modelOutput")
    if output is None:
        return BatchRow(custom_id=name, status="failed", error=_words(found.get("error")))
    answer = generation_of(parts.needed(output), "")
    return BatchRow(
        custom_id=name,
        status="ok",
        text=answer.text,
        finish_reason=answer.finish_reason,
        usage=answer.usage,
    )


def _words(error: Any) -> str:
    said = error if isinstance(error, Mapping) else {}
    words = (str(part) for part in (said.get("errorCode"), said.get("errorMessage")) if _is_plain(part))
    return safe_words(": ".join(words)) or "failed without a reason"


def _is_plain(part: Any) -> bool:
    return bool(part) and isinstance(part, str | int)


def _problem(message: Any) -> Problem:
    return Problem("upstream_rejected", parts.words(message) or "AWS does not say why")


def _output(look: Look[BedrockClient]) -> Place:
    """Where the answers are; raises `Unavailable` where no look has shown it."""
    try:
        return Place.of(str(look.job.details.get("output")))
    except ValueError:
        raise faults.not_understood(look.api.upstream.name) from None
