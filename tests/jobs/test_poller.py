"""Jobs of providers are followed to their end, whatever happens on the way, and their results are kept."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from random import Random

import pytest

from support.clock import ManualClock
from support.far_jobs import GONE, KIND, FarJobs
from wirepost.contracts.generation import Usage
from wirepost.contracts.jobs import Problem, Report, Seen
from wirepost.core.errors import Unavailable
from wirepost.jobs.files import Files
from wirepost.jobs.jobs import LOOK, Jobs
from wirepost.jobs.looks import Looks
from wirepost.jobs.poller import (
    COPIES,
    COPIES_AT_ONCE,
    FOLLOWED_S,
    GRACE_S,
    MISSING_S,
    RETRY_S,
    WORTH_A_WARNING,
    Poller,
)
from wirepost.store.queue import Task, put
from wirepost.store.worker import AT_ONCE, ComeAgain, Worker
from wirepost.store.worker import Job as Attempt
from wirepost.tools.jobs import TERMINAL, Started

NOW = ManualClock().now()
ROWS = [{"custom_id": str(number), "text": "x" * 40} for number in range(10)]
DOWN = Unavailable("upstream_unavailable", "Sample does not answer")


class Steady(Random):
    """Every pause is as long as it is meant."""

    def uniform(self, a, b):
        return (a + b) / 2


@pytest.fixture
def far():
    return FarJobs()


class Following:
    """One job and its poller."""

    def __init__(self, database, jobs, files, clock, connections):
        self.database, self.jobs, self.files, self.clock = database, jobs, files, clock
        self.connections = connections
        self.looks = Looks(connections, clock)
        self.poller = Poller(jobs, files, self.looks, clock, rng=Steady())
        self.id = ""
        self.told = []
        jobs.on_end.append(self.tell)

    async def tell(self, job):
        self.told.append((job.id, job.status))

    async def begin(self, **options):
        given, opening = self.jobs.opening(
            Started(KIND, "rep_1", {"a": 1}, **options),
            owner="anna",
            connection="sample",
            environment="sandbox",
            tool="sample_start_report",
            intent="int_1",
        )
        await self.database.write(opening)
        self.id = given.job
        return self

    async def look(self):
        """One look: the pause until the next one, `None` after the last."""
        try:
            await self.poller.look(Attempt(LOOK, self.id, {}, 1, None))
        except ComeAgain as again:
            self.clock.advance(again.delay_s)
            return again.delay_s
        return None

    async def job(self):
        return await self.jobs.find(self.id, "anna")

    async def kept(self):
        job = await self.job()
        return await self.files.page(await self.files.get(job.file, "anna"), 0, 100)


@pytest.fixture
async def follow(database, jobs, files, clock, far):
    opened = []

    async def begin(*, started=None, **options):
        connections = far.connections(clock, **options)
        opened.append(connections)
        return await Following(database, jobs, files, clock, connections).begin(**(started or {}))

    yield begin
    for each in opened:
        await each.close()


async def test_success(follow, far):
    following = await follow()
    far.seen = [
        Seen("queued", "validating"),
        Seen("running", "in_progress", done=4, total=10, details={"output": "file-9"}),
        Seen("succeeded", "completed", done=10, total=10, usage=Usage(input_tokens=7, output_tokens=5)),
    ]
    far.rows = [{**row, "usage": {"input_tokens": 1}} for row in ROWS]  # the provider's own word counts
    assert [await following.look() for _ in range(3)] == pytest.approx([3.2, 5.12, None])
    job = await following.job()
    assert (job.status, job.provider_status, job.done, job.total) == ("succeeded", "completed", 10, 10)
    assert job.details == {"a": 1, "output": "file-9"}
    assert job.usage == {"input_tokens": 7, "output_tokens": 5}
    assert await following.kept() == far.rows
    assert following.told == [(job.id, "succeeded")]
    assert far.looks[-1].job.provider_id == "rep_1"


async def test_partial_success(follow, far):
    following = await follow()
    far.seen, far.rows = [Seen("partial")], ROWS[:3]
    await following.look()
    assert (await following.job()).status == "partial"
    assert await following.kept() == ROWS[:3]


async def test_failure(follow, far):
    following = await follow()
    far.seen = [Seen("failed", error=Problem("invalid_jsonl", "line 3"))]
    await following.look()
    job = await following.job()
    assert (job.status, job.error, job.file) == (
        "failed",
        {"code": "invalid_jsonl", "message": "line 3"},
        None,
    )


@pytest.mark.parametrize("status", sorted(TERMINAL))
async def test_each_end_is_told_once_it_is_stored(follow, far, status):
    following = await follow()
    far.seen = [Seen(status)]
    assert await following.look() is None
    assert following.told == [(following.id, status)]


async def test_after_a_crash_between_the_end_and_its_telling_it_is_told(follow, far):
    following = await follow()
    far.seen = [Seen("succeeded")]
    following.jobs.on_end.insert(0, fails_once := FailsOnce())
    assert await following.look() == RETRY_S
    assert following.told == []
    assert await following.look() is None
    assert following.told == [(following.id, "succeeded")]
    assert (fails_once.count, len(far.looks)) == (2, 1)


class FailsOnce:
    count = 0

    async def __call__(self, job):
        self.count += 1
        if self.count == 1:
            raise DOWN


async def test_pauses_grow_to_a_minute_and_start_at_the_hint(follow):
    following = await follow(started={"poll_after_s": 10})
    pauses = [await following.look() for _ in range(6)]
    assert pauses == pytest.approx([16, 25.6, 40.96, 60, 60, 60])


async def test_pauses_of_batches_grow_to_five_minutes(follow):
    following = await follow(longest_poll_s=300)
    pauses = [await following.look() for _ in range(14)]
    assert pauses[-1] == 300


async def test_pauses_vary_by_a_fifth(follow, far, clock):
    following = await follow(started={"poll_after_s": 60})
    following.poller = Poller(following.jobs, following.files, following.looks, clock, rng=Random(7))  # noqa: S311 - decides pauses alone
    pauses = [await following.look() for _ in range(50)]
    assert 48 <= min(pauses) < 53
    assert 67 < max(pauses) <= 72


async def test_the_providers_hint_decides_the_pause(follow, far):
    following = await follow()
    far.seen = [Seen("running", poll_after_s=17)]
    assert await following.look() == 17


async def test_five_failed_looks_leave_the_job_running_with_a_warning(follow, far):
    following = await follow()
    far.seen = [Seen("running"), *[DOWN] * WORTH_A_WARNING, Seen("running")]
    await following.look()
    for _ in range(WORTH_A_WARNING - 1):
        await following.look()
    assert (await following.job()).warnings == ()
    await following.look()
    job = await following.job()
    assert job.status == "running"
    assert job.warnings == (
        "Looks at its provider fail (5 so far): upstream_unavailable: Sample does not answer",
    )
    await following.look()
    assert (await following.job()).warnings == ()


async def test_an_unexpected_fault_of_a_kind_is_a_failed_look(follow, far, caplog):
    following = await follow()
    far.seen = [KeyError("status")]
    assert await following.look() is not None
    job = await following.job()
    assert (job.status, job.failed_looks) == ("queued", 1)
    assert "KeyError" in caplog.text


async def test_a_job_that_its_provider_does_not_know_is_unknown_and_fails_after_an_hour(follow, far):
    following = await follow()
    far.seen = [GONE]
    began = following.clock.monotonic()
    await following.look()
    assert (await following.job()).status == "unknown"
    while await following.look() is not None:
        assert following.clock.monotonic() - began < MISSING_S + 120
    job = await following.job()
    assert (job.status, job.error["code"]) == ("failed", "not_found")
    assert following.clock.monotonic() - began >= MISSING_S


async def test_a_job_that_turns_up_again_goes_on(follow, far):
    following = await follow()
    far.seen = [GONE, Seen("running")]
    await following.look()
    await following.look()
    job = await following.job()
    assert (job.status, job.missing_since) == ("running", None)


async def test_what_never_ends_expires(follow, far):
    following = await follow(started={"expires_at": NOW + timedelta(hours=1)})
    following.clock.advance(3600 + GRACE_S - 10)
    assert await following.look() is not None
    following.clock.advance(20)
    assert await following.look() is None
    assert (await following.job()).status == "expired"


async def test_a_job_is_looked_at_when_it_expires(follow, far):
    following = await follow(started={"expires_at": NOW + timedelta(seconds=7), "poll_after_s": 4})
    assert [await following.look() for _ in range(3)] == pytest.approx([6.4, 0.6, 16.384])


async def test_nothing_is_followed_for_ever(follow, far):
    following = await follow()
    far.seen = [DOWN]
    following.clock.advance(FOLLOWED_S + 1)
    assert await following.look() is None
    assert (await following.job()).status == "expired"


async def test_a_cancelled_job_stays_cancelling_until_its_provider_says_so(follow, far):
    following = await follow()
    await following.jobs.change(await following.job(), status="cancelling")
    far.seen = [Seen("running"), Seen("cancelled")]
    await following.look()
    assert (await following.job()).status == "cancelling"
    await following.look()
    assert (await following.job()).status == "cancelled"


async def test_what_is_cancelled_while_it_is_looked_at_is_looked_at_again(follow, far):
    following = await follow()

    async def looked_at(look):
        await following.jobs.change(await following.job(), status="cancelling")
        return Seen("running")

    following.connections.by_name["sample"].provider = (
        FarJobs().connections(following.clock, look=looked_at).by_name["sample"].provider
    )
    assert await following.look() == 0.0
    assert (await following.job()).status == "cancelling"


async def test_a_result_that_cannot_be_copied_is_copied_later(follow, far):
    following = await follow()
    far.seen, far.rows = [Seen("succeeded")], [*ROWS[:4], DOWN]
    assert await following.look() == pytest.approx(3.2)
    job = await following.job()
    assert (job.status, job.file) == ("running", None)
    assert job.warnings == (
        "Its result could not be copied yet: upstream_unavailable: Sample does not answer",
    )
    far.rows = ROWS
    assert await following.look() is None
    job = await following.job()
    assert (job.status, job.warnings) == ("succeeded", ())
    assert await following.kept() == ROWS


async def test_a_result_that_is_soon_forgotten_is_copied_again_at_once(follow, far):
    following = await follow(forgets_early=True)
    far.seen, far.rows = [Seen("succeeded")], [DOWN]
    assert [await following.look() for _ in range(4)] == [2.0] * 4


async def test_a_result_that_can_never_be_copied_is_said_to_be_missing(follow, far):
    following = await follow()
    far.seen, far.rows = [Seen("succeeded")], [DOWN]
    for _ in range(COPIES - 1):
        assert await following.look() is not None
    assert await following.look() is None
    job = await following.job()
    assert (job.status, job.file, job.error["code"]) == ("succeeded", None, "upstream_unavailable")
    assert "could not be copied" in job.error["message"]


async def test_looks_that_failed_leave_the_copy_of_the_result_all_its_tries(follow, far):
    following = await follow()
    far.seen, far.rows = [*[DOWN] * COPIES, Seen("succeeded"), *[DOWN] * COPIES, Seen("succeeded")], [DOWN]
    for _ in range(2 * COPIES + 1):
        assert await following.look() is not None
    for _ in range(COPIES - 2):
        assert await following.look() is not None
        assert (await following.job()).status == "running"
    assert await following.look() is None
    assert "could not be copied" in (await following.job()).error["message"]


async def test_slow_copies_leave_room_for_other_work(database, signals, far):
    clock, done, go_on = ManualClock(auto=False), asyncio.Event(), asyncio.Event()
    files = Files(database, clock, max_mb=0.002, keep_days=7)
    jobs = Jobs(database, signals, clock, files)
    begun = 0

    async def slow(look):
        nonlocal begun
        begun += 1
        await go_on.wait()
        yield ROWS[0]

    async def do(item):
        done.set()

    far.seen, connections = [Seen("succeeded")], far.connections(clock, results=slow)
    poller = Poller(jobs, files, Looks(connections, clock), clock, rng=Steady())
    place = {"connection": "sample", "environment": "sandbox", "owner": "anna"}
    for number in range(AT_ONCE):
        await jobs.adopt(KIND, provider_id=f"rep_{number}", **place)
    now = clock.now().timestamp()
    await database.write(lambda tx: put(tx, Task("short", "s", now + 0.1), now))
    worker = Worker(database, {**poller.work, "short": do}, signals, clock, stop_s=0)
    working = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(5):
            await clock.wait_for_sleepers(2)
            clock.advance(0.1)
            await done.wait()
            assert begun == COPIES_AT_ONCE
            go_on.set()
            while not all(job.status == "succeeded" for job in await jobs.page("anna")):
                await clock.wait_for_sleepers(2)
                clock.advance(1.0)
                await asyncio.to_thread(lambda: None)
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await connections.close()
    assert begun == AT_ONCE


async def test_a_job_whose_connection_is_gone_says_so(follow, far):
    following = await follow()
    following.connections.by_name.clear()
    for _ in range(WORTH_A_WARNING):
        await following.look()
    assert "not_connected" in (await following.job()).warnings[0]


async def test_reports_of_its_connection_reach_the_kind(follow, far, clock):
    following = await follow()
    asked = []

    async def reports(connection, subject):
        asked.append((connection, subject))
        return [Report("ask.answered", NOW, {"value": "yes"}, None, is_verified=True)]

    following.looks.reports = reports
    await following.look()
    assert (await far.looks[0].reports("ask/1"))[0].data == {"value": "yes"}
    assert asked == [("sample", "ask/1")]


async def test_what_waits_here_expires_when_its_time_is_over(database, jobs, files, clock, far):
    job, _ = await jobs.add_waiting(
        "approval",
        key="k",
        owner="anna",
        tool="t",
        connection="sample",
        environment="sandbox",
        expires_at=NOW + timedelta(hours=1),
        details={},
    )
    poller = Poller(jobs, files, Looks(far.connections(clock), clock), clock)
    for passed, left in ((0, 3600), (3590, 10)):
        clock.advance(passed)
        with pytest.raises(ComeAgain) as again:
            await poller.look(Attempt(LOOK, job.id, {}, 1, None))
        assert again.value.delay_s == left
    clock.advance(10)
    await poller.look(Attempt(LOOK, job.id, {}, 1, None))
    assert (await jobs.find(job.id, "anna")).status == "expired"


async def test_work_of_a_job_that_is_forgotten_is_done(follow):
    following = await follow()
    await following.poller.look(Attempt(LOOK, "job_gone", {}, 1, None))
    assert following.told == []
