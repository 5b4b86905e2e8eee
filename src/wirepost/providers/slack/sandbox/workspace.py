"""`Workspace`: the shop's Slack in memory, made from the world's team, channels and messages.

Always the same, whatever the time: the ids, the thread `PINNED` of #support with a reply of the app (`OWN`),
the file `FILE`, and one scheduled message. Beside the world's channels there is one that is shared with the
carrier, whose people belong to another organization, and one that is archived.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from wirepost.core.clock import Clock
from wirepost.providers.slack.sandbox.wire import Refused, Row, Token
from wirepost.sandbox.facts import Channel, Colleague
from wirepost.sandbox.world import NAME, World

if TYPE_CHECKING:
    from wirepost.providers.slack.sandbox.telling import Telling

TEAM = "T0NORDLICHT"
CARRIER = "T0CARRIER"
BOT_USER, BOT, APP = "U0WIREPOST", "B0WIREPOST", "A0WIREPOST"
USER = "U0TEAM001"
"""In whose name the user token acts."""
PARTNER = "U0PARTNER1"
SUPPORT, SHARED, ARCHIVED = "C0SUPPORT", "C0CARRIER", "C0OLDSHOP"
URL = "https://nordlicht.slack.com/"
PINNED, REPLY, OWN = "1735725600.000100", "1735727400.000300", "1735729200.000200"
FILE, PICTURE, ELSEWHERE = "F0NORDLICHT", "F0PICTURE", "F0ELSEWHERE"
SCHEDULED = "Q0NORDLICHT"
LONG_AGO = 1_735_725_600
"""2025-01-01, ten o'clock."""

_NOT_A_MEMBER = frozenset({"random", "finance"})
"""Channels that nobody invited the app to; the second is private, so it cannot even see it."""
_LINK = re.compile(r"(<https?://[^<>|]+(?:\|[^<>]*)?>)")
_POLICY = b"# Returns\n\nWithin 30 days, unworn. Refunds go back to the card <em>only</em>.\n"
_PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000a49444154")


