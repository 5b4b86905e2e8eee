"""A bare tool on FastMCP, over Streamable HTTP or stdio; runs in the environment of `fastmcp.lock`."""

from __future__ import annotations

import socket
import sys

import uvloop
from fastmcp import FastMCP

server = FastMCP("bare")


@server.tool
def bare() -> dict[str, str]:
    """Answer."""
    return {"id": "1"}


if __name__ == "__main__":
    if sys.argv[1] == "http":
        listening = socket.create_server(("127.0.0.1", 0))
        print(listening.getsockname()[1], flush=True)
        quiet = {"access_log": False}
        uvloop.run(
            server.run_http_async(
                show_banner=False, log_level="error", uvicorn_config=quiet, sockets=[listening]
            )
        )
    else:
        server.run(transport="stdio", show_banner=False, log_level="ERROR")
