"""The Events extension through a client of others: it subscribes, is called back, verifies, renews, ends."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from support.node import CLIENTS, find_node
from support.occurred import event, stored
from support.whole import whole
from wirepost.server.auth.caller_tokens import create

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
TYPE = "payment.refunded"
LONGEST = 4 * 2**20
"""Bytes of a line: all types with their schemas are on one."""
HERE = {"source": "stripe-sandbox", "environment": "sandbox", "type": TYPE}


class AiSdk:
    """The AI SDK's client, as a program."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def begin(cls, **plan: Any) -> AiSdk:
        pipe = asyncio.subprocess.PIPE
        script = str(CLIENTS / "aisdk_events.mjs")
        command = [str(find_node()), script, json.dumps(plan)]
        return cls(await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, limit=LONGEST))

    async def said(self) -> dict[str, Any]:
        """The next line it prints."""
        assert self._process.stdout is not None
        async with asyncio.timeout(45):
            line = await self._process.stdout.readline()
            if not line:
                assert self._process.stderr is not None
                raise AssertionError((await self._process.stderr.read()).decode())
        told: dict[str, Any] = json.loads(line)
        return told

    async def end(self) -> None:
        """Wait until it has ended."""
        async with asyncio.timeout(45):
            assert await self._process.wait() == 0


@pytest.mark.services("node")
async def test_the_ai_sdk_subscribes_verifies_what_it_is_sent_renews_and_ends(tmp_path):
    """12.4.08b: the AI SDK."""
    options: dict[str, Any] = {"server": {"auth": {"mode": "static"}}, "events": {"private_addresses": True}}
    async with whole(tmp_path, **options) as (live, url):
        app = live.app
        token = await create(app.database, app.clock.now().timestamp(), "agent", None, None)
        client = await AiSdk.begin(
            url=f"{url}/mcp", headers={"Authorization": f"Bearer {token}"}, name=TYPE, arguments={}, events=3
        )
        began = await client.said()
        before = await stored(app.hub.events, event(**HERE), event(**{**HERE, "type": "invoice.paid"}))
        more = await stored(app.hub.events, event(**HERE, data={"note": "Grüße ✓"}), event(**HERE))
        ended = await client.said()
        await client.end()
        left = await app.hub.subscriptions.all()

    assert TYPE in [each["name"] for each in began["listed"]]
    assert began["subscribed"]["truncated"] is False
    taken = {each["event"]["eventId"]: each["event"] for each in ended["taken"]}
    assert taken.keys() == {before[0].id, *(each.id for each in more)}
    assert taken[more[0].id]["data"]["data"] == {"note": "Grüße ✓"}
    assert {each["subscription"]["id"] for each in ended["taken"]} == {began["subscribed"]["id"]}
    assert ended["renewed"]["id"] == began["subscribed"]["id"]
    assert ended["problems"] == []
    assert ended["answers"][0] == 200  # the address was asked first, and repeated the challenge
    assert set(ended["answers"][1:]) <= {204, 503}  # 503: it was called before it had kept its subscription
    assert (ended["left"], left) == (0, [])
