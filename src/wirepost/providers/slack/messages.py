"""Messages as they are read: pages of channels and threads, with people's names in place of ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from wirepost.core.errors import NotConnected, Rejected
from wirepost.providers.slack import permalinks
from wirepost.providers.slack.client import Json, SlackClient
from wirepost.providers.slack.directory import Directory, shown_name
from wirepost.providers.slack.models import Author, FileBrief, Message, Reaction, is_bot, is_external
from wirepost.providers.slack.text import mentioned, rendered
from wirepost.tools.context import Call

RESTRICTED_PAGE = 15
"""Most messages of a page for apps that are distributed outside Slack's marketplace.

https://docs.slack.dev/changelog/2025/05/29/rate-limit-changes-for-non-marketplace-apps
"""
JOINS = frozenset({"channel_join", "channel_leave", "group_join", "group_leave"})
INTENT_EVENT = "mcp_intent"
"""Metadata by which a message of ours is found again."""

M = TypeVar("M", bound=Message)


class Reader:
    """Turns Slack's rows into messages."""

    def __init__(self, call: Call[SlackClient]) -> None:
        self._call = call
        self.directory = Directory(call.api)

    async def read(self, kind: type[M], channel: str, rows: Sequence[Json]) -> list[M]:
        """The rows of one channel as messages."""
        me = await self.directory.me()
        people = await self._people(rows)
        return [kind.model_validate(_shown(row, channel, me, people)) for row in rows]

    async def names(self, user_ids: Iterable[str]) -> dict[str, Json]:
        """Users by id; none, and a warning, where the app may not read them."""
        try:
            return await self.directory.names(user_ids)
        except NotConnected as error:
            if error.code != "missing_scope":
                raise
            self._call.warn("Names of people are missing: the app has no scope users:read")
            return {}

    async def _people(self, rows: Sequence[Json]) -> dict[str, Json]:
        ids = {row["user"] for row in rows if row.get("user")}
        for row in rows:
            ids |= mentioned(row.get("text") or "")
        return await self.names(ids)


async def page_of(
    call: Call[SlackClient], method: str, channel: str, *, limit: int, **params: Any
) -> tuple[list[Json], bool]:
    """One page of messages, and whether there are more; warns where Slack gives less than was asked for."""
    page = await call.api.read(method, channel=channel, limit=limit, **params)
    rows, has_more = page["messages"], bool(page.get("has_more"))
    # Any other short page is normal: https://docs.slack.dev/apis/web-api/pagination
    if has_more and len(rows) == RESTRICTED_PAGE < limit:
        call.warn(
            f"Slack returned {len(rows)} messages where {limit} were asked for: this app seems to be limited "
            f"to pages of {RESTRICTED_PAGE}, one a minute"
        )
    return rows, has_more


async def message_at(api: SlackClient, channel: str, ts: str) -> Json:
    """One message of a channel or of a thread, with its metadata; raises `Rejected` where there is none."""
    page = await api.read(
        "conversations.replies",
        channel=channel,
        ts=ts,
        oldest=ts,
        latest=ts,
        inclusive=True,
        include_all_metadata=True,
        limit=2,
    )
    for row in page["messages"]:
        if row.get("ts") == ts and row.get("subtype") != "tombstone":
            found: Json = row
            return found
    raise Rejected("not_found", f"There is no message {ts} in {channel}", provider_code="message_not_found")


def intent_of(row: Json) -> str | None:
    """The business action that a message was sent for."""
    metadata = row.get("metadata") or {}
    if metadata.get("event_type") != INTENT_EVENT:
        return None
    intent = (metadata.get("event_payload") or {}).get("intent_id")
    return intent if isinstance(intent, str) else None


def is_mine(row: Json, me: Json) -> bool:
    """Whether a message was written by the app itself."""
    return bool(row.get("user") and row.get("user") == me.get("user_id")) or bool(
        row.get("bot_id") and row.get("bot_id") == me.get("bot_id")
    )


def _shown(row: Json, channel: str, me: Json, people: Mapping[str, Json]) -> dict[str, Any]:
    raw = row.get("text") or _fallback(row)
    names = {user_id: shown_name(user) for user_id, user in people.items()}
    place = permalinks.Place(channel, row["ts"], row.get("thread_ts"))
    return {
        "channel": channel,
        "ts": row["ts"],
        "thread_ts": row.get("thread_ts"),
        "user": _author(row, me, people),
        "text": rendered(raw, names),
        "raw": raw,
        "at": permalinks.moment(row["ts"]),
        "subtype": row.get("subtype"),
        "is_edited": True if row.get("edited") else None,
        "reply_count": row.get("reply_count"),
        "reactions": [
            Reaction(emoji=each["name"], count=each.get("count", 0)) for each in row.get("reactions") or ()
        ]
        or None,
        "files": [_file(each) for each in row.get("files") or ()] or None,
        "permalink": permalinks.build(me["url"], place) if me.get("url") else None,
    }


def _author(row: Json, me: Json, people: Mapping[str, Json]) -> Author | None:
    user_id, bot_id = row.get("user"), row.get("bot_id")
    if user_id:
        user = people.get(user_id)
        if user is not None:
            return Author(
                id=user_id,
                name=shown_name(user),
                is_bot=is_bot(user),
                is_external=is_external(user, me),
            )
        team = row.get("user_team") or row.get("team")
        return Author(id=user_id, is_bot=bool(bot_id), is_external=bool(team) and team != me.get("team_id"))
    if bot_id:
        profile = row.get("bot_profile") or {}
        return Author(id=bot_id, name=row.get("username") or profile.get("name"), is_bot=True)
    return None


def _file(raw: Json) -> FileBrief:
    return FileBrief(
        id=raw["id"],
        name=raw.get("name") or raw.get("title"),
        mimetype=raw.get("mimetype"),
        size=raw.get("size"),
    )


def _fallback(row: Json) -> str:
    """What a message without text says: apps often fill nothing but attachments."""
    parts = (each.get("fallback") or each.get("text") or "" for each in row.get("attachments") or ())
    return "\n".join(part for part in parts if part)
