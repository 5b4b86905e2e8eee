"""Compare a whole tool call and a tool list with a bare tool on the plain SDK, over HTTP, in one run.

    .venv/bin/python benchmarks/run.py [--rounds 5] [--calls 200]

Rounds of the two servers alternate; medians and ratios are printed. Read the ratios: times differ by machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2

VERSION = "2026-07-28"
PLAIN = """
import socket, sys, uvicorn
import mcp_types as t
from mcp.server.lowlevel import Server

TOOL = t.Tool(name="bare", description="Answer.", input_schema={"type": "object", "properties": {}})
TOOLS = [TOOL.model_copy(update={"name": f"bare_{n}"}) for n in range(int(sys.argv[1]))] + [TOOL]

async def list_tools(ctx, params):
    return t.ListToolsResult(tools=TOOLS)

async def call_tool(ctx, params):
    return t.CallToolResult(content=[t.TextContent(type="text", text="{}")], structured_content={"id": "1"})

server = Server("plain", on_list_tools=list_tools, on_call_tool=call_tool,
                get_tool_input_schema=lambda name: TOOL.input_schema)
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_level="error")).run(sockets=[listening])
"""
OURS = """
import asyncio, sys
from wirepost.settings import load_settings
from wirepost.server.ports import open_port
from wirepost.server.run import run_server

settings = load_settings(None, {}, {"data_dir": sys.argv[1], "server": {"port": 0}})
tell = lambda address: print(address.url.rpartition(":")[2], flush=True)
run_server(settings, open_port(settings.server), announce=tell)
"""


def start(program: str, argument: str) -> tuple[subprocess.Popen[str], str]:
    """A server in a process of its own, and its address."""
    process = subprocess.Popen([sys.executable, "-c", program, argument], stdout=subprocess.PIPE, text=True)
    port = process.stdout.readline().strip() if process.stdout else ""
    return process, f"http://127.0.0.1:{port}/mcp"


async def ask(http: httpx2.AsyncClient, url: str, method: str, params: dict[str, Any]) -> httpx2.Response:
    """One request of the current protocol."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": VERSION,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": VERSION,
        "Mcp-Method": method,
        **({"Mcp-Name": params["name"]} if "name" in params else {}),
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    answer = await http.post(url, json=body, headers=headers)
    answer.raise_for_status()
    if '"result"' not in answer.text or '"isError":true' in answer.text:
        sys.exit(f"{method} failed: {answer.text[:300]}")
    return answer


async def round_of(url: str, method: str, params: dict[str, Any], calls: int) -> tuple[float, float]:
    """(median milliseconds of one call after another, calls a second with eight in flight)."""
    async with httpx2.AsyncClient() as http:
        await ask(http, url, method, params)
        times = []
        for _ in range(calls):
            started = time.perf_counter()
            await ask(http, url, method, params)
            times.append(time.perf_counter() - started)

        async def several() -> None:
            for _ in range(calls // 8):
                await ask(http, url, method, params)

        started = time.perf_counter()
        await asyncio.gather(*(several() for _ in range(8)))
        return statistics.median(times) * 1000, calls // 8 * 8 / (time.perf_counter() - started)


async def compare(name: str, ours: tuple[str, str, Any], plain: tuple[str, str, Any], options: Any) -> None:
    """Alternate, then print both medians and their ratio."""
    seen: dict[str, list[tuple[float, float]]] = {"ours": [], "plain": []}
    for _ in range(options.rounds):
        seen["ours"].append(await round_of(*ours, options.calls))
        seen["plain"].append(await round_of(*plain, options.calls))
    middle = {
        key: [statistics.median(column) for column in zip(*rows, strict=True)] for key, rows in seen.items()
    }
    (p50, rate), (plain_p50, plain_rate) = middle["ours"], middle["plain"]
    print(f"{name:24} p50 {p50:6.2f} ms, plain {plain_p50:6.2f} ms, ratio {p50 / plain_p50:5.2f}")
    print(f"{'':24} {rate:8.0f} calls/s, plain {plain_rate:8.0f}, ratio {rate / plain_rate:5.2f}")


def resident_mib(process: subprocess.Popen[str]) -> float:
    """Resident memory of a process (Linux)."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def main() -> None:
    """Start both servers, compare, stop them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        ours, ours_url = start(OURS, directory)
        plain, plain_url = start(PLAIN, "8")
        try:
            read = {"name": "stripe_get_customer", "arguments": {"customer": "cus_NordlichtExample"}}
            bare = {"name": "bare", "arguments": {}}
            await compare(
                "read, whole call path",
                (ours_url, "tools/call", read),
                (plain_url, "tools/call", bare),
                options,
            )
            await compare(
                "tools/list, 9 tools", (ours_url, "tools/list", {}), (plain_url, "tools/list", {}), options
            )
            mib, plain_mib = resident_mib(ours), resident_mib(plain)
            print(f"{'memory':24} {mib:6.0f} MiB, plain {plain_mib:6.0f} MiB, ratio {mib / plain_mib:5.2f}")
        finally:
            for process in (ours, plain):
                process.send_signal(signal.SIGTERM)
                process.wait(10)


if __name__ == "__main__":
    asyncio.run(main())
