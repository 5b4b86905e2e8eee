"""What an endpoint is given, and the form of its answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from wirepost.providers.salesforce.sandbox.definitions import Kind
from wirepost.providers.salesforce.sandbox.errors import Body, SalesforceError, unreadable
from wirepost.providers.salesforce.sandbox.state import State
from wirepost.providers.salesforce.sandbox.values import state_kind


@dataclass
class Reply:
    """Status, body and headers; no body for 204 and 304."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Settings(NamedTuple):
    """How the organisation behaves."""

    page_size: int
    """Records of one page, where the caller does not ask for fewer."""
    daily_limit: int
    """Requests of a day."""
    used: int
    """How many there were."""


@dataclass
class Call:
    """One request to an endpoint."""

    state: State
    settings: Settings
    base: str
    """`/services/data/v68.0`, as the caller spelled it."""
    path: dict[str, str]
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    content: Any

    @property
    def body(self) -> Body:
        """The JSON object that was sent."""
        if not isinstance(self.content, dict):
            raise unreadable("The HTTP entity body is required, but this request has no entity body.")
        return self.content

    @property
    def kind(self) -> Kind:
        """The object in the path."""
        return state_kind(self.state, self.path["object"])

    @property
    def may_repeat(self) -> bool:
        """Whether the caller lets duplicates be saved."""
        header = self.headers.get("sforce-duplicate-rule-header", "").replace(" ", "").lower()
        return "allowsave=true" in header.split(",") or "allowsave=true" in header.split(";")

    def value(self, name: str) -> str | None:
        """The value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)

    def needed(self, name: str) -> str:
        """A query parameter that must be there."""
        found = self.value(name)
        if found is None:
            raise SalesforceError("MISSING_ARGUMENT", f"The required parameter {name} is missing")
        return found


Act = Callable[[Call], Reply]


@dataclass(frozen=True)
class Route:
    """One endpoint; `pattern` is a regular expression of the path behind the version."""

    method: str
    pattern: str
    act: Act
