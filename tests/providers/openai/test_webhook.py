"""OpenAI's events name what is finished, no more; that is enough to look at it now."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest

from support.clock import ManualClock
from support.payloads import instant, only, payload
from support.receiving import Receiving, receiving, said, settings_of
from wirepost.events.job_news import JobNews
from wirepost.jobs.files import Files
from wirepost.jobs.jobs import Jobs
from wirepost.store.database import Database
from wirepost.store.signals import Signals
from wirepost.tools.jobs import Started

KEY = b"a secret of the tests, 32 bytes!"

HEADERS = {"webhook-id": "wh_685c059ae39c8190af8c71ed1022a24d", "webhook-signature": "v1,x"}


@pytest.mark.parametrize(
    ("name", "subject", "event_id"),
    [
        ("batch.completed", "batch/batch_abc123", "evt_72172f870a2ba2a2312fcc5d"),
        ("fine_tuning.job.failed", "fine_tuning.job/ftjob_abc123", "evt_e5d394711354b3173b8a61ac"),
        ("realtime.call.incoming", "realtime.call/rtc_479a275623b54bdb9b6fbae2f7cbd408", "evt_abc123"),
        ("response.completed", "response/resp_abc123", "evt_5191855f6439c6eedb71e886"),
        ("response.failed", "response/resp_abc124", "evt_3c23a7620fff93e745dfc2e5"),
    ],
)
def test_an_event_is_read(name: str, subject: str, event_id: str) -> None:
    item = only("openai", payload(f"openai/{name}.json"), HEADERS)
    assert (item.type, item.provider_type) == (f"openai.{name}", name)
    assert (item.subject, item.event_id) == (subject, event_id)
    assert item.time == instant("2024-06-23T18:40:00Z")
    assert item.key == "wh_685c059ae39c8190af8c71ed1022a24d"
    assert list(item.data.values()) == [subject.partition("/")[2]]


@pytest.fixture
def openai(database: Database, clock: ManualClock, tmp_path: Path) -> Receiving:
    """The endpoint of a connection to OpenAI."""
    settings = settings_of(tmp_path, {"openai": {"default": {}}})
    (tmp_path / "secret-openai").write_text(f"whsec_{base64.b64encode(KEY).decode()}")
    return receiving(database, clock, settings)


def signed(receiver: Receiving, body: bytes, message: str = "wh_1") -> dict[str, str]:
    """As Standard Webhooks has it (https://github.com/standard-webhooks/standard-webhooks)."""
    at = str(int(receiver.clock.now().timestamp()))
    mac = hmac.new(KEY, f"{message}.{at}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(mac).decode()}"
    return {"webhook-id": message, "webhook-timestamp": at, "webhook-signature": signature}


async def due(database: Database) -> list[Any]:
    return [row[0] for row in await database.read("SELECT due_at FROM work ORDER BY key LIMIT 9")]


async def test_an_event_of_a_batch_lets_its_job_be_looked_at_now_once(
    openai: Receiving, database: Database, clock: ManualClock
) -> None:
    jobs = Jobs(database, Signals(), clock, Files(database, clock))
    started = Started("openai.batch", "batch_abc123", poll_after_s=300)
    where = {"connection": "openai", "environment": "test", "tool": "ai_submit_batch", "intent": "int_1"}
    _, opening = jobs.opening(started, owner="anna", **where)
    await database.write(opening)
    now = clock.now().timestamp()
    assert await due(database) == [now + 300]

    body = payload("openai/batch.completed.json")
    forged = await openai.send(body, {**signed(openai, body), "webhook-signature": "v1,x"}, to="openai")
    assert forged.status == 401
    news = JobNews(openai.log, jobs, clock)
    position = await news.step(0)
    assert await due(database) == [now + 300]

    assert said(await openai.send(body, signed(openai, body), to="openai"))["status"] == "stored"
    assert said(await openai.send(body, signed(openai, body), to="openai"))["status"] == "duplicate"
    (event,) = await openai.log.after(0, 10)
    assert (event.source, event.object_id) == ("openai", "batch_abc123")
    position = await news.step(position)
    assert await due(database) == [now]
    assert await news.step(position) == position, "the second delivery is no second event"
