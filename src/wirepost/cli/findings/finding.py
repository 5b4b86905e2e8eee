"""`Finding`: one thing that was looked at: what was found, why it matters, which command mends it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["ok", "warning", "error", "skipped"]


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    section: str
    status: Status
    what: str
    why: str | None = None
    fix: str | None = None
    """The exact command, or the one thing to change."""

    def shown(self) -> dict[str, Any]:
        """The finding as JSON."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Section:
    """Makes the findings of one section."""

    name: str

    def ok(self, what: str) -> Finding:
        """As it should be."""
        return Finding(self.name, "ok", what)

    def warning(self, what: str, why: str, fix: str | None = None) -> Finding:
        """Works, but not for ever or not for everybody."""
        return Finding(self.name, "warning", what, why, fix)

    def error(self, what: str, why: str, fix: str | None = None) -> Finding:
        """Does not work."""
        return Finding(self.name, "error", what, why, fix)

    def skipped(self, what: str, why: str, fix: str | None = None) -> Finding:
        """Not looked at, or not there and not needed."""
        return Finding(self.name, "skipped", what, why, fix)
