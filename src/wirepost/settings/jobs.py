"""Options of jobs: how long they and their results are kept."""

from __future__ import annotations

from pydantic import Field

from wirepost.settings.section import Positive, Section


class JobSettings(Section):
    """What is kept of work that outlives the call that started it."""

    keep_days: Positive = Field(
        default=7, description="Days a job that has ended, its result, and a file that was put can be read"
    )
    max_result_mb: Positive = Field(
        default=100,
        description="Megabytes one result or file may have; of a larger one the beginning is kept",
    )
