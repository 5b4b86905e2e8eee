"""Searching messages in a user's name.

What is found is passed on and not kept: Slack's terms for its search do not allow storing results
(https://docs.slack.dev/reference/methods/assistant.search.context).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from wirepost.core.errors import CallError
from wirepost.providers.slack import permalinks
from wirepost.providers.slack.client import Json, SlackClient, next_cursor
from wirepost.providers.slack.models import KINDS, Author, Message
from wirepost.providers.slack.text import rendered
from wirepost.tools.results import Page

CONTEXT_PAGE = 20
"""Most results of one page of `assistant.search.context`."""
_NOT_OFFERED = frozenset(
    {
        *("missing_scope", "not_allowed_token_type", "unknown_method", "feature_not_enabled"),
        *("method_deprecated", "team_not_eligible", "access_denied", "no_permission"),
    }
)
"""Errors after which the older search is worth a try: a token, plan or workspace without the newer one."""
_OLDER = "older:"


@dataclass(frozen=True)
class Sought:
    """What is searched for; `channel` and `user` are ids."""

    query: str
    channel: str | None = None
    user: str | None = None
    after: datetime | None = None
    before: datetime | None = None
    kinds: Sequence[str] = ("public",)


async def find(client: SlackClient, sought: Sought, *, limit: int, position: str | None) -> Page[Message]:
    """Messages that fit, best first, with the newer search or, where the token has none, the older one."""
    if position is not None and position.startswith(_OLDER):
        return await _older(client, sought, limit, int(position.removeprefix(_OLDER)))
    try:
        return await _newer(client, sought, limit, position)
    except CallError as error:
        if error.provider_code not in _NOT_OFFERED or position is not None:
            raise
        try:
            return await _older(client, sought, limit, 1)
        except CallError as second:
            # The first refusal names what is worth asking for; other failures are told as they are.
            raise (error if second.provider_code in _NOT_OFFERED else second) from None


async def _newer(client: SlackClient, sought: Sought, limit: int, cursor: str | None) -> Page[Message]:
    page = await client.read(
        "assistant.search.context",
        as_user=True,
        query=sought.query,
        modifiers=" ".join(_places(sought)) or None,
        channel_types=",".join(KINDS[kind] for kind in sought.kinds),
        content_types="messages",
        after=_epoch(sought.after),
        before=_epoch(sought.before),
        include_bots=True,
        limit=min(limit, CONTEXT_PAGE),
        cursor=cursor,
    )
    rows = (page.get("results") or {}).get("messages") or []
    kept = [row for row in rows if _fits(sought, row.get("channel_id"), row.get("author_user_id"))]
    following = next_cursor(page)
    return Page([_from_context(row) for row in kept], has_more=following is not None, next=following)


async def _older(client: SlackClient, sought: Sought, limit: int, number: int) -> Page[Message]:
    found = (
        await client.read(
            "search.messages",
            as_user=True,
            query=" ".join([sought.query, *_places(sought), *_days(sought)]),
            count=limit,
            page=number,
            highlight=False,
        )
    )["messages"]
    rows = [row for row in found["matches"] if _is_within(sought, row)]
    paging = found.get("paging") or found.get("pagination") or {}
    has_more = number < int(paging.get("pages") or paging.get("page_count") or 1)
    return Page(
        [_from_match(row) for row in rows],
        has_more=has_more,
        next=f"{_OLDER}{number + 1}" if has_more else None,
        total=found.get("total"),
        total_is="at_least",
    )


def _places(sought: Sought) -> list[str]:
    """Modifiers of a search (https://slack.com/help/articles/202528808-Search-in-Slack)."""
    places = []
    if sought.channel is not None:
        places.append(f"in:<#{sought.channel}>")
    if sought.user is not None:
        places.append(f"from:<@{sought.user}>")
    return places


def _days(sought: Sought) -> list[str]:
    """The older search knows whole days, both ends excluded; what is too much is sorted out afterwards."""
    days = []
    if sought.after is not None:
        days.append(f"after:{_day(sought.after, -1)}")
    if sought.before is not None:
        days.append(f"before:{_day(sought.before, 1)}")
    return days


def _day(at: datetime, shift: int) -> str:
    return datetime.fromtimestamp(at.timestamp() + shift * 86_400, UTC).date().isoformat()


def _epoch(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


def _is_within(sought: Sought, row: Json) -> bool:
    channel = row.get("channel") or {}
    if not _fits(sought, channel.get("id"), row.get("user")) or _kind(channel) not in sought.kinds:
        return False
    seconds = float(str(row["ts"]).partition(".")[0])
    after, before = sought.after, sought.before
    return (after is None or seconds >= after.timestamp()) and (
        before is None or seconds < before.timestamp()
    )


def _fits(sought: Sought, channel: Any, user: Any) -> bool:
    return sought.channel in {None, channel} and sought.user in {None, user}


def _kind(channel: Json) -> str:
    if channel.get("is_im"):
        return "im"
    if channel.get("is_mpim"):
        return "mpim"
    return "private" if channel.get("is_private") else "public"


def _from_context(row: Json) -> Message:
    raw = row.get("content") or ""
    link = row.get("permalink")
    place = permalinks.parse(link) if link else None
    return Message(
        channel=row["channel_id"],
        channel_name=row.get("channel_name"),
        ts=row["message_ts"],
        thread_ts=place.thread_ts if place else None,
        user=_author(row.get("author_user_id"), row.get("author_name"), is_bot=row.get("is_author_bot")),
        text=rendered(raw, {}),
        raw=raw,
        at=permalinks.moment(row["message_ts"]),
        permalink=link,
    )


def _from_match(row: Json) -> Message:
    channel, raw, link = row.get("channel") or {}, row.get("text") or "", row.get("permalink")
    place = permalinks.parse(link) if link else None
    return Message(
        channel=channel["id"],
        channel_name=channel.get("name"),
        ts=row["ts"],
        thread_ts=place.thread_ts if place else None,
        user=_author(row.get("user"), row.get("username")),
        text=rendered(raw, {}),
        raw=raw,
        at=permalinks.moment(row["ts"]),
        permalink=link,
    )


def _author(user_id: str | None, name: str | None, *, is_bot: Any = False) -> Author | None:
    return Author(id=user_id, name=name or None, is_bot=bool(is_bot)) if user_id else None
