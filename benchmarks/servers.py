"""The programs that are compared: how each is started, found and ended."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from wirepost.store.owner import DataDirectory

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
STARTS_WITHIN_S = 30
ENDS_WITHIN_S = 15
CONFIG = "tools: {preset: finance}\nserver: {port: 0}\n"
"""All Stripe tools on any free port; policy, ledger, audit and sandbox are as they come."""


class Servers:
    """The programs by name. Those that serve HTTP start when first wanted and end with `opened`."""

    def __init__(self, root: Path, opened: AsyncExitStack) -> None:
        self._root, self._opened = root, opened
        self._urls: dict[str, str] = {}
        self._config = root / "wirepost.yaml"
        self._config.write_text(CONFIG, encoding="utf-8")

    def command(self, name: str) -> list[str]:
        """How a program is started: WHAT-WAY, or for ours also in which data directory."""
        plain, sixty = (str(HERE / "plain_server.py"), str(HERE / "sixty.py"))
        commands = {
            "ours-http": self._ours("serve", "shared"),
            "ours-stdio": self._ours("mcp", "shared"),
            "ours-http-fresh": self._ours("serve", "fresh"),
            "ours-stdio-first": self._ours("mcp", "first"),
            "ours-stdio-inside": [*self._ours("mcp", "inside"), "--in-process"],
            "plain-http": [sys.executable, plain, "http"],
            "plain-stdio": [sys.executable, plain, "stdio"],
            "sixty-ours-http": [sys.executable, sixty, "ours", str(self._root / "sixty")],
            "sixty-plain-http": [sys.executable, sixty, "plain"],
        }
        if name.startswith("fastmcp-"):
            way = name.removeprefix("fastmcp-")
            return [str(locked_python("fastmcp")), str(HERE / "fastmcp_server.py"), way]
        return commands[name]

    def _ours(self, command: str, directory: str) -> list[str]:
        options = ["--config", str(self._config), "--data-dir", str(self._root / directory)]
        return [str(BIN / "wirepost"), command, *options]

    async def url(self, name: str) -> str:
        """The MCP address of a server that runs until the end."""
        if name not in self._urls:
            self._urls[name], _ = await self._opened.enter_async_context(serving(self.command(name)))
        return self._urls[name]

    async def end_background(self, directory: str) -> None:
        """End the server that a front started in the background."""
        place = DataDirectory(str(self._root / directory))
        owner = place.find_owner()
        if owner is None:
            return
        os.kill(owner.pid, signal.SIGTERM)
        async with asyncio.timeout(ENDS_WITHIN_S):
            while place.find_owner():  # noqa: ASYNC110 - it is no child of this process
                await asyncio.sleep(0.02)


@asynccontextmanager
async def serving(
    command: Sequence[str], variables: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[str, int]]:
    """(MCP address, process id) of a server that is started, and ended afterwards."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **(variables or {})},
    )
    if process.stdout is None:
        raise RuntimeError("its output cannot be read")
    try:
        url = await asyncio.wait_for(_address(process.stdout), STARTS_WITHIN_S)
        drain = asyncio.ensure_future(process.stdout.read())
        yield url, process.pid
        process.terminate()
        await drain
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), ENDS_WITHIN_S)


async def _address(output: asyncio.StreamReader) -> str:
    """What a server says when it is ready: ours its address, the others their port."""
    said = ""
    async for line in output:
        said += line.decode()
        if found := re.search(r"MCP endpoint\s+(\S+)", said):
            return found[1]
        if line.strip().isdigit():
            return f"http://127.0.0.1:{int(line)}/mcp"
    raise RuntimeError(f"a server did not start:\n{said}")


def resident_mib(pid: int) -> float:
    """Resident memory of a process (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def locked_python(name: str) -> Path:
    """The interpreter of a peer's own environment, which is made anew whenever its lock has changed."""
    lock, environment = HERE / f"{name}.lock", HERE / f".venv-{name}"
    python, installed = environment / "bin" / "python", environment / "installed.lock"
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        print(f"installing {name}", file=sys.stderr)
        make: list[str | Path] = ["venv", "--clear", "--python", sys.executable, environment]
        fill: list[str | Path] = ["pip", "sync", "--require-hashes", "--python", python, lock]
        for step in (make, fill):
            subprocess.run([BIN / "uv", "--quiet", *step], check=True)
        shutil.copy(lock, installed)
    return python
