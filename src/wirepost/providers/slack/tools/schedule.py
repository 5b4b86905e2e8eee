"""Messages for later: schedule, list, cancel."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from wirepost.core import times
from wirepost.core.errors import OutcomeUnknown, Rejected
from wirepost.providers.slack.arguments import ChannelName, Text, ThreadTs, UserName, wrong
from wirepost.providers.slack.client import Json, SlackClient, next_cursor
from wirepost.providers.slack.directory import Directory
from wirepost.providers.slack.messages import Reader, message_at
from wirepost.providers.slack.models import Scheduled
from wirepost.providers.slack.posting import (
    SILENT,
    audience_of,
    body_of,
    composed,
    effects_of,
    marker,
    target_of,
)
from wirepost.providers.slack.text import rendered
from wirepost.providers.slack.tools.messages import MENTIONS_HELP, AllowMentions, ChangedFormat
from wirepost.tools.context import Call
from wirepost.tools.results import Deleted, Effect, Page, Plan
from wirepost.tools.tool import Risk, tool

# https://docs.slack.dev/reference/methods/chat.scheduleMessage
FURTHEST = timedelta(days=120)
WINDOW = timedelta(minutes=5)
MOST_IN_WINDOW = 30

PostAt = Annotated[str, Field(description="RFC 3339 or +2h, at most 120 days ahead")]


@tool(
    Risk.VISIBLE,
    scopes=["chat:write"],
    example={"channel": "#support", "text": "Stand-up in five minutes.", "post_at": "+2h"},
    long_help=MENTIONS_HELP
    + """
    post_at is a time with offset, or counts from the execution: +30m, +2h, +1d. Slack takes times up to
    120 days ahead and 30 messages for one channel within five minutes. A scheduled message cannot be
    changed, but cancelled up to a minute before with slack_cancel_scheduled.
    """,
)
async def slack_schedule_message(
    call: Call[SlackClient],
    *,
    channel: ChannelName | None = None,
    user: UserName | None = None,
    text: Text,
    post_at: PostAt,
    format: ChangedFormat = "markdown",  # noqa: A002 - the argument's public name
    thread_ts: ThreadTs | None = None,
    broadcast: Annotated[bool, Field(description="Show a reply in the channel too")] = False,
    allow_mentions: AllowMentions = "none",
) -> Scheduled:
    """Schedule a message to a channel, a thread or, directly, a user."""
    directory = Directory(call.api)
    target = await target_of(directory, channel, user)
    made = await composed(directory, text, format, allow_mentions)
    at = _future(post_at, call.now)
    place = target.channel or await _opened(call, target.user or "")
    answer = await call.api.write(
        "chat.scheduleMessage",
        key=None,
        channel=place,
        post_at=at,
        **body_of(made),
        thread_ts=thread_ts,
        reply_broadcast=broadcast or None,
        metadata=marker(call),
        **SILENT,
    )
    return Scheduled.read(
        {
            "id": answer["scheduled_message_id"],
            "channel_id": answer["channel"],
            "post_at": int(answer["post_at"]),
            "text": made.text,
        }
    )


@slack_schedule_message.plan
async def plan_scheduled(
    call: Call[SlackClient],
    *,
    channel: ChannelName | None = None,
    user: UserName | None = None,
    text: Text,
    post_at: PostAt,
    format: ChangedFormat = "markdown",  # noqa: A002 - the argument's public name
    thread_ts: ThreadTs | None = None,
    broadcast: bool = False,
    allow_mentions: AllowMentions = "none",
) -> Plan:
    """When and where the message is sent, who reads it, and what it says."""
    if broadcast and thread_ts is None:
        raise wrong("broadcast", "needs a thread_ts")
    directory = Directory(call.api)
    target = await target_of(directory, channel, user)
    made = await composed(directory, text, format, allow_mentions)
    at = _future(post_at, call.now)
    audience = await audience_of(directory, target)
    if target.channel is not None:
        await _check_window(call, target.channel, at)
        if thread_ts is not None:
            await message_at(call.api, target.channel, thread_ts)
    shown_at = times.from_epoch(at)
    return Plan(
        summary=f"Schedule a message to {audience.title} for {shown_at}",
        effects=[Effect(what=f"Sent at {shown_at}"), *audience.effects, *effects_of(made)],
        reversible=True,
        targets=audience.targets,
        state={
            **audience.state,
            "at": post_at if _is_relative(post_at) else at,
            "text": made.text,
            "format": format,
            "thread": thread_ts,
            "broadcast": broadcast,
        },
        notes=(
            *audience.notes,
            *(("The time counts from the execution",) if _is_relative(post_at) else ()),
            "Can be cancelled up to a minute before",
        ),
    )


@slack_schedule_message.reconcile
async def find_scheduled(
    call: Call[SlackClient],
    *,
    channel: ChannelName | None = None,
    user: UserName | None = None,
    text: Text,
    post_at: PostAt,
    format: ChangedFormat = "markdown",  # noqa: A002 - the argument's public name
    thread_ts: ThreadTs | None = None,
    broadcast: bool = False,
    allow_mentions: AllowMentions = "none",
) -> Scheduled | None:
    """What an earlier attempt scheduled: made since then, for this channel and moment, with these words.

    Slack neither shows the metadata of scheduled messages nor keeps Markdown as it was written.
    """
    directory = Directory(call.api)
    target = await target_of(directory, channel, user)
    place = target.channel or await directory.direct_channel(target.user or "")
    if place is None:
        return None
    made = await composed(directory, text, format, allow_mentions)
    sent_at = call.dispatched_at or call.now
    at = int(_moment(post_at, sent_at).timestamp())
    rows, _ = await _listed(
        call,
        channel=place,
        oldest=at - times.CLOCKS.total_seconds(),
        latest=at + times.CLOCKS.total_seconds(),
    )
    for row in rows:
        is_then = row["post_at"] == at or _is_relative(post_at)
        if is_then and (row.get("date_created") or 0) >= sent_at.timestamp() - times.CLOCKS.total_seconds():
            if not row.get("text"):
                raise OutcomeUnknown("outcome_unknown", f"Slack does not show what {row['id']} says")
            if _words(row["text"]) == _words(made.text):
                return Scheduled.read(row)
    return None


@tool(Risk.READ, scopes=["chat:write"], example={"channel": "#support"})
async def slack_list_scheduled(
    call: Call[SlackClient], *, channel: ChannelName | None = None
) -> Page[Scheduled]:
    """List messages that the app will send, by channel or all."""
    reader = Reader(call)
    place = None if channel is None else await reader.directory.channel_id(channel)
    rows, cursor = await _listed(call, channel=place, limit=call.limit, cursor=call.position)
    shown = [
        Scheduled.read({**row, "text": rendered(row["text"], {}) if row.get("text") else None})
        for row in rows
    ]
    return Page(shown, has_more=cursor is not None, next=cursor)


@tool(Risk.WRITE, scopes=["chat:write"], example={"scheduled_id": "Q0NORDLICHT"})
async def slack_cancel_scheduled(call: Call[SlackClient], *, scheduled_id: str) -> Deleted:
    """Cancel a scheduled message, up to a minute before its time."""
    row = await _find(call, scheduled_id)
    if row is None:
        raise Rejected(
            "not_found",
            "There is no such scheduled message; it may have been sent already",
            hint="slack_list_scheduled shows what is left",
        )
    await call.api.write(
        "chat.deleteScheduledMessage", key=None, channel=row["channel_id"], scheduled_message_id=row["id"]
    )
    return Deleted(id=scheduled_id, object="scheduled_message")


@slack_cancel_scheduled.reconcile
async def find_cancelled(call: Call[SlackClient], *, scheduled_id: str) -> Deleted | None:
    """Whether the message is no longer scheduled; that it was, the first attempt had seen."""
    if await _find(call, scheduled_id) is not None:
        return None
    call.warn("It is no longer scheduled; if its time came meanwhile, it was sent")
    return Deleted(id=scheduled_id, object="scheduled_message")


async def _find(call: Call[SlackClient], scheduled_id: str) -> Json | None:
    cursor: str | None = None
    while True:
        rows, cursor = await _listed(call, limit=100, cursor=cursor)
        found = next((row for row in rows if str(row["id"]) == scheduled_id), None)
        if found is not None or cursor is None:
            return found


async def _listed(
    call: Call[SlackClient], *, limit: int = 100, **params: Any
) -> tuple[list[Json], str | None]:
    page = await call.api.read("chat.scheduledMessages.list", limit=limit, **params)
    return page["scheduled_messages"], next_cursor(page)


async def _check_window(call: Call[SlackClient], channel: str, at: int) -> None:
    """Slack does not say where its windows of five minutes start; the one around the moment is looked at."""
    span = int(WINDOW.total_seconds())
    rows, _ = await _listed(call, channel=channel, oldest=at - span, latest=at + span)
    if len(rows) >= MOST_IN_WINDOW:
        near = times.to_rfc3339(datetime.fromtimestamp(at, UTC))
        raise wrong("post_at", f"has {len(rows)} messages for this channel around {near}; Slack allows 30")


async def _opened(call: Call[SlackClient], user_id: str) -> str:
    """The direct messages with a user; opening them twice is the same as once, and shows nothing."""
    answer = await call.api.write("conversations.open", key=call.key, users=user_id)
    return str(answer["channel"]["id"])


def _future(post_at: str, now: datetime) -> int:
    at = _moment(post_at, now)
    if at <= now:
        raise wrong("post_at", "is in the past")
    if at > now + FURTHEST:
        raise wrong("post_at", f"is more than {FURTHEST.days} days away")
    return int(at.timestamp())


def _is_relative(post_at: str) -> bool:
    return post_at.startswith("+")


def _moment(post_at: str, now: datetime) -> datetime:
    """The moment that is meant; `+2h` lies as far ahead as `-2h` lies back."""
    if _is_relative(post_at):
        return now + (now - times.parse(f"-{post_at[1:]}", now=now, path="post_at"))
    return times.parse(post_at, now=now, path="post_at")


def _words(text: str) -> list[str]:
    """What a text says, whatever markup it says it in."""
    return sorted(re.findall(r"\w+", text))
