"""`gemini.interaction`: answers in the background as jobs (https://ai.google.dev/gemini-api/docs/interactions)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping

from wirepost.contracts.generation import FinishReason, Generation, Prompt, Usage
from wirepost.contracts.jobs import JobKind, Look, Problem, Row, Seen
from wirepost.contracts.prompting import blocks
from wirepost.providers.gemini.client import GeminiClient, Json
from wirepost.tools.jobs import JobStatus, Started
from wirepost.upstream import parts

INTERACTION = "gemini.interaction"
STATES: Mapping[str, JobStatus] = {
    "queued": "queued",
    "in_progress": "running",
    "requires_action": "waiting_input",
    "completed": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "incomplete": "partial",
    "budget_exceeded": "partial",
    # It could be asked to go on; what it said until then is there.
    "requires_continuation": "partial",
}
_ENDS: Mapping[str, FinishReason] = {
    "completed": "stop",
    "incomplete": "length",
    "budget_exceeded": "length",
    "requires_continuation": "length",
    "requires_action": "tool",
}


def interaction_body(prompt: Prompt) -> Json:
    """Of `POST /v1beta/interactions`; what is not stored cannot be fetched later."""
    content = [{"type": "text", "text": text} for text in blocks(prompt)]
    body: Json = {
        "model": prompt.model,
        "input": [{"type": "user_input", "content": content}],
        "background": True,
        "store": True,
        "generation_config": {"max_output_tokens": prompt.max_output_tokens},
    }
    if prompt.instructions is not None:
        body["system_instruction"] = prompt.instructions
    if prompt.json_schema is not None:
        form = {"type": "text", "mime_type": "application/json", "schema": dict(prompt.json_schema)}
        body["response_format"] = form
    return body


def interaction(raw: Json) -> Started:
    """An interaction as the job it is."""
    return Started(INTERACTION, parts.name(raw.get("id")), status=_status(raw), total=1)


def said_in(raw: Json) -> Generation:
    """What the model said in it; its thoughts are left out, but are paid for as output."""
    return Generation(
        text="".join(_texts(raw)),
        finish_reason=_ENDS.get(parts.text(raw.get("status")), "other"),
        model=parts.line(raw.get("model")),
        usage=usage_of(raw),
    )


def usage_of(raw: Json) -> Usage:
    """What it has used."""
    usage = parts.mapping(raw.get("usage"))
    return Usage(
        input_tokens=parts.count(usage.get("total_input_tokens")),
        output_tokens=parts.count(usage.get("total_output_tokens"))
        + parts.count(usage.get("total_thought_tokens")),
        cached_input_tokens=parts.count(usage.get("total_cached_tokens")) or None,
    )


async def look_at_interaction(look: Look[GeminiClient]) -> Seen:
    """Read how it stands."""
    raw = await _read(look)
    status = _status(raw)
    return Seen(
        status=status,
        provider_status=parts.line(raw.get("status"), 80),
        total=1,
        error=_problem(raw) if status == "failed" else None,
        usage=usage_of(raw) if raw.get("usage") else None,
    )


async def read_interaction(look: Look[GeminiClient]) -> AsyncIterator[Row]:
    """One row: the answer."""
    said = said_in(await _read(look))
    yield {
        "text": said.text,
        "finish_reason": said.finish_reason,
        "model": said.model,
        "usage": said.usage.model_dump(exclude_none=True),
    }


async def end_interaction(look: Look[GeminiClient]) -> None:
    """Ask for its end."""
    await look.api.write(f"interactions/{look.job.provider_id}/cancel")


KINDS = (
    JobKind(
        INTERACTION,
        "Answer of Gemini in the background",
        look=look_at_interaction,
        results=read_interaction,
        cancel=end_interaction,
    ),
)


async def _read(look: Look[GeminiClient]) -> Json:
    return await look.api.get(f"interactions/{look.job.provider_id}")


def _status(raw: Json) -> JobStatus:
    """A state of tomorrow is no end."""
    return STATES.get(parts.text(raw.get("status")), "running")


def _texts(raw: Json) -> Iterator[str]:
    for step in parts.rows(raw.get("steps")):
        if step.get("type") == "model_output":
            said = parts.rows(step.get("content"))
            yield from (parts.text(each.get("text")) for each in said if each.get("type") == "text")


def _problem(raw: Json) -> Problem:
    said = (parts.words(each.get("message")) for each in parts.rows(raw.get("errors")))
    return Problem("upstream_rejected", next(said, "") or "Gemini gives no reason")
