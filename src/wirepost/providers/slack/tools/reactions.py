"""Reactions: add one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from wirepost.core.errors import OutcomeUnknown, Rejected
from wirepost.providers.slack import permalinks
from wirepost.providers.slack.arguments import ChannelName, Ts
from wirepost.providers.slack.client import Json, SlackClient
from wirepost.providers.slack.directory import Directory
from wirepost.providers.slack.messages import message_at
from wirepost.providers.slack.models import Reacted
from wirepost.providers.slack.posting import Target, audience_of
from wirepost.tools.context import Call
from wirepost.tools.results import Effect, Plan
from wirepost.tools.tool import Risk, tool

Emoji = Annotated[
    str,
    Field(
        pattern=r"^:?[\w+'-]+(::skin-tone-[2-6])?:?$",
        max_length=120,
        description="Name, such as white_check_mark",
    ),
]


@tool(
    Risk.VISIBLE,
    scopes=["reactions:write"],
    example={"channel": "#support", "ts": "1735725600.000100", "emoji": "eyes"},
)
async def slack_add_reaction(
    call: Call[SlackClient], *, channel: ChannelName, ts: Ts, emoji: Emoji
) -> Reacted:
    """React to a message with an emoji; doing it twice is the same as once."""
    channel_id = await Directory(call.api).channel_id(channel)
    name = emoji.strip(":")
    try:
        await call.api.write("reactions.add", key=call.key, channel=channel_id, timestamp=ts, name=name)
    except (Rejected, OutcomeUnknown) as error:
        # Also the answer when an earlier attempt was carried out and its answer was lost.
        if error.provider_code != "already_reacted":
            raise
    return Reacted(channel=channel_id, ts=ts, emoji=name)


@slack_add_reaction.plan
async def plan_reaction(call: Call[SlackClient], *, channel: ChannelName, ts: Ts, emoji: Emoji) -> Plan:
    """Which message gets the reaction, and who sees it."""
    directory = Directory(call.api)
    channel_id = await directory.channel_id(channel)
    row = await message_at(call.api, channel_id, ts)
    audience = await audience_of(directory, Target(channel=channel_id))
    name = emoji.strip(":")
    return Plan(
        summary=f"React with :{name}: to message {ts} in {audience.title}",
        effects=[Effect(what=f"Seen by the readers of {audience.title}; its author is notified")],
        reversible=True,
        targets=audience.targets,
        state={**audience.state, "ts": row["ts"], "emoji": name},
        notes=(f"Sent at {permalinks.moment(ts)}", *audience.notes),
    )


@slack_add_reaction.reconcile
async def find_reaction(
    call: Call[SlackClient], *, channel: ChannelName, ts: Ts, emoji: Emoji
) -> Reacted | None:
    """Whether the app has reacted so."""
    directory = Directory(call.api)
    channel_id = await directory.channel_id(channel)
    row = await message_at(call.api, channel_id, ts)
    name, me = emoji.strip(":"), await directory.me()
    is_done = any(_is_by(each, name, me["user_id"]) for each in row.get("reactions") or ())
    return Reacted(channel=channel_id, ts=ts, emoji=name) if is_done else None


def _is_by(reaction: Json, name: str, user_id: str) -> bool:
    return reaction["name"] == name and user_id in (reaction.get("users") or ())
