"""Programs that take webhooks, ours and those it is compared with, and rounds of requests sent to them."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from filling import fill
from measures import Measure, Target
from rounds import Round
from servers import BIN, HERE, locked_python, serving

from webhooks import SECRET, at, lanes, rate, requests, times
from wirepost.store.database import Database, Reader

RECEIVERS = HERE / "receivers"
SERVER_CORE, SENDER_CORE = "0", 1
OPEN_RATE = 500
CONFIG = """
server: {port: 0}
connections:
  stripe:
    provider: stripe
    environment: test
    key: env:STRIPE_KEY
    webhooks: {default: {secrets: [env:STRIPE_SECRET], per_endpoint_s: 100000, per_address_s: 100000}}
"""
READER = """
subscriptions: {reader: {sources: [stripe], ack: on_fetch}}
"""
SINK = """
sinks: {{http: {{there: {{url: "http://127.0.0.1:{port}/", secret: env:SINK_SECRET}}}}}}
subscriptions: {{all: {{sources: [stripe], deliver: [there], wake_rate: 1000/s}}}}
"""


class Receivers:
    """The programs by name; each starts when first wanted, on a core of its own, and ends with `opened`."""

    def __init__(self, root: Path, opened: AsyncExitStack) -> None:
        self._root, self._opened = root, opened
        self._ports: dict[str, int] = {}
        self.pids: dict[str, int] = {}
        self._stores: dict[str, Reader] = {}
        """Of ours: what it has stored."""

    async def port(self, name: str) -> int:
        """Where NAME listens, or NAME-HOW: slow-disk, reader, reader-NUMBER stored, slow-sink, dead-sink."""
        if name not in self._ports:
            _keep_to(SENDER_CORE)
            directory = Path(tempfile.mkdtemp(prefix=name, dir=self._root))
            what, _, more = name.partition("-")
            variables = {
                "STRIPE_SECRET": SECRET,
                "STRIPE_KEY": "sk_test_of_a_benchmark",
                "HOOKS_DB": str(directory / "hooks.db"),
                "SINK_SECRET": "whsec_" + "c2VjcmV0IG9mIGEgYmVuY2htYXJr",
                **({"LD_PRELOAD": str(self._shim())} if more == "slow-disk" else {}),
            }
            command = ["taskset", "-c", SERVER_CORE, *await self._command(what, more, directory)]
            url, self.pids[name] = await self._opened.enter_async_context(serving(command, variables))
            self._ports[name] = urlsplit(url).port or 80
            if what == "ours":
                self._stores[name] = await Database.open_reader(directory / "d" / "wirepost.db")
                self._opened.push_async_callback(self._stores[name].close)
        return self._ports[name]

    async def all_read(self, name: str) -> None:
        """Return once ours has read all that it has confirmed; the others confirm and read nothing."""
        if name in self._stores:
            while await self._stores[name].read("SELECT id FROM unread LIMIT 1"):  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.005)

    async def url(self, name: str) -> str:
        """The MCP address of ours."""
        return f"http://127.0.0.1:{await self.port(name)}/mcp"

    async def _command(self, name: str, more: str, directory: Path) -> list[str]:
        if name == "ours":
            config = directory / "wirepost.yaml"
            told = SINK.format(port=await self._sink(more)) if more.endswith("sink") else ""
            is_read, _, stored = more.partition("-") if more.startswith("reader") else ("", "", "")
            config.write_text(CONFIG + (READER if is_read else told), encoding="utf-8")
            if stored:
                (directory / "d").mkdir(mode=0o700)
                await fill(directory / "d", int(stored))
            return [
                str(BIN / "wirepost"),
                "serve",
                "--config",
                str(config),
                "--data-dir",
                str(directory / "d"),
            ]
        if name == "express":
            return ["node", str(_express())]
        if name in {"flask", "fastapi"}:
            return [str(locked_python("peers")), str(RECEIVERS / f"{name}_app.py")]
        return [sys.executable, str(RECEIVERS / "bare.py"), str(directory), name]

    async def _sink(self, more: str) -> int:
        """The port of a sink that takes ten seconds to answer, or of one that nobody listens on."""
        if more == "dead-sink":
            with socket.create_server(("127.0.0.1", 0)) as gone:
                return int(gone.getsockname()[1])

        async def dawdle(_: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
            with suppress(asyncio.CancelledError):  # this program ends earlier
                await asyncio.sleep(10)
            answer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            answer.close()

        server = await asyncio.start_server(dawdle, "127.0.0.1", 0)
        self._opened.callback(server.close)
        return int(server.sockets[0].getsockname()[1])

    def _shim(self) -> Path:
        shim = self._root / "slow_fsync.so"
        if not shim.exists():
            source = HERE / "slow_fsync.c"
            subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", shim, source, "-ldl"], check=True)
        return shim


def throughput(receivers: Receivers, name: str, count: int, *, is_read: bool = False) -> Round:
    """Requests a second over 32 connections: until all are confirmed, or until all can be read as events."""

    async def take() -> float:
        async with lanes(await receivers.port(name)) as sending:
            made = requests("/webhooks/stripe", count + 64)
            await rate(sending, made[:64])
            started = time.perf_counter()
            confirmed = await rate(sending, made[64:])
            await receivers.all_read(name)  # also so that it does not go on beside the next program
            return count / (time.perf_counter() - started) if is_read else confirmed

    return take


def measures(receivers: Receivers, calls: int) -> list[Measure]:
    """Every row about taking webhooks."""

    def latency(name: str, share: float) -> Round:
        async def take() -> float:
            async with lanes(await receivers.port(name)) as sending:
                made = requests("/webhooks/stripe", OPEN_RATE * 4)
                return at(await times(sending, made, OPEN_RATE), share)

        return take

    rated, many, few = partial(throughput, receivers), calls * 15, calls * 3
    read = rated("ours", calls * 150, is_read=True)
    ours, slow, p99 = rated("ours", many), rated("ours-slow-disk", few), latency("ours", 0.99)
    bare, alone, alone_slow = rated("bare", many), rated("alone", few), rated("alone-slow-disk", calls)
    ahead, in_time = Target("ratio", ">", 1), Target("ours", "≤", 25)
    three_quarters, twice, eight_times = (Target("ratio", "≥", least) for least in (0.75, 2, 8))
    return [
        Measure("ingest-bare", "/s", ours, bare, "bare", three_quarters),
        Measure("ingest-read", "/s", read, rated("bare", calls * 150), "bare"),
        Measure("ingest-alone", "/s", ours, alone, "a commit each", twice),
        Measure("ingest-slow-disk", "/s", slow, alone_slow, "a commit each", eight_times),
        Measure("ingest-flask", "/s", ours, rated("flask", few), "Flask", ahead),
        Measure("ingest-fastapi", "/s", ours, rated("fastapi", few), "FastAPI", ahead),
        Measure("ingest-express", "/s", ours, rated("express", few), "Express", ahead),
        Measure("ingest-p50", "ms", latency("ours", 0.5), latency("bare", 0.5), "bare"),
        Measure("ingest-p99", "ms", p99, latency("bare", 0.99), "bare", in_time),
        Measure("ingest-p99-slow-sink", "ms", latency("ours-slow-sink", 0.99), p99, "without", in_time),
        Measure("ingest-p99-dead-sink", "ms", latency("ours-dead-sink", 0.99), p99, "without", in_time),
    ]


def _keep_to(core: int) -> None:
    """Let this process, which sends, leave the other core to the servers."""
    if (os.cpu_count() or 1) > 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def _express() -> Path:
    """The program, once what it needs is installed from its lock."""
    lock, installed = RECEIVERS / "package-lock.json", RECEIVERS / "node_modules" / "installed.lock"
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        print("installing Express", file=sys.stderr)
        subprocess.run(
            ["npm", "ci", "--no-fund", "--no-audit", "--foreground-scripts"], cwd=RECEIVERS, check=True
        )
        shutil.copy(lock, installed)
    return RECEIVERS / "express_app.mjs"
