"""A deliverer over a log of events, on each database."""

from __future__ import annotations

import pytest

from support.clock import ManualClock
from support.sinks import Desk
from wirepost.events.deliveries import Deliveries
from wirepost.events.log import EventLog
from wirepost.events.subscriptions import Subscriptions
from wirepost.store.database import Database
from wirepost.store.signals import Signals


@pytest.fixture
def desk(database: Database, clock: ManualClock) -> Desk:
    """On the test's database."""
    signals = Signals()
    return Desk(
        EventLog(database, signals, clock),
        Deliveries(database, signals, clock),
        Subscriptions(database, clock),
        clock,
    )
