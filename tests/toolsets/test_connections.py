"""What a caller learns of connections, and the way to a person who can connect one; nothing secret."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from support.running import Running, running
from support.serving import served
from support.worlds import world_at
from wirepost.calls.caller import LOCAL, Caller
from wirepost.connections.accounts import Account, Accounts
from wirepost.core.clock import Clock
from wirepost.providers.slack.sandbox import SlackSandbox

REACTION = {"channel": "#support", "ts": "1735725600.000100", "emoji": "eyes"}

SANDBOX = {"provider": "stripe", "environment": "sandbox"}
THREE = {
    "shop-eu": {**SANDBOX, "accounts": ["acct_1"]},
    "shop-us": SANDBOX,
    "live": {"provider": "stripe", "environment": "production", "key": "env:WIREPOST_NO_SUCH_KEY"},
}


def key_connection(directory, key: str, address: str):
    """A connection that is no sandbox to us, because it has a real key and an address."""
    path = directory / "key"
    path.write_text(key)
    path.chmod(0o600)
    return {"provider": "slack", "environment": "production", "key": f"file:{path}", "base_url": address}


async def test_each_connection_is_shown_with_its_state(tmp_path, clock) -> None:
    async with running(tmp_path, clock, connections=THREE) as wirepost:
        envelope = await wirepost.ok("connection_list")
        cards = {card["id"]: card for card in envelope["data"]["records"]}
        tools = sum(1 for tool in wirepost.app.catalog.listed.tools if tool.is_provider_tool)
    assert list(cards) == list(THREE)
    assert (cards["shop-eu"]["status"], cards["shop-eu"]["accounts"]) == ("ready", ["acct_1"])
    assert "accounts" not in cards["shop-us"]
    assert cards["live"]["status"] == "not_connected"
    assert "WIREPOST_NO_SUCH_KEY is not set" in cards["live"]["problem"]
    assert {card["tools"] for card in cards.values()} == {tools}


async def test_no_secret_is_shown_of_a_key_that_is_there(tmp_path, clock) -> None:
    key = tmp_path / "key"
    key.write_text("sk_test_verysecret")
    key.chmod(0o600)
    shop = {"provider": "stripe", "environment": "test", "key": f"file:{key}"}
    async with running(tmp_path, clock, connections={"shop": shop}) as wirepost:
        envelope = await wirepost.ok("connection_list")
    assert envelope["data"]["records"][0]["status"] == "ready"
    assert b"verysecret" not in orjson.dumps(envelope)


async def test_connections_are_paged_and_filtered_by_provider(tmp_path, clock) -> None:
    async with running(tmp_path, clock, connections=THREE) as wirepost:
        first = await wirepost.ok("connection_list", limit=2)
        rest = await wirepost.ok("connection_list", limit=2, cursor=first["page"]["next_cursor"])
        none = await wirepost.ok("connection_list", provider="hubspot")
        all_of_stripe = await wirepost.ok("connection_list", provider="stripe")
    assert [card["id"] for card in first["data"]["records"]] == ["shop-eu", "shop-us"]
    assert (first["page"]["total"], first["page"]["total_is"]) == (3, "exact")
    assert [card["id"] for card in rest["data"]["records"]] == ["live"]
    assert rest["page"]["has_more"] is False
    assert (none["data"]["records"], none["page"]["total"]) == ([], 0)
    assert len(all_of_stripe["data"]["records"]) == 3


async def test_a_check_says_who_a_credential_is_and_what_it_may_not_do(tmp_path) -> None:
    clock = Clock()
    vendor = SlackSandbox(world_at(clock.now()), clock)
    everything = vendor.granted
    vendor.granted = everything - {"reactions:write"}
    async with served(vendor.socket_app) as address:
        options = {"connections": {"chat": key_connection(tmp_path, SlackSandbox.key, f"{address}/api")}}
        async with running(tmp_path, clock, **options) as wirepost:
            found = (await wirepost.ok("connection_check", connection="chat"))["data"]
            (card,) = (await wirepost.ok("connection_list"))["data"]["records"]
            await wirepost.app.list_tools()
            hidden = await wirepost.error("slack_add_reaction", **REACTION)
            vendor.granted = everything
            whole = (await wirepost.ok("connection_check", connection="chat"))["data"]
            reached = await wirepost.error("slack_add_reaction", **REACTION)
    assert (found["provider"], found["environment"]) == ("slack", "production")
    assert found["identity"]
    assert {"tool": "slack_add_reaction", "needs": ["reactions:write"]} in found["missing"]
    assert "reactions:write" not in found["scopes"]
    assert abs(found["clock_difference_s"]) < 60
    assert found["took_ms"] >= 0
    assert (card["account"], card["scopes"]) == (found["account"], found["scopes"])
    assert hidden["code"] == "missing_scope"
    assert "slack_add_reaction" not in [each["tool"] for each in whole["missing"]]
    assert reached["code"] == "confirmation_required", "a check saw the permission"


async def test_a_check_that_fails_names_the_connection_and_what_to_do(tmp_path, clock) -> None:
    async with running(tmp_path, clock, connections=THREE) as wirepost:
        error = await wirepost.error("connection_check", connection="live")
        unknown = await wirepost.error("connection_check", connection="lve")
    assert (error["code"], error["connection"]) == ("not_connected", "live")
    assert error["hint"]
    assert unknown["fields"][0]["allowed"] == list(THREE)


@pytest.mark.parametrize("name", ["connection_check", "connection_authorize"])
async def test_policy_keeps_a_connection_from_those_who_may_not_use_it(tmp_path, clock, name) -> None:
    rule = {"id": "no", "effect": "deny", "connections": ["shop-us"], "reason": "not for agents"}
    async with running(tmp_path, clock, connections=THREE, policy={"rules": [rule]}) as wirepost:
        error = await wirepost.error(name, connection="shop-us")
        allowed = await wirepost.ok(name, connection="shop-eu")
    assert (error["code"], error["rule"]) == ("forbidden_by_policy", "no")
    assert allowed["data"]["id"] == "shop-eu"


async def test_a_sandbox_has_nothing_to_be_connected(tmp_path, clock) -> None:
    async with running(tmp_path, clock, connections=THREE) as wirepost:
        card = (await wirepost.ok("connection_authorize", connection="shop-eu", scopes=["any"]))["data"]
    assert (card["id"], card["status"]) == ("shop-eu", "ready")


async def test_a_key_is_the_operators_business_and_nobody_is_led_anywhere(tmp_path, clock) -> None:
    async with running(tmp_path, clock, connections=THREE) as wirepost:
        error = await wirepost.error("connection_authorize", connection="live")
    assert error["code"] == "not_connected"
    assert "WIREPOST_NO_SUCH_KEY" in error["message"]
    assert error["hint"]
    assert "connect_url" not in error


@dataclass
class Consented:
    """A server with pages and two connections that people connect: one for all, one for each."""

    wirepost: Running
    accounts: Accounts

    async def authorize(self, caller: Caller = LOCAL, connection: str = "crm", **arguments):
        return await self.wirepost.error("connection_authorize", caller, connection=connection, **arguments)


@pytest.fixture
async def consented(tmp_path, clock):
    crm = {"provider": "hubspot", "environment": "production", "auth": "oauth", "client_id": "app_1"}
    connections = {"crm": crm, "own": {**crm, "owner": "caller"}}
    async with running(tmp_path, clock, connections=connections) as wirepost:
        wirepost.app.links.address = "https://wirepost.example.com"  # as when it serves pages
        yield Consented(wirepost, wirepost.app.accounts)


async def test_an_account_that_nobody_connected_is_led_to_its_page(consented) -> None:
    error = await consented.authorize()
    assert (error["code"], error["provider"], error["connection"]) == ("not_connected", "hubspot", "crm")
    assert error["connect_url"].startswith("https://wirepost.example.com/connect/crm?c=")
    assert "connect_url" in error["hint"]
    card = (await consented.wirepost.ok("connection_list"))["data"]["records"][0]
    assert (card["id"], card["status"]) == ("crm", "not_connected")


async def test_an_account_whose_consent_has_ended_is_connected_again(consented) -> None:
    await consented.accounts.put(
        Account("crm", account_label="Acme", state="needs_reauth", reason="revoked", scopes_granted=("a",))
    )
    error = await consented.authorize()
    assert (error["code"], error["account"]) == ("auth_expired", "Acme")
    card = (await consented.wirepost.ok("connection_list"))["data"]["records"][0]
    assert (card["status"], card["problem"], card["account"]) == ("needs_reauth", "revoked", "Acme")


async def test_further_scopes_are_asked_for_once(consented) -> None:
    await consented.accounts.put(Account("crm", scopes_granted=("a",), expires_at=1795600000.0))
    error = await consented.authorize(scopes=["b", "a", "c"])
    assert (error["code"], error["needed"], error["granted"]) == ("missing_scope", ["b", "c"], ["a"])
    await consented.accounts.put(Account("crm", scopes_granted=("a", "b", "c"), expires_at=1795600000.0))
    card = (await consented.wirepost.ok("connection_authorize", connection="crm", scopes=["b", "c"]))["data"]
    assert (card["status"], card["scopes"]) == ("ready", ["a", "b", "c"])
    assert card["expires_at"] == "2026-11-25T09:46:40Z"


async def test_scopes_that_cannot_be_read_count_as_given_once_they_were_consented_to(consented) -> None:
    await consented.accounts.put(Account("crm", scopes_requested=("api",)))
    assert (await consented.wirepost.ok("connection_authorize", connection="crm", scopes=["api"]))["data"]
    assert (await consented.authorize(scopes=["full"]))["needed"] == ["full"]


async def test_each_caller_sees_their_own_account_and_is_led_to_it(consented) -> None:
    anna, bert = Caller("anna"), Caller("bert")
    await consented.accounts.put(Account("own", "anna", account_label="Anna's"))
    cards = {}
    for caller in (anna, bert):
        listed = (await consented.wirepost.ok("connection_list", caller))["data"]["records"]
        cards[caller.id] = next(card for card in listed if card["id"] == "own")
    assert (cards["anna"]["status"], cards["anna"]["account"]) == ("ready", "Anna's")
    assert cards["bert"]["status"] == "not_connected"
    assert "account" not in cards["bert"]
    error = await consented.authorize(bert, "own")
    (given,) = parse_qs(urlsplit(error["connect_url"]).query)["c"]
    assert (await consented.wirepost.app.links.take(given)).owner == "bert"


async def test_whoever_uses_the_shared_account_is_led_to_one_of_their_own(consented) -> None:
    await consented.accounts.put(Account("own", account_label="Everybody's"))
    error = await consented.authorize(Caller("anna"), "own")
    assert (error["code"], error["account"]) == ("not_connected", "Everybody's")
    (given,) = parse_qs(urlsplit(error["connect_url"]).query)["c"]
    assert (await consented.wirepost.app.links.take(given)).owner == "anna"
    await consented.accounts.put(Account("own", "anna"))
    assert await consented.wirepost.ok("connection_authorize", Caller("anna"), connection="own")


async def test_asking_again_after_the_person_is_done_says_so_and_keeps_no_link(consented, tmp_path) -> None:
    error = await consented.authorize(intent="connect the crm")
    await consented.accounts.put(Account("crm"))
    done = await consented.wirepost.ok("connection_authorize", connection="crm", intent="connect the crm")
    assert done["data"]["status"] == "ready"
    given = error["connect_url"].partition("?c=")[2].encode()
    assert not [
        file for file in (tmp_path / "data").iterdir() if file.is_file() and given in file.read_bytes()
    ]


async def test_after_a_crash_the_answer_is_found_by_looking(consented) -> None:
    app, asked = consented.wirepost.app, {"connection": "crm", "intent": "connect the crm"}

    async def crash(tx) -> None:
        await tx.execute("UPDATE intents SET state = 'unknown'")

    await consented.authorize(intent="connect the crm")
    await app.database.write(crash)
    assert (await consented.wirepost.error("connection_authorize", **asked))["code"] == "not_connected"
    await app.database.write(crash)
    await consented.accounts.put(Account("crm"))
    found = await consented.wirepost.ok("connection_authorize", **asked)
    assert (found["data"]["status"], found["meta"]["idempotency"]["replayed"]) == ("ready", True)
