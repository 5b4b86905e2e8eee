"""What Slack tells of, in our words: messages that were posted, changed and deleted, and everything else.

https://docs.slack.dev/reference/events, https://docs.slack.dev/reference/events/message
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wirepost.providers.slack.messages import INTENT_EVENT
from wirepost.providers.slack.text import mentioned, rendered
from wirepost.webhooks.reading import at, fingerprint, needed, our_type, picked, scalars, seconds, text, word
from wirepost.webhooks.webhook import Actor, Item, Unmapped

Row = Mapping[str, Any]

TYPES = {
    "message": "message.posted",
    "message.bot_message": "message.posted",
    "message.me_message": "message.posted",
    "message.thread_broadcast": "message.posted",
    "message.file_share": "file.shared",
    "app_mention": "message.mentioned",
    "message.message_changed": "message.edited",
    "message.message_deleted": "message.deleted",
}
"""Slack's type and subtype → ours; a message that mentions the app is `message.mentioned` in whichever of its
two events it comes, and one whose words did not change is not `message.edited`."""
SLACKBOT = "USLACKBOT"

_NEW = frozenset(name for name, ours in TYPES.items() if ours in {"message.posted", "file.shared"})
_FILES = 10
_MENTIONS = 20
_WORDS = {
    "message.posted": "Message",
    "message.mentioned": "Mention of the app",
    "file.shared": "File",
    "message.edited": "Change of a message",
}


@dataclass(frozen=True)
class Around:
    """What stands around an event: whose workspace it is of, and who we are there."""

    account: str | None = None
    event_id: str | None = None
    time: float | None = None
    app: str | None = None
    bots: frozenset[str] = frozenset()
    """Users that the app is in this workspace."""
    called: frozenset[str] = frozenset()
    """Users whose mention is one of the app."""
    teams: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    """Ids that the operator has named as ours."""
    is_shared: bool = False
    """Whether people of other organizations read the channel."""
    attempt: int = 1


def item_of(event: Row, around: Around) -> Item:
    """The event of one request, or one message of a channel; raises `Unmapped`."""
    kind = needed(event.get("type"), "type")
    subtype = text(event.get("subtype"))
    provider_type = f"{kind}.{subtype}" if subtype else kind
    if kind == "app_mention" or provider_type in _NEW:
        return _posted(event, provider_type, around)
    if provider_type == "message.message_changed":
        return _changed(event, provider_type, around)
    if provider_type == "message.message_deleted":
        deleted = at(event, "deleted_ts") or at(event, "previous_message", "ts")
        return _deleted(event, provider_type, deleted, around)
    return _other(event, provider_type, around)


def actor_of(row: Row, around: Around) -> Actor:
    """Who wrote a message. An app's user shows in `user`, so what names an app is looked at first."""
    bot, user = text(row.get("bot_id")), text(row.get("user"))
    app = text(row.get("app_id")) or text(at(row, "bot_profile", "app_id"))
    ours = next((each for each in (bot, user, app) if each and each in around.own), None)
    if ours is not None:
        return Actor("self", ours)
    if app == around.app if app and around.app else user in around.bots:
        return Actor("self", bot or user or app)
    if bot or app or user == SLACKBOT or row.get("subtype") == "bot_message":
        return Actor("automation", bot or app or user)
    return Actor("human", user) if user else Actor()


def _posted(event: Row, provider_type: str, around: Around) -> Item:
    channel, ts = _place(event, event.get("ts"))
    words = event.get("text")
    mentions = mentioned(words)
    is_known = bool(mentions & around.called)
    is_mention = is_known or event["type"] == "app_mention"
    ours = "message.mentioned" if is_mention else TYPES[provider_type]
    actor = actor_of(event, around)
    data = {
        **_said(event, channel, ts, around),
        **({"mentions": sorted(mentions)[:_MENTIONS]} if mentions else {}),
        **({"files": _files(event)} if event.get("files") else {}),
    }
    return Item(
        type=ours,
        provider_type=provider_type,
        summary=_line(_WORDS[ours], channel, actor),
        data=data,
        subject=f"{channel}/{ts}",
        key=_message_key(event, channel, ts, is_known=is_known),
        event_id=around.event_id,
        time=around.time,
        account=around.account,
        untrusted=("text", "files[].name", "files[].title") if "files" in data else ("text",),
        actor=actor,
        marks=_marks(ts, event),
        attempt=around.attempt,
    )


