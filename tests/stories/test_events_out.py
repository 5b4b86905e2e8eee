"""From a vendor's request to a stranger's server, a mail and a program, in a running server."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.letterbox import letterbox
from support.postoffice import post_office
from support.running import Running, running
from support.serving import served
from wirepost.server.asgi import build_asgi
from wirepost.server.mcp import build_mcp

SHOP = "stripe-sandbox"
SAVE = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"


async def tell(wirepost: Running, base: str, kind: str, changed: dict[str, Any]) -> str:
    """Send a request as the vendor would; the id of the stored event."""
    hub = wirepost.app.hub
    endpoint = hub.endpoints.find(SHOP)
    assert endpoint is not None
    assert endpoint.webhook.sample is not None
    assert endpoint.webhook.sign is not None
    headers, body = endpoint.webhook.sample(kind, changed)
    secret = (await endpoint.terms()).secrets[0].value
    url = f"http://127.0.0.1/webhooks/{SHOP}"
    signed = endpoint.webhook.sign(headers, body, url, secret, hub.clock.now().timestamp())
    async with httpx2.AsyncClient() as http:
        answer = await http.post(f"{base}/webhooks/{SHOP}", content=body, headers=dict(signed))
    stored: dict[str, str] = answer.json()
    assert stored["status"] == "stored"
    return stored["id"]


async def test_a_refund_is_told_on_every_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    seen = tmp_path / "seen"
    async with letterbox() as box, post_office() as office:
        mail = {"host": "127.0.0.1", "port": office.port, "tls": "none", "sender": "wp@example.com"}
        sinks = {
            "http": {"hook": {"url": box.url, "secret": "env:HOOK_SECRET"}},
            "email": {"people": {**mail, "to": ["finance@example.com"]}},
            "command": {"agent": {"argv": [sys.executable, "-c", SAVE, str(seen)]}},
        }
        wanted = {"types": ["payment.refunded"], "deliver": ["pull", *sinks_of(sinks)]}
        options = {"sinks": sinks, "subscriptions": {"refunds": wanted}}
        async with (
            running(tmp_path, **options) as wirepost,
            served(
                build_asgi(
                    wirepost.app, build_mcp(wirepost.app.calls, secret=wirepost.app.secret, version="1")
                )
            ) as base,
            wirepost.app.hub.at_work(),
        ):
            event_id = await tell(wirepost, base, "payment.refunded", {})
            (letter,) = await box.wait_for(1)
            history = wirepost.app.hub.outbox.history
            async with asyncio.timeout(20):
                while {way.state for way in await history.of(event_id) if way.sink != "pull"} != {"done"}:
                    await wirepost.app.clock.sleep(0)
            states = {way.sink: way.state for way in await history.of(event_id)}
    assert states == {"pull": "pending", "hook": "done", "people": "done", "agent": "done"}
    assert letter.headers["webhook-id"] == json.loads(letter.body)["id"] == event_id
    assert office.mails[0].to == ["finance@example.com"]
    assert json.loads(seen.read_text())["event"]["id"] == event_id


def sinks_of(configured: dict[str, dict[str, Any]]) -> list[str]:
    """The names of all sinks."""
    return [name for kind in configured.values() for name in kind]
