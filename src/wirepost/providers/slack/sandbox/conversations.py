"""Channels and what was written in them."""

from __future__ import annotations

from wirepost.providers.slack.sandbox.wire import Given, Refused, Row, page
from wirepost.providers.slack.sandbox.workspace import is_open

KINDS = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}
"""Kind of channel → first part of the scopes for it."""
MOST = 1000
MOST_HISTORY = 999


def kind_of(row: Row) -> str:
    """The kind of a channel in Slack's words."""
    if row.get("is_im"):
        return "im"
    return "public_channel" if is_open(row) else "private_channel"


def listing(given: Given) -> Row:
    """conversations.list: everything the token can see."""
    return _list(given, is_member=False)


def own(given: Given) -> Row:
    """users.conversations: everything the token is in."""
    return _list(given, is_member=True)


def one(given: Given) -> Row:
    """conversations.info."""
    row = given.workspace.channel(given.text("channel"), given.token)
    given.token.need(f"{KINDS[kind_of(row)]}:read")
    members = given.workspace.members[row["id"]]
    shown = {**row, "is_member": given.token.user in members}
    if given.flag("include_num_members"):
        shown["num_members"] = len(members)
    return {"channel": shown}


def opened(given: Given) -> Row:
    """conversations.open: the direct messages with one user."""
    given.token.need("im:write")
    user = given.text("users")
    if user not in given.workspace.users:
        raise Refused("user_not_found")
    return {"channel": {"id": given.workspace.direct(given.token.user, user)["id"]}}


def history(given: Given) -> Row:
    """conversations.history: newest first, answers in threads left out."""
    channel = _readable(given)
    rows = [
        row
        for row in given.workspace.messages[channel["id"]]
        if row.get("thread_ts", row["ts"]) == row["ts"] or row.get("subtype") == "thread_broadcast"
    ]
    rows = sorted((row for row in rows if _is_within(given, row)), key=lambda row: row["ts"], reverse=True)
    return _page(given, rows, 100)


def replies(given: Given) -> Row:
    """conversations.replies: the first message, then the answers, oldest first."""
    channel = _readable(given)
    ts = given.text("ts")
    found = given.workspace.find(channel["id"], ts)
    if found is None:
        raise Refused("thread_not_found")
    if found.get("thread_ts", ts) != ts:
        return _page(given, [found], MOST)
    answers = [row for row in given.workspace.replies(channel["id"], ts) if _is_within(given, row)]
    return _page(given, [found, *answers], MOST)


def _list(given: Given, *, is_member: bool) -> Row:
    kinds = given.text("types", "public_channel").split(",")
    if not set(kinds) <= set(KINDS):
        raise Refused("invalid_types")
    for kind in kinds:
        given.token.need(f"{KINDS[kind]}:read")
    workspace, user = given.workspace, given.token.user
    rows = [
        row if is_member else {**row, "is_member": user in workspace.members[row["id"]]}
        for row in workspace.channels.values()
        if kind_of(row) in kinds
        and (user in workspace.members[row["id"]] or (is_open(row) and not is_member))
        and not (row["is_archived"] and given.flag("exclude_archived"))
    ]
    shown, metadata = page(rows, given, 100, MOST)
    return {"channels": shown, "response_metadata": metadata}


def _readable(given: Given) -> Row:
    channel = given.workspace.channel(given.text("channel"), given.token)
    given.token.need(f"{KINDS[kind_of(channel)]}:history")
    if given.token.user not in given.workspace.members[channel["id"]]:
        raise Refused("not_in_channel")
    return channel


def _is_within(given: Given, row: Row) -> bool:
    """Between oldest and latest; both ends belong to it only if that is asked for."""
    oldest, latest, ts = given.text("oldest", "0"), given.text("latest"), _key(row["ts"])
    if given.flag("inclusive"):
        return ts >= _key(oldest) and (not latest or ts <= _key(latest))
    return ts > _key(oldest) and (not latest or ts < _key(latest))


def _key(ts: str) -> tuple[int, int]:
    seconds, _, fraction = ts.partition(".")
    if not (seconds.isdecimal() and (fraction or "0").isdecimal()):
        raise Refused("invalid_ts_latest")
    return int(seconds), int(fraction.ljust(6, "0") or 0)


def _page(given: Given, rows: list[Row], default: int) -> Row:
    most = given.workspace.page_of_history
    limit = min(given.whole("limit", default), most) if most else given.whole("limit", default)
    limited = Given(given.workspace, given.token, {**given.values, "limit": str(limit)}, given.host)
    shown, metadata = page(rows, limited, default, MOST)
    has_more = bool(metadata["next_cursor"])
    answer: Row = {"messages": [_shown(given, row) for row in shown], "has_more": has_more}
    return {**answer, "response_metadata": metadata} if has_more else answer


def _shown(given: Given, row: Row) -> Row:
    if given.flag("include_all_metadata"):
        return row
    return {name: value for name, value in row.items() if name != "metadata"}
