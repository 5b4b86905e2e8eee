"""Messages of ours: where they go, who will read them, what they say, and how they are found again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from wirepost.core.errors import FieldProblem, InvalidCall, NotConnected, OutcomeUnknown, Rejected
from wirepost.core.text import clean_line
from wirepost.core.times import CLOCKS
from wirepost.providers.slack import permalinks
from wirepost.providers.slack.arguments import MAX_TEXT, wrong
from wirepost.providers.slack.client import Json, SlackClient, next_cursor
from wirepost.providers.slack.directory import Directory, shown_name
from wirepost.providers.slack.messages import INTENT_EVENT, intent_of
from wirepost.providers.slack.models import Sent, is_bot, is_external, is_shared, kind_of
from wirepost.providers.slack.text import Composed, Format, Known, Mentions, compose, wanted
from wirepost.tools.context import Call
from wirepost.tools.results import Effect

SEARCHED_PAGES = 10
SEARCH_PAGE = 200
SILENT = {"unfurl_links": False, "unfurl_media": False}
"""A preview of a link fetches its address, which can carry data out of the conversation."""


@dataclass(frozen=True)
class Target:
    """Where a message goes: a channel, or a user's direct messages."""

    channel: str | None = None
    user: str | None = None

    @property
    def id(self) -> str:
        """What Slack takes as the channel of a post; a user stands for the direct messages with them."""
        return self.channel or self.user or ""


async def target_of(directory: Directory, channel: str | None, user: str | None) -> Target:
    """The one target that is named."""
    if (channel is None) == (user is None):
        raise wrong("channel", "or user is needed, and not both")
    if channel is not None:
        return Target(channel=await directory.channel_id(channel))
    return Target(user=await directory.user_id(user or ""))


async def composed(
    directory: Directory, text: str, form: Format, mentions: Mentions, *, path: str = "text"
) -> Composed:
    """The text as it will be sent, with names resolved; raises `InvalidCall` where it cannot be."""
    if not text.strip():
        raise wrong(path, "is empty")
    asked = wanted(text, mentions)
    known = Known(
        people=await directory.ids_of(asked.people, path),
        rooms=await directory.rooms_of(asked.rooms),
        user_ids=frozenset(await directory.names(asked.user_ids)),
        channel_ids=frozenset([each for each in sorted(asked.channel_ids) if await _exists(directory, each)]),
    )
    made = compose(text, form, mentions, known)
    if len(made.text) > MAX_TEXT:
        problem = f"is {len(made.text)} characters long as Slack counts; {MAX_TEXT} are allowed"
        raise InvalidCall(
            "invalid_arguments",
            f"{path} {problem}",
            hint="Send it as a file with slack_upload_file",
            fields=[FieldProblem(path=path, problem=problem)],
        )
    return made


def body_of(made: Composed) -> dict[str, Any]:
    """The text in the argument its form belongs to (https://docs.slack.dev/reference/methods/chat.postMessage)."""
    if made.format == "markdown":
        return {"markdown_text": made.text}
    return {"text": made.text}


def marker(call: Call[Any]) -> Json | None:
    """Metadata that names the business action; people do not see it."""
    if call.intent is None:
        return None
    return {"event_type": INTENT_EVENT, "event_payload": {"intent_id": call.intent}}


def sent(me: Json, channel: str, ts: str, thread_ts: str | None) -> Sent:
    """The result of a post."""
    place = permalinks.Place(channel, ts, thread_ts)
    return Sent(
        channel=channel,
        ts=ts,
        thread_ts=thread_ts,
        at=permalinks.moment(ts),
        permalink=permalinks.build(me["url"], place) if me.get("url") else None,
    )


async def find_sent(call: Call[SlackClient], channel: str, thread_ts: str | None) -> Json | None:
    """The message that an earlier attempt of this action sent, from the channel since then."""
    async for row in rows_since(call, channel, thread_ts):
        if call.intent is not None and intent_of(row) == call.intent:
            return row
    return None


