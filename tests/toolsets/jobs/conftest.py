"""Tools about jobs of a provider whose jobs go as a test says."""

from __future__ import annotations

import pytest

from support.far_jobs import FarJobs
from support.job_desk import JobDesks


@pytest.fixture
def far():
    """The provider."""
    return FarJobs()


@pytest.fixture
async def desks(database, clock, far):
    """The tools."""
    desks = JobDesks(database, clock, far)
    yield desks
    await desks.connections.close()
