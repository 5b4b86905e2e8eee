"""`Outgoing`: an event on its way out, and the forms in which it is told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.calls.external import NOTICE, external_block, new_boundary
from wirepost.core.text import clean_line
from wirepost.events.event import cloud_event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wirepost.events.event import Event

MAX_LINE = 400
"""Characters of a header or a subject."""
PLACE = re.compile(r"\{([a-z_]{1,20})\}")
"""Where something is put into a text of the operator."""


@dataclass(frozen=True)
class Outgoing:
    """What a sink is given; personal data that the subscription hides is not in it any more."""

    event: Event
    subscription_id: str
    subscription: str
    """Its name."""
    attempt: int
    merged: int = 0
    """Earlier events of the same kind that this one stands for."""
    waiting: int = 0
    """Events that were not told one by one, because there were too many."""
    copy: int = 0
    """0, or the number of the replay."""

    @property
    def message_id(self) -> str:
        """The same in each attempt; another one in a replay."""
        return f"{self.event.id}-{self.copy}" if self.copy else self.event.id

    def line(self) -> str:
        """The event in one line of ours, with how many others it stands for."""
        more = [
            f"and {self.merged} before it" if self.merged else "",
            f"{self.waiting} more pending" if self.waiting else "",
        ]
        return "; ".join(part for part in (f"{self.event.type}: {self.event.summary}", *more) if part)

    def cloud_event(self) -> bytes:
        """CloudEvents 1.0 in JSON."""
        shown = cloud_event(self.event)
        counted = {"merged": self.merged, "waiting": self.waiting, "replay": self.copy}
        extra = {name: value for name, value in counted.items() if value}
        return orjson.dumps({**{k: v for k, v in shown.items() if v is not None}, **extra})

    def plain(self) -> dict[str, Any]:
        """For programs: everything that is known, and that it is data."""
        return {
            "notice": NOTICE,
            "subscription": self.subscription,
            "attempt": self.attempt,
            "merged": self.merged,
            "waiting": self.waiting,
            "is_replay": bool(self.copy),
            "event": self.event.shown(),
        }

    def block_for_models(self) -> str:
        """For models: the event in a block that nothing inside can end, and how many others wait."""
        more = f"\n{self.waiting} more events are pending." if self.waiting else ""
        return external_block(self.event.id, self.event.shown(), new_boundary()) + more

    def filled(self, template: str, *, is_json: bool = False) -> str:
        """A text of the operator with `{type}` and others in it replaced, by nothing that is read again.

        In JSON what is put in is escaped as a part of a JSON string.
        """
        values = self._values()

        def put(found: re.Match[str]) -> str:
            value = values.get(found[1])
            if value is None:
                return found[0]
            return orjson.dumps(value).decode()[1:-1] if is_json else value

        return PLACE.sub(put, template)

    def headers(self, templates: Mapping[str, str]) -> dict[str, str]:
        """Headers of the operator, filled and each on one line."""
        return {
            name: clean_line(self.filled(template), MAX_LINE).encode("ascii", "replace").decode()
            for name, template in templates.items()
        }

    def _values(self) -> dict[str, str]:
        event = self.event
        return {
            "id": event.id,
            "type": event.type,
            "source": event.source,
            "subject": event.subject or "",
            "object_id": event.object_id or "",
            "summary": event.summary,
            "account": event.account or "",
            "environment": event.environment,
            "subscription": self.subscription,
            "attempt": str(self.attempt),
            "merged": str(self.merged),
            "waiting": str(self.waiting),
        }