def _message_key(event: Row, channel: str, ts: str, *, is_known: bool) -> str:
    """A mention comes twice, as `app_mention` and as `message`, with ids of their own; it is one message.

    Two events they are only where the second could not be told to be a mention, or a change has made it one.
    """
    if event["type"] != "app_mention":
        return f"message:{channel}/{ts}"
    edited = text(at(event, "edited", "ts"))
    if edited:
        return f"mention:{channel}/{ts}/{edited}"
    return f"message:{channel}/{ts}" if is_known else f"mention:{channel}/{ts}"


def _changed(event: Row, provider_type: str, around: Around) -> Item:
    """A change; unfolding a link is one too, and so is a deletion that leaves answers behind."""
    now, before = _row(event.get("message")), _row(event.get("previous_message"))
    channel, ts = _place(event, now.get("ts") or before.get("ts"))
    if now.get("subtype") == "tombstone":
        return _deleted(event, provider_type, ts, around)
    edited = at(now, "edited", "ts")
    is_edited = bool(edited) and edited != at(before, "edited", "ts")
    ours = "message.edited" if is_edited else "slack.message.message_changed"
    editor = text(at(now, "edited", "user"))
    actor = Actor()
    if is_edited:
        is_author = editor in {None, text(now.get("user"))}
        actor = actor_of(now if is_author else {"user": editor}, around)
    said = _said(now, channel, ts, around, event)
    if before.get("text") != now.get("text"):
        said["previous_text"] = rendered(before.get("text"), {})
    return Item(
        type=ours,
        provider_type=provider_type,
        summary=_line(_WORDS["message.edited"], channel, actor),
        data=said,
        subject=f"{channel}/{ts}",
        key=_key(event, around),
        event_id=around.event_id,
        time=around.time,
        account=around.account,
        untrusted=("text", "previous_text"),
        actor=actor,
        marks=_marks(ts, now),
        attempt=around.attempt,
    )


def _deleted(event: Row, provider_type: str, deleted: Any, around: Around) -> Item:
    """A deletion; what the message said is not repeated, and Slack does not tell who deleted it."""
    channel, ts = _place(event, deleted)
    before = _row(event.get("previous_message"))
    data = {"channel": channel, "ts": ts, **picked(before, {"user": ("user",), "thread_ts": ("thread_ts",)})}
    return Item(
        type="message.deleted",
        provider_type=provider_type,
        summary=f"Message in {word(channel) or 'a channel'} was deleted",
        data=data,
        subject=f"{channel}/{ts}",
        key=_key(event, around),
        event_id=around.event_id,
        time=around.time,
        account=around.account,
        marks=_marks(ts, before),
        attempt=around.attempt,
    )


def _other(event: Row, provider_type: str, around: Around) -> Item:
    """Whatever else Slack tells of: its single values, and the place of the message or file it is about."""
    places = {
        "channel": ("channel", "id"),
        "user": ("user", "id"),
        "item_channel": ("item", "channel"),
        "item_ts": ("item", "ts"),
        "file": ("file", "id"),
    }
    data = {
        **picked(event, places),
        **{name: value for name, value in scalars(event).items() if name not in {"type", "subtype", "token"}},
    }
    channel, ts = data.get("item_channel"), data.get("item_ts")
    file = data.get("file_id") or data.get("file")
    place = data.get("channel") or data.get("channel_id")
    subject = f"{channel}/{ts}" if channel and ts else f"file/{file}" if file else None
    user = text(data.get("user") or data.get("user_id"))
    return Item(
        type=our_type("slack", provider_type),
        provider_type=provider_type,
        summary=f"{word(provider_type) or 'Event'} in Slack",
        data=data,
        subject=subject or (f"channel/{place}" if place else f"user/{user}" if user else None),
        key=_key(event, around),
        event_id=around.event_id,
        time=around.time,
        account=around.account,
        untrusted=tuple(sorted(name for name, value in data.items() if isinstance(value, str))),
        actor=actor_of({**event, "user": user}, around),
        attempt=around.attempt,
    )


