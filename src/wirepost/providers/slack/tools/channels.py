"""Channels: list, look at, read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from wirepost.core.times import CLOCKS
from wirepost.providers.slack.arguments import ChannelName, Moment, ThreadTs, ts_at, wrong
from wirepost.providers.slack.client import Json, SlackClient, together
from wirepost.providers.slack.directory import Directory, shown_name
from wirepost.providers.slack.messages import JOINS, Reader, page_of
from wirepost.providers.slack.models import KINDS, Channel, ChannelMessage, Message
from wirepost.providers.slack.permalinks import parse, ts_of
from wirepost.tools.context import Call
from wirepost.tools.results import Page
from wirepost.tools.tool import Risk, tool

SEE = "channels:read|groups:read|im:read|mpim:read"
READ = "channels:history|groups:history|im:history|mpim:history"
MOST_REPLIES = 50
"""Replies of one thread that are shown with its first message."""

ChannelKind = Literal["public", "private", "im", "mpim"]


@tool(Risk.READ, scopes=[SEE], example={"name_contains": "sup", "member_only": True})
async def slack_list_channels(
    call: Call[SlackClient],
    *,
    name_contains: str | None = None,
    types: list[ChannelKind] | None = None,
    member_only: Annotated[bool, Field(description="Only channels the app is in")] = False,
) -> Page[Channel]:
    """List channels by name; public and private ones unless types says otherwise."""
    kinds = ",".join(KINDS[kind] for kind in types or ["public", "private"])
    reader = Reader(call)
    rows = await reader.directory.channels(kinds, is_member=member_only)
    wanted = (name_contains or "").removeprefix("#").lower()
    fitting = sorted((row for row in rows if wanted in _name(row)), key=_position)
    start = call.position or ""
    left = [row for row in fitting if _position(row) > start]
    shown = left[: call.limit]
    return Page(
        await _named(reader, shown),
        has_more=len(left) > len(shown),
        after=[_position(row) for row in shown],
        total=len(fitting),
        total_is="exact",
    )


@tool(Risk.READ, scopes=[SEE], example={"channel": "#support"})
async def slack_get_channel(call: Call[SlackClient], *, channel: ChannelName) -> Channel:
    """Get a channel: topic, purpose, members, whether outsiders read it."""
    directory = Directory(call.api)
    raw = await directory.channel(await directory.channel_id(channel))
    return (await _named(Reader(call), [raw]))[0]


@tool(
    Risk.READ,
    scopes=[READ],
    example={"channel": "#support", "after": "-30d"},
    long_help="""
    A page of a channel leaves out the replies of threads, except those sent to the channel as well:
    messages with a reply_count have some. expand_threads adds the replies of so many of them, newest
    first; slack_read_thread reads one thread whole. Apps that are distributed outside Slack's
    marketplace get 15 messages a minute, and a warning says so.
    """,
)
async def slack_read_channel(
    call: Call[SlackClient],
    *,
    channel: ChannelName,
    after: Moment | None = None,
    before: Moment | None = None,
    include_joins: Annotated[bool, Field(description="Also who joined and left")] = False,
    expand_threads: Annotated[int, Field(ge=0, le=5, description="Threads to show replies of")] = 0,
) -> Page[ChannelMessage]:
    """Read the messages of a channel, newest first."""
    reader = Reader(call)
    channel_id = await reader.directory.channel_id(channel)
    latest = ts_at(before, now=call.now, path="before")
    rows, has_more = await page_of(
        call,
        "conversations.history",
        channel_id,
        limit=call.limit,
        oldest=ts_at(after, now=call.now, path="after"),
        # With an end Slack starts there; with a beginning alone it need not.
        latest=call.position or latest or ts_of(call.now + CLOCKS),
    )
    kept = [row for row in rows if include_joins or row.get("subtype") not in JOINS]
    shown = await reader.read(ChannelMessage, channel_id, kept)
    if expand_threads:
        shown = await _expanded(call, reader, shown, expand_threads)
    # The page goes on behind the last row, which may be one that is not shown.
    last = rows[-1]["ts"] if rows else None
    after_each = [row["ts"] for row in kept]
    if after_each and last:
        after_each[-1] = last
    return Page(shown, has_more, after=after_each or None, next=last)


@tool(
    Risk.READ,
    scopes=[READ],
    example={"channel": "#support", "thread_ts": "1735725600.000100"},
    long_help="""
    The first message comes first, on the first page only. permalink may lead to any message of the
    thread; a link to a message without a thread gives that message.
    """,
)
async def slack_read_thread(
    call: Call[SlackClient],
    *,
    channel: ChannelName | None = None,
    thread_ts: ThreadTs | None = None,
    permalink: Annotated[str | None, Field(description="Instead of channel and thread_ts")] = None,
) -> Page[Message]:
    """Read a thread, oldest message first, by channel and thread_ts or by a link to one of its messages."""
    reader = Reader(call)
    channel_id, parent = await _thread_of(reader.directory, channel, thread_ts, permalink)
    rows, has_more = await page_of(
        call, "conversations.replies", channel_id, limit=call.limit, ts=parent, oldest=call.position
    )
    # Slack repeats the first message on every page.
    kept = [row for row in rows if call.position is None or row["ts"] > call.position]
    shown = await reader.read(Message, channel_id, kept)
    return Page(shown, has_more and bool(kept), after=[row["ts"] for row in kept] or None)


async def _thread_of(
    directory: Directory, channel: str | None, thread_ts: str | None, permalink: str | None
) -> tuple[str, str]:
    if permalink is not None:
        place = parse(permalink)
        if channel is not None or thread_ts is not None:
            raise wrong("permalink", "cannot be combined with channel and thread_ts")
        if place is None:
            raise wrong("permalink", "is not a link to a Slack message")
        return place.channel, place.thread_ts or place.ts
    if channel is None or thread_ts is None:
        raise wrong("channel" if channel is None else "thread_ts", "is needed, or a permalink")
    return await directory.channel_id(channel), thread_ts


async def _expanded(
    call: Call[SlackClient], reader: Reader, shown: list[ChannelMessage], threads: int
) -> list[ChannelMessage]:
    parents = [message.ts for message in shown if message.reply_count][:threads]
    channel = shown[0].channel if shown else ""
    pages = await together(
        page_of(call, "conversations.replies", channel, limit=MOST_REPLIES + 1, ts=ts) for ts in parents
    )
    replies = {
        ts: await reader.read(Message, channel, [row for row in rows if row["ts"] != ts])
        for ts, (rows, _) in zip(parents, pages, strict=True)
    }
    if any(has_more for _, has_more in pages):
        call.warn("A thread has more replies than are shown; slack_read_thread reads it whole")
    return [
        message.model_copy(update={"replies": replies[message.ts]}) if message.ts in replies else message
        for message in shown
    ]


async def _named(reader: Reader, rows: list[Json]) -> list[Channel]:
    """Channels, direct messages with the name of the other side."""
    people = await reader.names(row["user"] for row in rows if row.get("user"))
    channels = [Channel.read(row) for row in rows]
    return [
        channel.model_copy(update={"name": f"@{shown_name(people[channel.user])}"})
        if channel.user in people
        else channel
        for channel in channels
    ]


def _name(row: Json) -> str:
    return str(row.get("name") or "")


def _position(row: Json) -> str:
    """Where a channel stands in the order of names; another list may be loaded before the next page."""
    return f"{_name(row)}/{row['id']}"
