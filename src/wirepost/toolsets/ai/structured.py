"""Answers in JSON: checked against their schema, asked for once more where they do not fit, never mended."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.contracts.generation import Generation, Prompt, Usage
from wirepost.core.errors import InvalidCall, Rejected

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

MAX_SCHEMA = 20_000
"""Characters."""
TOLD = 5
"""So many problems of an answer are told to the model, and to the caller."""
_LONGEST = 120
_ONCE_MORE = (
    "\n\nAn earlier answer to this task was refused, because it did not fit the JSON schema:\n{problems}\n"
    "Answer again, with nothing but JSON that fits it."
)


class Shape:
    """A JSON schema that answers are checked against, without ever leaving this machine.

    Expressions in it are matched in linear time, so that no pattern can keep the server busy. Raises
    `InvalidCall` at `path` for what is no schema.
    """

    def __init__(self, schema: Mapping[str, Any], path: str = "json_schema") -> None:
        from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

        try:
            self._validator: Draft202012Validator = Draft202012Validator(
                dict(schema), offline=True, pattern_options=RegexOptions()
            )
        except (ValidationError, ValueError, RecursionError):
            raise _no_schema(path) from None

    def problems(self, text: str) -> list[str]:
        """What is wrong with an answer, in words of the schema and never of the answer; empty: it fits."""
        try:
            value = orjson.loads(text)
        except ValueError:
            return ["it is not JSON"]
        broken = (
            f"it does not meet /{'/'.join(str(part) for part in error.schema_path)}"
            for error in self._validator.iter_errors(value)
        )
        return [problem[:_LONGEST] for _, problem in zip(range(TOLD), broken, strict=False)]


def read_schema(text: str) -> dict[str, Any]:
    """The schema that a caller has given as text; raises `InvalidCall`."""
    try:
        schema = orjson.loads(text) if len(text) <= MAX_SCHEMA else None
    except ValueError:
        schema = None
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise _no_schema("json_schema")
    Shape(schema)
    return schema


async def fitting(prompt: Prompt, ask: Callable[[Prompt], Awaitable[Generation]]) -> Generation:
    """An answer that fits the prompt's schema, at the second attempt if need be.

    Raises `Rejected` when the second one does not fit either, or when asking again would change nothing.
    """
    shape = Shape(prompt.json_schema or {})
    first = await ask(prompt)
    problems = shape.problems(first.text)
    if not problems:
        return first
    _refuse_what_stays(first)
    again = _ONCE_MORE.format(problems="\n".join(f"- {problem}" for problem in problems))
    second = await ask(dataclasses.replace(prompt, text=prompt.text + again))
    used = total([first.usage, second.usage])
    problems = shape.problems(second.text)
    if problems:
        _refuse_what_stays(second)
        raise Rejected(
            "upstream_rejected",
            f"The model's output did not fit the schema, twice: {problems[0]}",
            hint="Ask for less, or name a more careful model",
            detail={"problems": problems, "usage": used.model_dump(exclude_none=True)},
        )
    return dataclasses.replace(second, usage=used)


def total(usages: Iterable[Usage]) -> Usage:
    """All of them together; a cost is known where that of each part is."""
    from wirepost.toolsets.ai.prices import dollars, to_nano

    given = list(usages)
    costs = [each.cost for each in given]
    cached = [each.cached_input_tokens for each in given if each.cached_input_tokens is not None]
    return Usage(
        input_tokens=sum(each.input_tokens for each in given),
        output_tokens=sum(each.output_tokens for each in given),
        cached_input_tokens=sum(cached) if cached else None,
        cost=dollars(sum(to_nano(cost) for cost in costs if cost is not None)) if None not in costs else None,
    )


def _refuse_what_stays(answer: Generation) -> None:
    """A model that refuses, or whose answer is cut, would do so again."""
    said = {
        "refused": ("The model refused to answer", "Ask for something else, or another model"),
        "length": (
            "The model's output was cut off before it was complete",
            "Allow more max_output_tokens, or ask for less",
        ),
    }
    if answer.finish_reason in said:
        message, hint = said[answer.finish_reason]
        used = answer.usage.model_dump(exclude_none=True)
        raise Rejected("upstream_rejected", message, hint=hint, detail={"usage": used})


def _no_schema(path: str) -> InvalidCall:
    return InvalidCall(
        "invalid_arguments",
        f"{path} is no JSON Schema that can be used",
        hint='JSON text with "type": "object" (draft 2020-12, no remote references, patterns without '
        f"look-around), at most {MAX_SCHEMA} characters",
        fields=[{"path": path, "problem": "is no usable JSON Schema"}],
    )
