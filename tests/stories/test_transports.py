"""One story over every way in and both protocol generations: find, preview, confirm, refund, repeat."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters

from support.programs import COMMAND, end_owner, environment, serving
from support.running import running
from support.stand_in import ERAS, client, person
from wirepost.server.mcp import build_mcp

pytestmark = pytest.mark.slow

both = pytest.mark.parametrize("era", ERAS)
WAYS = ("memory", "http", "sse", "front", "in-process")


@asynccontextmanager
async def way_in(way: str, directory: Path) -> AsyncIterator[Any]:
    """A target for clients, with a server of its own behind it that is gone at the end."""
    if way == "memory":
        async with running(directory) as wirepost:
            yield build_mcp(wirepost.app.calls, secret=wirepost.app.secret, version="1")
    elif way in {"http", "sse"}:
        async with serving(directory) as server:
            yield f"{server.url}/mcp" if way == "http" else f"{server.url}/sse"
    else:
        options = ["--in-process"] if way == "in-process" else []
        arguments = [*COMMAND[1:], "mcp", "--data-dir", str(directory), *options]
        try:
            yield StdioServerParameters(command=COMMAND[0], args=arguments, env=environment())
        finally:
            await end_owner(directory)


def joined(target: Any, era: str, **options: Any) -> Client:
    return client(sse_client(target) if str(target).endswith("/sse") else target, era, **options)


async def ok(c: Client, name: str, /, **arguments: Any) -> dict[str, Any]:
    result = await c.call_tool(name, arguments)
    assert result.is_error is False, result.structured_content
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


@pytest.mark.parametrize("way", WAYS)
async def test_a_customer_is_found_and_refunded_once(way, tmp_path):
    async with way_in(way, tmp_path / "d") as target:
        for number, era in enumerate(ERAS):
            await the_story(target, era, payment=number)


async def the_story(target: Any, era: str, payment: int) -> None:
    """By token, by form, declined and repeated; each payment is refunded exactly once."""
    async with joined(target, era) as c:
        listed = [tool.name for tool in (await c.list_tools()).tools]
        assert listed == sorted(listed)
        payments = (await ok(c, "stripe_list_payments", status="succeeded", limit=20))["data"]["records"]
        free = [each for each in payments if each["amount_refunded"] == "0.00" and not each["is_disputed"]]
        chosen, other = free[2 * payment], free[2 * payment + 1]
        refused = await c.call_tool("stripe_create_refund", {"payment": "pi_nothing"})
        assert refused.is_error
        assert refused.structured_content["error"]["code"] == "not_found"
        arguments = part_of(chosen, f"token-{era}")
        refused = await c.call_tool("stripe_create_refund", arguments)
        plan = refused.structured_content["error"]["plan"]
        assert plan["reversible"] is False
        done = await ok(c, "stripe_create_refund", **arguments, confirmation=plan["confirmation"])
        again = await ok(c, "stripe_create_refund", **arguments, confirmation=plan["confirmation"])
    assert again["data"]["id"] == done["data"]["id"]
    assert again["meta"]["idempotency"]["replayed"] is True

    arguments = part_of(other, f"form-{era}")
    ask = person("decline", "yes")
    async with joined(target, era, elicitation_callback=ask) as c:
        refused = await c.call_tool("stripe_create_refund", arguments)
        assert refused.structured_content["error"]["code"] == "confirmation_required"
        done = await ok(c, "stripe_create_refund", **arguments)
        assert ["1.00" in question.message for question in ask.questions] == [True, True]
        refunds = (await ok(c, "stripe_list_refunds", payment=other["id"]))["data"]["records"]
    assert [refund["id"] for refund in refunds] == [done["data"]["id"]]


async def test_two_clients_on_stdio_share_one_server_and_outlive_each_other(tmp_path):
    async with way_in("front", tmp_path / "d") as target, joined(target, "auto") as first:
        async with joined(target, "legacy") as second:
            done = await refund(first)
            seen = await ok(second, "stripe_list_refunds", payment=done["payment"])
            assert [refund["id"] for refund in seen["data"]["records"]] == [done["id"]]
        await ok(first, "connection_list")


def part_of(payment: dict[str, Any], intent: str) -> dict[str, Any]:
    """Arguments that refund a part of a payment."""
    return {"payment": payment["id"], "amount": "1.00", "currency": payment["currency"], "intent": intent}


async def refund(c: Client) -> dict[str, Any]:
    payments = (await ok(c, "stripe_list_payments", status="succeeded", limit=20))["data"]["records"]
    chosen = next(each for each in payments if each["amount_refunded"] == "0.00" and not each["is_disputed"])
    arguments = part_of(chosen, "shared")
    plan = (await c.call_tool("stripe_create_refund", arguments)).structured_content["error"]["plan"]
    done = await ok(c, "stripe_create_refund", **arguments, confirmation=plan["confirmation"])
    return {"id": done["data"]["id"], "payment": chosen["id"]}


async def test_ten_clients_that_start_at_the_same_moment_share_one_server(tmp_path):
    async def one(target: Any) -> int:
        async with joined(target, "auto") as c:
            return len((await c.list_tools()).tools)

    async with way_in("front", tmp_path / "d") as target:
        counts = await asyncio.gather(*(one(target) for _ in range(10)))
    assert len(set(counts)) == 1