class Workspace:
    """Users, channels, messages, files; whatever requests change stays until the sandbox is reset."""

    def __init__(
        self, world: World, clock: Clock, *, most_rows: int | None, page_of_history: int | None
    ) -> None:
        self.world, self.clock = world, clock
        self.most_rows, self.page_of_history = most_rows, page_of_history
        self._made = 0
        self._last_ts = 0
        self.users = {row["id"]: row for row in self._users()}
        self.channels = {row["id"]: row for row in self._channels()}
        self.members: dict[str, set[str]] = {}
        self.messages: dict[str, list[Row]] = {channel: [] for channel in self.channels}
        self.files: dict[str, Row] = {}
        self.contents: dict[str, bytes] = {}
        self.pending: dict[str, Row] = {}
        self.scheduled: dict[str, Row] = {}
        self.telling: Telling | None = None
        """Hears of changes."""
        self._join()
        self._write()

    @property
    def now(self) -> int:
        """Seconds since the epoch."""
        return int(self.clock.now().timestamp())

    def new_id(self, prefix: str) -> str:
        """An id for a new object; the same requests in the same order get the same ids."""
        self._made += 1
        return f"{prefix}1NEW{self._made:06}"

    def new_ts(self) -> str:
        """The `ts` of a message sent now; no two are the same."""
        at = int(self.clock.now().timestamp() * 1_000_000)
        self._last_ts = max(self._last_ts + 100, at)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06}"

    def channel(self, channel_id: str, token: Token) -> Row:
        """A channel that the token can see, or Slack's refusal."""
        row = self.channels.get(channel_id)
        if row is None or (not is_open(row) and token.user not in self.members[channel_id]):
            raise Refused("channel_not_found")
        return row

    def find(self, channel_id: str, ts: str) -> Row | None:
        """A message of a channel."""
        return next((row for row in self.messages[channel_id] if row["ts"] == ts), None)

    def replies(self, channel_id: str, ts: str) -> list[Row]:
        """The answers in a thread, oldest first."""
        return [row for row in self.messages[channel_id] if row.get("thread_ts") == ts and row["ts"] != ts]

    def post(self, channel_id: str, row: Row) -> Row:
        """Put a message into a channel and, for an answer, count it in its thread."""
        row = {"type": "message", "team": TEAM, "ts": self.new_ts(), **row}
        self.messages[channel_id].append(row)
        parent = self.find(channel_id, row.get("thread_ts") or "")
        if parent is not None and parent is not row:
            row["parent_user_id"] = parent.get("user")
            self.count(channel_id, parent)
        if self.telling is not None:
            self.telling.posted(channel_id, row)
        return row

    def count(self, channel_id: str, parent: Row) -> None:
        """Bring the numbers of a thread up to date."""
        answers = self.replies(channel_id, parent["ts"])
        users = list(dict.fromkeys(answer["user"] for answer in answers if answer.get("user")))
        parent.update(
            thread_ts=parent["ts"],
            reply_count=len(answers),
            reply_users_count=len(users),
            reply_users=users,
            latest_reply=answers[-1]["ts"] if answers else parent["ts"],
            subscribed=False,
        )

    def direct(self, user: str, other: str) -> Row:
        """The direct messages between two, opened where there are none yet."""
        for row in self.channels.values():
            if row.get("is_im") and self.members[row["id"]] == {user, other}:
                return row
        row = self._im(self.new_id("D"), other)
        self.channels[row["id"]] = row
        self.messages[row["id"]] = []
        self.members[row["id"]] = {user, other}
        return row

    def by_bot(self) -> Row:
        """Who the app's messages are from."""
        profile = {"id": BOT, "app_id": APP, "name": "Wirepost", "team_id": TEAM, "deleted": False}
        return {"user": BOT_USER, "bot_id": BOT, "app_id": APP, "bot_profile": profile}

    def deliver(self) -> None:
        """Send what was scheduled and whose time has come."""
        for row in [row for row in self.scheduled.values() if row["post_at"] <= self.now]:
            del self.scheduled[row["id"]]
            self.post(row["channel_id"], row["message"])

    def sizes(self) -> Row:
        """How much there is."""
        return {
            "users": len(self.users),
            "channels": len(self.channels),
            "messages": sum(len(rows) for rows in self.messages.values()),
            "files": len(self.files),
            "scheduled": len(self.scheduled),
        }

    def _users(self) -> list[Row]:
        people = [_colleague(f"U0TEAM{number:03}", each) for number, each in enumerate(self.world.team, 1)]
        return [
            *people,
            _user(PARTNER, "lena", "Lena Frost", email="lena@carrier.example", team=CARRIER),
            _user(BOT_USER, "wirepost", "Wirepost", is_bot=True),
            _user("USLACKBOT", "slackbot", "Slackbot"),
        ]

    def _channels(self) -> list[Row]:
        rooms = [self._room(_channel_id(each), each.name, each) for each in self.world.channels]
        shared = self._room(SHARED, "carrier-and-us", None)
        shared.update(is_shared=True, is_ext_shared=True, shared_team_ids=[TEAM, CARRIER])
        archived = self._room(ARCHIVED, "old-shop", None)
        archived["is_archived"] = True
        return [*rooms, shared, archived, self._im("D0TEAM001", USER)]

    def _room(self, channel_id: str, name: str, fact: Channel | None) -> Row:
        created = fact.created_at if fact else self.world.now - timedelta(days=650)
        topic = {"value": "", "creator": "", "last_set": 0}
        return {
            **_conversation(channel_id, int(created.timestamp())),
            "name": name,
            "name_normalized": name,
            "is_channel": True,
            "is_private": bool(fact and fact.is_private),
            "is_general": name == "general",
            "creator": USER,
            "topic": topic,
            "purpose": {**topic, "value": fact.purpose if fact else ""},
            "previous_names": [],
            "is_shared": False,
            "is_ext_shared": False,
            "is_pending_ext_shared": False,
        }

    def _im(self, channel_id: str, other: str) -> Row:
        return {
            **_conversation(channel_id, self.now),
            "is_im": True,
            "is_private": True,
            "user": other,
        }

    def _join(self) -> None:
        numbers = {each.key: f"U0TEAM{number:03}" for number, each in enumerate(self.world.team, 1)}
        for fact in self.world.channels:
            bots = set() if fact.name in _NOT_A_MEMBER else {BOT_USER}
            self.members[_channel_id(fact)] = {numbers[key] for key in fact.members} | bots
        self.members[SHARED] = {USER, PARTNER, BOT_USER}
        self.members[ARCHIVED] = {USER}
        self.members["D0TEAM001"] = {USER, BOT_USER}

    def _write(self) -> None:
        numbers = {each.key: f"U0TEAM{number:03}" for number, each in enumerate(self.world.team, 1)}
        rooms = {fact.key: _channel_id(fact) for fact in self.world.channels}
        times = {message.key: _ts(message.sent_at) for message in self.world.messages}
        self._examples()
        for message in self.world.messages:
            row: Row = {
                "type": "message",
                "team": TEAM,
                "user": numbers[message.author],
                "text": _escaped(message.text),
                "ts": times[message.key],
            }
            if message.parent:
                row["thread_ts"] = times[message.parent]
            if message.reactions:
                row["reactions"] = [
                    {"name": emoji, "users": [numbers[who]], "count": 1} for emoji, who in message.reactions
                ]
            self.messages[rooms[message.channel]].append(row)
        for channel, rows in self.messages.items():
            parents = {row["thread_ts"] for row in rows if "thread_ts" in row}
            for row in rows:
                if row["ts"] in parents:
                    self.count(channel, row)
                elif "thread_ts" in row:
                    row["parent_user_id"] = (self.find(channel, row["thread_ts"]) or {}).get("user")

    def _examples(self) -> None:
        """What documents name; older than everything else in the channel."""
        self._file(FILE, "returns.md", "text/markdown", "markdown", _POLICY)
        self._file(PICTURE, "dot.png", "image/png", "png", _PIXEL)
        self._file(ELSEWHERE, "Plan 2025", "application/vnd.google-apps.document", "gdoc", b"")
        self.files[ELSEWHERE].update(mode="external", is_external=True, external_type="gdrive")
        mail = "anna.lindqvist@example.com"
        rows: list[Row] = [
            {"user": USER, "subtype": "channel_join", "text": f"<@{USER}> has joined the channel",
             "ts": "1735722000.000100"},
            {"user": USER, "ts": PINNED, "thread_ts": PINNED, "files": [self.files[FILE]],
             "text": f"Returns: read this first. <@U0TEAM003> asked after <mailto:{mail}|{mail}> &amp; Co."},
            {"user": "U0TEAM003", "ts": REPLY, "thread_ts": PINNED, "text": "Thanks, <#C0ORDERS|orders>!"},
            {**self.by_bot(), "ts": OWN, "thread_ts": PINNED, "text": "Noted for *all* returns."},
        ]  # fmt: skip
        self.messages[SUPPORT] += [{"type": "message", "team": TEAM, **row} for row in rows]
        self.messages[SHARED].append(
            {"type": "message", "team": CARRIER, "user": PARTNER, "ts": "1735728000.000100",
             "text": "The lorry is late today."}
        )  # fmt: skip
        self.scheduled[SCHEDULED] = {
            "id": SCHEDULED,
            "channel_id": SUPPORT,
            "post_at": self.now + 86_400,
            "date_created": self.now,
            "message": {**self.by_bot(), "text": "Good morning, support!"},
        }

    def _file(self, file_id: str, name: str, mimetype: str, filetype: str, content: bytes) -> None:
        self.files[file_id] = file_row(file_id, name, mimetype, filetype, len(content))
        self.contents[file_id] = content


