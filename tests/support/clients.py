"""MCP clients of other vendors, run as programs: a plan goes in, what the client saw comes out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from support.node import CLIENTS, find_node, is_current

AGENTS = CLIENTS / ".venv-openai-agents"


class Seen(TypedDict):
    """What a client printed, spelt as in the protocol (`inputSchema`, `structuredContent`, `isError`)."""

    tools: list[dict[str, Any]]
    results: list[dict[str, Any]]


def stdio(command: str, *arguments: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    """A transport for the plan: start this program and speak over its standard streams."""
    return {"type": "stdio", "command": command, "args": list(arguments), "env": env or {}}


def http(url: str, **headers: str) -> dict[str, Any]:
    """A transport for the plan: Streamable HTTP at this address."""
    return {"type": "http", "url": url, "headers": headers}


@cache
def find_openai_agents() -> Path | None:
    """The Python of the environment with the OpenAI Agents SDK, if it is installed."""
    is_there = is_current(AGENTS / "installed.lock", CLIENTS / "openai-agents.lock")
    return AGENTS / "bin" / "python" if is_there else None


async def use_ai_sdk(transport: dict[str, Any], *calls: tuple[str, dict[str, Any]]) -> Seen:
    """List the tools with the AI SDK's client and make the calls; needs the marker `services("node")`."""
    node = find_node()
    assert node is not None
    return await _run([str(node), str(CLIENTS / "aisdk.mjs")], transport, calls)


async def use_openai_agents(transport: dict[str, Any], *calls: tuple[str, dict[str, Any]]) -> Seen:
    """The same with the OpenAI Agents SDK; needs the marker `services("openai-agents")`."""
    python = find_openai_agents()
    assert python is not None
    return await _run([str(python), str(CLIENTS / "openai_agents_client.py")], transport, calls)


async def _run(
    command: list[str], transport: dict[str, Any], calls: Sequence[tuple[str, dict[str, Any]]]
) -> Seen:
    plan = {"transport": transport, "calls": [{"name": name, "arguments": given} for name, given in calls]}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, json.dumps(plan), stdout=pipe, stderr=pipe)
    async with asyncio.timeout(45):
        printed, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    seen: Seen = json.loads(printed)
    return seen
