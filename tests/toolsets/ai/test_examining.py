"""Answers of jobs outside their schema are failures, and no word of them is passed on."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from wirepost.jobs.job import Job
from wirepost.tools.jobs import Started
from wirepost.toolsets.ai.examining import examination, held_to
from wirepost.toolsets.ai.tasks import Assignment

SCHEMA = Assignment.of("category", ["delivery", "price"], None, None).schema
JOB = Job("job_1", "anna", "openai.batch", "ai", "sandbox", "t", created_at=0, changed_at=0)
USAGE = {"input_tokens": 3, "output_tokens": 4}


def row(text: str, **more: Any) -> dict[str, Any]:
    return {"custom_id": "a", "status": "ok", "text": text, "usage": USAGE, **more}


def good(label: str, score: float = 0.9) -> str:
    return f'{{"language": "en", "label": "{label}", "score": {score}, "rationale": "says so"}}'


def examine(given: dict[str, Any]) -> Any:
    job = dataclasses.replace(JOB, details=held_to(Started("openai.batch", "b"), SCHEMA).details)
    found = examination(job)
    assert found
    return found(given)


def test_what_fits_is_passed_on_as_it_is() -> None:
    given = row(good("price"))
    assert examine(given) is given


@pytest.mark.parametrize(
    "text",
    [
        good("secret-label"),
        good("price", 7),
        "price",
        "",
        '{"label": "price"}',
        good("price").replace("}", ', "extra": 1}'),
        "[" * 10_000,
    ],
)
def test_what_does_not_fit_has_failed(text: str) -> None:
    failed = examine(row(text))
    assert (failed["custom_id"], failed["status"], failed["usage"]) == ("a", "failed", USAGE)
    assert failed["error"].startswith("The model's output did not fit the schema")
    assert "text" not in failed
    assert "secret-label" not in str(failed)


def test_what_the_provider_calls_failed_stays_what_it_is() -> None:
    given = {"custom_id": "a", "status": "expired", "error": "too late"}
    assert examine(given) is given


def test_a_row_without_a_status_is_an_answer_too() -> None:
    assert examine({"text": "no JSON", "finish_reason": "length"}) == {
        "finish_reason": "length",
        "status": "failed",
        "error": "The model's output did not fit the schema: it is not JSON",
    }


def test_answers_that_were_asked_for_without_a_schema_are_not_examined() -> None:
    started = Started("openai.batch", "b")
    assert held_to(started, None) is started
    assert examination(JOB) is None
