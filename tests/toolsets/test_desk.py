"""The desk of a running server holds what is listed there, not everything that exists."""

from __future__ import annotations

from support.running import running

OWN = "connection_authorize, connection_check, connection_help, connection_list, stripe_get_balance."
ONLY = {"preset": None, "toolsets": ["connection"], "include": ["stripe_get_balance"]}


async def test_the_desk_shows_the_listed_tools_and_the_configured_connections(tmp_path, clock) -> None:
    shop = {"provider": "stripe", "environment": "sandbox"}
    async with running(tmp_path, clock, tools=ONLY, connections={"shop": shop}) as wirepost:
        listed = (await wirepost.ok("connection_help"))["data"]["help"]
        assert OWN in listed.replace("Topics", "")
        (card,) = (await wirepost.ok("connection_list"))["data"]["records"]
    assert (card["id"], card["tools"]) == ("shop", 1)
