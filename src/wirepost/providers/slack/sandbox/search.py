"""Both searches: the words must all be there, modifiers narrow it down."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from wirepost.providers.slack.sandbox.conversations import kind_of
from wirepost.providers.slack.sandbox.wire import Given, Refused, Row, page
from wirepost.providers.slack.sandbox.workspace import TEAM, URL

_WORD = re.compile(r'"([^"]+)"|(\S+)')
_MODIFIER = re.compile(r"(in|from|before|after):(\S+)")
_SCOPES = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}
MOST_CONTEXT = 20
MOST_OLDER = 100


def context(given: Given) -> Row:
    """assistant.search.context."""
    kinds = given.text("channel_types", "public_channel").split(",")
    if not set(kinds) <= set(_SCOPES):
        raise Refused("invalid_channel_types")
    for kind in kinds:
        given.token.need(f"search:read.{_SCOPES[kind]}")
    after, before = given.whole("after", 0), given.whole("before", 0)
    query = f"{_query(given)} {given.text('modifiers')}"
    found = [
        (channel, row)
        for channel, row in _found(given, query, kinds)
        if _seconds(row) >= after and (not before or _seconds(row) < before)
    ]
    shown, metadata = page([_context(given, *each) for each in found], given, MOST_CONTEXT, MOST_CONTEXT)
    return {"results": {"messages": shown}, "response_metadata": metadata}


def older(given: Given) -> Row:
    """search.messages."""
    found = _found(given, _query(given), list(_SCOPES))
    size, number = min(given.whole("count", 20), MOST_OLDER), given.whole("page", 1)
    pages = max(1, -(-len(found) // size))
    shown = found[(number - 1) * size : number * size]
    return {
        "query": given.text("query"),
        "messages": {
            "total": len(found),
            "paging": {"count": size, "total": len(found), "page": number, "pages": pages},
            "matches": [_match(given, *each) for each in shown],
        },
    }


def _query(given: Given) -> str:
    query = given.text("query").strip()
    if not query:
        raise Refused("no_query")
    return query


def _found(given: Given, query: str, kinds: list[str]) -> list[tuple[Row, Row]]:
    """Channel and message, newest first."""
    modifiers = _MODIFIER.findall(query)
    words = [(a or b).lower() for a, b in _WORD.findall(_MODIFIER.sub("", query))]
    workspace = given.workspace
    found = [
        (channel, row)
        for channel in workspace.channels.values()
        if kind_of(channel) in kinds and given.token.user in workspace.members[channel["id"]]
        for row in workspace.messages[channel["id"]]
        if all(word in row["text"].lower() for word in words)
        and all(_fits(kind, value, channel, row) for kind, value in modifiers)
    ]
    return sorted(found, key=lambda each: each[1]["ts"], reverse=True)


def _fits(kind: str, value: str, channel: Row, row: Row) -> bool:
    if kind == "in":
        return value in {f"<#{channel['id']}>", channel.get("name"), f"#{channel.get('name')}"}
    if kind == "from":
        return value == f"<@{row.get('user')}>"
    try:
        day = datetime.fromisoformat(value).replace(tzinfo=UTC)
    except ValueError:
        return True
    if kind == "after":
        return _seconds(row) >= (day + timedelta(days=1)).timestamp()
    return _seconds(row) < day.timestamp()


def _seconds(row: Row) -> int:
    return int(row["ts"].partition(".")[0])


def _link(channel: Row, row: Row) -> str:
    link = f"{URL}archives/{channel['id']}/p{row['ts'].replace('.', '')}"
    thread = row.get("thread_ts")
    return f"{link}?thread_ts={thread}" if thread and thread != row["ts"] else link


def _context(given: Given, channel: Row, row: Row) -> Row:
    user = given.workspace.users.get(row.get("user", ""), {})
    return {
        "author_name": user.get("real_name", ""),
        "author_user_id": row.get("user", ""),
        "team_id": TEAM,
        "channel_id": channel["id"],
        "channel_name": channel.get("name", ""),
        "message_ts": row["ts"],
        "content": row["text"],
        "is_author_bot": bool(row.get("bot_id")),
        "permalink": _link(channel, row),
    }


def _match(given: Given, channel: Row, row: Row) -> Row:
    user = given.workspace.users.get(row.get("user", ""), {})
    return {
        "channel": {
            "id": channel["id"],
            "name": channel.get("name", ""),
            "is_private": not kind_of(channel).startswith("public"),
            "is_mpim": False,
        },
        "type": "message",
        "user": row.get("user", ""),
        "username": user.get("name", ""),
        "ts": row["ts"],
        "text": row["text"],
        "team": TEAM,
        "permalink": _link(channel, row),
    }
