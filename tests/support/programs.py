"""The command `wirepost` as other people start it: a program with streams, signals and an exit code."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from wirepost.store.owner import DataDirectory

COMMAND = (sys.executable, "-m", "wirepost")
PATIENCE_S = 30
_RUNNING_AT = b"Wirepost is running at "


def environment(**more: str) -> dict[str, str]:
    """What a host passes on: next to nothing."""
    kept = ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, **more}


async def start(*arguments: str, **more: str) -> Process:
    """`wirepost …` with pipes for its streams, in the root folder, as hosts do it."""
    return await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd="/", env=environment(**more)
    )


@dataclass
class Served:
    """A running `wirepost serve`."""

    process: Process
    url: str
    directory: DataDirectory
    written: bytearray = field(default_factory=bytearray, repr=False)
    """What it has written to standard error so far."""

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code."""
        self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()


@asynccontextmanager
async def serving(directory: Path, *arguments: str) -> AsyncIterator[Served]:
    """`wirepost serve` on a free port; killed at the end if it still runs."""
    process = await start("serve", "--port", "0", "--data-dir", str(directory), *arguments)
    assert process.stderr is not None
    written = bytearray()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not (line := await process.stderr.readline()).startswith(_RUNNING_AT):
                written += line
                assert line, f"ended without a word more than: {written.decode()}"
        drain = asyncio.ensure_future(_keep(process.stderr, written))
        url = line.removeprefix(_RUNNING_AT).decode().strip()
        served = Served(process, url, DataDirectory(directory), written)
        yield served
        if process.returncode is None:
            await served.end()
        await drain
    finally:
        with suppress(ProcessLookupError):
            process.kill()


async def _keep(stream: asyncio.StreamReader, written: bytearray) -> None:
    while part := await stream.read(65536):
        written += part


async def end_owner(directory: Path) -> None:
    """End the server that a front started, and wait until it is gone."""
    owner = DataDirectory(directory).find_owner()
    if owner is None:
        return
    with suppress(ProcessLookupError):
        os.kill(owner.pid, signal.SIGTERM)
    async with asyncio.timeout(PATIENCE_S):
        while DataDirectory(directory).find_owner():
            await asyncio.to_thread(os.sched_yield)
