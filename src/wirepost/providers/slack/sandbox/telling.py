"""`Telling`: what the workspace tells the app of, as Slack does (https://docs.slack.dev/apis/events-api).

The app is told of channels that it is in, of its own messages too; a message that mentions it comes twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import orjson

from wirepost.providers.slack.sandbox.wire import Row
from wirepost.providers.slack.sandbox.workspace import APP, BOT_USER, TEAM, is_open
from wirepost.sandbox.vendor import FORM, SandboxEvent

if TYPE_CHECKING:
    from wirepost.providers.slack.sandbox.workspace import Workspace

HEADERS = {"content-type": "application/json"}
FORM_HEADERS = {"content-type": FORM}
_NOT_TOLD = frozenset(
    {"app_id", "reply_count", "reply_users", "reply_users_count", "latest_reply", "subscribed"}
)
"""What answers have of a message and events have not."""


class Telling:
    """Makes events of changes and hands them on."""

    def __init__(self, workspace: Workspace, announce: Callable[[SandboxEvent], None]) -> None:
        self._workspace, self._announce = workspace, announce
        self._made = 0

    def posted(self, channel: str, row: Row) -> None:
        """A new message, with or without files."""
        event = {**_message(row), "channel": channel, "event_ts": row["ts"]}
        if row.get("files"):
            event |= {"subtype": "file_share", "upload": False, "display_as_bot": False}
            del event["team"]
        self._tell(channel, event)
        for file in row.get("files") or ():
            self._tell_of_file(channel, file, row)
        if f"<@{BOT_USER}>" in row.get("text", "") and row.get("user") != BOT_USER:
            mention = {name: event[name] for name in event if name not in {"files", "parent_user_id"}}
            self._tell(channel, {**mention, "type": "app_mention"}, is_of_channel=False)

    def edited(self, channel: str, before: Row, row: Row) -> None:
        """A message that says something else now."""
        self._changed(channel, "message_changed", {"message": _inner(row)}, before)

    def deleted(self, channel: str, row: Row) -> None:
        """A message that is gone."""
        self._changed(channel, "message_deleted", {"deleted_ts": row["ts"]}, row)

    def reacted(self, channel: str, row: Row, user: str, name: str) -> None:
        """An emoji at a message."""
        event = {
            "type": "reaction_added",
            "user": user,
            "reaction": name,
            "item": {"type": "message", "channel": channel, "ts": row["ts"]},
            "item_user": row.get("user"),
            "event_ts": self._workspace.new_ts(),
        }
        self._tell(channel, event, is_of_channel=False)

    def pressed(self, channel: str, row: Row, block: Row, button: Row, user: str) -> None:
        """A click on a button (https://docs.slack.dev/reference/interaction-payloads/block_actions-payload)."""
        self._made += 1
        who = self._workspace.users[user]
        payload = {
            "type": "block_actions",
            "user": {"id": user, "username": who["name"], "name": who["name"], "team_id": who["team_id"]},
            "api_app_id": APP,
            "token": "sandbox-verification-token",
            "container": {
                "type": "message",
                "message_ts": row["ts"],
                "channel_id": channel,
                "is_ephemeral": False,
            },
            "trigger_id": f"{self._made}.sandbox.press",
            "team": {"id": TEAM, "domain": "nordlicht"},
            "channel": {
                "id": channel,
                "name": self._workspace.channels[channel].get("name", "directmessage"),
            },
            "message": _message(row),
            "response_url": f"https://hooks.slack.com/actions/{TEAM}/{self._made}/sandbox",
            "actions": [
                {
                    "action_id": button["action_id"],
                    "block_id": block["block_id"],
                    "text": button["text"],
                    "value": button["value"],
                    "type": "button",
                    "action_ts": self._workspace.new_ts(),
                }
            ],
        }
        body = urlencode({"payload": orjson.dumps(payload).decode()}).encode()
        self._announce(SandboxEvent("block_actions", body, dict(FORM_HEADERS)))

    def _tell_of_file(self, channel: str, file: Row, row: Row) -> None:
        event = {
            "type": "file_shared",
            "file_id": file["id"],
            "user_id": row.get("user"),
            "file": {"id": file["id"]},
            "channel_id": channel,
            "event_ts": row["ts"],
        }
        self._tell(channel, event, is_of_channel=False)

    def _changed(self, channel: str, subtype: str, what: Row, before: Row) -> None:
        at = self._workspace.new_ts()
        event = {
            "type": "message",
            "subtype": subtype,
            **what,
            "previous_message": _inner(before),
            "channel": channel,
            "hidden": True,
            "ts": at,
            "event_ts": at,
        }
        self._tell(channel, event)

    def _tell(self, channel: str, event: Row, *, is_of_channel: bool = True) -> None:
        row = self._workspace.channels[channel]
        if BOT_USER not in self._workspace.members[channel]:
            return
        if is_of_channel:
            kind = "im" if row.get("is_im") else "channel" if is_open(row) else "group"
            event = {**event, "channel_type": kind}
        self._made += 1
        body = {
            "token": "sandbox-verification-token",
            "team_id": TEAM,
            "api_app_id": APP,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev0{self._made:08}",
            "event_time": int(str(event["event_ts"]).partition(".")[0]),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": TEAM,
                    "user_id": BOT_USER,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": bool(row.get("is_ext_shared")),
            "event_context": f"4-sandbox-{self._made}",
        }
        subtype = event.get("subtype")
        kind = f"{event['type']}.{subtype}" if subtype else event["type"]
        self._announce(SandboxEvent(kind, orjson.dumps(body), dict(HEADERS)))


def _message(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in _NOT_TOLD}


def _inner(row: Row) -> Row:
    """A message inside of an event about it."""
    return {name: value for name, value in _message(row).items() if name != "metadata"}
