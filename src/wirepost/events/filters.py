"""`Filter`: which events somebody wants to know of."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any

from wirepost.core.errors import InvalidCall
from wirepost.events.event import OWN_SOURCE

if TYPE_CHECKING:
    from wirepost.core.expressions import Condition, Facts, Language
    from wirepost.events.event import Event
    from wirepost.settings.events import SubscriptionSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Filter:
    """What an event must be like; empty conditions let everything through.

    `where` is a condition in CEL over `type`, `source`, `subject`, `object_id`, `account`, `environment`,
    `actor`, `data` and `time`; an event for which it has no answer is left out. Raises `InvalidCall` when it
    cannot be understood.
    """

    types: tuple[str, ...] = ()
    """With `*` for any text; so are `sources`."""
    sources: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    where: str | None = None
    object_id: str | None = None
    exclude_self: bool = True
    _condition: Condition | None = field(default=None, init=False, repr=False, compare=False)
    _problems: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.where is not None:
            object.__setattr__(self, "_condition", _understood(self.where))

    @classmethod
    def of(cls, settings: SubscriptionSettings) -> Filter:
        """The filter that the configuration describes."""
        return cls(
            tuple(settings.types),
            tuple(settings.sources),
            tuple(settings.environments),
            settings.where,
            exclude_self=settings.exclude_self,
        )

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Filter:
        """The filter that `stored()` gave."""
        return cls(
            tuple(stored.get("types", ())),
            tuple(stored.get("sources", ())),
            tuple(stored.get("environments", ())),
            stored.get("where"),
            stored.get("object_id"),
            stored.get("exclude_self", True),
        )

    def stored(self) -> dict[str, Any]:
        """As JSON; conditions that say nothing are left out."""
        shown: dict[str, Any] = {
            "types": list(self.types),
            "sources": list(self.sources),
            "environments": list(self.environments),
            "where": self.where,
            "object_id": self.object_id,
        }
        return {name: value for name, value in shown.items() if value} | {"exclude_self": self.exclude_self}

    def within(self, environment: str) -> Filter:
        """The same for one environment."""
        return replace(self, environments=(environment,))

    def matches(self, event: Event, facts: Facts | None = None) -> bool:
        """Whether the event is wanted; `facts` are those of `facts_of`, where they are there already."""
        if not (
            _fits(event.type, self.types)
            and _fits(event.source, self.sources)
            and (
                not self.environments or event.source == OWN_SOURCE or event.environment in self.environments
            )
            and (self.object_id is None or event.object_id == self.object_id)
            and not (self.exclude_self and event.is_self)
        ):
            return False
        return self._condition is None or self._holds(self._condition, event, facts)

    def problem(self, event: Event) -> str | None:
        """Why `where` has no answer for this event; `None` where it has one."""
        from wirepost.core.expressions import CannotTell

        if self._condition is None:
            return None
        try:
            self._condition.holds(facts_of(event))
        except CannotTell as error:
            return str(error)
        return None

    def _holds(self, condition: Condition, event: Event, facts: Facts | None) -> bool:
        from wirepost.core.expressions import CannotTell

        try:
            return condition.holds(facts or facts_of(event))
        except CannotTell as error:
            if event.type not in self._problems:  # a field that an event has not is usual, so once is enough
                self._problems.add(event.type)
                log.info("%r has no answer for an event of type %s: %s", condition.text, event.type, error)
            return False


def facts_of(event: Event) -> Facts:
    """What a condition is asked about."""
    values: dict[str, Any] = {
        "type": event.type,
        "source": event.source,
        "subject": event.subject,
        "object_id": event.object_id,
        "account": event.account,
        "environment": event.environment,
        "actor": event.actor,
        "data": event.data,
    }
    if event.time is not None:
        values["time"] = datetime.fromtimestamp(event.time, UTC)
    return _language().facts(values)


@cache
def _language() -> Language:
    from wirepost.core.expressions import Language

    return Language(
        "event",
        {
            "type": "text",
            "source": "text",
            "subject": "any",
            "object_id": "any",
            "account": "any",
            "environment": "text",
            "actor": "map",
            "data": "map",
            "time": "time",
        },
    )


def _understood(where: str) -> Condition:
    from wirepost.core.expressions import BadExpression

    try:
        return _language().condition(where)
    except BadExpression as error:
        raise InvalidCall(
            "invalid_arguments",
            f"The condition cannot be understood: {error}",
            hint="A condition in CEL, such as data.amount_minor >= 5000 && type.startsWith('payment.')",
            fields=[{"path": "where", "problem": str(error)}],
        ) from None


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
