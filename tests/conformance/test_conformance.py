"""The official conformance suite against the product's own app factory, with the suite's fixtures added."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler

from conformance.fixtures import Events, Fixtures
from support.node import CONFORMANCE, find_node
from support.running import running
from support.serving import served
from wirepost.core.clock import Clock
from wirepost.server.asgi import build_asgi
from wirepost.server.mcp import build_mcp

HERE = Path(__file__).parent
EXPECTED = {False: HERE / "expected-failures.yml", True: HERE / "expected-failures-stateless.yml"}
MOST_EXPECTED = {False: 9, True: 15}
"""Lower these when the lists become shorter."""
REQUIRED = {"2026-07-28": 37, "2025-11-25": 30}
"""Requirement sets, and how many scenarios each has that are scored."""


async def run(url: str, folder: Path, *arguments: str) -> str:
    """Run the suite; what it printed. Fails with it: at a failure too many, or an expected one too few."""
    node = find_node()
    assert node is not None
    command = [node, CONFORMANCE, "server", "--url", url, "-o", folder, *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(120):
        printed = (await process.communicate())[0].decode()
    assert process.returncode == 0, printed[-6000:]
    return printed


async def run_all(folder: Path, *, stateless: bool) -> dict[str, str]:
    """Every requirement set and the whole suite against one server."""
    bus = InMemorySubscriptionBus()
    async with running(folder, server={"stateless": stateless}) as wirepost:
        mcp = build_mcp(
            wirepost.app.calls, secret=wirepost.app.secret, version="1", listen=ListenHandler(bus)
        )
        Fixtures(bus, Clock()).extend(mcp)
        asgi = build_asgi(wirepost.app, mcp, event_store=Events(), retry_interval=500)
        async with served(asgi, http="httptools") as base:
            sets = [] if stateless else list(REQUIRED)
            printed = {name: await run(f"{base}/mcp", folder, "--requirements", name) for name in sets}
            expected = str(EXPECTED[stateless])
            printed["all"] = await run(
                f"{base}/mcp", folder, "--suite", "all", "--expected-failures", expected
            )
            return printed


@pytest.mark.slow
@pytest.mark.services("node")
@pytest.mark.timeout(180)
async def test_the_suite_finds_nothing_but_what_is_known(tmp_path):
    printed = await run_all(tmp_path, stateless=False)
    for name, least in REQUIRED.items():
        scored = printed[name].partition("Not scored")[0]
        assert len(re.findall(r"^✓ ", scored, re.MULTILINE)) >= least
    assert "✓ http-header-validation: 14 passed" in printed["all"]


@pytest.mark.slow
@pytest.mark.services("node")
@pytest.mark.timeout(180)
async def test_without_sessions_only_what_needs_them_is_missing(tmp_path):
    await run_all(tmp_path, stateless=True)


@pytest.mark.parametrize("stateless", [False, True])
def test_the_list_of_known_failures_only_shrinks_and_each_has_a_reason(stateless):
    lines = EXPECTED[stateless].read_text(encoding="utf-8").splitlines()
    entries = [number for number, line in enumerate(lines) if line.startswith("  - ")]
    assert 0 < len(entries) <= MOST_EXPECTED[stateless]
    assert lines[entries[0] - 1].startswith("  # ")
