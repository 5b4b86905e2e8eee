"""`Fault`: one way in which a vendor's answer goes wrong, on demand."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from pydantic import ValidationError

from wirepost.settings.faults import FaultKind, FaultSettings
from wirepost.settings.problems import first_problem

EXAMPLE = "429;retry-after=2;times=3;match=POST /v1/refunds"


class BadFault(ValueError):
    """A description of a fault that cannot be read; says what is possible."""


@dataclass
class Fault:
    """What goes wrong, for which requests, how often.

    - `status`: an error answer of the vendor; nothing is done, unless `is_applied`
    - `slow`: the right answer after `delay_s`
    - `refused`: no connection
    - `cut`: the connection ends before the request is processed
    - `lost_answer`: the request is processed, then the connection ends
    - `malformed`: the request is processed, half of the answer arrives
    - `html`: a proxy's page instead of the vendor's answer; nothing is done, unless `is_applied`
    """

    kind: FaultKind
    match: str = "*"
    """`METHOD /path` or `/path`, both with `*`."""
    times: int | None = 1
    """How many requests are hit; `None` is every one."""
    status: int = 502
    retry_after: str | None = None
    delay_s: float = 0.0
    is_applied: bool = False

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read the line that `FaultSettings` describes; raises `BadFault`."""
        try:
            return cls(**FaultSettings.model_validate(text).model_dump())
        except ValidationError as error:
            msg = f"{first_problem(error, FaultSettings)}; for example {EXAMPLE}"
            raise BadFault(msg) from None

    def hits(self, method: str, path: str) -> bool:
        """Is this request meant?"""
        verb, _, glob = self.match.rpartition(" ")
        return fnmatchcase(path, glob) and fnmatchcase(method, verb.strip().upper() or "*")

    def shown(self) -> dict[str, Any]:
        """The fault as JSON."""
        return asdict(self)
