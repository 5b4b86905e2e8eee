"""A server process loads half of the SDK, and what it left out is there when somebody asks for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

LOADED = """
import json, sys
print(json.dumps(sorted(name for name in sys.modules if name.startswith("mcp."))))
"""
SERVER_ONLY = """
from wirepost.server.quick_start import defer_packages
defer_packages()
import wirepost.server.run
"""
BOTH_HALVES = """
import asyncio
import mcp, mcp.server
from mcp import Client
from mcp.server import MCPServer
from mcp.server.lowlevel import Server
assert mcp.server.Server is Server
assert not hasattr(mcp, "no_such_name")

async def main():
    async with Client(Server("x", on_list_tools=None)) as client:
        assert client.server_info.name == "x"

asyncio.run(main())
"""


def modules_after(code: str) -> list[str]:
    run = subprocess.run([sys.executable, "-c", code + LOADED], check=True, capture_output=True, text=True)
    loaded: list[str] = json.loads(run.stdout)
    return loaded


def test_a_server_does_without_the_client_half():
    loaded = modules_after(SERVER_ONLY)
    assert "mcp.server.lowlevel.server" in loaded
    assert [name for name in loaded if name.startswith(("mcp.client", "mcp.server.mcpserver"))] == []


def test_everything_is_there_and_the_same_when_it_is_asked_for():
    loaded = modules_after(SERVER_ONLY + BOTH_HALVES)
    assert "mcp.client.client" in loaded
    assert "mcp.server.mcpserver.server" in loaded


def test_the_http_client_is_loaded_when_something_of_it_is_asked_for():
    used = (
        "import sys\n"
        "assert 'httpx2' in sys.modules and 'httpx2._client' not in sys.modules\n"
        "import httpx2\n"
        "from httpx2 import AsyncClient, codes\n"
        "assert httpx2.AsyncClient is AsyncClient and codes.OK == 200\n"
        "assert not hasattr(httpx2, 'no_such_name')\n"
    )
    assert modules_after(SERVER_ONLY + used)


def test_types_of_messages_are_made_ready_when_such_a_message_comes():
    used = (
        "from mcp_types import CallToolRequest, PingRequest\n"
        "assert not CallToolRequest.__pydantic_complete__\n"
        "CallToolRequest.model_validate({'method': 'tools/call', 'params': {'name': 'x'}})\n"
        "assert CallToolRequest.__pydantic_complete__ and not PingRequest.__pydantic_complete__\n"
        "from wirepost.settings.section import Section\n"
        "assert Section.__pydantic_complete__\n"
    )
    assert modules_after(SERVER_ONLY + used)


def test_an_sdk_that_is_loaded_already_stays_as_it_is():
    assert "mcp.client.client" in modules_after("import mcp\n" + SERVER_ONLY)
