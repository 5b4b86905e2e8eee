"""The official conformance suite against the product's own app factory, with the suite's fixtures added."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler

from conformance.fixtures import Events, Fixtures
from conformance.job_fixtures import JobFixtures
from support.node import CONFORMANCE, find_node
from support.running import running
from support.serving import served
from support.sources import listed_exceptions
from wirepost.core.clock import Clock
from wirepost.server.asgi import build_asgi
from wirepost.server.mcp import build_mcp
from wirepost.server.tasks import TasksExtension

HERE = Path(__file__).parent
ALWAYS, STATELESS = HERE / "known-failures.txt", HERE / "known-failures-stateless.txt"
REQUIRED = {"2026-07-28": 46, "2025-11-25": 30}
"""Requirement sets, and how many scenarios each has that are scored."""
SCENARIOS = 65
"""How many the suite has; another version of it may have more, never fewer."""
_RESULT = re.compile(r"^([✓✗]) ([\w-]+): (\d+) passed, (\d+) failed$", re.MULTILINE)


async def run(url: str, folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the suite: how it ended, and what it printed."""
    node = find_node()
    assert node is not None
    command = [node, CONFORMANCE, "server", "--url", url, "-o", folder, *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(120):
        printed = (await process.communicate())[0].decode()
    return process.returncode or 0, printed


def results(printed: str) -> dict[str, bool]:
    """Scenario → whether it passed; one in which nothing was checked did not."""
    return {
        name: mark == "✓" and int(passed) > 0 and int(failed) == 0
        for mark, name, passed, failed in _RESULT.findall(printed)
    }


@asynccontextmanager
async def server(folder: Path, *, stateless: bool) -> AsyncIterator[str]:
    """The address of a server with the suite's fixtures."""
    bus = InMemorySubscriptionBus()
    async with running(folder, server={"stateless": stateless}) as wirepost:
        jobs = wirepost.app.long_work.jobs
        tasks = TasksExtension(jobs, wirepost.app.calls)
        mcp = build_mcp(
            wirepost.app.calls,
            secret=wirepost.app.secret,
            version="1",
            listen=ListenHandler(bus),
            tasks=tasks,
        )
        fixtures = Fixtures(bus, Clock())
        JobFixtures(jobs, tasks, Clock()).extend(fixtures)
        fixtures.extend(mcp)
        asgi = build_asgi(wirepost.app, mcp, event_store=Events(), retry_interval=500)
        async with served(asgi, http="httptools") as base:
            yield f"{base}/mcp"


@pytest.mark.slow
@pytest.mark.services("node")
@pytest.mark.parametrize("revision", REQUIRED)
async def test_everything_that_a_revision_requires_passes(tmp_path, revision):
    async with server(tmp_path, stateless=False) as url:
        code, printed = await run(url, tmp_path, "--requirements", revision)
    assert code == 0, printed[-6000:]
    passed = [name for name, is_passed in results(printed.partition("Not scored")[0]).items() if is_passed]
    assert len(passed) >= REQUIRED[revision]


@pytest.mark.slow
@pytest.mark.services("node")
@pytest.mark.timeout(180)
@pytest.mark.parametrize(("stateless", "known"), [(False, (ALWAYS,)), (True, (ALWAYS, STATELESS))])
async def test_the_whole_suite_fails_in_exactly_what_is_known(tmp_path, stateless, known):
    async with server(tmp_path, stateless=stateless) as url:
        _, printed = await run(url, tmp_path, "--suite", "all")
    found = results(printed)
    assert len(found) >= SCENARIOS
    failing = {name for name, is_passed in found.items() if not is_passed}
    assert failing == {name for path in known for name in listed_exceptions(path)}, printed[-6000:]


def test_each_known_failure_has_a_reason_of_its_own_list():
    always, stateless = listed_exceptions(ALWAYS), listed_exceptions(STATELESS)
    assert [name for name, reason in [*always.items(), *stateless.items()] if len(reason.split()) < 5] == []
    assert always.keys() & stateless.keys() == set()


def test_a_scenario_in_which_nothing_was_checked_has_not_passed():
    printed = "✓ ping: 2 passed, 0 failed\n✗ caching: 8 passed, 1 failed\n✓ polling: 0 passed, 0 failed\n"
    assert results(printed) == {"ping": True, "caching": False, "polling": False}
