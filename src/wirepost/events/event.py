"""`Event`: what happened, as agents see it; and what is known of how it came."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from wirepost.core.times import from_epoch

OWN_SOURCE = "wirepost"
"""The source of what happened here."""


@dataclass(slots=True)
class Event:
    """One event; `seq` is 0 until it is stored."""

    id: str
    source: str
    type: str
    environment: str
    received_at: float
    summary: str
    provider_type: str = ""
    provider_event_id: str | None = None
    subject: str | None = None
    account: str | None = None
    time: float | None = None
    verified: str = "none"
    actor: dict[str, str | None] = field(default_factory=lambda: {"kind": "unknown", "id": None})
    data: dict[str, Any] = field(default_factory=dict)
    data_truncated: bool = False
    untrusted: list[str] = field(default_factory=list)
    """Paths inside `data`."""
    correlation_id: str | None = None
    hops: int = 0
    seq: int = 0

    @property
    def object_id(self) -> str | None:
        """The part of the subject after the slash."""
        return self.subject.partition("/")[2] if self.subject else None

    @property
    def is_self(self) -> bool:
        """Whether a call of this server caused it."""
        return self.actor["kind"] == "self"

    def shown(self) -> dict[str, Any]:
        """As agents see it; `seq` is a part of cursors and not shown."""
        return {
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "account": self.account,
            "provider_type": self.provider_type,
            "provider_event_id": self.provider_event_id,
            "time": from_epoch(self.time),
            "received_at": from_epoch(self.received_at),
            "environment": self.environment,
            "verified": self.verified,
            "actor": self.actor,
            "summary": self.summary,
            "data": self.data,
            "data_truncated": self.data_truncated,
            "untrusted": self.untrusted,
            "correlation_id": self.correlation_id,
            "hops": self.hops,
        }

    def stored(self) -> str:
        """What the database keeps besides its own columns."""
        return orjson.dumps(
            {
                "summary": self.summary,
                "provider_type": self.provider_type,
                "provider_event_id": self.provider_event_id,
                "subject": self.subject,
                "account": self.account,
                "time": self.time,
                "verified": self.verified,
                "actor": self.actor,
                "data": self.data,
                "data_truncated": self.data_truncated,
                "untrusted": self.untrusted,
                "correlation_id": self.correlation_id,
                "hops": self.hops,
            }
        ).decode()


COLUMNS = "seq, id, source, environment, type, received_at, content"
"""What `read` takes, in this order; rows whose content was forgotten are left out by whoever asks."""


def read(row: tuple[Any, ...]) -> Event:
    """The event of a row with `COLUMNS`."""
    seq, event_id, source, environment, kind, received_at, content = row
    return Event(
        id=event_id,
        source=source,
        type=kind,
        environment=environment,
        received_at=received_at,
        seq=seq,
        **orjson.loads(content),
    )


def cloud_event(event: Event) -> dict[str, Any]:
    """The event as CloudEvents 1.0 in JSON, whose attribute names are lower-case letters and digits."""
    shown = event.shown()
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": f"urn:wirepost:{event.source}",
        "type": event.type,
        "subject": event.subject,
        "time": shown["time"] or shown["received_at"],
        "datacontenttype": "application/json",
        "account": event.account,
        "providertype": event.provider_type,
        "receivedat": shown["received_at"],
        "environment": event.environment,
        "verified": event.verified,
        "summary": event.summary,
        "data": event.data,
    }
