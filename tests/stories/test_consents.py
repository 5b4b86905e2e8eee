"""A call that lacks an account, from the link that a client shows to the answer: for each kind of client."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import orjson
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitResult

from support.clock import ManualClock
from support.running import Running, running
from support.serving import served
from support.stand_in import ERAS, client
from support.worlds import world_at
from wirepost.connections.accounts import Account, Tokens
from wirepost.connections.oauth.links import Invitation
from wirepost.core.clock import Clock
from wirepost.providers.slack.sandbox import SlackSandbox
from wirepost.server.asgi import build_asgi
from wirepost.server.mcp import build_mcp

MODERN, HANDSHAKE = ERAS
HERE = "https://wirepost.example.com"
CANARY = "canary-refresh-4f1d9c2e7b"
SECRET = "canary-client-secret-a8e03b"
SEND = {"channel": "#support", "text": "Good morning"}
FIND = {"name_contains": "an"}


@dataclass(eq=False)
class Stage:
    """A server whose workspace nobody has connected yet, and the workspace."""

    wirepost: Running
    vendor: SlackSandbox
    shown: list[Any] = field(default_factory=list)
    """What a person was asked, in order."""

    async def connect(self, url: str, *scopes: str) -> Invitation:
        """Do what the pages do when a person comes with a link and consents."""
        app = self.wirepost.app
        (given,) = parse_qs(urlsplit(url).query)["c"]
        invitation = await app.links.take(given)
        assert invitation is not None
        self.vendor.granted |= set(scopes)
        await app.accounts.put(
            Account(
                "chat",
                invitation.owner,
                account_label="Nordlicht",
                tokens=Tokens(SlackSandbox.key, CANARY),
                scopes_granted=tuple(self.vendor.granted),
                connected_at=app.clock.now().timestamp(),
            )
        )
        return invitation

    def client(self, era: str, *answers: Callable[[Any], Awaitable[ElicitResult]]) -> Client:
        """A client whose person answers one question after the other."""
        app, left = self.wirepost.app, list(answers)
        server = build_mcp(app.calls, secret=app.secret, version="1.2.3", clock=app.clock)

        async def ask(context: Any, params: Any) -> ElicitResult:
            self.shown.append(params)
            return await left.pop(0)(params)

        return client(server, era, **({"elicitation_callback": ask} if answers else {}))

    async def opens(self, params: Any) -> ElicitResult:
        """The person opens the link and consents to what is needed."""
        await self.connect(params.url, "chat:write")
        return ElicitResult(action="accept")

    @property
    def posted(self) -> list[Any]:
        """Messages that reached the workspace."""
        return [request for request in self.vendor.requests if request.path.endswith("chat.postMessage")]


async def opens_and_leaves(params: Any) -> ElicitResult:
    return ElicitResult(action="accept")


async def agrees(params: Any) -> ElicitResult:
    return ElicitResult(action="accept", content={"confirm": True})


@asynccontextmanager
async def stage(directory: Path, clock: Clock) -> AsyncIterator[Stage]:
    vendor = SlackSandbox(world_at(clock.now()), clock)
    secret = directory / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    async with served(vendor.socket_app) as address:
        chat = {
            "provider": "slack",
            "environment": "production",
            "auth": "oauth",
            "client_id": "app_1",
            "client_secret": f"file:{secret}",
            "base_url": f"{address}/api",
        }
        async with running(directory, clock, connections={"chat": chat}) as wirepost:
            wirepost.app.links.address = HERE  # as when it serves pages
            yield Stage(wirepost, vendor)


@pytest.fixture
async def on_stage(tmp_path) -> AsyncIterator[Stage]:
    async with stage(tmp_path, Clock()) as found:
        yield found


async def test_a_modern_client_shows_the_link_and_the_call_is_answered(on_stage) -> None:
    async with on_stage.client(MODERN, on_stage.opens) as c:
        result = await c.call_tool("slack_find_users", FIND)
    assert result.is_error is False, result.structured_content
    assert [params.mode for params in on_stage.shown] == ["url"]
    assert on_stage.shown[0].url.startswith(f"{HERE}/connect/chat?c=")


async def test_first_the_link_then_the_plan_in_one_call_and_the_message_goes_out_once(on_stage) -> None:
    async with on_stage.client(MODERN, on_stage.opens, agrees) as c:
        result = await c.call_tool("slack_send_message", {**SEND, "intent": "good morning"})
        again = await c.call_tool("slack_send_message", {**SEND, "intent": "good morning"})
    assert result.is_error is False, result.structured_content
    assert [params.mode for params in on_stage.shown] == ["url", "form"]
    assert again.structured_content["meta"]["idempotency"]["replayed"] is True
    assert len(on_stage.posted) == 1


async def test_a_scope_that_turns_out_to_be_missing_is_asked_for_and_the_intent_goes_on(
    on_stage,
) -> None:
    app = on_stage.wirepost.app
    on_stage.vendor.granted -= {"chat:write"}
    link = await app.links.create("chat", "shared")
    await on_stage.connect(link.url)
    async with on_stage.client(MODERN, agrees, on_stage.opens, agrees) as c:
        result = await c.call_tool("slack_send_message", {**SEND, "intent": "good morning"})
    assert result.is_error is False, result.structured_content
    assert [params.mode for params in on_stage.shown] == ["form", "url", "form"]
    assert "chat:write" in on_stage.shown[1].message
    (row,) = await app.database.read("SELECT intent, state FROM intents LIMIT 10")
    assert row == ("good morning", "applied")
    refused, sent = on_stage.posted
    assert (refused.status, sent.status) == (200, 200), "Slack refuses with status 200"


async def test_the_link_for_a_missing_scope_asks_for_that_scope(on_stage) -> None:
    app = on_stage.wirepost.app
    on_stage.vendor.granted -= {"chat:write"}
    await on_stage.connect((await app.links.create("chat", "shared")).url)
    preview = await on_stage.wirepost.ok("slack_send_message", **SEND, mode="preview")
    token = preview["data"]["confirmation"]
    error = await on_stage.wirepost.error("slack_send_message", **SEND, confirmation=token)
    assert (error["code"], error["needed"], error["outcome"]) == (
        "missing_scope",
        ["chat:write"],
        "not_applied",
    )
    assert error["account"] == "Nordlicht"
    assert (await on_stage.connect(error["connect_url"], "chat:write")).scopes == ("chat:write",)
    assert not (await on_stage.wirepost.outcome("slack_find_users", **FIND)).is_error


async def test_a_consent_that_has_ended_is_given_again(on_stage) -> None:
    app = on_stage.wirepost.app
    await app.accounts.put(
        Account(
            "chat",
            account_label="Nordlicht",
            state="needs_reauth",
            reason="token_revoked",
            tokens=Tokens("xoxb-dead-token"),
        )
    )
    error = await on_stage.wirepost.error("slack_find_users", **FIND)
    assert (error["code"], error["account"], error["connection"]) == ("auth_expired", "Nordlicht", "chat")
    assert (error["provider"], error["provider_code"]) == ("slack", "token_revoked")
    await on_stage.connect(error["connect_url"])
    assert not (await on_stage.wirepost.outcome("slack_find_users", **FIND)).is_error


async def test_a_handshake_client_gets_the_error_with_the_link_and_calls_again(
    on_stage,
) -> None:
    async with on_stage.client(HANDSHAKE, on_stage.opens) as c:
        with pytest.raises(MCPError) as refused:
            await c.call_tool("slack_find_users", FIND)
        (named,) = refused.value.error.data["elicitations"]
        await on_stage.connect(named["url"])
        result = await c.call_tool("slack_find_users", FIND)
    assert refused.value.error.code == -32042
    assert result.is_error is False


@pytest.mark.parametrize("era", ERAS)
async def test_any_other_client_gets_the_link_in_the_error_and_repeats_the_call(on_stage, era) -> None:
    async with on_stage.client(era) as c:
        refused = await c.call_tool("slack_find_users", FIND)
        error = refused.structured_content["error"]
        assert (error["code"], error["expires_in_s"]) == ("not_connected", 600)
        await on_stage.connect(error["connect_url"])
        result = await c.call_tool("slack_find_users", FIND)
    assert result.is_error is False


async def test_the_link_that_an_agent_shows_opens_the_page_of_that_connection(on_stage) -> None:
    app = on_stage.wirepost.app
    mcp = build_mcp(app.calls, secret=app.secret, version="1.2.3", clock=app.clock)
    async with served(build_asgi(app, mcp)) as base, httpx2.AsyncClient() as browser:
        app.links.address = base
        error = await on_stage.wirepost.error("slack_find_users", **FIND)
        first, again = [await browser.get(error["connect_url"]) for _ in range(2)]
        await on_stage.connect(error["connect_url"])
        gone = await browser.get(error["connect_url"])
    assert (first.status_code, again.status_code) == (200, 200), "looking uses nothing up"
    assert "Connect chat" in first.text
    assert "Slack" in first.text
    assert gone.status_code != 200
    assert "Connect chat" not in gone.text


@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_whoever_says_no_is_not_asked_again_and_it_is_on_record(on_stage, action) -> None:
    async def says_no(params: Any) -> ElicitResult:
        return ElicitResult(action=action)

    async with on_stage.client(MODERN, says_no) as c:
        result = await c.call_tool("slack_find_users", FIND)
    error = result.structured_content["error"]
    assert (error["code"], error["declined"]) == ("not_connected", True)
    assert "Do not repeat" in error["hint"]
    records = await on_stage.wirepost.records()
    assert [(record["result"], record.get("declined")) for record in records] == [
        ("not_connected", None),
        ("not_connected", True),
    ]


async def test_whoever_opens_the_link_and_leaves_is_waited_for_twenty_seconds(tmp_path) -> None:
    clock = ManualClock()
    async with stage(tmp_path, clock) as on_stage:
        before = clock.monotonic()
        async with on_stage.client(MODERN, opens_and_leaves) as c:
            result = await c.call_tool("slack_find_users", FIND)
        passed = clock.monotonic() - before
    error = result.structured_content["error"]
    assert (error["code"], "connect_url" in error) == ("not_connected", True)
    assert len(on_stage.shown) == 1
    assert 20 <= passed < 25


async def test_connection_authorize_leads_there_ahead_of_any_call(on_stage) -> None:
    async with on_stage.client(MODERN, on_stage.opens) as c:
        result = await c.call_tool("connection_authorize", {"connection": "chat"})
        listed = await c.call_tool("connection_list", {})
    assert result.structured_content["data"]["status"] == "ready"
    (card,) = listed.structured_content["data"]["records"]
    assert (card["account"], card["status"]) == ("Nordlicht", "ready")


async def test_no_secret_and_no_link_is_readable_anywhere_afterwards(on_stage, tmp_path, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    results = []
    async with on_stage.client(MODERN, on_stage.opens, agrees) as c:
        results.append(await c.call_tool("slack_send_message", {**SEND, "intent": "good morning"}))
        results.append(await c.call_tool("connection_list", {}))
        results.append(await c.call_tool("connection_check", {"connection": "chat"}))
        results.append(await c.call_tool("connection_authorize", {"connection": "chat"}))
    async with on_stage.client(HANDSHAKE) as c:
        results.append(await c.call_tool("slack_find_users", FIND))
    said = b"".join(orjson.dumps(result.structured_content) for result in results)
    records = orjson.dumps(await on_stage.wirepost.records())
    data = tmp_path / "data"
    stored = b"".join(file.read_bytes() for file in data.rglob("*") if file.is_file())
    link = on_stage.shown[0].url
    given = parse_qs(urlsplit(link).query)["c"][0]
    for secret in (SlackSandbox.key, CANARY, SECRET, given):
        for place in (said, records, stored, caplog.text.encode(), on_stage.shown[1].message.encode()):
            assert secret.encode() not in place
    assert not [word for word in ("Nordlicht", "local", "T0NORDLICHT", SECRET, CANARY) if word in link]
