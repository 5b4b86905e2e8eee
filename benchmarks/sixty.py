"""Sixty tools behind our list and behind a plain one, with the same entries."""

from __future__ import annotations

import dataclasses
import sys
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import uvloop
from plain_server import build, serve_http

from wirepost import __version__
from wirepost.app import build_app
from wirepost.declarations import declared_tools
from wirepost.server.asgi import build_asgi
from wirepost.server.mcp import build_mcp
from wirepost.settings import load_settings
from wirepost.tools.catalog import ToolList

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

TOOLS = 60


def sixty() -> ToolList:
    """The tools there are, filled up with copies of them under other names."""
    real = declared_tools()
    copies = (dataclasses.replace(tool, name=f"{tool.name}_{n}") for n in count(2) for tool in real)
    return ToolList((*real, *islice(copies, max(0, TOOLS - len(real))))[:TOOLS])


class _OnlyLists:
    """The part of the call path that a list needs."""

    def __init__(self, listed: ToolList) -> None:
        self._listed = listed

    def tools(self, _caller: Any) -> ToolList:
        return self._listed


def ours() -> Server[Any]:
    """Our MCP server with sixty tools."""
    calls: Any = _OnlyLists(sixty())
    return build_mcp(calls, secret=bytes(32), version=__version__)


def plain() -> Server[Any]:
    """The plain server with the same sixty entries."""
    return build(sixty().entries)


async def main() -> None:
    """Serve the plain one, or ours with the data directory that is named."""
    if sys.argv[1] == "plain":
        await serve_http(plain().streamable_http_app())
    else:
        app = await build_app(load_settings(None, {}, {"data_dir": sys.argv[2]}))
        await serve_http(build_asgi(app, ours()))


if __name__ == "__main__":
    uvloop.run(main())
