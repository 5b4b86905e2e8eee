"""Tools whose permission a credential lacks are not listed, from the first check on and after a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.running import running, settings_for
from support.serving import served
from support.worlds import world_at
from wirepost.app import listed_tools
from wirepost.core.clock import Clock
from wirepost.providers.slack.sandbox import SlackSandbox

REACTION = {"channel": "#support", "ts": "1735725600.000100", "emoji": "eyes"}
NEEDED = {"slack_send_message": "chat:write", "slack_add_reaction": "reactions:write"}


def connection(directory: Path, address: str) -> dict[str, Any]:
    """A workspace that is no sandbox to us, because it has a real key and an address."""
    key = directory / "key"
    key.write_text(SlackSandbox.key)
    key.chmod(0o600)
    return {
        "provider": "slack",
        "environment": "production",
        "key": f"file:{key}",
        "base_url": f"{address}/api",
    }


async def test_what_a_token_may_not_do_is_not_offered_and_comes_back_with_the_permission(tmp_path) -> None:
    clock = Clock()
    vendor = SlackSandbox(world_at(clock.now()), clock)
    everything = vendor.granted
    vendor.granted = everything - {"reactions:write"}
    async with served(vendor.socket_app) as address:
        options = {"connections": {"chat": connection(tmp_path, address)}}
        async with running(tmp_path, clock, **options) as wirepost:
            app = wirepost.app
            told: list[int] = []

            async def tell() -> None:
                told.append(len(app.catalog.listed.tools))

            app.catalog.on_change.append(tell)
            assert NEEDED.keys() <= app.catalog.listed.by_name.keys(), "nothing is known yet"
            await app.check_connections()
            assert "slack_send_message" in app.catalog.listed.by_name
            assert "slack_add_reaction" not in app.catalog.listed.by_name
            assert len(told) == 1
            refused = await wirepost.error("slack_add_reaction", **REACTION)
            assert (refused["code"], refused["needed"]) == ("missing_scope", ["reactions:write"])
            assert "chat:write" in refused["granted"]
            assert "connect_url" not in refused, "a key is no consent: nobody can be asked"
        async with running(tmp_path, clock, **options) as wirepost:
            app = wirepost.app
            assert "slack_add_reaction" not in app.catalog.listed.by_name, "known from the last run"
            assert (await wirepost.error("slack_add_reaction", **REACTION))["code"] == "missing_scope"
            vendor.granted = everything
            await app.check_connections()
            assert "slack_add_reaction" in app.catalog.listed.by_name


async def test_a_provider_that_does_not_answer_takes_no_tool_away(tmp_path, caplog) -> None:
    async with served(SlackSandbox(world_at(Clock().now()), Clock()).socket_app) as address:
        pass
    async with running(tmp_path, connections={"chat": connection(tmp_path, address)}) as wirepost:
        await wirepost.app.check_connections()
        assert NEEDED.keys() <= wirepost.app.catalog.listed.by_name.keys()
    assert "chat could not be checked" in caplog.text


@pytest.mark.parametrize(("owner", "is_listed"), [("shared", False), ("caller", True)])
def test_where_each_caller_has_an_own_account_the_shared_one_hides_nothing(
    tmp_path, owner, is_listed
) -> None:
    chat = {"provider": "slack", "environment": "production", "auth": "oauth", "client_id": "app_1"}
    settings = settings_for(tmp_path, connections={"chat": {**chat, "owner": owner}})
    listed = listed_tools(settings, {"chat": frozenset({"channels:read"})})
    assert ("slack_send_message" in listed.by_name) is is_listed
