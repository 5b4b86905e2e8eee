"""Jobs on Hugging Face's machines; their logs are the result (`huggingface_hub` 2.4.0)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from wirepost.contracts.jobs import JobKind, Look, Problem, Row, Seen
from wirepost.providers.huggingface.client import HuggingFaceClient
from wirepost.tools.jobs import JobStatus
from wirepost.upstream import parts

STAGES: Mapping[str, JobStatus] = {
    "SCHEDULING": "queued",
    "RUNNING": "running",
    "COMPLETED": "succeeded",
    "ERROR": "failed",
    "CANCELED": "cancelled",
    "DELETED": "expired",
}


async def _look(look: Look[HuggingFaceClient]) -> Seen:
    found = await look.api.hub("GET", _path(look))
    status = parts.mapping(parts.needed(found).get("status"))
    stage = parts.line(status.get("stage"))
    said = parts.words(status.get("message")) or "It failed; its logs are at Hugging Face"
    return Seen(
        STAGES.get(stage, "unknown"),
        stage,
        total=1,
        error=Problem("job_failed", said) if stage == "ERROR" else None,
        warnings=("It is billed while it runs",) if stage == "RUNNING" else (),
    )


async def _rows(look: Look[HuggingFaceClient]) -> AsyncIterator[Row]:
    async for data in look.api.events(f"{_path(look)}/logs"):
        event = parts.parsed(data)
        line = parts.text(event.get("data"))
        if not line.startswith("===== Job started"):
            yield {"line": line, "at": parts.line(event.get("timestamp"))}


async def _cancel(look: Look[HuggingFaceClient]) -> None:
    await look.api.hub("POST", f"{_path(look)}/cancel", is_write=True)


def _path(look: Look[HuggingFaceClient]) -> str:
    return f"/api/jobs/{look.job.provider_id}"


KINDS: tuple[JobKind[Any], ...] = (
    JobKind("hf.job", "Job of Hugging Face", look=_look, results=_rows, cancel=_cancel),
)
