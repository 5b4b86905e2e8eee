"""What a caller learns of connections and tools: enough to use them, nothing secret."""

from __future__ import annotations

import orjson
import pytest

from support.running import running

SANDBOX = {"provider": "stripe", "environment": "sandbox"}
THREE = {
    "shop-eu": {**SANDBOX, "accounts": ["acct_1"]},
    "shop-us": SANDBOX,
    "live": {"provider": "stripe", "environment": "production", "key": "env:WIREPOST_NO_SUCH_KEY"},
}


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


async def test_a_tool_is_explained_from_its_declaration(tmp_path, clock) -> None:
    async with running(tmp_path, clock, connections=THREE) as wirepost:
        refund = (await wirepost.ok("connection_help", tool="stripe_create_refund"))["data"]
        own = (await wirepost.ok("connection_help", tool="connection_list"))["data"]
    assert refund["risk"] == "W3"
    assert "rak_charge_write" in refund["permissions"]
    assert refund["connections"] == list(THREE)
    payment = next(argument for argument in refund["arguments"] if argument["name"] == "payment")
    assert (payment["required"], payment["type"]) == (True, "string")
    assert "id" in refund["fields"]
    assert "connections" not in own
    assert "permissions" not in own


@pytest.mark.parametrize("topic", ["confirmation", "intent", "paging", "fields", "money", "errors"])
async def test_every_topic_that_is_announced_is_explained(tmp_path, clock, topic) -> None:
    async with running(tmp_path, clock) as wirepost:
        overview = (await wirepost.ok("connection_help"))["data"]["help"]
        explained = (await wirepost.ok("connection_help", topic=topic))["data"]
    assert topic in overview.partition("Topics: ")[2].split(", ")
    assert len(explained["help"]) > 50


async def test_an_unknown_tool_or_topic_is_refused_with_what_there_is(tmp_path, clock) -> None:
    async with running(tmp_path, clock) as wirepost:
        close = await wirepost.error("connection_help", tool="stripe_create_refnd")
        far = await wirepost.error("connection_help", tool="\u202e" + "z" * 500)
        topic = await wirepost.error("connection_help", topic="t" * 500)
        names = [tool.name for tool in wirepost.app.catalog.listed.tools]
    assert close["fields"][0]["allowed"][0] == "stripe_create_refund"
    assert far["fields"][0]["allowed"] == sorted(names)
    assert "\u202e" not in far["message"]
    assert len(far["message"]) < 120
    assert "money" in topic["fields"][0]["allowed"]
    assert len(topic["message"]) < 120
