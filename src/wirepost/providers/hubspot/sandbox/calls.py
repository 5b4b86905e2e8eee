"""What an endpoint is given, and the form of its answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from wirepost.providers.hubspot.sandbox.definitions import NAMES
from wirepost.providers.hubspot.sandbox.errors import Body, HubSpotError
from wirepost.providers.hubspot.sandbox.rows import stamp
from wirepost.providers.hubspot.sandbox.state import State

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Reply(NamedTuple):
    """Status and body; no body for 204."""

    status: int
    body: Body | None


@dataclass
class Call:
    """One request to an endpoint: the account, the parts of the path, the query and the body."""

    state: State
    path: dict[str, str]
    query: tuple[tuple[str, str], ...]
    body: Body
    scopes: frozenset[str]
    page_of_links: int
    form: Mapping[str, bytes] = field(default_factory=dict)
    """Fields of a form with files."""
    host: str = ""
    """Where the request went."""

    @property
    def origin(self) -> str:
        """With which links begin."""
        is_socket = self.host.rpartition(":")[0] in LOOPBACK
        return f"{'http' if is_socket else 'https'}://{self.host or 'api.hubapi.com'}"

    @property
    def kind(self) -> str:
        """The object in the path; raises HubSpot's error for others."""
        return kind_of(self.path["kind"])

    @property
    def inputs(self) -> list[Body]:
        """The records of a batch."""
        inputs = self.body.get("inputs")
        if not isinstance(inputs, list) or not inputs:
            raise HubSpotError("Invalid input JSON: inputs must not be empty")
        return inputs

    def values(self, name: str) -> list[str]:
        """All values of a query parameter, comma-separated ones too."""
        return [one for key, value in self.query if key == name for one in value.split(",")]

    def value(self, name: str) -> str | None:
        """The value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)


Act = Callable[[Call], Reply]


@dataclass(frozen=True)
class Route:
    """One endpoint; `pattern` is a regular expression of the path."""

    method: str
    pattern: str
    act: Act
    permissions: Callable[[Call], list[str]] = lambda _: []
    """Permissions of which the token needs one."""
    is_search: bool = False


def kind_of(called: str) -> str:
    """An object by any of its names."""
    if called not in NAMES:
        raise HubSpotError(f"Unable to infer object type from: {called}")
    return NAMES[called]


def check_size(inputs: list[Any], most: int) -> None:
    """Refuse more inputs than a batch takes."""
    if len(inputs) > most:
        raise HubSpotError(f"Invalid input: a batch takes at most {most} inputs")


def batch(state: State, results: Iterable[Body], errors: list[Body], *, status: int = 200) -> Reply:
    """The answer to a batch: in part successful where there are errors."""
    now = stamp(state.now)
    body: Body = {"status": "COMPLETE", "results": list(results), "startedAt": now, "completedAt": now}
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
    return Reply(207 if errors else status, body)
