"""Posting, changing, deleting, scheduling, reacting."""

from __future__ import annotations

import re

from wirepost.providers.slack.sandbox.wire import Given, Refused, Row, page
from wirepost.providers.slack.sandbox.workspace import BOT_USER, is_open

MOST_TEXT = 40_000
MOST_MARKDOWN = 12_000
FURTHEST_S = 120 * 86_400
WINDOW_S = 300
MOST_IN_WINDOW = 30
NEAREST_CANCEL_S = 60

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)")
_EMOJI = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


def post(given: Given) -> Row:
    """chat.postMessage."""
    channel = _target(given)
    row = given.workspace.post(channel["id"], _message(given))
    shown = {name: value for name, value in row.items() if name != "metadata"}
    return {"channel": channel["id"], "ts": row["ts"], "message": shown}


def update(given: Given) -> Row:
    """chat.update."""
    channel, row = _own(given, "cant_update_message")
    before = dict(row)
    row["text"] = _text(given)
    row.pop("blocks", None)
    row |= _blocks(given)
    row["edited"] = {"user": BOT_USER, "ts": f"{given.workspace.now}.000000"}
    metadata = given.parts("metadata")
    if metadata is not None:
        row["metadata"] = metadata
    if given.workspace.telling is not None:
        given.workspace.telling.edited(channel["id"], before, row)
    shown = {name: row[name] for name in ("type", "user", "text", "bot_id", "edited")}
    return {"channel": channel["id"], "ts": row["ts"], "text": row["text"], "message": shown}


def delete(given: Given) -> Row:
    """chat.delete; a message with answers leaves an empty one behind."""
    channel, row = _own(given, "cant_delete_message")
    rows, telling = given.workspace.messages[channel["id"]], given.workspace.telling
    if row.get("reply_count"):
        before = dict(row)
        row.update(subtype="tombstone", text="This message was deleted.", user="USLACKBOT")
        row.pop("bot_id", None)
        if telling is not None:
            telling.edited(channel["id"], before, row)
    else:
        if telling is not None:
            telling.deleted(channel["id"], row)
        rows.remove(row)
        parent = given.workspace.find(channel["id"], row.get("thread_ts", ""))
        if parent is not None:
            given.workspace.count(channel["id"], parent)
    return {"channel": channel["id"], "ts": row["ts"]}


def schedule(given: Given) -> Row:
    """chat.scheduleMessage."""
    workspace = given.workspace
    channel = _target(given)
    at = given.whole("post_at", 0)
    if at <= workspace.now:
        raise Refused("time_in_past")
    if at > workspace.now + FURTHEST_S:
        raise Refused("time_too_far")
    near = [
        row
        for row in workspace.scheduled.values()
        if row["channel_id"] == channel["id"] and row["post_at"] // WINDOW_S == at // WINDOW_S
    ]
    if len(near) >= MOST_IN_WINDOW:
        raise Refused("restricted_too_many")
    message = _message(given)
    scheduled_id = workspace.new_id("Q")
    workspace.scheduled[scheduled_id] = {
        "id": scheduled_id,
        "channel_id": channel["id"],
        "post_at": at,
        "date_created": workspace.now,
        "message": message,
    }
    shown = {name: value for name, value in message.items() if name in {"user", "text", "bot_id", "app_id"}}
    return {
        "channel": channel["id"],
        "scheduled_message_id": scheduled_id,
        "post_at": at,
        "message": {"type": "delayed_message", **shown},
    }


def scheduled(given: Given) -> Row:
    """chat.scheduledMessages.list."""
    channel = given.text("channel")
    if channel:
        given.workspace.channel(channel, given.token)
    oldest, latest = given.whole("oldest", 0), given.whole("latest", 0)
    rows = [
        {**{name: row[name] for name in ("id", "channel_id", "post_at", "date_created")},
         "text": row["message"]["text"]}
        for row in given.workspace.scheduled.values()
        if channel in {"", row["channel_id"]}
        and row["post_at"] >= oldest
        and (not latest or row["post_at"] <= latest)
    ]  # fmt: skip
    shown, metadata = page(rows, given, 100, 100)
    return {"scheduled_messages": shown, "response_metadata": metadata}


