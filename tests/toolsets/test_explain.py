"""What a caller learns of tools: enough to use them."""

from __future__ import annotations

import pytest

from support.running import running

SANDBOX = {"provider": "stripe", "environment": "sandbox"}
THREE = {
    "shop-eu": SANDBOX,
    "shop-us": SANDBOX,
    "live": {**SANDBOX, "environment": "production", "key": "env:NO_KEY"},
}


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


@pytest.mark.parametrize(
    "topic", ["confirmation", "intent", "paging", "fields", "money", "errors", "accounts"]
)
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
