"""Messages of ours: send, change, delete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from wirepost.core.errors import Rejected
from wirepost.providers.slack import permalinks
from wirepost.providers.slack.arguments import ChannelName, Text, ThreadTs, Ts, UserName, wrong
from wirepost.providers.slack.client import Json, SlackClient
from wirepost.providers.slack.directory import Directory
from wirepost.providers.slack.messages import intent_of, is_mine, message_at
from wirepost.providers.slack.models import Sent
from wirepost.providers.slack.posting import (
    SILENT,
    Audience,
    Target,
    audience_of,
    body_of,
    composed,
    effects_of,
    find_sent,
    marker,
    sent,
    target_of,
)
from wirepost.providers.slack.text import Composed
from wirepost.tools.context import Call
from wirepost.tools.results import Deleted, Effect, Plan
from wirepost.tools.tool import Risk, tool

TextFormat = Annotated[
    Literal["markdown", "mrkdwn", "plain"],
    Field(description="markdown: **bold**, [label](url); mrkdwn: *bold*, <url|label>"),
]
ChangedFormat = Annotated[
    Literal["markdown", "mrkdwn"],
    Field(description="markdown: **bold**, [label](url); mrkdwn: *bold*, <url|label>"),
]
AllowMentions = Annotated[
    Literal["none", "users", "all"],
    Field(description="Whether @name notifies (users), and @channel and @here too (all)"),
]
MENTIONS_HELP = """
Everything in the text is escaped. `@name` becomes a mention only with allow_mentions, and `#channel` a link,
where exactly one user or channel is called so; names that fit nobody stay text. Links are never unfolded.
At most 12,000 characters; longer texts go with slack_upload_file.
"""


@tool(
    Risk.VISIBLE,
    scopes=["chat:write"],
    example={"channel": "#support", "text": "The parcel of order **N-1042** is on its way."},
    long_help=MENTIONS_HELP,
)
async def slack_send_message(
    call: Call[SlackClient],
    *,
    channel: ChannelName | None = None,
    user: UserName | None = None,
    text: Text,
    format: TextFormat = "markdown",  # noqa: A002 - the argument's public name
    thread_ts: ThreadTs | None = None,
    broadcast: Annotated[bool, Field(description="Show a reply in the channel too")] = False,
    allow_mentions: AllowMentions = "none",
) -> Sent:
    """Send a message to a channel, a thread or, directly, a user."""
    directory = Directory(call.api)
    target = await target_of(directory, channel, user)
    made = await composed(directory, text, format, allow_mentions)
    answer = await call.api.write(
        "chat.postMessage",
        key=None,
        channel=target.id,
        **body_of(made),
        mrkdwn=False if format == "plain" else None,
        thread_ts=thread_ts,
        reply_broadcast=broadcast or None,
        metadata=marker(call),
        **SILENT,
    )
    return sent(await directory.me(), answer["channel"], answer["ts"], thread_ts)


@slack_send_message.plan
async def plan_message(
    call: Call[SlackClient],
    *,
    channel: ChannelName | None = None,
    user: UserName | None = None,
    text: Text,
    format: TextFormat = "markdown",  # noqa: A002 - the argument's public name
    thread_ts: ThreadTs | None = None,
    broadcast: bool = False,
    allow_mentions: AllowMentions = "none",
) -> Plan:
    """Where the message goes, who reads it, and what it says."""
    if broadcast and thread_ts is None:
        raise wrong("broadcast", "needs a thread_ts")
    directory = Directory(call.api)
    target = await target_of(directory, channel, user)
    made = await composed(directory, text, format, allow_mentions)
    audience = await audience_of(directory, target)
    await _check_thread(call, target, thread_ts)
    return _plan("Send a message to", audience, made, thread_ts, broadcast=broadcast)


@slack_send_message.reconcile
async def find_message(
    call: Call[SlackClient],
    *,
    channel: ChannelName | None = None,
    user: UserName | None = None,
    text: Text,
    format: TextFormat = "markdown",  # noqa: A002 - the argument's public name
    thread_ts: ThreadTs | None = None,
    broadcast: bool = False,
    allow_mentions: AllowMentions = "none",
) -> Sent | None:
    """The message that an earlier attempt sent, by the mark in its metadata."""
    directory = Directory(call.api)
    target = await target_of(directory, channel, user)
    place = target.channel or await directory.direct_channel(target.user or "")
    found = await find_sent(call, place, thread_ts) if place else None
    return sent(await directory.me(), place, found["ts"], thread_ts) if place and found else None


@tool(
    Risk.VISIBLE,
    scopes=["chat:write"],
    example={"channel": "#support", "ts": "1735729200.000200", "text": "It arrived on **Monday**."},
    long_help=MENTIONS_HELP,
)
async def slack_update_message(
    call: Call[SlackClient],
    *,
    channel: ChannelName,
    ts: Ts,
    text: Text,
    format: ChangedFormat = "markdown",  # noqa: A002 - the argument's public name
) -> Sent:
    """Replace the text of a message that the app sent."""
    directory = Directory(call.api)
    channel_id = await directory.channel_id(channel)
    made = await composed(directory, text, format, "none")
    # The same text again changes nothing, so a repetition is harmless.
    answer = await call.api.write(
        "chat.update", key=call.key, channel=channel_id, ts=ts, **body_of(made), metadata=marker(call)
    )
    return sent(await directory.me(), answer["channel"], answer["ts"], None)


@slack_update_message.plan
async def plan_update(
    call: Call[SlackClient],
    *,
    channel: ChannelName,
    ts: Ts,
    text: Text,
    format: ChangedFormat = "markdown",  # noqa: A002 - the argument's public name
) -> Plan:
    """The new text; refuses messages of others."""
    directory = Directory(call.api)
    made = await composed(directory, text, format, "none")
    own = await _own(call, directory, channel, ts, "changed")
    return Plan(
        summary=f"Replace the text of the app's message {ts} in {own.audience.title}",
        effects=[*own.audience.effects, *effects_of(made)],
        reversible=True,
        targets=own.audience.targets,
        state={**own.state, "text": made.text, "format": format},
        notes=(f"Sent at {permalinks.moment(ts)}", *own.audience.notes),
    )


@slack_update_message.reconcile
async def find_update(
    call: Call[SlackClient],
    *,
    channel: ChannelName,
    ts: Ts,
    text: Text,
    format: ChangedFormat = "markdown",  # noqa: A002 - the argument's public name
) -> Sent | None:
    """Whether an earlier attempt changed the message, by the mark in its metadata."""
    directory = Directory(call.api)
    channel_id = await directory.channel_id(channel)
    row = await message_at(call.api, channel_id, ts)
    is_done = call.intent is not None and intent_of(row) == call.intent
    return sent(await directory.me(), channel_id, ts, None) if is_done else None


@tool(Risk.DESTRUCTIVE, scopes=["chat:write"], example={"channel": "#support", "ts": "1735729200.000200"})
async def slack_delete_message(call: Call[SlackClient], *, channel: ChannelName, ts: Ts) -> Deleted:
    """Delete a message that the app sent, for everybody and for good."""
    channel_id = await Directory(call.api).channel_id(channel)
    await call.api.write("chat.delete", key=None, channel=channel_id, ts=ts)
    return Deleted(id=ts, object="message")


@slack_delete_message.plan
async def plan_deletion(call: Call[SlackClient], *, channel: ChannelName, ts: Ts) -> Plan:
    """What is lost; refuses messages of others."""
    own = await _own(call, Directory(call.api), channel, ts, "deleted")
    replies = own.row.get("reply_count") or 0
    effects = [Effect(what=f"The app's message {ts} in {own.audience.title} is gone for everybody")]
    if replies:
        effects.append(Effect(what=f"Its {replies} replies stay, below an empty first message"))
    return Plan(
        summary=f"Delete the app's message {ts} in {own.audience.title}",
        effects=effects,
        reversible=False,
        targets=own.audience.targets,
        state=own.state,
        notes=(f"Sent at {permalinks.moment(ts)}", *own.audience.notes),
    )


@slack_delete_message.reconcile
async def find_deletion(call: Call[SlackClient], *, channel: ChannelName, ts: Ts) -> Deleted | None:
    """Whether the message is gone; that it was there before, the plan had seen."""
    channel_id = await Directory(call.api).channel_id(channel)
    try:
        await message_at(call.api, channel_id, ts)
    except Rejected as error:
        if error.provider_code not in {"message_not_found", "thread_not_found"}:
            raise
        return Deleted(id=ts, object="message")
    return None


@dataclass(frozen=True)
class _Own:
    """A message of the app's own, and who reads it."""

    row: Json
    audience: Audience

    @property
    def state(self) -> dict[str, object]:
        """What must not change until the plan is carried out."""
        edited = (self.row.get("edited") or {}).get("ts")
        return {**self.audience.state, "ts": self.row["ts"], "edited": edited}


