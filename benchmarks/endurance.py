"""Ten minutes of webhooks at 500 a second, with a subscription: delays, memory, and the database's log.

    .venv/bin/python benchmarks/endurance.py [PARTS]

A part is half a minute; the requests of each are signed just before it. Linux only.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop
from ingest import OPEN_RATE, Receivers
from servers import resident_mib

from webhooks import at, lanes, requests, times

PARTS, PART_S = 20, 30
NAME = "ours-reader"


async def main(parts: int) -> None:
    """Print one line for each part."""
    with tempfile.TemporaryDirectory() as root:
        async with AsyncExitStack() as opened:
            receivers = Receivers(Path(root), opened)
            port = await receivers.port(NAME)
            for part in range(1, parts + 1):
                made = requests("/webhooks/stripe", OPEN_RATE * PART_S)
                async with lanes(port) as sending:
                    seen = await times(sending, made, OPEN_RATE)
                await receivers.all_read(NAME)
                delays = f"p50 {at(seen, 0.5):.1f} ms, p99 {at(seen, 0.99):.1f} ms"
                memory = f"{resident_mib(receivers.pids[NAME]):.1f} MiB"
                print(f"{part}: {delays}, {memory}, log {_log_mib(root):.1f} MiB", flush=True)


def _log_mib(root: str) -> float:
    return next(Path(root).rglob("wirepost.db-wal")).stat().st_size / 2**20


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else PARTS))
