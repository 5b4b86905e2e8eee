"""What models do while nobody waits: batches, long answers, and endpoints of one's own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from wirepost.contracts.ai import Models
from wirepost.contracts.analysis import Task
from wirepost.contracts.generation import BatchItem, Endpoint, Prompt
from wirepost.tools.context import Call
from wirepost.tools.jobs import JobStatus, Started
from wirepost.tools.results import Result, Untrusted
from wirepost.tools.tool import Argument, Risk, tool
from wirepost.toolsets.ai.asking import Model, checked_text, models_of
from wirepost.toolsets.ai.examining import held_to
from wirepost.toolsets.ai.generating import Instructions, References, SchemaText, Tokens, prompt_of
from wirepost.toolsets.ai.refusing import refusal
from wirepost.toolsets.ai.structured import read_schema
from wirepost.toolsets.ai.tasks import Assignment, ExtractField

MOST_ROWS = 50_000
"""Requests of one batch, which all providers take."""
CUSTOM_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What all providers take as an id of a request."""
TEXT = "text"


class BatchRequest(Argument):
    """One request of a batch."""

    custom_id: Annotated[str, Field(max_length=64)]
    prompt: str
    instructions: str | None = None


class InvokedEndpoint(Result):
    """What an endpoint has answered, or, with `background`, the job that will have its answer."""

    body: Untrusted | None = None
    content_type: str | None = None
    job: str | None = None
    kind: str | None = None
    status: JobStatus | None = None
    poll_after_s: float | None = None
    expires_at: str | None = None


@tool(
    Risk.WRITE,
    title="Submit a batch (AI)",
    example={"task": "sentiment", "items": ["Great!", "Never again."], "intent": "reviews of November"},
    long_help="""
    Either `requests`, or a `task` of ai_analyze_text with `items` or `file_ref`: a file of yours whose rows
    have the text under `text` and an id under `custom_id_field` (else they are row-0, row-1, …). Answers
    come within a day, at a lower price where the provider has one; job_get follows it, job_get_result returns
    rows in any order: join them on custom_id. Of a task, or of `json_schema` (for all `requests`), a row
    whose answer does not fit has `failed`.
    """,
)
async def ai_submit_batch(
    call: Call[Models],
    *,
    task: Task | None = None,
    requests: list[BatchRequest] | None = None,
    items: list[str] | None = None,
    file_ref: str | None = None,
    custom_id_field: str | None = None,
    labels: list[str] | None = None,
    extract_fields: list[ExtractField] | None = None,
    summary_words: Annotated[int | None, Field(ge=5, le=300)] = None,
    json_schema: SchemaText = None,
    model: Model = None,
) -> Started:
    """Have many requests answered within a day, as a job."""
    models, chosen = models_of(call), model or ""
    assignment = _assignment(task, requests, labels, extract_fields, summary_words)
    schema = _schema(assignment, json_schema)
    if assignment is None:
        batch = [
            BatchItem(each.custom_id, _prompt(each, index, chosen, schema))
            for index, each in enumerate(requests or ())
        ]
    else:
        texts = await _texts(call, items, file_ref, custom_id_field)
        batch = [BatchItem(name, assignment.prompt(text, chosen)) for name, text in texts]
    _check_ids([each.custom_id for each in batch])
    started = await models.submit_batch(batch, key=call.key or "", intent=call.intent or "")
    return held_to(started, schema)


@ai_submit_batch.reconcile
async def find_batch(
    call: Call[Models],
    *,
    task: Task | None = None,
    requests: list[BatchRequest] | None = None,
    items: list[str] | None = None,
    file_ref: str | None = None,
    custom_id_field: str | None = None,
    labels: list[str] | None = None,
    extract_fields: list[ExtractField] | None = None,
    summary_words: int | None = None,
    json_schema: str | None = None,
    model: str | None = None,
) -> Started | None:
    """The batch that carries the intent."""
    assignment = _assignment(task, requests, labels, extract_fields, summary_words)
    schema = _schema(assignment, json_schema)
    found = await call.api.find_batch(call.intent or "", call.dispatched_at or call.now)
    return found and held_to(found, schema)


@tool(
    Risk.WRITE,
    title="Generate text in the background (AI)",
    example={"prompt": "Compare the two attached reports in detail.", "intent": "compare reports"},
)
async def ai_submit_background(
    call: Call[Models],
    *,
    prompt: str,
    instructions: Instructions = None,
    context_refs: References = None,
    max_output_tokens: Tokens = None,
    json_schema: SchemaText = None,
    model: Model = None,
) -> Started:
    """Have a model answer a prompt while nobody waits, as a job."""
    asked = await prompt_of(
        call,
        prompt,
        instructions=instructions,
        references=context_refs,
        tokens=max_output_tokens,
        schema=json_schema,
        model=model,
    )
    models = models_of(call)
    started = await models.submit_background(asked, key=call.key or "", intent=call.intent or "")
    return held_to(started, asked.json_schema)


