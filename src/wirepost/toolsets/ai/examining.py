"""Answers of jobs are held to the schema they were asked for, like those that come at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wirepost.contracts.jobs import Row
from wirepost.toolsets.ai.structured import Shape

if TYPE_CHECKING:
    from wirepost.jobs.job import Job
    from wirepost.jobs.results import Examine
    from wirepost.tools.jobs import Started

SCHEMA = "json_schema"
"""Under which the details of a job have what its answers must fit."""


def held_to(started: Started, schema: Mapping[str, Any] | None) -> Started:
    """The job, whose answers must fit a schema."""
    if schema is None:
        return started
    return dataclasses.replace(started, details={**started.details, SCHEMA: dict(schema)})


def examination(job: Job) -> Examine | None:
    """What a job's answers are held to; asking again, as calls do, is left to the caller."""
    schema = job.details.get(SCHEMA)
    if not isinstance(schema, dict):
        return None
    shape = Shape(schema)

    def examine(row: Row) -> Row:
        if row.get("status", "ok") != "ok":
            return row
        problems = shape.problems(str(row.get("text") or ""))
        if not problems:
            return row
        kept = {name: value for name, value in row.items() if name != "text"}
        return {
            **kept,
            "status": "failed",
            "error": f"The model's output did not fit the schema: {problems[0]}",
        }

    return examine
