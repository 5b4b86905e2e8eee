"""`Catalogue`: which types of events a caller can ask for by name, and with which arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from wirepost.events.event import OWN_SOURCE
from wirepost.events.own import OWN_TYPES

if TYPE_CHECKING:
    from wirepost.calls.caller import Caller
    from wirepost.webhooks.webhook import Webhook

ENVIRONMENTS = ("production", "test", "sandbox")
"""The first one of a type's is what is meant where none is named: nobody mixes them by accident."""


class Offered(Protocol):
    """What this module needs to know of an endpoint."""

    @property
    def source(self) -> str:
        """Its connection."""
        ...

    @property
    def environment(self) -> str:
        """That of the connection."""
        ...

    @property
    def webhook(self) -> Webhook:
        """Who sends."""
        ...


@dataclass(frozen=True)
class EventType:
    """One type of event, as far as one caller can get it."""

    name: str
    description: str
    sources: tuple[str, ...]
    environments: tuple[str, ...]

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments of a subscription."""
        return {
            "type": "object",
            "properties": {
                "source": {
                    "type": "string",
                    "enum": list(self.sources),
                    "description": "Only from this connection",
                },
                "object_id": {"type": "string", "description": "Only about the object with this id"},
                "environment": {
                    "type": "string",
                    "enum": list(self.environments),
                    "default": self.environments[0],
                },
                "where": {
                    "type": "string",
                    "description": "Condition in CEL over the event, such as data.amount_minor >= 5000",
                },
                "include_self": {
                    "type": "boolean",
                    "default": False,
                    "description": "Also what calls of this server have caused",
                },
            },
            "additionalProperties": False,
        }


class Catalogue:
    """The types of all senders that are set up, and those of this server itself.

    `may_read` says whether a caller may know of the events of a source.
    """

    def __init__(self, endpoints: Iterable[Offered], may_read: Callable[[Caller, str], bool]) -> None:
        self.may_read = may_read
        self._endpoints = tuple(endpoints)
        self._environments = {each.source: each.environment for each in self._endpoints}

    @cached_property
    def _senders(self) -> dict[str, dict[str, list[str]]]:
        """Type → what it says, each with the sources that tell it; loads all senders when it is needed."""
        found: dict[str, dict[str, list[str]]] = {}
        for each in self._endpoints:
            for name, told in _told_by(each.webhook).items():
                found.setdefault(name, {}).setdefault(told, []).append(each.source)
        for name, told in OWN_TYPES.items():
            found.setdefault(name, {}).setdefault(told, []).append(OWN_SOURCE)
        return found

    def of(self, caller: Caller) -> dict[str, EventType]:
        """Name → type, sorted by name; only what the caller may read."""
        types = {}
        for name, senders in sorted(self._senders.items()):
            seen = {
                told: allowed
                for told, sources in senders.items()
                if (allowed := [each for each in sources if self.may_read(caller, each)])
            }
            if seen:
                sources = tuple(sorted({source for each in seen.values() for source in each}))
                types[name] = EventType(name, "; ".join(seen), sources, self._environments_of(sources))
        return types

    def allows(self, caller: Caller, name: str, sources: Iterable[str]) -> bool:
        """Whether the caller may read events of a type from all of these sources."""
        found = self.of(caller).get(name)
        return found is not None and set(sources) <= set(found.sources)

    def _environments_of(self, sources: Iterable[str]) -> tuple[str, ...]:
        if OWN_SOURCE in sources:
            return ENVIRONMENTS  # what happens here concerns connections of each
        present = {self._environments[source] for source in sources}
        return tuple(each for each in ENVIRONMENTS if each in present)


def _told_by(webhook: Webhook) -> Mapping[str, str]:
    """Our types of a sender, each with what the sender calls it."""
    names: dict[str, list[str]] = {}
    for theirs, ours in webhook.types.items():
        names.setdefault(ours, []).append(theirs)
    return {ours: f"{webhook.title}: {', '.join(theirs)}" for ours, theirs in names.items()}
