"""Jobs and files on each database."""

from __future__ import annotations

import pytest

from support.clock import ManualClock
from wirepost.jobs.files import Files
from wirepost.jobs.jobs import Jobs
from wirepost.store.database import Database
from wirepost.store.signals import Signals


@pytest.fixture
def signals() -> Signals:
    """Wakes within this process."""
    return Signals()


@pytest.fixture
def files(database: Database, clock: ManualClock) -> Files:
    """The files of the test's database, each of at most 2,000 bytes."""
    return Files(database, clock, max_mb=0.002, keep_days=7)


@pytest.fixture
def jobs(database: Database, signals: Signals, clock: ManualClock, files: Files) -> Jobs:
    """The jobs of the test's database."""
    return Jobs(database, signals, clock, files, keep_days=7)
