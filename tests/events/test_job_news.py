"""Events about jobs let these be looked at now, and tell what was said about their subjects."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from support.clock import ManualClock
from support.occurred import event, stored
from wirepost.events.job_news import JobNews, reports
from wirepost.jobs.files import Files
from wirepost.jobs.jobs import Jobs
from wirepost.store.queue import WORK
from wirepost.tools.jobs import Started

NOW = ManualClock().now().timestamp()


@pytest.fixture
def jobs(database, signals, clock):
    return Jobs(database, signals, clock, Files(database, clock))


@pytest.fixture
def news(log, jobs, clock):
    return JobNews(log, jobs, clock)


async def follow(jobs, database, provider_id="frr_1", connection="stripe-live"):
    given, opening = jobs.opening(
        Started("stripe.report", provider_id, poll_after_s=300),
        owner="anna",
        connection=connection,
        environment="production",
        tool="stripe_start_report",
        intent=f"int_{provider_id}",
    )
    await database.write(opening)
    return given.job


async def due(database):
    return [row[0] - NOW for row in await database.read("SELECT due_at FROM work ORDER BY key LIMIT 9")]


@pytest.mark.parametrize("subject", ["report_run/frr_1", "job/{job}"])
async def test_an_event_about_a_job_lets_it_be_looked_at_now(news, jobs, database, log, subject):
    job = await follow(jobs, database)
    await stored(log, event(subject="charge/ch_1"), event(subject=subject.format(job=job)))
    assert await due(database) == [300]
    assert await news.step(0) == await log.newest()
    assert await due(database) == [0]


@pytest.mark.parametrize("told", [{"source": "other"}, {"subject": "report_run/frr_2"}, {"subject": None}])
async def test_other_events_do_not(news, jobs, database, log, told):
    await follow(jobs, database)
    await stored(log, event(**{"subject": "report_run/frr_1", **told}))
    await news.step(0)
    assert await due(database) == [300]


async def test_the_same_webhook_twice_does_no_more_than_once(news, jobs, database, log):
    await follow(jobs, database)
    await stored(log, event(subject="report_run/frr_1"), event(subject="report_run/frr_1"))
    position = await news.step(0)
    assert await news.step(position) == position
    assert await due(database) == [0]


async def test_without_open_jobs_events_are_passed_over_unread(news, jobs, database, log):
    job = await jobs.get(await follow(jobs, database))
    await jobs.change(job, status="succeeded")
    await stored(log, event(subject="report_run/frr_1"))
    assert await news.step(0) == await log.newest()
    assert await due(database) == [300]


async def test_it_begins_with_what_comes_next_and_goes_on_by_itself(database, log, jobs, signals):
    clock = ManualClock(auto=False)
    await stored(log, event(subject="report_run/frr_1"))
    await follow(jobs, database)
    running = asyncio.create_task(JobNews(log, jobs, clock).run())
    try:
        async with asyncio.timeout(20):
            await clock.wait_for_sleepers(1)
            assert await due(database) == [300]
            hastened = signals.listen(WORK)
            await stored(log, event(subject="report_run/frr_1"))
            await hastened.wait()
            assert await due(database) == [0]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_was_said_about_a_subject_is_told_oldest_first(log):
    await stored(
        log,
        event(subject="ask/1", type="ask.seen", time=NOW, verified="signature"),
        event(subject="ask/2"),
        event(subject="other/1"),
        event(subject="ask/1", source="slack-2"),
        event(subject="ask/1", type="ask.answered", time=NOW + 1, data={"value": "yes"}, verified="none"),
    )
    found = await reports(log, "stripe-live", "ask/1")
    assert [(each.type, each.is_verified) for each in found] == [("ask.seen", True), ("ask.answered", False)]
    assert found[1].data == {"value": "yes"}
    assert found[0].time == datetime.fromtimestamp(NOW, UTC)
