"""Times in and out: RFC 3339 with offset, and the relative forms people write."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from wirepost.core.errors import InvalidCall

_RELATIVE = re.compile(r"^-(\d{1,5})([mhdw])$")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def to_rfc3339(moment: datetime) -> str:
    """UTC with `Z`, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_epoch(seconds: int | None) -> str | None:
    """A provider's epoch seconds as RFC 3339."""
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
        if match := _RELATIVE.match(text):
            return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None and len(text) > len("2026-01-01"):
            raise _refusal(path, "needs an offset, such as 2026-11-25T10:00:00Z")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise _refusal(path, "must be RFC 3339 with offset, a date, or relative like -7d") from None


def _refusal(path: str, problem: str) -> InvalidCall:
    return InvalidCall("invalid_arguments", f"{path} {problem}", fields=[{"path": path, "problem": problem}])