@ai_submit_background.reconcile
async def find_background(
    call: Call[Models],
    *,
    prompt: str,
    instructions: str | None = None,
    context_refs: list[str] | None = None,
    max_output_tokens: int | None = None,
    json_schema: str | None = None,
    model: str | None = None,
) -> Started | None:
    """The request that carries the intent."""
    found = await call.api.find_background(call.intent or "", call.dispatched_at or call.now)
    return found and held_to(found, read_schema(json_schema) if json_schema else None)


@tool(
    Risk.WRITE,
    title="Invoke an endpoint (AI)",
    example={"endpoint": "reviews", "payload": '{"inputs": "Great!"}'},
    long_help="""
    For models under a name of their own (SageMaker, Hugging Face). `payload` is sent as it is. With
    `background` the answer is a job's; otherwise it comes at once.
    """,
)
async def ai_invoke_endpoint(
    call: Call[Models],
    *,
    endpoint: Annotated[str, Field(min_length=1, max_length=200)],
    payload: str,
    content_type: Annotated[str, Field(pattern=r"^[\w.+-]+/[\w.+-]+$")] = "application/json",
    background: bool = False,
) -> InvokedEndpoint | Started:
    """Send a request to a hosted model in its own format."""
    asked = Endpoint(endpoint, payload, content_type)
    models = models_of(call)
    if background:
        return await models.submit_invocation(asked, key=call.key or "", intent=call.intent or "")
    answer = await models.invoke(asked)
    return InvokedEndpoint(body=answer.body, content_type=answer.content_type)


@ai_invoke_endpoint.reconcile
async def find_invocation(
    call: Call[Models],
    *,
    endpoint: Annotated[str, Field(min_length=1, max_length=200)],
    payload: str,
    content_type: Annotated[str, Field(pattern=r"^[\w.+-]+/[\w.+-]+$")] = "application/json",
    background: bool = False,
) -> InvokedEndpoint | Started | None:
    """The job that an earlier attempt started; an answer that was lost cannot be found."""
    del endpoint, payload, content_type
    if not background:
        return None
    return await call.api.find_invocation(call.intent or "", call.dispatched_at or call.now)


def _assignment(
    task: Task | None,
    requests: list[BatchRequest] | None,
    labels: list[str] | None,
    extract_fields: list[ExtractField] | None,
    summary_words: int | None,
) -> Assignment | None:
    """The task; `None` for requests of the caller's own. Raises `InvalidCall` for both and for neither."""
    if (requests is None) == (task is None):
        raise refusal("task", "or requests: exactly one of the two is needed")
    return None if task is None else Assignment.of(task, labels, extract_fields, summary_words)


def _schema(assignment: Assignment | None, given: str | None) -> Mapping[str, Any] | None:
    """What every answer must fit; raises `InvalidCall`."""
    if assignment is not None and given is not None:
        raise refusal("json_schema", "goes with requests: a task has its own")
    if assignment is not None:
        return assignment.schema
    return None if given is None else read_schema(given)


def _prompt(request: BatchRequest, index: int, model: str, schema: Mapping[str, Any] | None) -> Prompt:
    text = checked_text(request.prompt, f"requests[{index}].prompt")
    return Prompt(model=model, text=text, instructions=request.instructions, json_schema=schema)


async def _texts(
    call: Call[Models], items: list[str] | None, file_ref: str | None, id_field: str | None
) -> list[tuple[str, str]]:
    """(id, text) of everything that is to be analysed."""
    if (items is None) == (file_ref is None):
        raise refusal("items", "or file_ref: exactly one of the two is needed")
    if items is not None:
        return [(f"item-{i}", checked_text(each, f"items[{i}]")) for i, each in enumerate(items)]
    found: list[tuple[str, str]] = []
    async for row in call.rows_of(file_ref or ""):
        number = len(found)
        if number == MOST_ROWS:
            raise refusal("file_ref", f"must have at most {MOST_ROWS} rows")
        text, name = row.get(TEXT), row.get(id_field) if id_field else f"row-{number}"
        if not isinstance(text, str):
            raise refusal("file_ref", f"has no text under {TEXT} in row {number}")
        found.append((str(name), checked_text(text, f"file_ref row {number}")))
    return found


def _check_ids(ids: Sequence[str]) -> None:
    if not 1 <= len(ids) <= MOST_ROWS:
        raise refusal("requests", f"must be 1 to {MOST_ROWS}")
    seen: set[str] = set()
    for number, name in enumerate(ids):
        if not CUSTOM_ID.fullmatch(name):
            raise refusal("custom_id", f"of request {number} must be 1 to 64 letters, digits, - or _")
        if name in seen:
            raise refusal("custom_id", f"of request {number} is that of an earlier one")
        seen.add(name)
