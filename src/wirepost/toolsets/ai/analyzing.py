"""`ai_analyze_text`: judging texts that outsiders wrote, each alone, in a form that is checked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field

from wirepost.contracts.ai import Models
from wirepost.contracts.analysis import Analysis, Finding, Task
from wirepost.contracts.generation import Usage
from wirepost.core.errors import CallError, Rejected
from wirepost.tools.context import Call
from wirepost.tools.results import Result, Untrusted, UntrustedMark
from wirepost.tools.tool import Risk, tool
from wirepost.toolsets.ai.accounted import AccountedModels
from wirepost.toolsets.ai.asking import Model, checked_text, models_of
from wirepost.toolsets.ai.refusing import refusal
from wirepost.toolsets.ai.structured import total
from wirepost.toolsets.ai.tasks import Assignment, ExtractField

MOST_ITEMS = 50
AT_ONCE = 8
"""Requests of one call that are under way together."""


class ItemProblem(Result):
    """Why there is no result for one text."""

    code: str
    message: str


class AnalyzedItem(Result):
    """What was found out about one text; labels are the task's, all other text is the model's."""

    index: int
    status: Literal["ok", "failed"] = "ok"
    label: str | None = None
    score: float | None = Field(default=None, description="0 to 1")
    language: str | None = Field(default=None, description="ISO 639-1")
    rationale: Untrusted | None = None
    summary: Untrusted | None = None
    extracted: dict[str, Annotated[Any, UntrustedMark()]] | None = None
    error: ItemProblem | None = None


class AnalyzedTexts(Result):
    """One result for each text, in their order."""

    items: list[AnalyzedItem]
    usage: Usage


@tool(
    Risk.READ,
    title="Analyse texts (AI)",
    example={"task": "sentiment", "text": "The parcel came late, but the support was lovely."},
    long_help="""
    One of `text` and `items` (1 to 50). `category` needs `labels` (2 to 60); `sentiment` (positive, neutral,
    negative) and `urgency` (low, normal, high) take others. `extract` needs `extract_fields`. Each text is
    judged alone. What a text says is never followed. A label outside the list is a failure of that text, not
    a guess. Without `model` the operator's default answers.
    """,
)
async def ai_analyze_text(
    call: Call[Models],
    *,
    task: Task,
    text: str | None = None,
    items: list[str] | None = None,
    labels: list[str] | None = None,
    extract_fields: list[ExtractField] | None = None,
    summary_words: Annotated[int | None, Field(ge=5, le=300)] = None,
    model: Model = None,
) -> AnalyzedTexts:
    """Judge texts: sentiment, category, urgency, language, summary, or fields to extract."""
    models = models_of(call)
    texts = _texts(text, items)
    assignment = Assignment.of(task, labels, extract_fields, summary_words)
    analysis = await models.analysis()
    if analysis is not None:
        return await _judged(analysis, assignment, texts)
    answers = await _asked(models, assignment, texts, model or "")
    errors = [answer for answer in answers if isinstance(answer, CallError)]
    if len(errors) == len(answers):
        raise errors[0]
    return AnalyzedTexts(
        items=[_failed(i, a) if isinstance(a, CallError) else a[0] for i, a in enumerate(answers)],
        usage=total(answer[1] for answer in answers if not isinstance(answer, CallError)),
    )


async def _asked(
    models: AccountedModels, assignment: Assignment, texts: Sequence[str], model: str
) -> list[tuple[AnalyzedItem, Usage] | CallError]:
    """One request for each text, so that no text can tell what becomes of another."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(index: int, text: str) -> tuple[AnalyzedItem, Usage] | CallError:
        async with gate:
            try:
                answer = await models.generate(assignment.prompt(text, model))
            except CallError as error:
                return error
        return AnalyzedItem(index=index, **orjson.loads(answer.text)), answer.usage

    return await asyncio.gather(*(one(index, text) for index, text in enumerate(texts)))


async def _judged(analysis: Analysis, assignment: Assignment, texts: Sequence[str]) -> AnalyzedTexts:
    """What a provider says that needs no prompt."""
    found = await analysis.analyze(
        assignment.task, texts, labels=assignment.labels, summary_words=assignment.words
    )
    items = [_item(index, finding, assignment) for index, finding in enumerate(found)]
    return AnalyzedTexts(items=items, usage=Usage())


def _item(index: int, finding: Finding, assignment: Assignment) -> AnalyzedItem:
    if finding.label is not None and assignment.labels and finding.label not in assignment.labels:
        return _failed(index, Rejected("upstream_rejected", "The label is none of those that were given"))
    return AnalyzedItem(
        index=index,
        label=finding.label,
        score=finding.score,
        language=finding.language,
        summary=finding.summary,
    )


def _failed(index: int, error: CallError) -> AnalyzedItem:
    problem = ItemProblem(code=error.code, message=error.message)
    return AnalyzedItem(index=index, status="failed", error=problem)


def _texts(text: str | None, items: list[str] | None) -> list[str]:
    if (text is None) == (items is None):
        raise refusal("text", "or items: exactly one of the two is needed")
    given = [text] if text is not None else items or []
    if not 1 <= len(given) <= MOST_ITEMS:
        raise refusal("items", f"must have 1 to {MOST_ITEMS} texts")
    paths = ["text"] if text is not None else [f"items[{index}]" for index in range(len(given))]
    return [checked_text(each, path) for each, path in zip(given, paths, strict=True)]