async def _own(call: Call[SlackClient], directory: Directory, channel: str, ts: str, what: str) -> _Own:
    channel_id = await directory.channel_id(channel)
    row = await message_at(call.api, channel_id, ts)
    if not is_mine(row, await directory.me()):
        raise Rejected("conflict", f"Message {ts} was not sent by this app; only the app's own can be {what}")
    return _Own(row, await audience_of(directory, Target(channel=channel_id)))


async def _check_thread(call: Call[SlackClient], target: Target, thread_ts: str | None) -> None:
    """A reply to nothing would be posted as a message of its own."""
    if thread_ts is None:
        return
    if target.channel is None:
        raise wrong("thread_ts", "needs a channel; name the direct messages by their id")
    await message_at(call.api, target.channel, thread_ts)


def _plan(verb: str, audience: Audience, made: Composed, thread_ts: str | None, *, broadcast: bool) -> Plan:
    place = f"{audience.title}, thread {thread_ts}" if thread_ts else audience.title
    shown_too = ("The reply is shown in the channel as well",) if broadcast else ()
    return Plan(
        summary=f"{verb} {place}",
        effects=[*audience.effects, *effects_of(made)],
        reversible=False,
        targets=audience.targets,
        state={
            **audience.state,
            "text": made.text,
            "format": made.format,
            "thread": thread_ts,
            "broadcast": broadcast,
        },
        notes=(*audience.notes, *shown_too),
    )
