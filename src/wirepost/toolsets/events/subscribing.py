"""Tools by which a caller says what it wants to be told of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from wirepost.core import times
from wirepost.core.errors import InvalidCall, NotAllowed
from wirepost.events.filters import Filter
from wirepost.events.subscriptions import Subscription
from wirepost.settings.events import SubscriptionSettings
from wirepost.tools.context import Call
from wirepost.tools.scopes import ADMIN, HISTORY
from wirepost.tools.tool import Risk, tool
from wirepost.toolsets.events.desk import EventDesk
from wirepost.toolsets.events.results import (
    Replayed,
    SubscriptionFacts,
    SubscriptionList,
    Unsubscribed,
    subscription_facts,
)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Patterns = Annotated[list[str] | None, Field(max_length=50, description="With * for any text")]


@tool(
    Risk.WRITE,
    title="Subscribe to events",
    example={"subscription": "refunds", "types": ["payment.refunded"]},
    long_help="""where is a condition in CEL over type, source, subject, object_id, account, environment,
    actor, data and time, such as double(data.amount) >= 50.0 && data.currency == "eur"; an event for which
    it has no answer is left out. deliver holds pull, channel, or sinks of the configuration.""",
)
async def event_subscribe(
    call: Call[EventDesk],
    *,
    subscription: Annotated[Name, Field(description="Your name for it; the same again changes it")],
    types: Patterns = None,
    sources: Patterns = None,
    where: Annotated[str | None, Field(max_length=2000, description="Condition in CEL")] = None,
    start: Annotated[str, Field(max_length=500, description="now, earliest, or a cursor of it")] = "now",
    ack: Literal["explicit", "on_fetch"] = "explicit",
    deliver: Annotated[list[str] | None, Field(max_length=10)] = None,
) -> SubscriptionFacts:
    """Subscribe to events under a name of yours; event_wait then waits for them. It keeps your place."""
    desk = call.api
    ways = deliver or ["pull"]
    unknown = next((each for each in ways if each not in {"pull", "channel", *desk.sinks}), None)
    if unknown is not None:
        raise InvalidCall(
            "invalid_arguments",
            f"There is no way {unknown[:60]!r} to deliver events",
            fields=[
                {
                    "path": "deliver",
                    "problem": "names one that is not configured",
                    "allowed": ["pull", "channel", *sorted(desk.sinks)],
                }
            ],
        )
    wanted = Filter(tuple(types or ()), tuple(sources or ()), (), where)
    begin = await _start(desk, subscription, start)
    settings = SubscriptionSettings(ack=ack, deliver=ways)
    made = await desk.subscriptions.put(desk.caller.id, subscription, wanted, settings, start=begin)
    await _check_condition(call, wanted)
    return await _facts(desk, made)


@event_subscribe.reconcile
async def find_subscribed(
    call: Call[EventDesk],
    *,
    subscription: Name,
    types: Patterns = None,
    sources: Patterns = None,
    where: str | None = None,
    start: str = "now",
    ack: Literal["explicit", "on_fetch"] = "explicit",
    deliver: list[str] | None = None,
) -> SubscriptionFacts | None:
    """The subscription, where it is as it was asked for; `start` matters only when it is made."""
    found = await call.api.subscriptions.find(call.api.caller, subscription)
    if found is None or found.owner != call.caller or not start:
        return None
    wanted = Filter(tuple(types or ()), tuple(sources or ()), (), where)
    is_right = found.filter == wanted and found.options.ack == ack
    return (
        await _facts(call.api, found) if is_right and found.options.deliver == (deliver or ["pull"]) else None
    )


@tool(Risk.WRITE, title="End a subscription", example={"subscription": "old-refunds"})
async def event_unsubscribe(call: Call[EventDesk], subscription: str) -> Unsubscribed:
    """End one of your subscriptions; what was not acknowledged is left out."""
    desk = call.api
    found = await desk.subscription(subscription)
    if found.owner != desk.caller.id:
        raise NotAllowed(
            "forbidden_by_policy",
            f"{found.name} belongs to the configuration",
            hint="An operator can take it out there",
        )
    pending = (await desk.deliveries.counts(found.id)).pending
    await desk.subscriptions.remove(found)
    return Unsubscribed(subscription=found.name, pending=pending)


@event_unsubscribe.reconcile
async def find_unsubscribed(call: Call[EventDesk], subscription: str) -> Unsubscribed | None:
    """That it ended, once it is not there any more."""
    known = [each.name for each in await call.api.subscriptions.of(call.api.caller)]
    return None if subscription in known else Unsubscribed(subscription=subscription, pending=0)


@tool(Risk.READ, title="List subscriptions")
async def event_subscriptions(
    call: Call[EventDesk],
    subscription: Annotated[str | None, Field(max_length=200, description="Only this one")] = None,
) -> SubscriptionList:
    """List the subscriptions you can wait for, and how each stands."""
    desk = call.api
    if subscription is None:
        found = await desk.subscriptions.of(desk.caller)
    else:
        found = [await desk.subscription(subscription)]
    return SubscriptionList(subscriptions=[await _facts(desk, each) for each in found])


@tool(Risk.WRITE, title="Replay events", example={"subscription": "refunds", "since": "-1h"})
async def event_replay(
    call: Call[EventDesk],
    subscription: Annotated[str, Field(max_length=200)],
    events: Annotated[list[str] | None, Field(max_length=200, description="Their ids, evt_…")] = None,
    since: Annotated[str | None, Field(description="RFC 3339 or such as -1h")] = None,
    until: Annotated[str | None, Field(description="The same; now without it")] = None,
) -> Replayed:
    """Offer stored events again to one subscription, marked as a replay. For operators (scope admin)."""
    desk = call.api
    desk.require(ADMIN)
    if (events is None) == (since is None):
        raise InvalidCall(
            "invalid_arguments",
            "Name either events or since",
            fields=[{"path": "events", "problem": "is needed, or since, and not both"}],
        )
    found = await desk.subscription(subscription)
    if since is None:
        count = await desk.again.replay(found, events or ())
    else:
        begin = times.parse(since, now=call.now, path="since").timestamp()
        end = times.parse(until or "now", now=call.now, path="until").timestamp()
        count = await desk.again.replay_between(found, begin, end)
    return Replayed(subscription=found.name, events=count)


@event_replay.reconcile
async def find_replayed(
    call: Call[EventDesk],
    subscription: str,
    events: list[str] | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Replayed | None:
    """How many were offered again since it was sent, whichever were named."""
    if call.dispatched_at is None or (events, since, until) == (None, None, None):
        return None
    found = await call.api.subscription(subscription)
    count = await call.api.again.replayed_since(found, call.dispatched_at.timestamp())
    return Replayed(subscription=found.name, events=count) if count else None


async def _start(desk: EventDesk, name: str, start: str) -> int | None:
    if start == "now":
        return None
    if start == "earliest":
        desk.require(HISTORY)
        return 0
    return desk.cursors.open(start, await desk.subscription(name), path="start")


async def _check_condition(call: Call[EventDesk], wanted: Filter) -> None:
    """Say so at once where the condition has no answer for what came last."""
    if wanted.where is None:
        return
    newest = await call.api.log.newest()
    rest = Filter(wanted.types, wanted.sources)
    fitting = [each for each in await call.api.log.after(newest - 50, 50) if rest.matches(each)]
    problem = wanted.problem(fitting[-1]) if fitting else None
    if problem is not None:
        call.warn(
            f"where has no answer for the newest event ({fitting[-1].id}), so it is left out: {problem}"
        )


async def _facts(desk: EventDesk, subscription: Subscription) -> SubscriptionFacts:
    counts = await desk.deliveries.counts(subscription.id)
    sql = (
        "SELECT created_at FROM deliveries WHERE subscription = ? AND sink = 'pull' ORDER BY seq DESC LIMIT 1"
    )
    rows = await desk.log.database.read(sql, subscription.id)
    return subscription_facts(
        subscription,
        cursor=desk.cursors.mint(subscription, subscription.position),
        counts=(counts.pending, counts.in_flight, counts.dead),
        last=rows[0][0] if rows else None,
        own=subscription.owner == desk.caller.id,
    )
