"""Starting a server for a client: once, however many ask, and with a reason when it does not work."""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
from pathlib import Path

import pytest

from support.programs import PATIENCE_S, end_owner
from support.raw import Raw, call
from wirepost.cli.front import CannotStart
from wirepost.cli.launch import LARGEST_LOG, launch_and_connect
from wirepost.core.clock import Clock
from wirepost.core.errors import ConfigError
from wirepost.store.owner import DataDirectory


async def answer_of(connection: socket.socket) -> dict:
    reader, writer = await asyncio.open_unix_connection(sock=connection)
    raw = Raw(reader, writer)
    await raw.send(call(1, "connection_list"))
    answer = await raw.receive()
    writer.close()
    return answer


@pytest.mark.slow
async def test_of_many_that_ask_at_once_one_starts_the_server_and_all_are_connected(tmp_path):
    directory = DataDirectory(tmp_path)
    directory.create()
    with (tmp_path / "wirepost.log").open("wb") as log:
        log.truncate(LARGEST_LOG + 1)
    asked = [asyncio.to_thread(launch_and_connect, DataDirectory(tmp_path), None) for _ in range(4)]
    connections = await asyncio.gather(*asked)
    answers = [await answer_of(connection) for connection in connections]
    assert ["result" in answer for answer in answers] == [True] * 4
    assert (tmp_path / "wirepost.log").stat().st_size < LARGEST_LOG, "a large log was set aside"
    assert (tmp_path / "wirepost.old.log").exists()
    await end_owner(tmp_path)


@pytest.mark.slow
def test_a_server_that_cannot_start_says_why_and_where_to_read_more(tmp_path):
    config = tmp_path / "wirepost.yaml"
    config.write_text("server:\n  port: seven\n")
    directory = DataDirectory(tmp_path / "d")
    with pytest.raises(CannotStart) as refused:
        launch_and_connect(directory, str(config))
    assert "server.port" in str(refused.value)
    assert str(directory.log_path) in str(refused.value)


@pytest.mark.slow
def test_a_configured_port_that_is_taken_is_an_error_even_in_the_background(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = tmp_path / "wirepost.yaml"
        config.write_text(f"server:\n  port: {port}\n")
        with pytest.raises(CannotStart) as refused:
            launch_and_connect(DataDirectory(tmp_path / "d"), str(config))
    assert f"port {port} is taken" in str(refused.value)


def test_an_owner_that_accepts_nobody_is_named(tmp_path):
    owner = DataDirectory(tmp_path)
    owner.acquire(Clock())
    try:
        with pytest.raises(ConfigError) as refused:
            launch_and_connect(DataDirectory(tmp_path), None, patience_s=0.1)
    finally:
        owner.release()
    assert "for itself alone" in refused.value.message
    assert "--data-dir" in refused.value.hint


def test_an_owner_that_does_not_end_in_its_own_time_is_named(tmp_path):
    owner = DataDirectory(tmp_path)
    owner.acquire(Clock())
    owner.announce("http://127.0.0.1:1", 0.1)
    try:
        with pytest.raises(ConfigError, match=f"process {os.getpid()} does not end"):
            launch_and_connect(DataDirectory(tmp_path), None, patience_s=0)
    finally:
        owner.release()


@pytest.mark.slow
async def test_an_ending_server_gets_the_time_it_asked_for(tmp_path):
    owner = DataDirectory(tmp_path)
    owner.acquire(Clock())
    owner.announce("http://127.0.0.1:1", PATIENCE_S)
    waiting = asyncio.create_task(
        asyncio.to_thread(launch_and_connect, DataDirectory(tmp_path), None, patience_s=0)
    )
    async with asyncio.timeout(PATIENCE_S):
        while not is_locked(tmp_path / "launch.lock"):
            await asyncio.to_thread(os.sched_yield)
        assert not waiting.done()
        owner.release()
        assert "result" in await answer_of(await waiting), "then it starts a server of its own"
    await end_owner(tmp_path)


def is_locked(path: Path) -> bool:
    try:
        with path.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
