"""Everything that outlives a call is made together, and a worker does all of it."""

from __future__ import annotations

from support.clock import ManualClock
from support.sample_vendor import connection
from wirepost.app import connections_of
from wirepost.calls.approvals import CARRY_OUT
from wirepost.calls.approvers import ASK
from wirepost.calls.closing import CLOSE
from wirepost.calls.long_work import long_work
from wirepost.calls.outlive import WATCH
from wirepost.calls.owner import Owner
from wirepost.connections.connections import Connections
from wirepost.jobs.jobs import LOOK
from wirepost.settings import Settings
from wirepost.store.database import Database


async def test_a_worker_looks_carries_out_and_watches(database: Database, clock: ManualClock) -> None:
    connections = Connections({"sample": connection(clock=clock)})
    made = long_work(Settings(), database, connections, Owner(database, clock), clock)
    assert set(made.work) == {LOOK, WATCH, CARRY_OUT, CLOSE}
    handle = await made.jobs.add_local("call", owner="anna", tool="sample_get_note")
    assert (await made.jobs.find(handle.job, "anna")).status == "running"


async def test_where_people_are_asked_in_slack_a_worker_asks_them(
    database: Database, clock: ManualClock
) -> None:
    slack = {"connection": "slack-sandbox", "channel": "#support", "approvers": ["U0TEAM001"]}
    settings = Settings.model_validate({"approvals": {"slack": slack, "life_s": 60}})
    connections = connections_of(settings, clock)
    made = long_work(settings, database, connections, Owner(database, clock), clock)
    assert ASK in made.work
    assert made.approvals.also is not None
    assert made.approvals.also("job_1").key == "job_1"
    await connections.close()
