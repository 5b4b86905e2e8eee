"""A log of events on each database, and what is told of it."""

from __future__ import annotations

import pytest

from support.clock import ManualClock
from wirepost.events.deliveries import Deliveries
from wirepost.events.log import EventLog
from wirepost.store.database import Database
from wirepost.store.signals import Signals


@pytest.fixture
def signals() -> Signals:
    """Wakes within this process."""
    return Signals()


@pytest.fixture
def log(database: Database, signals: Signals, clock: ManualClock) -> EventLog:
    """The log of the test's database."""
    return EventLog(database, signals, clock)


@pytest.fixture
def deliveries(database: Database, signals: Signals, clock: ManualClock) -> Deliveries:
    """The deliveries of the test's database."""
    return Deliveries(database, signals, clock)
