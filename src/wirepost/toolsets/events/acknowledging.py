"""Tools by which a reader says what it is done with, and what it wants later."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from wirepost.core.errors import InvalidCall
from wirepost.events.acknowledge import Answer
from wirepost.events.cursors import holder_of
from wirepost.events.subscriptions import Subscription
from wirepost.tools.context import Call
from wirepost.tools.tool import Risk, tool
from wirepost.toolsets.events.desk import EventDesk
from wirepost.toolsets.events.results import Acknowledged, Refused

Ids = Annotated[list[str], Field(max_length=200, description="Their ids, evt_…")]
Name = Annotated[str | None, Field(max_length=200, description="Without it: your default one")]


@tool(Risk.WRITE, title="Acknowledge events", example={"events": ["evt_01kaxyz0000000000000"]})
async def event_ack(
    call: Call[EventDesk],
    subscription: Name = None,
    events: Annotated[list[str] | None, Field(max_length=200, description="Their ids, evt_…")] = None,
    up_to: Annotated[str | None, Field(max_length=500, description="A cursor: all you read up to it")] = None,
    note: Annotated[str | None, Field(max_length=300, description="What you did about them")] = None,
) -> Acknowledged:
    """Say that you are done with events, so that they do not come again. Saying it twice does no harm."""
    desk = call.api
    if (events is None) == (up_to is None):
        raise InvalidCall(
            "invalid_arguments",
            "Name either events or up_to",
            fields=[{"path": "events", "problem": "is needed, or up_to, and not both"}],
        )
    chosen = await desk.given(subscription)
    if up_to is not None:
        one, place, reader = _opened(desk, up_to, chosen)
        holder = holder_of(desk.caller.id, reader)
        count = await desk.acknowledgements.ack_up_to(one.id, place, holder, note)
        return Acknowledged(acknowledged=[], unknown=[], count=count, pending=await _pending(desk, [one]))
    answers = [await desk.acknowledgements.ack(each.id, events or (), note) for each in chosen]
    known, unknown = _together(answers)
    return Acknowledged(
        acknowledged=known, unknown=unknown, count=len(known), pending=await _pending(desk, chosen)
    )


@event_ack.reconcile
async def find_acknowledged(
    call: Call[EventDesk],
    subscription: Name = None,
    events: list[str] | None = None,
    up_to: str | None = None,
    note: str | None = None,
) -> Acknowledged | None:
    """Saying it twice does no harm, so whether it was said is found out by saying it again."""
    return await event_ack.operation(call, subscription, events, up_to, note)


@tool(
    Risk.WRITE,
    title="Have events again later",
    example={"events": ["evt_01kaxyz0000000000000"], "delay_s": 600},
)
async def event_nack(
    call: Call[EventDesk],
    events: Ids,
    subscription: Name = None,
    delay_s: Annotated[float, Field(ge=0, le=86_400, description="Seconds until they come again")] = 0,
    reason: Annotated[str | None, Field(max_length=300)] = None,
) -> Refused:
    """Say that you cannot handle events now, so that they come again later, as often as is allowed."""
    desk = call.api
    chosen = await desk.given(subscription)
    answers = [await desk.acknowledgements.nack(each.id, events, delay_s, reason) for each in chosen]
    known, unknown = _together(answers)
    return Refused(offered_again=known, unknown=unknown, pending=await _pending(desk, chosen))


@event_nack.reconcile
async def find_refused(
    call: Call[EventDesk],
    events: Ids,
    subscription: Name = None,
    delay_s: float = 0,
    reason: str | None = None,
) -> Refused | None:
    """The same: the events come again once, however often it is said before."""
    return await event_nack.operation(call, events, subscription, delay_s, reason)


def _opened(desk: EventDesk, cursor: str, among: Sequence[Subscription]) -> tuple[Subscription, int, str]:
    """The subscription that a cursor belongs to, its place and its reader; raises `InvalidCall`."""
    for each in among[:-1]:
        with contextlib.suppress(InvalidCall):
            return each, *desk.cursors.resume(cursor, each, "up_to")
    return among[-1], *desk.cursors.resume(cursor, among[-1], "up_to")


def _together(answers: Sequence[Answer]) -> tuple[list[str], list[str]]:
    """What any of the subscriptions knew, and what none did."""
    known = list(dict.fromkeys(each for answer in answers for each in answer.known))
    return known, [each for each in answers[0].unknown if each not in known]


async def _pending(desk: EventDesk, of: Sequence[Subscription]) -> int:
    return sum([(await desk.deliveries.counts(each.id)).pending for each in of])