def _said(row: Row, channel: str, ts: str, around: Around, outer: Row | None = None) -> dict[str, Any]:
    fields = {name: (name,) for name in ("user", "bot_id", "username", "thread_ts")}
    data: dict[str, Any] = {
        "channel": channel,
        "ts": ts,
        **picked(outer or row, {"channel_type": ("channel_type",)}),
        **picked(row, fields),
        "text": rendered(row.get("text"), {}) or _fallback(row.get("attachments")),
    }
    team = text(row.get("user_team")) or text(row.get("team"))
    if around.is_shared:
        data["is_shared_channel"] = True
    if team and around.teams:
        data["is_external"] = team not in around.teams
    return data


def _files(event: Row) -> list[dict[str, Any]]:
    files = event.get("files")
    wanted = {name: (name,) for name in ("id", "name", "title", "mimetype", "size")}
    return [picked(each, wanted) for each in files[:_FILES]] if isinstance(files, list) else []


def _fallback(attachments: Any) -> str:
    """What a message without text says: apps often fill nothing but attachments."""
    rows = attachments[:_FILES] if isinstance(attachments, list) else []
    parts = (text(at(each, "fallback")) or text(at(each, "text")) for each in rows)
    return "\n".join(part for part in parts if part)


def _marks(ts: str, row: Row) -> tuple[str, ...]:
    is_ours = at(row, "metadata", "event_type") == INTENT_EVENT
    intent = text(at(row, "metadata", "event_payload", "intent_id")) if is_ours else None
    return (ts, intent) if intent else (ts,)


def _key(event: Row, around: Around) -> str:
    """Slack's own id of an event; without one, everything the event says."""
    if around.event_id:
        return around.event_id
    return fingerprint(*(f"{name}={event[name]}" for name in sorted(event)))


def _place(event: Row, ts: Any) -> tuple[str, str]:
    return needed(event.get("channel"), "channel"), needed(ts, "ts")


def _row(value: Any) -> Row:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unmapped("has a message that is no object")
    return value


def _line(what: str, channel: str, actor: Actor) -> str:
    author = word(actor.id) if actor.id else None
    return f"{what} in {word(channel) or 'a channel'}" + (f" by {author}" if author else "")


def around_of(body: Row, own: Iterable[str], attempt: int) -> Around:
    """What an event's envelope says (https://docs.slack.dev/apis/events-api#callback-field)."""
    grants = body.get("authorizations")
    rows = [each for each in grants if isinstance(each, dict)] if isinstance(grants, list) else []
    team, enterprise = text(body.get("team_id")), text(body.get("enterprise_id"))
    bots = frozenset(
        user for each in rows if each.get("is_bot") is True and (user := text(each.get("user_id")))
    )
    # Apps that are told no authorizations are told in this list whom an event is for.
    older = body.get("authed_users")
    called = {user for each in older if (user := text(each))} if isinstance(older, list) else set()
    teams = [
        team,
        enterprise,
        text(body.get("context_team_id")),
        *(text(each.get("team_id")) for each in rows),
    ]
    return Around(
        account=team or enterprise,
        event_id=text(body.get("event_id")),
        time=seconds(body.get("event_time")),
        app=text(body.get("api_app_id")),
        bots=bots,
        called=bots | frozenset(own) | called,
        teams=frozenset(each for each in teams if each),
        own=frozenset(own),
        is_shared=body.get("is_ext_shared_channel") is True,
        attempt=attempt,
    )
