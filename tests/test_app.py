"""What is put together at start-up: which tools, for whom, in which directory; and what refuses to start."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import sqlite3
from contextlib import closing
from datetime import timedelta

import apsw
import pytest

from support.clock import ManualClock
from support.running import ALL_TOOLS, running, settings_for
from wirepost.app import build_app, listed_tools, warn_of_length
from wirepost.calls.caller import Caller
from wirepost.core.errors import CallError, ConfigError
from wirepost.events.endpoints import DEFAULT
from wirepost.secrets.keys import KEY_FILE, make_key_file
from wirepost.store.owner import DataDirectory
from wirepost.tools.catalog import MAX_LISTED, ToolList
from wirepost.tools.index import all_tools

ONE_TOOL = {"preset": None, "include": ["connection_list"]}


def listed(wirepost, caller=None):
    return [entry["name"] for entry in wirepost.app.calls.tools(caller or Caller("local")).entries]


def risks(wirepost, caller):
    return {(tool.toolset, str(tool.risk)) for tool in wirepost.app.calls.tools(caller).tools}


def test_every_tool_exists_once() -> None:
    names = [tool.name for tool in all_tools()]
    assert len(names) == len(set(names))
    assert {"connection_list", "policy_explain", "stripe_create_refund"} <= set(names)


async def test_the_configured_tools_are_listed_in_their_order(tmp_path, clock) -> None:
    chosen = {"preset": None, "toolsets": ["policy"], "include": ["stripe_get_balance", "connection_list"]}
    async with running(tmp_path, clock, tools=chosen) as wirepost:
        assert listed(wirepost) == ["connection_list", "policy_explain", "stripe_get_balance"]


async def test_an_excluded_tool_is_neither_listed_nor_run(tmp_path, clock) -> None:
    chosen = {**ALL_TOOLS, "include": ["stripe_get_balance"], "exclude": ["stripe_get_balance"]}
    async with running(tmp_path, clock, tools=chosen) as wirepost:
        assert "stripe_get_balance" not in listed(wirepost)
        error = await wirepost.error("stripe_get_balance")
        assert (error["code"], error["rule"]) == ("forbidden_by_policy", "tools")
        assert wirepost.sent(method="GET") == []


async def test_read_only_lists_no_write_and_refuses_it(tmp_path, clock) -> None:
    async with running(tmp_path, clock, read_only=True) as wirepost:
        assert {risk for _, risk in risks(wirepost, Caller("local"))} == {"R"}
        for arguments in ({}, {"mode": "preview"}):
            error = await wirepost.error("stripe_create_refund", payment="pi_1", **arguments)
            assert error["code"] == "forbidden_by_policy"
            assert error["outcome"] == "not_applied"
        assert wirepost.sent() == wirepost.sent(method="GET") == []


def test_a_tool_without_a_fitting_connection_is_not_listed(tmp_path) -> None:
    without = settings_for(tmp_path).model_copy(update={"connections": {}})
    shown = listed_tools(without)
    assert {tool.toolset for tool in shown.tools} == {
        "approval",
        "connection",
        "customer",
        "event",
        "job",
        "policy",
    }


def test_a_list_that_some_clients_cut_off_is_warned_about(tmp_path, caplog) -> None:
    one = next(tool for tool in all_tools() if tool.name == "connection_list")
    warn_of_length(ToolList((one,) * MAX_LISTED))
    assert caplog.text == ""
    warn_of_length(ToolList((one,) * (MAX_LISTED + 1)))
    assert f"some clients stop at {MAX_LISTED}" in caplog.text
    assert "without describing" not in caplog.text


def test_a_list_that_is_too_long_to_describe_arguments_is_warned_about(caplog) -> None:
    warn_of_length(ToolList(all_tools()[:60]))
    assert "60 tools are listed without describing their arguments" in caplog.text
    assert "connection_help" in caplog.text


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        ({"stripe.read"}, {("stripe", "R")}),
        ({"stripe.write"}, {("stripe", "R"), ("stripe", "W1")}),
        (
            {"stripe.money", "policy.read"},
            {("stripe", "R"), ("stripe", "W1"), ("stripe", "W3"), ("policy", "R")},
        ),
        ({"stripe.danger"}, {("stripe", "R"), ("stripe", "W1"), ("stripe", "W4")}),
        ({"stripe", "*", "stripe.*", "connection", "hubspot.read"}, set()),
        (set(), set()),
    ],
)
async def test_a_caller_sees_what_the_scopes_name(tmp_path, clock, scopes, expected) -> None:
    async with running(tmp_path, clock) as wirepost:
        assert risks(wirepost, Caller("robot", frozenset(scopes))) == expected


async def test_a_tool_outside_the_scopes_is_refused_unsent(tmp_path, clock) -> None:
    reader = Caller("robot", frozenset({"stripe.read"}))
    async with running(tmp_path, clock) as wirepost:
        await wirepost.ok("stripe_get_balance", reader)
        error = await wirepost.error("stripe_create_refund", reader, payment="pi_1")
        assert error["code"] == "forbidden_by_policy"
        assert (error["rule"], error["needed"]) == ("scopes", ["stripe.money"])
        assert wirepost.sent() == []


async def test_callers_with_the_same_rights_share_one_list(tmp_path, clock) -> None:
    async with running(tmp_path, clock) as wirepost:
        tools = wirepost.app.calls.tools
        rights = frozenset({"stripe.read"})
        assert tools(Caller("a", rights)) is tools(Caller("b", rights))
        assert tools(Caller("a")) is tools(Caller("b")) is wirepost.app.catalog.listed


@pytest.mark.parametrize(
    "options",
    [
        {"tools": {"preset": "suport"}},
        {"tools": {"include": ["stripe_create_refnd"]}},
        {"tools": {"exclude": ["stripe_create_refnd"]}},
        {"tools": {"toolsets": ["paypal"]}},
        {"connections": {"shop": {"provider": "strip", "environment": "sandbox"}}},
        {"policy": {"rules": [{"id": "typo", "effect": "deny", "tools": ["stripe_create_refnd"]}]}},
    ],
)
async def test_a_name_that_does_not_exist_refuses_to_start_and_takes_no_directory(
    tmp_path, clock, options
) -> None:
    with pytest.raises(ConfigError):
        await build_app(settings_for(tmp_path, **options), clock)
    assert not (tmp_path / "data").exists()


async def test_a_live_key_on_a_test_connection_refuses_to_start(tmp_path, clock) -> None:
    key = tmp_path / "key"
    key.write_text("sk_live_verysecret")
    key.chmod(0o600)
    shop = {"provider": "stripe", "environment": "test", "key": f"file:{key}"}
    with pytest.raises(ConfigError, match="belongs to production") as refused:
        await build_app(settings_for(tmp_path, connections={"shop": shop}), clock)
    assert "verysecret" not in str(refused.value)
    assert not (tmp_path / "data").exists()


async def test_a_missing_key_is_warned_about_and_the_rest_works(tmp_path, clock, caplog) -> None:
    both = {
        "live": {"provider": "stripe", "environment": "production", "key": "env:WIREPOST_NO_SUCH_KEY"},
        "shop": {"provider": "stripe", "environment": "sandbox"},
    }
    async with running(tmp_path, clock, connections=both) as wirepost:
        assert "connection live: the environment variable WIREPOST_NO_SUCH_KEY is not set" in caplog.text
        await wirepost.ok("stripe_get_balance", connection="shop")
        error = await wirepost.error("stripe_get_balance", connection="live")
    assert (error["code"], error["connection"]) == ("not_connected", "live")
    assert error["hint"]


async def test_all_sandboxes_show_the_same_world(tmp_path, clock) -> None:
    both = {name: {"provider": "stripe", "environment": "sandbox"} for name in ("one", "two")}
    async with running(tmp_path, clock, connections=both) as wirepost:
        one, two = (wirepost.app.connections.sandbox(name) for name in both)
    assert one is not two
    assert one.world is two.world


async def test_a_second_app_in_the_directory_is_refused_by_the_pid_of_the_first(tmp_path, clock) -> None:
    async with running(tmp_path, clock) as wirepost:
        with pytest.raises(ConfigError, match=f"process {os.getpid()} ") as refused:
            await build_app(settings_for(tmp_path), clock)
        assert refused.value.hint
        await wirepost.ok("connection_list")
    async with running(tmp_path, clock) as again:
        await again.ok("connection_list")


async def test_a_database_that_cannot_be_opened_leaves_the_directory_free(tmp_path, clock) -> None:
    blocked = tmp_path / "data" / "wirepost.db"
    blocked.mkdir(parents=True)
    with pytest.raises((CallError, ConfigError)):
        await build_app(settings_for(tmp_path), clock)
    assert DataDirectory(tmp_path / "data").find_owner() is None
    blocked.rmdir()
    async with running(tmp_path, clock) as wirepost:
        await wirepost.ok("connection_list")


async def test_a_damaged_database_is_closed_and_leaves_the_directory_free(tmp_path, clock) -> None:
    async with running(tmp_path, clock):
        pass
    with closing(sqlite3.connect(tmp_path / "data" / "wirepost.db")) as database:
        database.execute("ALTER TABLE keys RENAME TO lost")
    with pytest.raises(apsw.SQLError):
        await build_app(settings_for(tmp_path), clock)
    assert DataDirectory(tmp_path / "data").find_owner() is None
    with closing(sqlite3.connect(tmp_path / "data" / "wirepost.db")) as database:
        database.execute("ALTER TABLE lost RENAME TO keys")
    async with running(tmp_path, clock) as wirepost:
        await wirepost.ok("connection_list")


async def test_the_secret_of_a_directory_outlives_the_process_and_is_its_own(tmp_path, clock) -> None:
    async with running(tmp_path / "a", clock) as first:
        pass
    async with running(tmp_path / "a", clock) as again, running(tmp_path / "b", clock) as other:
        assert first.app.secret == again.app.secret != other.app.secret


async def test_writes_that_a_dead_process_left_are_reported(tmp_path, clock, caplog) -> None:
    async with running(tmp_path, clock) as wirepost:

        async def leave_one(tx) -> None:
            await tx.execute(
                "INSERT INTO intents (id, caller, connection, tool, intent, arguments_hash, is_derived, "
                "state, attempt, owner, claimed_at, dispatched_at) "
                "VALUES ('int_1', 'local', 'shop', 'stripe_create_refund', 'i', 'h', 0, "
                "'dispatched', 1, 'own_dead', 1.0, 1.0)"
            )

        await wirepost.app.database.write(leave_one)
    async with running(tmp_path, clock):
        assert "1 writes of the last run have an unknown outcome" in caplog.text


async def test_old_actions_are_forgotten_once_a_day(tmp_path) -> None:
    clock = ManualClock(auto=False)
    async with running(tmp_path, clock, tools=ONE_TOOL) as wirepost:
        keeping = asyncio.create_task(wirepost.app.keep_house())
        await clock.wait_for_sleepers()
        assert clock.slept == [timedelta(days=1).total_seconds()]
        keeping.cancel()
        await asyncio.wait([keeping])


async def test_a_day_on_which_nothing_could_be_deleted_is_logged_and_not_the_last(tmp_path, caplog) -> None:
    clock = ManualClock(auto=False)
    async with running(tmp_path, clock, tools=ONE_TOOL) as wirepost:
        await wirepost.app.database.close()
        keeping = asyncio.create_task(wirepost.app.keep_house())
        await clock.wait_for_sleepers()
        keeping.cancel()
        await asyncio.wait([keeping])
    assert [record.levelno for record in caplog.records if "could not be deleted" in record.message] == [
        logging.ERROR
    ]


@pytest.mark.parametrize("given", ["beside the store", "in the configuration"])
async def test_what_sandboxes_made_up_is_opened_when_there_is_a_key_later(
    tmp_path, clock, monkeypatch, given
) -> None:
    """`wirepost connections open` makes one; the server starts again, and its webhooks are believed."""
    async with running(tmp_path, clock) as wirepost:
        before = await secrets_of(wirepost)
        kept = wirepost.app.hub.vault.seal("a request", bound_to=("raw",))
    options = {}
    if given == "beside the store":
        make_key_file(tmp_path / KEY_FILE)
    else:
        monkeypatch.setenv("A_KEY", base64.b64encode(bytes(32)).decode())
        options["secrets"] = {"keys": ["env:A_KEY"]}
    for _ in range(2):
        async with running(tmp_path, clock, **options) as wirepost:
            assert await secrets_of(wirepost) == before
            assert wirepost.app.hub.vault.open(kept, bound_to=("raw",)) == "a request"


async def test_what_sandboxes_made_up_is_made_again_where_its_key_is_lost(tmp_path, clock) -> None:
    make_key_file(tmp_path / KEY_FILE)
    async with running(tmp_path, clock) as wirepost:
        before = await secrets_of(wirepost)
        await wirepost.app.hub.stored.replace("stripe-sandbox", DEFAULT, before[0])
    (tmp_path / KEY_FILE).unlink()
    async with running(tmp_path, clock) as wirepost:
        assert await secrets_of(wirepost) == before


async def secrets_of(wirepost):
    return await wirepost.app.hub.stored.of("stripe-sandbox", DEFAULT)
