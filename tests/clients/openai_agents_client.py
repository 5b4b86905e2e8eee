"""The OpenAI Agents SDK as a client: does what the plan in its one argument says, prints what came back.

Runs in an environment of its own, see `support/clients.py` for the form of the plan.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from agents.mcp import MCPServer, MCPServerStdio, MCPServerStreamableHttp
from agents.mcp.util import MCPUtil
from agents.models.openai_responses import Converter


def server_of(transport: dict[str, Any]) -> MCPServer:
    """The SDK's own server object for a transport."""
    if transport["type"] == "stdio":
        keys = ("command", "args", "env", "cwd")
        params = {key: transport[key] for key in keys if transport.get(key) is not None}
        return MCPServerStdio(params, client_session_timeout_seconds=30)
    params = {"url": transport["url"], "headers": transport.get("headers", {})}
    return MCPServerStreamableHttp(params, client_session_timeout_seconds=30)


def functions_of(server: MCPServer, tools: list[Any], *, strict: bool) -> list[Any]:
    """The tools as the SDK gives them to OpenAI's API."""
    functions = [MCPUtil.to_function_tool(tool, server, convert_schemas_to_strict=strict) for tool in tools]
    return list(Converter.convert_tools(functions, []).tools)


async def carry_out(plan: dict[str, Any]) -> dict[str, Any]:
    """List the tools, make the calls one after the other."""
    async with server_of(plan["transport"]) as server:
        tools = await server.list_tools()
        results = [await server.call_tool(call["name"], call["arguments"]) for call in plan["calls"]]
    return {
        "tools": [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools],
        "functions": {
            "strict": functions_of(server, tools, strict=True),
            "plain": functions_of(server, tools, strict=False),
        },
        "results": [result.model_dump(mode="json", by_alias=True, exclude_none=True) for result in results],
    }


print(json.dumps(asyncio.run(carry_out(json.loads(sys.argv[1])))))
