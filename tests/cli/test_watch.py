"""`wirepost events tail` and `watch`: news as they come, from where it was, past a server's restart."""

from __future__ import annotations

import asyncio
import json
import os
import signal

import pytest

from support.operating import operate, receive, shop
from support.postgres import Gate, address_in
from support.programs import PATIENCE_S, serving, start
from support.receiving import refund


@pytest.fixture
def project(home, configure):
    """The configuration of the shop; its file."""
    path = configure(shop(home))
    operate(nothing)
    return path


async def nothing(_):
    """A server has begun once."""


def come(*numbers):
    """Refunds with these numbers are stored, by another process than the one that watches."""

    async def work(opened):
        for number in numbers:
            await receive(opened, refund(number, id=f"ch_{number}"))

    return asyncio.to_thread(operate, work)


class Watcher:
    """A running `wirepost events watch`."""

    def __init__(self, process):
        self.process = process

    async def next(self):
        async with asyncio.timeout(PATIENCE_S):
            line = (await self.process.stdout.readline()).decode()
        assert line, (await self.process.stderr.read()).decode()
        assert len(line) <= 401
        return json.loads(line)

    async def end(self):
        self.process.terminate()
        await self.process.communicate()


async def begin(path, home, *arguments):
    """A watcher that misses nothing from now on, as its position is kept."""
    process = await start("events", *arguments, "--config", str(path), HOME=os.environ["HOME"])
    if arguments[0] == "watch":
        async with asyncio.timeout(PATIENCE_S):
            said = (await process.stderr.readline()).decode()
        assert said == f"watching; the position is kept in {home / 'cursor'}\n"
    return Watcher(process)


@pytest.mark.slow
async def test_a_watcher_tells_what_comes_and_goes_on_where_it_was(project, home):
    cursor = home / "cursor"
    await come(1)
    watcher = await begin(project, home, "watch", "--subscription", "refunds", "--cursor-file", str(cursor))
    assert cursor.stat().st_mode & 0o777 == 0o600
    await come(2)
    assert (await watcher.next())["subject"] == "charge/ch_2"
    await watcher.end()
    await come(3, 4)
    again = await begin(project, home, "watch", "--subscription", "refunds", "--cursor-file", str(cursor))
    told = [(await again.next())["subject"]]
    while told[-1] != "charge/ch_4":
        told.append((await again.next())["subject"])
    await again.end()
    assert told in (  # it was killed, perhaps before it had noted what it had told last
        ["charge/ch_3", "charge/ch_4"],
        ["charge/ch_2", "charge/ch_3", "charge/ch_4"],
    )


@pytest.mark.slow
async def test_a_watcher_with_a_filter_tells_nothing_else(project, home):
    cursor = home / "cursor"
    arguments = ("watch", "--type", "payment.refunded", "--source", "shop", "--cursor-file", str(cursor))
    watcher = await begin(project, home, *arguments)
    await come(1)
    assert (await watcher.next())["type"] == "payment.refunded"
    await watcher.end()


@pytest.mark.slow
async def test_a_watcher_lives_on_when_its_server_is_killed_and_another_one_starts(project, home):
    cursor, data = home / "cursor", home / "data"
    config = ("--config", str(project))
    async with serving(data, *config) as first:
        watcher = await begin(project, home, "watch", "--data-dir", str(data), "--cursor-file", str(cursor))
        await send(project, data, "charge.refunded")
        assert (await watcher.next())["type"] == "payment.refunded"
        await first.end(signal.SIGKILL)
    async with serving(data, *config):
        await send(project, data, "invoice.paid")
        assert (await watcher.next())["type"] == "invoice.paid"
    await watcher.end()


@pytest.mark.services("postgres")
async def test_a_watcher_waits_for_a_database_that_is_away(home, configure, schema):
    (home / "ring").touch(mode=0o600)
    (home / "ring").write_text(f"{'a' * 43}=")
    async with Gate().opened() as gate:
        shared = f"store: {{url: '{address_in(schema, at=gate.address)}'}}\n"
        path = configure(f"{shared}secrets: {{keys: ['file:{home}/ring']}}\n{shop(home)}")
        await asyncio.to_thread(operate, nothing)
        watcher = await begin(path, home, "watch", "--cursor-file", str(home / "cursor"))
        await come(1)
        assert (await watcher.next())["subject"] == "charge/ch_1"
        gate.is_open = False
        gate.cut()
        async with asyncio.timeout(PATIENCE_S):
            assert (await watcher.process.stderr.readline()).startswith(b"waiting: ")
        gate.is_open = True
        await come(2)
        assert (await watcher.next())["subject"] == "charge/ch_2"
        await watcher.end()


async def send(path, data, kind):
    """`wirepost events send`, which must succeed."""
    process = await start("events", "send", kind, "--config", str(path), "--data-dir", str(data))
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert process.returncode == 0, (out, err)


@pytest.mark.slow
async def test_tail_follows(project, home):
    await come(1)
    watcher = await begin(project, home, "tail", "-f", "--json")
    line = await watcher.process.stdout.readline()
    assert json.loads(line)["subject"] == "charge/ch_1"
    await come(2)
    async with asyncio.timeout(PATIENCE_S):
        line = await watcher.process.stdout.readline()
    assert json.loads(line)["subject"] == "charge/ch_2"
    await watcher.end()


def test_tail_prints_the_newest_for_people_the_oldest_first(cli, project):
    async def work(opened):
        for number in (1, 2, 3):
            await receive(opened, refund(number, id=f"ch_{number}"))

    operate(work)
    lines = cli("events", "tail", "-n", "2").out.splitlines()
    assert [each.split()[3] for each in lines] == ["charge/ch_2", "charge/ch_3"]
    assert cli("events", "tail", "--type", "order.*").out == ""
    assert cli("events", "tail", "-n", "0").out == ""


def test_a_cursor_of_something_else_is_refused_by_name(cli, project, home):
    cursor = home / "cursor"
    cursor.write_text("nonsense")
    result = cli("events", "watch", "--cursor-file", str(cursor))
    assert result.code == 2
    assert f"{cursor}: the cursor was not issued by this server" in result.err
    cursor.write_bytes(b"\xff")
    assert "cannot be read" in cli("events", "watch", "--cursor-file", str(cursor)).err
    missing = cli("events", "watch", "--cursor-file", str(home / "no" / "cursor"))
    assert (missing.code, "cannot be written" in missing.err) == (2, True)


def test_a_subscription_has_its_filter(cli, project):
    result = cli("events", "watch", "--subscription", "refunds", "--type", "order.*")
    assert result.code == 2
    assert "has its filter already" in result.err
    assert "there is no subscription 'other'" in cli("events", "watch", "--subscription", "other").err
