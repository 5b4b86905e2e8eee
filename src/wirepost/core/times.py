"""Times in and out: RFC 3339 with offset, and the relative forms people write."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import overload

from wirepost.core.errors import InvalidCall

CLOCKS = timedelta(minutes=1)
"""So far our clock and another machine's may be apart: what it did a little before may have come after."""

_RELATIVE = re.compile(r"-(\d{1,5})([mhdw])", re.ASCII)
_ABSOLUTE = re.compile(
    r"\d{4}-\d\d-\d\d(?P<time>[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(?P<offset>Z|[+-]\d\d:\d\d)?)?", re.ASCII
)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def to_rfc3339(moment: datetime) -> str:
    """UTC with `Z`, whole seconds."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


@overload
def from_epoch(seconds: float) -> str: ...
@overload
def from_epoch(seconds: float | None) -> str | None: ...
def from_epoch(seconds: float | None) -> str | None:
    """Seconds since 1970 as RFC 3339."""
    return None if seconds is None else to_rfc3339(datetime.fromtimestamp(seconds, UTC))


def parse(text: str, *, now: datetime, path: str) -> datetime:
    """Read RFC 3339 with offset, a date, `now`, `today`, or a relative time such as `-7d` (m, h, d, w).

    Raises `InvalidCall` naming `path`.
    """
    if text == "now":
        return now
    if text == "today":
        return now.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        if match := _RELATIVE.fullmatch(text):
            return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
        match = _ABSOLUTE.fullmatch(text)
        if match and match["time"] and not match["offset"]:
            raise _refusal(path, "needs an offset, such as 2026-11-25T10:00:00Z")
        if match:
            moment = datetime.fromisoformat(text)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    raise _refusal(path, "must be RFC 3339 with offset, a date, or relative like -7d")


def _refusal(path: str, problem: str) -> InvalidCall:
    return InvalidCall("invalid_arguments", f"{path} {problem}", fields=[{"path": path, "problem": problem}])
