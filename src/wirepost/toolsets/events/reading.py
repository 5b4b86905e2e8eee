"""Tools that read events: wait for them, search them, look at one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import parse_qsl

import orjson
from pydantic import Field

from wirepost.core import times
from wirepost.core.errors import InvalidCall, Rejected
from wirepost.core.redact import REDACTED
from wirepost.events.event import Event
from wirepost.events.filters import Filter
from wirepost.events.personal import Personal
from wirepost.events.search import Found, Query, search
from wirepost.settings.webhooks import RedactSettings
from wirepost.tools.context import Call
from wirepost.tools.results import Page
from wirepost.tools.scopes import ADMIN, RAW
from wirepost.tools.tool import Risk, tool
from wirepost.toolsets.events.desk import EventDesk
from wirepost.toolsets.events.results import EventFacts, EventLine, Waited, facts, line

_FORM = re.compile(r"[\w.~%+*\[\]-]+=")
"""How a form begins."""
_KEYS = frozenset({"token", "signature", "clientstate", "response_url", "trigger_id"})
"""Names in requests of Slack, Mailgun and Microsoft under which stands what no agent may have."""
STRICT = RedactSettings(email="mask", phone="mask", address="mask")
"""What is hidden in requests from callers that may not see them as they came."""

_ACKED = (
    "SELECT seq, min(CASE WHEN state = 'done' THEN 1 ELSE 0 END) FROM deliveries "
    "WHERE seq IN ({events}) AND subscription IN ({own}) AND sink = 'pull' GROUP BY seq LIMIT ?"
)

SubscriptionName = Annotated[str | None, Field(max_length=200, description="Without it: your default one")]
Source = Annotated[str | None, Field(max_length=200, description="Connection")]
Type = Annotated[str | None, Field(max_length=200, description="Such as payment.refunded or payment.*")]


@tool(
    Risk.READ,
    title="Wait for events",
    long_help="""Events come again until they are acknowledged with event_ack, after the time the
    subscription allows for it. With the cursor of the answer before, a lost answer can be had again. source,
    type and object_id make a default subscription of their own; a named one has its filter already.""",
)
async def event_wait(
    call: Call[EventDesk],
    *,
    subscription: SubscriptionName = None,
    source: Source = None,
    type: Type = None,  # noqa: A002 - the word of the tool
    object_id: Annotated[str | None, Field(max_length=200)] = None,
    cursor: Annotated[str | None, Field(max_length=500, description="next_cursor of the last answer")] = None,
    limit: Annotated[int, Field(ge=1, le=50)] = 10,
    wait_s: Annotated[float, Field(ge=0, le=40)] = 25,
) -> Waited:
    """Wait for new events and return them as soon as there are any.

    An empty answer with timed_out is no failure: call again with next_cursor. Acknowledge what you handled.
    """
    desk = call.api
    narrowed = Filter(types=(type,) if type else (), sources=(source,) if source else (), object_id=object_id)
    if subscription is not None and narrowed != Filter():
        raise InvalidCall(
            "invalid_arguments",
            "A named subscription has its filter already",
            hint="Leave out source, type and object_id, or leave out subscription",
            fields=[{"path": "subscription", "problem": "cannot be narrowed here"}],
        )
    if subscription is None:
        chosen, begins = await desk.default(narrowed)
        if begins:
            call.warn("This subscription begins now; event_list has the past")
    else:
        chosen = await desk.subscription(subscription)
    batch = await desk.wait(chosen, call.report, cursor=cursor, limit=limit, wait_s=wait_s)
    return Waited(
        events=[
            facts(
                chosen.redacted(each.event, desk.key),
                attempt=each.attempt,
                merged=each.merged or None,
                replay=True if each.copy else None,
            )
            for each in batch.deliveries
        ],
        next_cursor=batch.next_cursor,
        has_more=batch.has_more,
        pending=batch.pending,
        truncated=batch.truncated,
        timed_out=batch.timed_out,
        subscription=chosen.name,
    )


@tool(Risk.READ, title="Search events", example={"type": "payment.*", "since": "-7d"})
async def event_list(
    call: Call[EventDesk],
    *,
    source: Source = None,
    type: Type = None,  # noqa: A002 - the word of the tool
    since: Annotated[str | None, Field(description="Received since: RFC 3339 or such as -7d")] = None,
    object_id: Annotated[str | None, Field(max_length=200)] = None,
    unacked_only: Annotated[bool, Field(description="Only what you have not acknowledged")] = False,
) -> Page[EventLine]:
    """Search events of the past, newest first. Read one in full with event_get."""
    desk = call.api
    wanted = {
        "types": [type] if type else [],
        "sources": [source] if source else [],
        "object_id": object_id,
        "since": times.parse(since, now=call.now, path="since").timestamp() if since else None,
        "before": int(call.position) if call.position else None,
        "limit": call.limit,
    }
    own = [each.id for each in await desk.subscriptions.of(desk.caller)]
    found = [
        await search(desk.log.database, Query(**wanted, unacknowledged_by=each))  # type: ignore[arg-type]
        for each in (own if unacked_only else [None])
    ]
    events, following = _merged(found, call.limit)
    acked = await _acked(desk, own, events)
    return Page(
        [line(each, acked=acked.get(each.seq)) for each in events],
        has_more=following is not None,
        after=[str(each.seq) for each in events],
        next=following,
    )


@tool(Risk.READ, title="Get an event", example={"event": "evt_01kaxyz0000000000000"})
async def event_get(
    call: Call[EventDesk],
    *,
    event: Annotated[str, Field(max_length=60, description="Its id, evt_…")],
    include_payload: Annotated[bool, Field(description="Also what the sender wrote")] = False,
) -> EventFacts:
    """Read one event in full. It says that something changed; read the present state with a tool.

    The payload has no secrets; personal data in it is masked unless you have the scope event.raw.
    """
    desk = call.api
    found = await desk.log.get(event)
    if found is None:
        raise Rejected("not_found", f"There is no event {event[:60]!r}", hint="event_list finds events")
    return facts(found, payload=await _payload(call, event) if include_payload else None)


async def _payload(call: Call[EventDesk], event: str) -> dict[str, Any] | None:
    request = await call.api.raw.of_event(event)
    if request is None:
        call.warn("The request it came with is not kept any more, or there was none")
        return None
    body = _readable(request.body)
    scopes = call.api.caller.scopes
    may_see = scopes is None or RAW in scopes or ADMIN in scopes
    personal = Personal(key=call.api.key) if may_see else Personal(STRICT, call.api.key)
    hidden = _without_keys(personal.hide(body))
    return hidden if isinstance(hidden, dict) else {"body": hidden}


def _readable(body: bytes) -> Any:
    """JSON, or a form whose fields may be JSON, so that names tell what is to be hidden; else the text."""
    try:
        return orjson.loads(body)
    except ValueError:
        text = body.decode(errors="replace")
    fields = parse_qsl(text, keep_blank_values=True) if _FORM.match(text) else []
    return {name: _in_field(value) for name, value in fields} or text


def _without_keys(value: Any) -> Any:
    """Without what proves requests of the sender, or lets whoever has it answer them."""
    if isinstance(value, list):
        return [_without_keys(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: REDACTED if isinstance(each, str) and name.lower() in _KEYS else _without_keys(each)
        for name, each in value.items()
    }


def _in_field(value: str) -> Any:
    if not value.startswith(("{", "[")):
        return value
    try:
        return orjson.loads(value)
    except ValueError:
        return value


def _merged(found: Sequence[Found], limit: int) -> tuple[list[Event], str | None]:
    """One page of several, newest first, and where the next one begins."""
    by_seq = {event.seq: event for each in found for event in each.events}
    seqs = sorted(by_seq, reverse=True)
    kept = seqs[:limit]
    nexts = [each.next for each in found if each.next is not None]
    if len(seqs) > limit:
        return [by_seq[seq] for seq in kept], str(kept[-1])
    return [by_seq[seq] for seq in kept], str(max(nexts)) if nexts else None


async def _acked(desk: EventDesk, own: Sequence[str], events: Sequence[Event]) -> dict[int, bool]:
    """Which of the events the caller was given, and whether it is done with them."""
    if not own or not events:
        return {}
    sql = _ACKED.format(events=", ".join("?" * len(events)), own=", ".join("?" * len(own)))
    rows = await desk.log.database.read(sql, *(each.seq for each in events), *own, len(events))
    return {seq: bool(is_done) for seq, is_done in rows}
