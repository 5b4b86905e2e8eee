"""Compare Wirepost with a bare tool on the plain SDK and on FastMCP, side by side in one run.

    .venv/bin/python benchmarks/run.py [NAME…] [--rounds 7] [--calls 200] [--json]

A NAME chooses the rows that begin with it. Rounds of the two sides alternate; the table shows medians. Read
the ratios: times differ by machine. A target that is not met is shown so, and is no failure of the program.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ingest
import offering
import uvloop
from measures import Measure, all_measures
from rounds import Rounds
from servers import Servers


@dataclass(frozen=True)
class Row:
    """A measure and the medians that were seen."""

    measure: Measure
    ours: float
    peer: float | None
    ratios: list[float]
    """Of each round: how far the ratio of the medians can be trusted."""

    @property
    def ratio(self) -> float | None:
        """Ours divided by the peer's."""
        return self.ours / self.peer if self.peer else None

    @property
    def is_met(self) -> bool | None:
        """Whether the target holds; nothing without a target."""
        target = self.measure.target
        return target.is_met(self.ours, self.ratio) if target else None


async def take(measure: Measure, rounds: int) -> Row:
    """Alternate between the two sides, and which of them begins."""
    sides = {"ours": measure.ours, **({"peer": measure.peer} if measure.peer else {})}
    seen: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(1 if measure.is_constant else rounds):
        for side in list(sides)[:: -1 if number % 2 else 1]:
            seen[side].append(await sides[side]())
        shown = ", ".join(f"{side} {values[-1]:.4g}" for side, values in seen.items())
        print(f"{measure.name} {number + 1}: {shown} {measure.unit}", file=sys.stderr)
    middle = {side: statistics.median(values) for side, values in seen.items()}
    ratios = [ours / peer for ours, peer in zip(seen["ours"], seen.get("peer", []), strict=False)]
    return Row(measure, middle["ours"], middle.get("peer"), ratios)


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    met = {True: "yes", False: "no", None: ""}
    head = ("", "Unit", "Ours", "Peer", "", "Ratio", "in rounds", "Target", "Met")
    lines = [f"| {' | '.join(head)} |", "| --- | --- | ---: | ---: | --- | ---: | --- | --- | --- |"]
    for row in rows:
        peer = "" if row.peer is None else f"{row.peer:.4g}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        spread = f"{min(row.ratios):.2f}–{max(row.ratios):.2f}" if len(row.ratios) > 1 else ""
        figures = [f"{row.ours:.4g}", peer, row.measure.peer_name, ratio, spread]
        cells = [row.measure.name, row.measure.unit, *figures, str(row.measure.target or ""), met[row.is_met]]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def as_json(rows: list[Row]) -> str:
    """The rows as JSON."""
    found: list[dict[str, Any]] = [
        {
            "name": row.measure.name,
            "unit": row.measure.unit,
            "ours": row.ours,
            "peer": row.peer,
            "peer_name": row.measure.peer_name or None,
            "ratio": row.ratio,
            "ratios": row.ratios,
            "target": str(row.measure.target) if row.measure.target else None,
            "is_met": row.is_met,
        }
        for row in rows
    ]
    return json.dumps(found, indent=2, ensure_ascii=False)


def _say_load() -> None:
    """How busy the machine is, whoever does it."""
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", file=sys.stderr)


async def main() -> None:
    """Measure what was asked for, then print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        async with AsyncExitStack() as opened:
            receivers = ingest.Receivers(Path(root), opened)
            everything = [
                *all_measures(Rounds(Servers(Path(root), opened), options.calls)),
                *ingest.measures(receivers, options.calls),
                *offering.measures(receivers),
            ]
            chosen = [each for each in everything if each.name.startswith(tuple(options.names or [""]))]
            if not chosen:
                parser.error(f"there is no such row; there are {', '.join(each.name for each in everything)}")
            _say_load()
            rows = [await take(measure, options.rounds) for measure in chosen]
    _say_load()
    print(as_json(rows) if options.json else table(rows))


if __name__ == "__main__":
    uvloop.run(main())
