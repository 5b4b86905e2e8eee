"""What people do in Slack's windows and messages of the app, and its commands, in our words.

https://docs.slack.dev/interactivity/handling-user-interaction; `response_url` and `trigger_id` let who has
them act in Slack, so they are never among the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirepost.webhooks.reading import at, fingerprint, needed, our_type, picked, seconds, text, word
from wirepost.webhooks.webhook import Actor, Item

Row = Mapping[str, Any]

COMMAND = "slack.slash_command"
"""One type for all commands; which it was is in the data."""
ASKED = "wirepost-ask:"
"""Begins the `block_id` of the buttons below a question of ours; the id of the question follows."""
_MOST = 50
_CHOSEN = ("option", "options", "user", "users", "channel", "channels", "conversation", "conversations")
_CHOSEN_FIELDS = (
    *(f"selected_{each}" for each in _CHOSEN),
    "selected_date",
    "selected_time",
    "selected_date_time",
)


def interaction(payload: Row, own: frozenset[str]) -> Item:
    """A click, a window that was sent off or closed, a shortcut; raises `Unmapped`."""
    kind = needed(payload.get("type"), "type")
    actions = [_action(each) for each in _rows(payload.get("actions"))]
    values = _values(at(payload, "view", "state", "values"))
    fields = {
        "channel": ("channel", "id"),
        "message_ts": ("message", "ts"),
        "user": ("user", "id"),
        "callback_id": ("callback_id",),
        "message_text": ("message", "text"),
        "view": ("view", "id"),
        "view_callback_id": ("view", "callback_id"),
    }
    data = picked(payload, fields)
    data.setdefault("message_ts", text(at(payload, "container", "message_ts")))
    if data["message_ts"] is None:
        del data["message_ts"]
    if actions:
        data["actions"] = actions
    if values:
        data["values"] = values
    channel, ts, view = data.get("channel"), data.get("message_ts"), data.get("view")
    user = text(at(payload, "user", "id"))
    times = (at(payload, "action_ts"), at(payload, "actions", 0, "action_ts"))
    return Item(
        type=our_type("slack", kind),
        provider_type=kind,
        summary=f"{word(kind) or 'Interaction'} by {(user and word(user)) or 'a person'}",
        data=data,
        subject=_subject(actions, channel, ts, view),
        key=_key(payload.get("trigger_id")),
        time=next((when for each in times if (when := _moment(each)) is not None), None),
        account=text(at(payload, "team", "id")) or text(at(payload, "enterprise", "id")),
        untrusted=(
            "message_text",
            *(f"actions[].{name}" for name in ("value", "text", "chosen[]")),
            *("values[].value", "values[].chosen[]"),
        ),
        actor=_actor(user, own),
    )


def command(form: Mapping[str, str], own: frozenset[str]) -> Item:
    """A command; raises `Unmapped` (https://docs.slack.dev/interactivity/implementing-slash-commands)."""
    called = needed(form.get("command"), "command")
    user, channel = text(form.get("user_id")), text(form.get("channel_id"))
    fields = ("command", "text", "channel_id", "channel_name", "user_id", "user_name", "api_app_id")
    return Item(
        type=COMMAND,
        provider_type=called,
        summary=f"Command {word(called) or ''} by {(user and word(user)) or 'a person'}",
        data=picked(form, {name: (name,) for name in fields}),
        subject=f"channel/{channel}" if channel else None,
        key=_key(form.get("trigger_id")),
        account=text(form.get("team_id")) or text(form.get("enterprise_id")) or None,
        untrusted=("text", "channel_name", "user_name"),
        actor=_actor(user, own),
    )


def asked_subject(question: str) -> str:
    """What a click on a button below a question of ours is about."""
    return f"ask/{question}"


def _subject(
    actions: list[dict[str, Any]], channel: str | None, ts: str | None, view: str | None
) -> str | None:
    """A question of ours, else the message or the window."""
    block = actions[0].get("block_id") if actions else None
    if isinstance(block, str) and block.startswith(ASKED):
        return asked_subject(block.removeprefix(ASKED))
    return f"{channel}/{ts}" if channel and ts else f"view/{view}" if view else None


def _actor(user: str | None, own: frozenset[str]) -> Actor:
    if user is None:
        return Actor()
    return Actor("self" if user in own else "human", user)


def _key(trigger: Any) -> str | None:
    """Each interaction has a trigger of its own; it opens windows, so only its hash is kept."""
    found = text(trigger)
    return f"trigger:{fingerprint(found)}" if found else None


def _moment(ts: Any) -> float | None:
    """The second of a `ts`, which is digits, a dot and digits."""
    found = text(ts)
    return seconds(found.partition(".")[0]) if found else None


def _action(row: Row) -> dict[str, Any]:
    fields = {name: (name,) for name in ("action_id", "block_id", "type", "name", "value")}
    shown = picked(row, {**fields, "text": ("text", "text")})
    chosen = _chosen(row)
    return {**shown, "chosen": chosen} if chosen else shown


def _values(state: Any) -> list[dict[str, Any]]:
    """What was filled in: block → action → element, as a list."""
    found: list[dict[str, Any]] = []
    for block, elements in state.items() if isinstance(state, dict) else ():
        for action, element in elements.items() if isinstance(elements, dict) else ():
            if len(found) == _MOST:
                return found
            chosen = _chosen(element if isinstance(element, dict) else {})
            value = picked(element, {"type": ("type",), "value": ("value",)})
            more = {"chosen": chosen} if chosen else {}
            found.append({"block_id": text(block), "action_id": text(action), **value, **more})
    return found


def _chosen(row: Row) -> list[str]:
    """The choices of an element: values of options, ids of people and channels, dates."""
    found: list[str] = []
    for name in _CHOSEN_FIELDS:
        given = row.get(name)
        for each in given[:_MOST] if isinstance(given, list) else [given]:
            single = text(at(each, "value") if isinstance(each, dict) else each)
            if single:
                found.append(single)
    return found


def _rows(value: Any) -> list[Row]:
    return [each for each in value[:_MOST] if isinstance(each, dict)] if isinstance(value, list) else []