def is_open(row: Row) -> bool:
    """Whether everybody in the workspace may look into a channel."""
    return not row.get("is_private")


def file_row(file_id: str, name: str, mimetype: str, filetype: str, size: int) -> Row:
    """A file as Slack describes it, put in by `USER` long ago."""
    address = f"https://files.slack.com/files-pri/{TEAM}-{file_id}"
    return {
        "id": file_id,
        "created": LONG_AGO,
        "timestamp": LONG_AGO,
        "name": name,
        "title": name,
        "mimetype": mimetype,
        "filetype": filetype,
        "pretty_type": filetype.capitalize(),
        "user": USER,
        "user_team": TEAM,
        "editable": False,
        "size": size,
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": True,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": f"{address}/{name.replace(' ', '_').lower()}",
        "url_private_download": f"{address}/download/{name.replace(' ', '_').lower()}",
        "permalink": f"{URL}files/{USER}/{file_id}/{name.replace(' ', '_').lower()}",
    }


def _conversation(channel_id: str, created: int) -> Row:
    return {
        "id": channel_id,
        "created": created,
        "is_archived": False,
        "is_im": False,
        "is_mpim": False,
        "is_channel": False,
        "is_group": False,
        "is_org_shared": False,
        "context_team_id": TEAM,
        "updated": created * 1000,
    }


def _colleague(user_id: str, who: Colleague) -> Row:
    return _user(user_id, who.handle, who.name, email=who.email, is_deleted=not who.is_active)


def _user(
    user_id: str,
    handle: str,
    name: str,
    *,
    email: str | None = None,
    team: str = TEAM,
    is_bot: bool = False,
    is_deleted: bool = False,
) -> Row:
    first, _, last = name.partition(" ")
    profile: dict[str, Any] = {
        "real_name": name,
        "real_name_normalized": name,
        "display_name": handle,
        "display_name_normalized": handle,
        "first_name": first,
        "last_name": last,
        "title": "",
        "team": team,
    }
    if email:
        profile["email"] = email
    if is_bot:
        profile.update(bot_id=BOT, api_app_id=APP)
    return {
        "id": user_id,
        "team_id": team,
        "name": handle,
        "deleted": is_deleted,
        "real_name": name,
        "tz": "Europe/Berlin",
        "tz_label": "Central European Time",
        "tz_offset": 3600,
        "profile": profile,
        "is_admin": user_id == USER,
        "is_owner": user_id == USER,
        "is_primary_owner": user_id == USER,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": is_bot,
        "is_app_user": False,
        "updated": 1_735_689_600,
    }


def _channel_id(fact: Channel) -> str:
    return f"C0{fact.name.upper()}"


def _ts(moment: Any) -> str:
    return f"{int(moment.timestamp())}.{moment.microsecond:06}"


def _escaped(text: str) -> str:
    """A text as Slack keeps it: escaped, but for links."""
    parts = _LINK.split(text)
    return "".join(
        part if index % 2 else part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        for index, part in enumerate(parts)
    )


__all__ = ["NAME", "Workspace"]
