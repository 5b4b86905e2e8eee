"""What Slack's objects look like in results: the compact parts, times readable, no links with secrets."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from wirepost.core.times import from_epoch
from wirepost.providers.slack.client import Json
from wirepost.providers.slack.directory import shown_name
from wirepost.providers.slack.text import rendered
from wirepost.tools.results import DETAIL, Result, Untrusted

KINDS = {"public": "public_channel", "private": "private_channel", "im": "im", "mpim": "mpim"}
"""Kinds of channels, in our words and Slack's."""


class Author(Result):
    """Who wrote a message."""

    id: str
    name: Untrusted | None = None
    is_bot: bool = False
    is_external: bool = Field(default=False, description="Belongs to another organization")


class Reaction(Result):
    """One emoji under a message."""

    emoji: str
    count: int


class FileBrief(Result):
    """A file that came with a message."""

    id: str
    name: Untrusted | None = None
    mimetype: str | None = None
    size: int | None = Field(default=None, description="Bytes")


class Message(Result):
    """One message; mentions in its text read `@name (U…)`, links `label (address)`."""

    channel: str
    channel_name: Untrusted | None = None
    ts: str
    thread_ts: str | None = None
    user: Author | None = None
    text: Untrusted
    raw: Annotated[Untrusted | None, DETAIL] = Field(default=None, description="The text in Slack's own form")
    at: str
    subtype: str | None = Field(default=None, description="What Slack calls a message that nobody typed")
    is_edited: bool | None = None
    reply_count: int | None = None
    reactions: list[Reaction] | None = None
    files: list[FileBrief] | None = None
    permalink: str | None = None


class ChannelMessage(Message):
    """A message of a channel, with the replies that were asked for."""

    replies: list[Message] | None = None


class Channel(Result):
    """A channel, a group or direct messages."""

    id: str
    name: Untrusted | None = None
    kind: str = Field(description="public, private, im or mpim")
    topic: Untrusted | None = None
    purpose: Untrusted | None = None
    members: int | None = None
    is_member: bool | None = Field(default=None, description="Whether the app is in it")
    is_archived: bool | None = None
    is_external: bool = Field(default=False, description="Shared with another organization")
    user: str | None = Field(default=None, description="The other side of direct messages")
    created_at: str | None = None

    @classmethod
    def read(cls, raw: Json) -> Channel:
        """The shown parts of Slack's own form."""
        return cls(
            id=raw["id"],
            name=raw.get("name"),
            kind=kind_of(raw),
            topic=_said(raw, "topic"),
            purpose=_said(raw, "purpose"),
            members=raw.get("num_members"),
            is_member=raw.get("is_member"),
            is_archived=raw.get("is_archived") or None,
            is_external=is_shared(raw),
            user=raw.get("user"),
            created_at=from_epoch(raw.get("created")),
        )


class User(Result):
    """Somebody in the workspace."""

    id: str
    handle: Untrusted | None = None
    name: Untrusted
    real_name: Untrusted | None = None
    email: Untrusted | None = None
    title: Untrusted | None = None
    timezone: str | None = None
    is_bot: bool = False
    is_active: bool = True
    is_guest: bool = False
    is_external: bool = False

    @classmethod
    def read(cls, raw: Json, me: Json) -> User:
        """The shown parts of Slack's own form; `me` says which workspace is ours."""
        profile = raw.get("profile") or {}
        return cls(
            id=raw["id"],
            handle=raw.get("name"),
            name=shown_name(raw),
            real_name=profile.get("real_name") or raw.get("real_name"),
            email=profile.get("email"),
            title=profile.get("title") or None,
            timezone=raw.get("tz"),
            is_bot=is_bot(raw),
            is_active=not raw.get("deleted", False),
            is_guest=bool(raw.get("is_restricted") or raw.get("is_ultra_restricted")),
            is_external=is_external(raw, me),
        )


class Sent(Result):
    """A message of ours; `ts` and `channel` name it."""

    channel: str
    ts: str
    thread_ts: str | None = None
    at: str
    permalink: str | None = None


class Scheduled(Result):
    """A message that will be sent."""

    id: str
    channel: str
    post_at: str
    text: Untrusted | None = None
    created_at: str | None = None

    @classmethod
    def read(cls, raw: Json) -> Scheduled:
        """The shown parts of Slack's own form."""
        return cls(
            id=str(raw["id"]),
            channel=raw["channel_id"],
            post_at=from_epoch(raw["post_at"]) or "",
            text=raw.get("text"),
            created_at=from_epoch(raw.get("date_created")),
        )


class Reacted(Result):
    """A reaction of ours."""

    channel: str
    ts: str
    emoji: str


class Uploaded(Result):
    """A file of ours in a channel."""

    id: str
    name: str
    size: int
    channel: str
    ts: str | None = Field(default=None, description="Of its message, once Slack has posted it")
    permalink: str | None = None


class FileContent(Result):
    """A file and, where that makes sense, what is in it."""

    id: str
    name: Untrusted | None = None
    mimetype: str | None = None
    size: int | None = Field(default=None, description="Bytes of the whole file")
    user: str | None = None
    created_at: str | None = None
    kind: str = Field(description="text, base64 or none: in which form the content is here")
    text: Untrusted | None = None
    base64: str | None = None
    is_cut: bool | None = Field(default=None, description="The content goes on")
    problem: str | None = Field(default=None, description="Why there is no content")


def _said(raw: Json, name: str) -> str | None:
    """A text about a channel as people see it; Slack gives it in the form of messages."""
    text = (raw.get(name) or {}).get("value")
    return rendered(text, {}) if text else None


def kind_of(raw: Json) -> str:
    """The kind of a channel in our words."""
    if raw.get("is_im"):
        return "im"
    if raw.get("is_mpim"):
        return "mpim"
    return "private" if raw.get("is_private") or raw.get("is_group") else "public"


def is_shared(raw: Json) -> bool:
    """Whether people of another organization read a channel, or may soon."""
    return bool(raw.get("is_ext_shared") or raw.get("is_pending_ext_shared"))


def is_bot(user: Json) -> bool:
    """Whether a user is a program; Slack's own is called USLACKBOT and not marked."""
    return bool(user.get("is_bot")) or user.get("id") == "USLACKBOT"


def is_external(user: Json, me: Json) -> bool:
    """Whether a user belongs to another organization than the app's."""
    if user.get("is_stranger"):
        return True
    team = user.get("team_id") or (user.get("profile") or {}).get("team")
    if not team or team == me.get("team_id") or user.get("id") == "USLACKBOT":
        return False
    enterprise = (user.get("enterprise_user") or {}).get("enterprise_id") or user.get("enterprise_id")
    return not enterprise or enterprise != me.get("enterprise_id")
