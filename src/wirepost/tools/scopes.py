"""Scopes of callers: what a tool needs follows from its toolset and risk, and is declared nowhere else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wirepost.tools.tool import AnyTool

ADMIN = "admin"
"""For operators, who change what all callers share; clients are never told to ask for it."""

HISTORY, RAW = "event.history", "event.raw"
BESIDES: Mapping[str, str] = {
    HISTORY: "subscribe to what happened before",
    RAW: "see requests of senders with the personal data in them",
}
"""Scopes that no tool needs as a whole, and what they are for."""

_PARTS: Mapping[str, str] = {"R": "read", "W1": "write", "W2": "write", "W3": "money", "W4": "danger"}
_BELOW: Mapping[str, tuple[str, ...]] = {
    "write": ("read",),
    "money": ("write", "read"),
    "danger": ("write", "read"),
}


def caller_scope(tool: AnyTool) -> str:
    """The scope a caller needs for a tool, such as `crm.write`."""
    return f"{tool.toolset}.{_PARTS[tool.risk]}"


def implied(scopes: Collection[str]) -> frozenset[str]:
    """The scopes with what they contain: who may write may read, who may move money or destroy may write."""
    held = set(scopes)
    for scope in scopes:
        toolset, _, part = scope.rpartition(".")
        held.update(f"{toolset}.{below}" for below in _BELOW.get(part, ()) if toolset)
    return frozenset(held)
