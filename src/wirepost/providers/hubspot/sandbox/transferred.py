"""What is known of exports and imports."""

from __future__ import annotations

from dataclasses import dataclass, field

from wirepost.providers.hubspot.sandbox.errors import Body


@dataclass
class Export:
    """An export: what was asked for, when its turn comes, and its file."""

    id: str
    asked: Body
    asked_at: float
    turn: float
    content: bytes | None = None
    links: dict[str, float] = field(default_factory=dict)
    """Name of a link → until when it leads somewhere."""


@dataclass
class Import:
    """An import: its request, its file, and what became of it."""

    id: str
    name: str
    at: float
    kind: str
    operation: str
    made_at: str
    columns: list[Body]
    lines: list[list[str]]
    state: str = "STARTED"
    counters: dict[str, int] = field(default_factory=dict)
    errors: list[Body] = field(default_factory=list)


@dataclass
class Transfers:
    """All of them, by id."""

    exports: dict[str, Export] = field(default_factory=dict)
    imports: dict[str, Import] = field(default_factory=dict)
