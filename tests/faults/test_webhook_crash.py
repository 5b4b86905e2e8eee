"""A server killed while webhooks come in: every one that was answered with success is there, exactly once."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter

import httpx2
import pytest

from support.clock import ManualClock
from support.programs import serving
from support.receiving import SECRET, refund, stripe_signature
from wirepost.core.clock import Clock
from wirepost.events.log import EventLog
from wirepost.store.database import Database
from wirepost.store.signals import Signals

KILLS = 20
SENDERS = 16


@pytest.mark.slow
async def test_every_answered_webhook_survives_kill_9_exactly_once(tmp_path):
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET)
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text("rk_test_" + "4eC39HqLyjWDarjtT1zdp7dc")
    config = tmp_path / "wirepost.yaml"
    endpoint = {"secrets": [f"file:{secret}"]}
    connection = {
        "provider": "stripe",
        "environment": "test",
        "key": f"file:{key}",
        "webhooks": {"default": endpoint},
    }
    config.write_text(json.dumps({"connections": {"stripe": connection}}))
    told = []
    for number in range(KILLS):
        async with serving(tmp_path / "data", "--config", str(config)) as server:
            told += await killed_under_load(server, number)
    database = await Database.open(tmp_path / "data" / "wirepost.db", ManualClock())
    log, stored, position = EventLog(database, Signals(), ManualClock()), Counter(), 0
    while events := await log.after(position, 500):
        assert [each.seq for each in events] == list(range(position + 1, position + 1 + len(events)))
        stored.update(each.provider_event_id for each in events)
        position = events[-1].seq
    await database.close()
    assert len(told) >= KILLS * 30
    assert set(stored.values()) == {1}
    assert stored.keys() >= set(told)


async def killed_under_load(server, number):
    """What was answered with success before the server was killed."""
    told, count, enough = [], iter(range(100_000)), asyncio.Event()

    async def sender(http):
        while True:
            name = f"{number}_{next(count)}"
            body = refund(name)
            headers = {"stripe-signature": stripe_signature(body, Clock().now().timestamp())}
            try:
                answer = await http.post(f"{server.url}/webhooks/stripe", content=body, headers=headers)
            except httpx2.TransportError:
                return
            assert answer.status_code == 200
            told.append(f"evt_{name}")
            if len(told) >= 30 + 7 * number:
                enough.set()

    async with httpx2.AsyncClient(timeout=30) as http:
        senders = [asyncio.ensure_future(sender(http)) for _ in range(SENDERS)]
        async with asyncio.timeout(60):
            await enough.wait()
        await server.end(signal.SIGKILL)
        await asyncio.gather(*senders)
    return told
