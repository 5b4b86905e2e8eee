"""Programs that take webhooks, ours and those it is compared with, and rounds of requests sent to them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

from measures import Measure, Target
from rounds import Round
from servers import BIN, HERE, locked_python, serving

from webhooks import SECRET, at, lanes, rate, requests, times

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


class Receivers:
    """The programs by name; each starts when first wanted, on a core of its own, and ends with `opened`."""

    def __init__(self, root: Path, opened: AsyncExitStack) -> None:
        self._root, self._opened = root, opened
        self._ports: dict[str, int] = {}

    async def port(self, name: str) -> int:
        """Where a program listens: NAME, or NAME-slow on a disk that is slow to sync."""
        if name not in self._ports:
            _keep_to(SENDER_CORE)
            directory = Path(tempfile.mkdtemp(prefix=name, dir=self._root))
            what, _, slow = name.partition("-")
            variables = {
                "STRIPE_SECRET": SECRET,
                "STRIPE_KEY": "sk_test_of_a_benchmark",
                "HOOKS_DB": str(directory / "hooks.db"),
                **({"LD_PRELOAD": str(self._shim())} if slow else {}),
            }
            command = ["taskset", "-c", SERVER_CORE, *self._command(what, directory)]
            url, _ = await self._opened.enter_async_context(serving(command, variables))
            self._ports[name] = urlsplit(url).port or 80
        return self._ports[name]

    def _command(self, name: str, directory: Path) -> list[str]:
        if name == "ours":
            config = directory / "wirepost.yaml"
            config.write_text(CONFIG, encoding="utf-8")
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

    def _shim(self) -> Path:
        shim = self._root / "slow_fsync.so"
        if not shim.exists():
            source = HERE / "slow_fsync.c"
            subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", shim, source, "-ldl"], check=True)
        return shim


def measures(receivers: Receivers, calls: int) -> list[Measure]:
    """Every row about taking webhooks."""

    def throughput(name: str, count: int) -> Round:
        async def take() -> float:
            async with lanes(await receivers.port(name)) as sending:
                made = requests("/webhooks/stripe", count + 64)
                await rate(sending, made[:64])
                return await rate(sending, made[64:])

        return take

    def latency(name: str, share: float) -> Round:
        async def take() -> float:
            async with lanes(await receivers.port(name)) as sending:
                made = requests("/webhooks/stripe", OPEN_RATE * 4)
                return at(await times(sending, made, OPEN_RATE), share)

        return take

    many, few = calls * 15, calls * 3
    ours, slow = throughput("ours", many), throughput("ours-slow", few)
    ahead = Target("ratio", ">", 1)
    return [
        Measure("ingest-bare", "/s", ours, throughput("bare", many), "bare", Target("ratio", "≥", 0.75)),
        Measure("ingest-alone", "/s", ours, throughput("alone", few), "commit each", Target("ratio", "≥", 2)),
        Measure(
            "ingest-slow", "/s", slow, throughput("alone-slow", calls), "commit each", Target("ratio", "≥", 8)
        ),
        Measure("ingest-flask", "/s", ours, throughput("flask", few), "Flask", ahead),
        Measure("ingest-fastapi", "/s", ours, throughput("fastapi", few), "FastAPI", ahead),
        Measure("ingest-express", "/s", ours, throughput("express", few), "Express", ahead),
        Measure("ingest-p50", "ms", latency("ours", 0.5), latency("bare", 0.5), "bare"),
        Measure(
            "ingest-p99", "ms", latency("ours", 0.99), latency("bare", 0.99), "bare", Target("ours", "≤", 25)
        ),
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
