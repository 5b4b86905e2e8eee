"""A log of events on each database, read through the extension."""

from __future__ import annotations

import pytest

from support.clock import ManualClock
from wirepost.events.log import EventLog
from wirepost.store.database import Database
from wirepost.store.signals import Signals


@pytest.fixture
def log(database: Database, clock: ManualClock) -> EventLog:
    """The log of the test's database."""
    return EventLog(database, Signals(), clock)


@pytest.fixture
def clock() -> ManualClock:
    """Time stands still until the test lets it pass, as streams wait for it."""
    return ManualClock(auto=False)
