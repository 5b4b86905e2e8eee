"""What is measured, against whom, and what each figure should be."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Literal

import sixty
from rounds import Round, Rounds, bare, listing, read, write

from wirepost.tools import manifest
from wirepost.tools.index import all_tools

_HOLDS = {"≤": operator.le, ">": operator.gt, "≥": operator.ge}
PLAIN, FASTMCP = "plain SDK", "FastMCP 4"


@dataclass(frozen=True)
class Target:
    """What should hold of our figure divided by the peer's (`ratio`), or of ours alone (`ours`)."""

    of: Literal["ratio", "ours"]
    sign: Literal["≤", ">", "≥"]
    limit: float

    def is_met(self, ours: float, ratio: float | None) -> bool:
        """Whether it holds."""
        seen = ours if self.of == "ours" or ratio is None else ratio
        return _HOLDS[self.sign](seen, self.limit)

    def __str__(self) -> str:
        return f"{self.of} {self.sign} {self.limit:g}"


@dataclass(frozen=True)
class Measure:
    """One row of the table; without a target it is for information."""

    name: str
    unit: str
    ours: Round
    peer: Round | None = None
    peer_name: str = ""
    target: Target | None = None
    is_constant: bool = False
    """The same in each round, so that one is enough."""


def all_measures(rounds: Rounds) -> list[Measure]:
    """Every row, in the order of the table."""
    return [*_calls(rounds), *_lists(rounds), *_processes(rounds), *_tokens()]


def _calls(rounds: Rounds) -> list[Measure]:
    three_times, more = Target("ratio", "≤", 3), Target("ratio", ">", 1)
    http, stdio = rounds.http_p50, rounds.stdio_p50
    plain_http, plain_stdio = http("plain-http", bare), stdio("plain-stdio", bare)
    fast_http, fast_stdio = rounds.http_rate("fastmcp-http", bare), rounds.stdio_rate("fastmcp-stdio", bare)
    beside = rounds.beside("ours-http")
    joined, many = beside(stdio("ours-stdio", read)), beside(rounds.stdio_rate("ours-stdio", read))
    return [
        Measure("read-http", "ms", http("ours-http", read), plain_http, PLAIN, three_times),
        Measure("read-stdio", "ms", joined, plain_stdio, PLAIN, three_times),
        Measure("read-in-process", "ms", stdio("ours-stdio-inside", read), plain_stdio, PLAIN, three_times),
        Measure("rate-http", "calls/s", rounds.http_rate("ours-http", read), fast_http, FASTMCP, more),
        Measure("rate-stdio", "calls/s", many, fast_stdio, FASTMCP, more),
        Measure("write-http", "ms", http("ours-http", write), plain_http, PLAIN),
    ]


def _lists(rounds: Rounds) -> list[Measure]:
    half = Target("ratio", "≤", 0.5)
    ours_http, plain_http = (rounds.http_p50(f"sixty-{which}-http", listing) for which in ("ours", "plain"))
    ours_inside, plain_inside = (rounds.inside_p50(build, listing) for build in (sixty.ours, sixty.plain))
    ours_size, plain_size = (rounds.size(f"sixty-{which}-http") for which in ("ours", "plain"))
    at_most_40 = Target("ours", "≤", 40)
    return [
        Measure("list-60-http", "ms", ours_http, plain_http, PLAIN),
        Measure("list-60-inside", "ms", ours_inside, plain_inside, PLAIN, half),
        Measure("list-60-size", "KB", ours_size, plain_size, PLAIN, at_most_40, is_constant=True),
    ]


def _processes(rounds: Rounds) -> list[Measure]:
    joined, plain = rounds.beside("ours-http")(rounds.start("ours-stdio")), rounds.start("plain-stdio")
    first = rounds.start("ours-stdio-first", ends="first")
    ours, peer = rounds.memory("ours-http-fresh", read), rounds.memory("plain-http", bare)
    return [
        Measure("start-joined", "ms", joined, plain, PLAIN, Target("ratio", "≤", 0.15)),
        Measure("start-first", "ms", first, plain, PLAIN, Target("ratio", "≤", 1.25)),
        Measure("memory", "MiB", ours, peer, PLAIN, Target("ratio", "≤", 1.5)),
    ]


def _tokens() -> list[Measure]:
    def constant(tokens: int) -> Round:
        async def take() -> float:
            return tokens

        return take

    targets = {"support": Target("ours", "≤", 6000)}
    return [
        Measure(
            f"tokens-{name}",
            "tokens",
            constant(size["tokens"]),
            None,
            "",
            targets.get(name),
            is_constant=True,
        )
        for name, size in manifest.presets(all_tools()).items()
    ]
