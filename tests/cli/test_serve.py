"""`wirepost serve`: what it says to the person who started it; the rest is in `server/test_run.py`."""

from __future__ import annotations

import asyncio
import os

import httpx2
import pytest

from support.programs import COMMAND, PATIENCE_S, end_owner, environment, serving, start
from wirepost.cli.serve import _tell_person
from wirepost.server.run import Address
from wirepost.store.owner import DataDirectory


def test_it_says_where_it_is_and_what_to_do_next(capsys):
    _tell_person(Address("http://127.0.0.1:8484", "/d/wirepost.sock", ("stripe-live", "stripe-test")))
    told = capsys.readouterr()
    assert told.out == ""
    assert "Wirepost is running at http://127.0.0.1:8484\n" in told.err
    for words in (
        "http://127.0.0.1:8484/mcp",
        "stripe-live, stripe-test",
        "wirepost install",
        "wirepost demo",
    ):
        assert words in told.err


@pytest.mark.slow
async def test_in_the_background_it_returns_once_clients_can_connect(tmp_path):
    process = await start("serve", "--background", "--data-dir", str(tmp_path))
    async with asyncio.timeout(PATIENCE_S):
        out, said = await process.communicate()
    assert (process.returncode, out) == (0, b"")
    owner = DataDirectory(tmp_path).find_owner()
    assert owner is not None
    assert f"running at {owner.url} (process {owner.pid};" in said.decode()
    async with httpx2.AsyncClient() as http:
        assert (await http.get(f"{owner.url}/healthz")).json()["status"] == "ok"
    assert os.getsid(owner.pid) == owner.pid
    await end_owner(tmp_path)


@pytest.mark.slow
async def test_closed_streams_do_not_stop_it(tmp_path):
    closed = ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")
    process = await asyncio.create_subprocess_exec(
        *(*closed, *COMMAND, "serve", "--port", "0", "--data-dir", str(tmp_path)), env=environment()
    )
    directory = DataDirectory(tmp_path)
    async with asyncio.timeout(PATIENCE_S):
        while not ((owner := directory.find_owner()) and owner.url):
            await asyncio.to_thread(os.sched_yield)
            assert process.returncode is None
    async with httpx2.AsyncClient() as http:
        assert (await http.get(f"{owner.url}/healthz")).json()["status"] == "ok"
    await end_owner(tmp_path)
    assert await process.wait() == 0


@pytest.mark.slow
async def test_in_the_background_it_says_where_another_one_runs_already(tmp_path):
    async with serving(tmp_path) as served:
        process = await start("serve", "--background", "--data-dir", str(tmp_path))
        async with asyncio.timeout(PATIENCE_S):
            out, said = await process.communicate()
    assert (process.returncode, out) == (0, b"")
    told = f"Wirepost was running already at {served.url} (process {served.process.pid})\n"
    assert said.decode() == told