async def rows_since(call: Call[SlackClient], channel: str, thread_ts: str | None) -> AsyncIterator[Json]:
    """Everything in a channel or thread since the action was first sent, newest page first.

    Raises `OutcomeUnknown` where there is more than can be read.
    """
    since = (call.dispatched_at or call.now) - CLOCKS
    method = "conversations.replies" if thread_ts else "conversations.history"
    cursor: str | None = None
    for _ in range(SEARCHED_PAGES):
        page = await call.api.read(
            method,
            channel=channel,
            ts=thread_ts,
            oldest=permalinks.ts_of(since),
            include_all_metadata=True,
            limit=SEARCH_PAGE,
            cursor=cursor,
        )
        found: list[Json] = page["messages"]
        for row in found:
            if float(row["ts"]) >= since.timestamp():  # a thread's first message comes whenever it was sent
                yield row
        cursor = next_cursor(page)
        if cursor is None:
            return
    raise OutcomeUnknown("outcome_unknown", "Too much was written since then to find the message")


@dataclass(frozen=True)
class Audience:
    """Who will read a message, for a plan."""

    title: str
    effects: tuple[Effect, ...]
    notes: tuple[str, ...]
    state: dict[str, Any]
    targets: tuple[str, ...]
    """Its names for policy: ids, and those that their bearers cannot choose freely."""


async def audience_of(directory: Directory, target: Target) -> Audience:
    """The readers of a target; refuses a channel where nothing can be posted."""
    if target.channel is None:
        return await _person(directory, target.user or "")
    raw = await directory.channel(target.channel)
    if raw.get("is_archived"):
        raise Rejected("conflict", f"The channel {target.channel} is archived")
    name, kind, is_open = clean_line(str(raw.get("name") or ""), 80), kind_of(raw), is_shared(raw)
    title = f"#{name} ({target.channel})" if name else target.channel
    members = raw.get("num_members")
    readers = "the people in it" if members is None else f"{members} members"
    notes = [f"Kind: {kind}"]
    if is_open:
        notes.append("The channel is shared with another organization: people outside will read it")
    if raw.get("is_member") is False:
        notes.append("The app is not a member; Slack may refuse")
    return Audience(
        title,
        (Effect(what=f"Read by {readers} of {title}" if members is not None else f"Read by {readers}"),),
        tuple(notes),
        {"channel": target.channel, "name": name, "kind": kind, "is_external": is_open},
        await _targets(directory, raw),
    )


async def _person(directory: Directory, user_id: str) -> Audience:
    user = await directory.user(user_id)
    if user is None:
        raise wrong("user", "names nobody in this workspace; slack_find_users finds people")
    if user.get("deleted"):
        raise Rejected("conflict", f"The user {user_id} is deactivated")
    if is_bot(user):
        raise Rejected("conflict", f"The user {user_id} is an app, which reads no direct messages")
    title = f"@{clean_line(shown_name(user), 80)} ({user_id})"
    is_foreign = is_external(user, await directory.me())
    notes = (f"{title} belongs to another organization",) if is_foreign else ()
    return Audience(
        title,
        (Effect(what=f"Read by {title} as a direct message of the app"),),
        notes,
        {"user": user_id, "is_external": is_foreign},
        _names(user),
    )


async def _targets(directory: Directory, channel: Json) -> tuple[str, ...]:
    """A channel's names; direct messages also have those of the other side, whichever way they are named."""
    name, other = channel.get("name"), channel.get("user")
    user = await directory.user(other) if other else None
    return (channel["id"], *((f"#{name}",) if name else ()), *(_names(user) if user else ()))


def _names(user: Json) -> tuple[str, ...]:
    email = (user.get("profile") or {}).get("email")
    return (user["id"], f"@{user.get('name')}", *((email,) if email else ()))


def effects_of(made: Composed) -> tuple[Effect, ...]:
    """The text as it will be sent, and who is notified by it."""
    effects = [Effect(what="Text as it will be sent", after=made.text)]
    if made.calls:
        effects.append(Effect(what=f"Notifies {', '.join(made.calls)}"))
    return tuple(effects)


async def _exists(directory: Directory, channel_id: str) -> bool:
    try:
        await directory.channel(channel_id)
    except (Rejected, NotConnected):
        return False
    return True
