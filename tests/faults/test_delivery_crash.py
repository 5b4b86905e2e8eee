"""A server killed while it delivers: every event arrives, and what did not is sent by the next one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.letterbox import letterbox
from support.occurred import delivered, event, stored
from wirepost.core.clock import Clock
from wirepost.events.filters import Filter
from wirepost.events.log import EventLog
from wirepost.events.subscriptions import OPERATOR, Subscriptions
from wirepost.settings import SubscriptionSettings
from wirepost.store.database import Database
from wirepost.store.signals import Signals

if TYPE_CHECKING:
    from wirepost.store.place import Place

pytestmark = pytest.mark.slow

EVENTS = 120
DELIVER = """
import asyncio, sys
from pathlib import Path
from wirepost.core.clock import Clock
from wirepost.events.deliveries import Deliveries
from wirepost.events.subscriptions import Subscriptions
from wirepost.notifications.deliver import Deliverer
from wirepost.notifications.history import History
from wirepost.notifications.loops import Loops
from wirepost.notifications.sinks.http import HttpSink
from wirepost.notifications.wake import Wakes
from wirepost.secrets.resolve import Secrets
from wirepost.settings import EventSettings, SecretSettings
from wirepost.settings import events as options
from wirepost.store.database import Database
from wirepost.store.postgres.server import Server
from wirepost.store.signals import Signals
from wirepost.upstream.guard import Poster

async def main():
    place = Server.at(sys.argv[1]) if sys.argv[1].startswith("postgresql:") else Path(sys.argv[1])
    clock = Clock()
    database = await Database.open(place, clock)
    given = {"url": sys.argv[2], "secret": "env:SINK_SECRET", "timeout_s": 1}
    settings = options.HttpSink.model_validate(given)
    poster = Poster(clock, may_be_private=True)
    sink = HttpSink("hook", settings, Secrets(SecretSettings(), clock), poster, clock)
    deliverer = Deliverer(
        {"hook": sink}, Deliveries(database, Signals(), clock), Subscriptions(database, clock),
        wakes=Wakes(database, clock), loops=Loops(EventSettings(), []), history=History(database, clock),
        hash_key=b"k", clock=clock, lease_margin_s=0.5,
    )
    await deliverer.run()

asyncio.run(main())
"""


def server(place: Place, url: str) -> subprocess.Popen[bytes]:
    """A process that delivers until it is killed."""
    where = str(place) if isinstance(place, Path) else place.address
    environment = {"SINK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "PATH": ""}
    return subprocess.Popen([sys.executable, "-c", DELIVER, where, url], env=environment)


async def test_every_event_arrives_although_servers_are_killed(place: Place) -> None:
    clock = Clock()
    database = await Database.open(place, clock)
    log = EventLog(database, Signals(), clock)
    options = SubscriptionSettings(deliver=["hook"], wake_rate="1000/s")
    subscription = await Subscriptions(database, clock).put(OPERATOR, "all", Filter(), options)
    events = await stored(log, *(event() for _ in range(EVENTS)))
    await delivered(database, subscription.id, "hook", *events, now=clock.now().timestamp() - 1)
    await database.close()

    async with letterbox() as box:
        for arrived in (20, 60):
            process = server(place, box.url)
            try:
                await box.wait_for(arrived)
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()
        process = server(place, box.url)
        try:
            while len({letter.headers["webhook-id"] for letter in box.letters}) < EVENTS:
                await box.wait_for(len(box.letters) + 1)
        finally:
            process.kill()
            process.wait()
        told = Counter(json.loads(letter.body)["id"] for letter in box.letters)
    assert set(told) == {each.id for each in events}
    assert sum(times > 1 for times in told.values()) <= 2 * 8, "only what was under way is sent again"
