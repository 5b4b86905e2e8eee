"""Clients that others wrote, against the server and the stdio front as people start them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from support.clients import http, stdio, use_ai_sdk, use_openai_agents
from support.node import INSPECTOR, node_environment
from support.programs import COMMAND, environment, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
ANSWERED, FAILED = 0, 5
"""Exit codes of the Inspector; an error result is not a failure of the client."""


@asynccontextmanager
async def both_ways(directory: Path) -> AsyncIterator[tuple[str, list[str]]]:
    """One server: its address, and the command that joins it over stdio."""
    async with serving(directory) as server:
        yield f"{server.url}/mcp", [*COMMAND, "mcp", "--data-dir", str(directory)]


async def inspect(folder: Path, *arguments: str) -> tuple[int, Any]:
    """The Inspector's command line; its exit code and what it printed."""
    env = {**node_environment(), "MCP_CATALOG_PATH": str(folder / "catalog.json")}
    process = await asyncio.create_subprocess_exec(
        str(INSPECTOR), "--cli", *arguments, stdout=asyncio.subprocess.PIPE, env=env
    )
    async with asyncio.timeout(60):
        printed = (await process.communicate())[0].decode()
    return process.returncode or 0, printed


@pytest.mark.services("node")
async def test_the_inspector_finds_every_schema_portable_and_calls_tools(tmp_path):
    search = [
        "--method",
        "tools/call",
        "--tool-name",
        "stripe_list_payments",
        "--tool-args-json",
        '{"limit": 1}',
    ]
    wrong = [
        "--method",
        "tools/call",
        "--tool-name",
        "stripe_get_customer",
        "--tool-args-json",
        '{"customer": "cus_no"}',
    ]
    async with both_ways(tmp_path / "d") as (url, command):
        for way in (["--server-url", url, "--transport", "http"], command):
            listed = await inspect(tmp_path, *way, "--method", "tools/list", "--strict")
            assert listed[0] == ANSWERED, listed[1]
            for era in ("legacy", "modern"):
                called = await inspect(tmp_path, *way, "--protocol-era", era, "--format", "json", *search)
                assert called[0] == ANSWERED, called[1]
                assert '"pi_' in called[1]
            refused = await inspect(tmp_path, *way, *wrong)
            assert refused[0] == FAILED, refused[1]
            assert "not_found" in refused[1]


async def refund_by_token(use: Any, transport: dict[str, Any]) -> None:
    """List, find, be refused with a plan, accept it, repeat it."""
    seen = await use(transport, ("stripe_list_payments", {"status": "succeeded", "limit": 20}))
    assert "stripe_create_refund" in [tool["name"] for tool in seen["tools"]]
    assert all(tool["outputSchema"]["type"] == "object" for tool in seen["tools"])
    payments = seen["results"][0]["structuredContent"]["data"]["records"]
    chosen = next(each for each in payments if each["amount_refunded"] == "0.00" and not each["is_disputed"])
    asked = {
        "payment": chosen["id"],
        "amount": "1.00",
        "currency": chosen["currency"],
        "intent": chosen["id"],
    }
    (refused,) = (await use(transport, ("stripe_create_refund", asked)))["results"]
    assert refused["isError"] is True
    accepted = {**asked, "confirmation": refused["structuredContent"]["error"]["plan"]["confirmation"]}
    call = ("stripe_create_refund", accepted)
    done, again = (await use(transport, call, call))["results"]
    assert done["structuredContent"]["data"]["id"] == again["structuredContent"]["data"]["id"]
    assert json.loads(done["content"][0]["text"]) == done["structuredContent"]


@pytest.mark.services("node")
async def test_the_client_of_the_ai_sdk_refunds_a_payment_over_both_ways(tmp_path):
    async with both_ways(tmp_path / "d") as (url, command):
        await refund_by_token(use_ai_sdk, http(url))
        await refund_by_token(use_ai_sdk, stdio(*command, env=environment()))


@pytest.mark.services("openai-agents")
async def test_the_client_of_the_openai_agents_sdk_refunds_a_payment_over_both_ways(tmp_path):
    async with both_ways(tmp_path / "d") as (url, command):
        await refund_by_token(use_openai_agents, http(url))
        await refund_by_token(use_openai_agents, stdio(*command, env=environment()))
