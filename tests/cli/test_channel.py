"""`wirepost channel` as a client starts it: a program that speaks the older handshake on its streams."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from support.clock import ManualClock
from support.occurred import delivered, event, stored
from support.programs import PATIENCE_S, environment
from support.stand_in import StandInCalls, Tools, entry
from wirepost.cli import channel
from wirepost.core.clock import Clock
from wirepost.events.deliveries import Deliveries
from wirepost.events.filters import Filter
from wirepost.events.log import EventLog
from wirepost.events.subscriptions import Subscriptions
from wirepost.server.channel import ChannelDesk
from wirepost.server.local import LocalSocket
from wirepost.server.mcp import build_mcp
from wirepost.server.presence import Presence
from wirepost.settings.events import SubscriptionSettings
from wirepost.store.database import Database
from wirepost.store.owner import DataDirectory
from wirepost.store.signals import Signals

PROGRAM = [sys.executable, "-c", "from wirepost.cli.channel import main; import sys; main(sys.argv[1:])"]
GREETING = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "claude-code", "version": "2.1.90"},
}
LISTED = Tools([entry("event_wait"), entry("event_get"), entry("event_ack"), entry("echo", text="string")])


class WatchedDesk(ChannelDesk):
    """Tells when a session has been given the number of what waits, and asks for more."""

    has_begun: asyncio.Event

    async def next(self, ctx, params):
        if not params.is_first:
            self.has_begun.set()
        return await super().next(ctx, params)


class Office:
    """A server with a subscription that is pushed, at the place where programs look for it."""

    def __init__(self, directory: Path, database: Database, clock: Clock) -> None:
        self.directory, self.clock = directory, clock
        signals = Signals()
        self.log = EventLog(database, signals, clock)
        self.deliveries = Deliveries(database, signals, clock)
        self.subscriptions = Subscriptions(database, clock)
        calls = StandInCalls(listed=LISTED)
        self.server = build_mcp(calls, secret=b"s" * 32, version="1", clock=calls.clock)
        desk = WatchedDesk(self.subscriptions, self.deliveries, clock, allows=lambda *_: None, note=self.note)
        self.has_begun = desk.has_begun = asyncio.Event()
        desk.install(self.server)
        self.local = LocalSocket(self.server, Presence(Clock()))

    async def note(self, caller, events) -> None:
        return None

    async def bring(self, *events: Any) -> list[str]:
        options = SubscriptionSettings(deliver=["channel"])
        subscription = await self.subscriptions.put("local", "refunds", Filter(), options, start=0)
        known = await stored(self.log, *events)
        for way in ("pull", "channel"):
            now = self.clock.now().timestamp()
            await delivered(self.log.database, subscription.id, way, *known, now=now)
        self.deliveries.told([(subscription.id, "channel")])
        return [each.id for each in known]

    @asynccontextmanager
    async def program(self):
        process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            "--data-dir",
            str(self.directory),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=environment(),
            cwd="/",
        )
        try:
            yield Session(process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


class Session:
    """The client's side."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def send(self, **message: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        await self.process.stdin.drain()

    async def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            message: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return message

    async def ask(self, number: int, method: str, **params: Any) -> dict[str, Any]:
        await self.send(id=number, method=method, params=params)
        return await self.hear()

    async def greet(self) -> dict[str, Any]:
        said = await self.ask(1, "initialize", **GREETING)
        await self.send(method="notifications/initialized")
        return said["result"]

    async def end(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()


@pytest.fixture
async def office(tmp_path, clock: ManualClock):
    directory = DataDirectory(tmp_path / "data")
    directory.create()
    database = await Database.open(tmp_path / "data" / "test.db", clock)
    office = Office(tmp_path / "data", database, clock)
    await office.local.listen(directory.socket_path)
    yield office
    await office.local.close()
    await database.close()


async def test_a_channel_is_declared_and_its_tags_are_explained(office):
    """12.4.10a: declared."""
    async with office.program() as session:
        said = await session.greet()
    assert said["capabilities"] == {"tools": {}, "experimental": {"claude/channel": {}}}
    assert said["protocolVersion"] == "2025-11-25"
    for word in ("<channel", "event_ack", "event_get", "event_wait", "instruction"):
        assert word in said["instructions"]


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("2024-11-05", "2024-11-05"), ("2026-07-28", "2025-11-25"), ("1999-01-01", "2025-11-25")],
)
async def test_no_revision_without_a_handshake_is_spoken(office, asked, spoken):
    async with office.program() as session:
        said = await session.ask(1, "initialize", **{**GREETING, "protocolVersion": asked})
    assert said["result"]["protocolVersion"] == spoken


