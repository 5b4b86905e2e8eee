"""Accounts of several callers: each their own, and where they have none the shared one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.gate import Office, calling, office, portal_of
from support.stand_in import ERAS

pytestmark = [pytest.mark.services("node"), pytest.mark.slow, pytest.mark.timeout(600)]

MODERN = ERAS[0]
SEARCH = {"object": "contact", "text": "an"}


class Agent:
    """A caller with a token of this server's own."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """What a call ends with."""
        async with calling(self._url, MODERN, self._token) as client:
            result = await client.call_tool(tool, arguments)
        envelope: dict[str, Any] = result.structured_content
        return envelope

    async def search(self) -> str:
        """`ok`, or the code of the error."""
        envelope = await self.call("crm_search_records", **SEARCH)
        return "ok" if "data" in envelope else str(envelope["error"]["code"])

    async def account(self) -> tuple[str, str | None]:
        """How the connection stands for this caller."""
        (card,) = (await self.call("connection_list"))["data"]["records"]
        return card["status"], card.get("account")


async def agent(there: Office, url: str, name: str, *scopes: str) -> Agent:
    options = [option for scope in scopes for option in ("--scope", scope)]
    made = await there.wirepost("tokens", "create", name, "--json", *options)
    return Agent(url, made.json["token"])


async def test_each_caller_uses_their_own_account_before_the_shared_one(tmp_path: Path) -> None:
    settings = {"connection": {"owner": "caller"}, "server": {"auth": {"mode": "static"}}}
    async with office(tmp_path, **settings) as there, there.serving() as served:
        alice = await agent(there, served.url, "alice")
        bob = await agent(there, served.url, "bob", "crm.read", "connection.read")
        assert [await each.search() for each in (alice, bob)] == ["not_connected"] * 2

        shop = there.person("shop").connect
        link = rf"{served.url}/connect/crm\S+"
        await there.wirepost("connections", "authorize", "crm", follow=link, by=shop)
        assert [await each.search() for each in (alice, bob)] == ["ok"] * 2
        assert [await each.account() for each in (alice, bob)] == [("ready", portal_of("shop"))] * 2
        assert set(there.gate.answered) == {"shop"}

        asked = {"connection": "crm", "scopes": [], "intent": "an own account"}
        error = (await alice.call("connection_authorize", **asked))["error"]
        assert f"connected to {portal_of('alice')}" in await there.person("alice").connect(
            error["connect_url"]
        )
        assert await alice.account() == ("ready", portal_of("alice"))
        assert await bob.account() == ("ready", portal_of("shop"))
        before = dict(there.gate.answered)
        assert [await each.search() for each in (alice, bob)] == ["ok"] * 2
        assert all(there.gate.answered[who] > before[who] for who in ("alice", "shop"))

        await there.authority.end_grants("alice")
        assert [await each.search() for each in (alice, bob)] == ["auth_expired", "ok"]
        error = (await alice.call("crm_search_records", **SEARCH))["error"]
        assert error["account"] == portal_of("alice")
        listed = (await there.wirepost("connections", "list", "--json")).json
        states = {each["account_key"]: each["state"] for each in listed[0]["accounts"]}
        assert states == {portal_of("alice"): "needs_reauth", portal_of("shop"): "active"}

        page = await there.person("mallory").connect(error["connect_url"])
        assert f"belongs to {portal_of('alice')}" in page
        error = (await alice.call("crm_search_records", **SEARCH))["error"]
        assert f"connected to {portal_of('alice')}" in await there.person("alice").connect(
            error["connect_url"]
        )
        assert [await each.search() for each in (alice, bob)] == ["ok"] * 2