def unschedule(given: Given) -> Row:
    """chat.deleteScheduledMessage."""
    workspace = given.workspace
    row = workspace.scheduled.get(given.text("scheduled_message_id"))
    if row is None or row["channel_id"] != given.text("channel"):
        raise Refused("invalid_scheduled_message_id")
    if row["post_at"] < workspace.now + NEAREST_CANCEL_S:
        raise Refused("invalid_scheduled_message_id")
    del workspace.scheduled[row["id"]]
    return {}


def react(given: Given) -> Row:
    """reactions.add."""
    channel = _member(given, given.workspace.channel(given.text("channel"), given.token))
    row = given.workspace.find(channel["id"], given.text("timestamp"))
    if row is None:
        raise Refused("message_not_found")
    name = given.text("name")
    if not _EMOJI.fullmatch(name) or name.startswith("no_such"):
        raise Refused("invalid_name")
    reactions = row.setdefault("reactions", [])
    found = next((each for each in reactions if each["name"] == name), None)
    if found is None:
        found = {"name": name, "users": [], "count": 0}
        reactions.append(found)
    if given.token.user in found["users"]:
        raise Refused("already_reacted")
    found["users"].append(given.token.user)
    found["count"] += 1
    if given.workspace.telling is not None:
        given.workspace.telling.reacted(channel["id"], row, given.token.user, name)
    return {}


def _target(given: Given) -> Row:
    """The channel of a post; a user stands for the direct messages with them."""
    named = given.text("channel")
    workspace = given.workspace
    if named in workspace.users:
        return workspace.direct(given.token.user, named)
    channel = workspace.channel(named, given.token)
    if channel["is_archived"]:
        raise Refused("is_archived")
    if is_open(channel) and "chat:write.public" in given.token.scopes:
        return channel
    return _member(given, channel)


def _member(given: Given, channel: Row) -> Row:
    if given.token.user not in given.workspace.members[channel["id"]]:
        raise Refused("not_in_channel")
    return channel


def _own(given: Given, refusal: str) -> tuple[Row, Row]:
    channel = given.workspace.channel(given.text("channel"), given.token)
    row = given.workspace.find(channel["id"], given.text("ts"))
    if row is None or row.get("subtype") == "tombstone":
        raise Refused("message_not_found")
    if row.get("user") != given.token.user:
        raise Refused(refusal)
    return channel, row


def _message(given: Given) -> Row:
    row: Row = {**given.workspace.by_bot(), "text": _text(given), **_blocks(given)}
    if thread := given.text("thread_ts"):
        row["thread_ts"] = thread
        if given.flag("reply_broadcast"):
            row["subtype"] = "thread_broadcast"
    metadata = given.parts("metadata")
    if metadata is not None:
        row["metadata"] = metadata
    return row


def _blocks(given: Given) -> Row:
    """Blocks as they were given (https://docs.slack.dev/reference/block-kit/blocks)."""
    blocks = given.parts("blocks")
    if blocks is None:
        return {}
    if not isinstance(blocks, list) or not all(isinstance(each, dict) and "type" in each for each in blocks):
        raise Refused("invalid_blocks")
    return {"blocks": blocks}


def _text(given: Given) -> str:
    """The text as Slack keeps it: Markdown becomes Slack's own form."""
    markdown, text = given.text("markdown_text"), given.text("text")
    if markdown and text:
        raise Refused("markdown_text_conflict")
    if not (markdown or text):
        raise Refused("no_text")
    if len(markdown) > MOST_MARKDOWN or len(text) > MOST_TEXT:
        raise Refused("msg_too_long")
    return _LINK.sub(r"<\2|\1>", _BOLD.sub(r"*\1*", markdown)) if markdown else text