async def test_the_newer_generation_is_refused_so_that_clients_fall_back(office):
    """12.4.10a: not declared."""
    envelope = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}
    async with office.program() as session:
        probed = await session.ask(1, "server/discover", **envelope)
        listed = await session.ask(2, "tools/list", **envelope)
        assert "result" in await session.ask(3, "initialize", **GREETING)
    assert probed["error"]["code"] == -32601
    assert listed["error"]["code"] == -32022
    assert "2026-07-28" not in listed["error"]["data"]["supported"]


async def test_the_client_of_the_sdk_falls_back_and_uses_the_tools(office):
    arguments = [*PROGRAM[1:], "--data-dir", str(office.directory)]
    server = StdioServerParameters(command=PROGRAM[0], args=arguments, env=environment())
    async with Client(server, mode="auto", read_timeout_seconds=PATIENCE_S) as c:
        assert c.protocol_version == "2025-11-25"
        assert [each.name for each in (await c.list_tools()).tools] == [
            "event_wait",
            "event_get",
            "event_ack",
        ]


async def test_an_event_is_pushed_as_the_client_wants_it(office):
    async with office.program() as session:
        await session.greet()
        await office.has_begun.wait()
        (told,) = await office.bring(event())
        pushed = await session.hear()
    assert pushed.keys() == {"jsonrpc", "method", "params"}
    assert pushed["method"] == "notifications/claude/channel"
    assert pushed["params"]["content"].startswith("payment.refunded: ")
    meta = pushed["params"]["meta"]
    assert meta["event_id"] == told
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in meta)
    assert all(isinstance(value, str) for value in meta.values())


async def test_before_the_handshake_is_over_nothing_is_pushed_and_then_a_number(office):
    await office.bring(event(), event())
    async with office.program() as session:
        said = await session.ask(1, "initialize", **GREETING)
        assert "result" in said
        assert (await session.ask(2, "ping"))["id"] == 2
        await session.send(method="notifications/initialized")
        pushed = await session.hear()
    assert pushed["params"]["meta"] == {"pending": "2"}
    assert "2 in refunds" in pushed["params"]["content"]


async def test_the_three_tools_are_forwarded_and_no_other(office):
    async with office.program() as session:
        await session.greet()
        listed = await session.ask(2, "tools/list")
        called = await session.ask(3, "tools/call", name="event_get", arguments={"id": "evt_1"})
        refused = await session.ask(4, "tools/call", name="echo", arguments={})
    assert [each["name"] for each in listed["result"]["tools"]] == ["event_wait", "event_get", "event_ack"]
    assert called["result"]["structuredContent"]["error"]["code"] == "invalid_arguments"
    assert refused["error"]["code"] == -32601


async def test_lines_that_are_no_messages_are_answered_and_other_methods_refused(office):
    async with office.program() as session:
        assert session.process.stdin is not None
        session.process.stdin.write(b"{nonsense\n\n[1]\n")
        assert (await session.hear())["error"]["code"] == -32700
        assert (await session.ask(5, "resources/list"))["error"]["code"] == -32601


async def test_the_program_ends_with_its_client(office):
    async with office.program() as session:
        await session.greet()
        assert await session.end() == 0


async def test_the_program_ends_with_its_server_and_says_so(office):
    async with office.program() as session:
        await session.greet()
        await office.has_begun.wait()
        await office.local.close()
        async with asyncio.timeout(PATIENCE_S):
            assert await session.process.wait() == 1
        assert session.process.stderr is not None
        assert (await session.process.stderr.read()).startswith(b"wirepost: the running server ")


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["--nonsense"], 2), (["--in-process"], 2)])
def test_how_it_is_used_is_told(arguments, code, capsys):
    assert channel.run(arguments) == code
    printed = capsys.readouterr()
    assert "usage: wirepost channel" in printed.out + printed.err
