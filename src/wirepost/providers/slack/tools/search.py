"""Messages of the whole workspace: search."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from wirepost.core import times
from wirepost.providers.slack.arguments import ChannelName, Moment
from wirepost.providers.slack.client import SlackClient
from wirepost.providers.slack.directory import Directory
from wirepost.providers.slack.models import Message
from wirepost.providers.slack.search import Sought, find
from wirepost.tools.context import Call
from wirepost.tools.results import Page
from wirepost.tools.tool import Risk, tool

SEARCH = "search:read.public|search:read"


@tool(
    Risk.READ,
    scopes=[SEARCH],
    example={"query": "anna.lindqvist@example.com"},
    long_help="""
    Searches in the name of the user whose key the connection has as user_key; apps cannot search in their
    own. kinds other than public need the scopes search:read.private, .im and .mpim, or the older
    search:read. Results must not be stored.
    """,
)
async def slack_search_messages(
    call: Call[SlackClient],
    *,
    query: Annotated[str, Field(min_length=1, max_length=500)],
    channel: ChannelName | None = None,
    from_user: Annotated[str | None, Field(description="Id, e-mail or @name")] = None,
    after: Moment | None = None,
    before: Moment | None = None,
    kinds: list[Literal["public", "private", "im", "mpim"]] | None = None,
) -> Page[Message]:
    """Search messages in channels that the connection's user can see."""
    directory = Directory(call.api)
    sought = Sought(
        query=query,
        channel=None if channel is None else await directory.channel_id(channel),
        user=None if from_user is None else await directory.user_id(from_user, "from_user"),
        after=None if after is None else times.parse(after, now=call.now, path="after"),
        before=None if before is None else times.parse(before, now=call.now, path="before"),
        kinds=kinds or ["public"],
    )
    return await find(call.api, sought, limit=call.limit, position=call.position)
