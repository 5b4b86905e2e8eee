"""What the tools about events return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from wirepost.core.times import from_epoch
from wirepost.tools.results import Result, UntrustedMark

if TYPE_CHECKING:
    from wirepost.events.event import Event
    from wirepost.events.subscriptions import Subscription


class Actor(Result):
    """Who caused an event."""

    kind: str
    id: str | None = None


class EventFacts(Result):
    """One event in full."""

    id: str
    source: str
    type: str
    subject: str | None = None
    account: str | None = None
    provider_type: str
    provider_event_id: str | None = None
    time: str | None = None
    received_at: str
    environment: str
    verified: str
    actor: Actor
    summary: str
    data: Annotated[dict[str, Any], UntrustedMark()]
    data_truncated: bool
    untrusted: list[str]
    correlation_id: str | None = None
    hops: int
    attempt: int | None = None
    merged: int | None = None
    replay: bool | None = None
    payload: Annotated[dict[str, Any], UntrustedMark()] | None = None


class EventLine(Result):
    """One event in short."""

    id: str
    source: str
    type: str
    subject: str | None = None
    time: str | None = None
    received_at: str
    summary: str
    verified: str
    untrusted: list[str]
    hops: int
    acked: bool | None = None


class Waited(Result):
    """What a wait brought."""

    events: list[EventFacts]
    next_cursor: str
    has_more: bool
    pending: int
    truncated: bool
    timed_out: bool
    subscription: str


class Acknowledged(Result):
    """What became of acknowledgements."""

    acknowledged: list[str]
    unknown: list[str]
    count: int
    pending: int


class Refused(Result):
    """What comes again later."""

    offered_again: list[str]
    unknown: list[str]
    pending: int


class SubscriptionFacts(Result):
    """One subscription."""

    subscription: str
    is_own: bool
    types: list[str]
    sources: list[str]
    environments: list[str]
    where: str | None = None
    object_id: str | None = None
    ack: str
    deliver: list[str]
    cursor: str
    pending: int
    in_flight: int
    dead: int
    last_delivery_at: str | None = None
    expires_at: str | None = None


class SubscriptionList(Result):
    """Subscriptions that a caller may read."""

    subscriptions: list[SubscriptionFacts]


class Unsubscribed(Result):
    """A subscription that ended."""

    subscription: str
    pending: int


class Replayed(Result):
    """Events that are offered again."""

    subscription: str
    events: int


def facts(event: Event, **how: Any) -> EventFacts:
    """The event in full; `how` it was delivered."""
    return EventFacts(**event.shown(), **how)


def line(event: Event, *, acked: bool | None) -> EventLine:
    """The event in short."""
    shown = event.shown()
    wanted = EventLine.model_fields.keys() - {"acked"}
    return EventLine(**{name: shown[name] for name in wanted}, acked=acked)


def subscription_facts(
    subscription: Subscription, *, cursor: str, counts: tuple[int, int, int], last: float | None, own: bool
) -> SubscriptionFacts:
    """The subscription with how it stands: pending, in flight, dead."""
    wanted, options = subscription.effective, subscription.options
    return SubscriptionFacts(
        subscription=subscription.name,
        is_own=own,
        types=list(wanted.types),
        sources=list(wanted.sources),
        environments=list(wanted.environments),
        where=wanted.where,
        object_id=wanted.object_id,
        ack=options.ack,
        deliver=list(subscription.ways),
        cursor=cursor,
        pending=counts[0],
        in_flight=counts[1],
        dead=counts[2],
        last_delivery_at=from_epoch(last),
        expires_at=from_epoch(subscription.expires_at),
    )
