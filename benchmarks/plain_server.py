"""A bare tool on the SDK's low-level server, over Streamable HTTP or stdio."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import uvicorn
import uvloop
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool

BARE = {"name": "bare", "description": "Answer.", "inputSchema": {"type": "object", "properties": {}}}


def build(entries: Sequence[Mapping[str, Any]]) -> Server[Any]:
    """A server that lists `entries` and answers each call at once, with the same few bytes."""
    tools = [Tool.model_validate(entry) for entry in entries]
    schemas = {tool.name: tool.input_schema for tool in tools}

    async def list_tools(_context: Any, _params: Any) -> ListToolsResult:
        return ListToolsResult(tools=tools)

    async def call_tool(_context: Any, _params: Any) -> CallToolResult:
        return CallToolResult(
            content=[TextContent(type="text", text='{"id":"1"}')], structured_content={"id": "1"}
        )

    return Server(
        "plain", on_list_tools=list_tools, on_call_tool=call_tool, get_tool_input_schema=schemas.get
    )


async def serve_http(asgi: Any) -> None:
    """Serve on a free port, which is printed first, until a signal comes."""
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    await uvicorn.Server(uvicorn.Config(asgi, log_level="error", access_log=False)).serve([listening])


async def _serve_stdio(server: Server[Any]) -> None:
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


if __name__ == "__main__":
    if sys.argv[1] == "http":
        uvloop.run(serve_http(build([BARE]).streamable_http_app()))
    else:
        asyncio.run(_serve_stdio(build([BARE])))
