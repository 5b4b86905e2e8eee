"""Servers killed with -9 while webhooks pour in: what was confirmed is there once, and is delivered once."""

from __future__ import annotations

import asyncio
import base64
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.postgres import address_in
from support.programs import Served, serving
from support.receiving import SECRET
from support.storm import TWICE, Storm
from wirepost.core.clock import Clock
from wirepost.events.deliveries import Deliveries
from wirepost.events.log import EventLog
from wirepost.events.matching import Matcher
from wirepost.providers.stripe.sandbox import StripeSandbox
from wirepost.store.database import Database
from wirepost.store.postgres.server import Server
from wirepost.store.signals import Signals

if TYPE_CHECKING:
    from wirepost.store.place import Place

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

KILLS = 20
LIVES = [1 + number * 191 % 550 for number in range(KILLS)]
"""Requests that are confirmed before each kill."""
ALONE = 80
"""Requests that the other server confirms before there are two again."""
POSTED = 5000
"""At least so many requests come to that."""
MOST = 20_000


def configuration(directory: Path, store: str = "") -> Path:
    """Of a shop whose provider nobody answers for: only its webhooks come."""
    ours = base64.b64encode(b"k" * 32).decode()
    for name, secret in {"secret": SECRET, "key": StripeSandbox.key, "ours": ours, "store": store}.items():
        (directory / name).touch(mode=0o600)
        (directory / name).write_text(secret)
    file = directory / "wirepost.yaml"
    file.write_text(f"""\
store: {{{f"url: 'file:{directory}/store'" if store else ""}}}
secrets: {{keys: ["file:{directory}/ours"]}}
connections:
  shop:
    provider: stripe
    environment: test
    base_url: http://127.0.0.1:9
    key: file:{directory}/key
    webhooks:
      default: {{secrets: ["file:{directory}/secret"], per_address_s: 100000, per_endpoint_s: 100000}}
subscriptions:
  all: {{start: earliest}}
  euros: {{start: earliest, types: ["payment.refunded"], where: "data.currency == 'eur'"}}
  invoices: {{start: earliest, types: ["invoice.*"]}}
""")
    return file


@asynccontextmanager
async def taking(storm: Storm, directory: Path, config: Path) -> AsyncIterator[Served]:
    """A server that the storm is sent to, until it ends."""
    async with serving(directory, "--config", str(config)) as server:
        await storm.began(server.url)
        yield server
        storm.ended(server.url)


async def kill(storm: Storm, *servers: Served) -> None:
    """At this very moment, with requests on their way to them."""
    for each in servers:
        each.process.send_signal(signal.SIGKILL)
        storm.ended(each.url)
    for each in servers:
        assert await each.process.wait() == -signal.SIGKILL


async def all_read(place: Place) -> None:
    """Return once the servers have read all that they had confirmed unread."""
    reader = await Database.open_reader(place)
    while await reader.read("SELECT id FROM unread LIMIT 1"):
        await asyncio.to_thread(lambda: None)
    await reader.close()


async def check(place: Place, storm: Storm) -> int:
    """Every event is stored once, under the one id with which it was confirmed, and delivered once.

    Returns how many requests brought nothing new.
    """
    clock, signals = Clock(), Signals()
    database = await Database.open(place, clock)
    log, deliveries = EventLog(database, signals, clock), Deliveries(database, signals, clock)
    while await Matcher(log, deliveries, clock, max_waiting=MOST).step():
        pass  # what the last server had no time for
    stored = await database.read("SELECT dedupe_key, id, seq FROM events ORDER BY seq LIMIT ?", MOST)
    delivered = await database.read(
        "SELECT name, seq, copy, sink, state FROM deliveries "
        "JOIN subscriptions ON subscription = id ORDER BY name, seq LIMIT ?",
        3 * MOST,
    )
    ((receipts,),) = await database.read("SELECT count(*) FROM receipts LIMIT 1")
    await database.close()

    assert {f":evt_{number}" for number in storm.answered} == {key for key, *_ in stored}
    for key, event_id, _ in stored:
        assert storm.answered[int(key.removeprefix(":evt_"))] <= {event_id}
    numbers = [seq for *_, seq in stored]
    assert numbers == list(range(1, len(storm.answered) + 1))
    assert delivered == [(each, seq, 0, "pull", "pending") for each in ("all", "euros") for seq in numbers]
    return int(receipts)


async def test_what_was_confirmed_is_there_once_after_twenty_kills(tmp_path: Path) -> None:
    """12.4.01: twenty kills, on a file."""
    storm, config = Storm("/webhooks/shop"), configuration(tmp_path)
    data = tmp_path / "data"
    async with storm.blowing():
        for life in LIVES:
            async with taking(storm, data, config) as server:
                await storm.confirmed(life)
                await kill(storm, server)
        async with taking(storm, data, config):
            await storm.over()
            await all_read(data / "wirepost.db")
    receipts = await check(data / "wirepost.db", storm)
    assert storm.said.total() > POSTED
    assert storm.said["kept"], "some came faster than they were read"
    stored_in_vain = receipts - sum(number % TWICE == 0 for number in storm.answered)
    assert 0 < stored_in_vain < storm.said["lost"], (
        "kills came before the commit, and between it and the answer"
    )


@pytest.mark.services("postgres")
async def test_two_servers_on_one_database_die_in_turn_and_together(schema: str, tmp_path: Path) -> None:
    """12.4.01: twenty kills, of two servers on one database."""
    storm, config = Storm("/webhooks/shop"), configuration(tmp_path, address_in(schema))
    async with storm.blowing(), AsyncExitStack() as begun:

        async def start(place: int) -> Served:
            return await begun.enter_async_context(taking(storm, tmp_path / f"data-{place}", config))

        servers = [await start(0), await start(1)]
        lives = iter(LIVES)
        for victims in [(0,), (1,), (0,), (0, 1)] * (KILLS // 5):
            await storm.confirmed(next(lives))
            await kill(storm, *(servers[each] for each in victims))
            if len(victims) == 1:
                await storm.confirmed(ALONE)
            for each in victims:
                servers[each] = await start(each)
        await storm.over()
        await all_read(Server.at(address_in(schema)))
    await check(Server.at(address_in(schema)), storm)
    assert storm.said.total() > POSTED
    assert storm.said["lost"] > KILLS
