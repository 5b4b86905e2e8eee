"""Slack's events in our words: published requests, and what is particular about messages."""

from __future__ import annotations

from typing import Any

import pytest

from wirepost.providers.slack.items import Around, around_of, item_of
from wirepost.webhooks.webhook import Actor, Item, Unmapped

CHANGED = {
    "type": "message",
    "subtype": "message_changed",
    "channel": "C111",
    "message": {"type": "message", "text": "now", "user": "U111", "ts": "1665102338.901939"},
    "previous_message": {"type": "message", "text": "before", "user": "U111", "ts": "1665102338.901939"},
}


def envelope(event: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The body that Slack sends an event in, to an app whose user is UBOT."""
    return {
        "team_id": "T111",
        "api_app_id": "A111",
        "event": event,
        "type": "event_callback",
        "event_id": "Ev1",
        "event_time": 1595926230,
        "authorizations": [{"team_id": "T111", "user_id": "UBOT", "is_bot": True}],
        **more,
    }


def read(event: dict[str, Any], *own: str, **more: Any) -> Item:
    body = envelope(event, **more)
    return item_of(body["event"], around_of(body, own, 1))


def message(**more: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "channel": "C111",
        "user": "W1",
        "text": "Hi",
        "ts": "1595926230.009600",
        **more,
    }


def test_a_mention_is_one_event_though_slack_sends_two() -> None:
    text = "<@UBOT> Hi there!"
    twins = [
        read(message(text=text, type="app_mention"), event_id="Ev1"),
        read(message(text=text, channel_type="channel"), event_id="Ev2"),
    ]
    assert [each.type for each in twins] == ["message.mentioned", "message.mentioned"]
    assert twins[0].key == twins[1].key
    assert [each.provider_type for each in twins] == ["app_mention", "message"]


def test_a_mention_is_not_lost_where_its_twin_cannot_be_told_to_be_one() -> None:
    by_a_user = [{"team_id": "T111", "user_id": "W7", "is_bot": False}]
    mention = read(message(text="<@UBOT> Hi", type="app_mention"), authorizations=by_a_user)
    twin = read(message(text="<@UBOT> Hi"), authorizations=by_a_user)
    assert (mention.type, twin.type) == ("message.mentioned", "message.posted")
    assert mention.key != twin.key
    known = read(message(text="<@UBOT> Hi"), "UBOT", authorizations=by_a_user)
    assert known.type == "message.mentioned"


def test_a_change_that_makes_a_message_a_mention_is_an_event_of_its_own() -> None:
    first = read(message(text="<@UBOT> Hi", type="app_mention"))
    later = read(
        message(text="<@UBOT> Hi!", type="app_mention", edited={"user": "W1", "ts": "1595926290.000000"})
    )
    assert first.key != later.key


@pytest.mark.parametrize(
    ("row", "actor"),
    [
        ({}, Actor("human", "W1")),
        ({"user": "UBOT"}, Actor("self", "UBOT")),
        ({"bot_id": "B1", "app_id": "A111", "user": "UBOT"}, Actor("self", "B1")),
        ({"bot_id": "B2", "bot_profile": {"id": "B2", "app_id": "A222"}}, Actor("automation", "B2")),
        ({"subtype": "bot_message", "bot_id": "B3", "user": None}, Actor("automation", "B3")),
        ({"user": "USLACKBOT"}, Actor("automation", "USLACKBOT")),
        ({"bot_id": "BOWN", "app_id": "A222"}, Actor("self", "BOWN")),
        ({"user": None}, Actor("unknown", None)),
    ],
)
def test_who_wrote_a_message_is_told_from_its_ids(row: dict[str, Any], actor: Actor) -> None:
    assert read(message(**row), "BOWN").actor == actor


def test_a_message_of_ours_bears_the_id_of_its_action() -> None:
    metadata = {"event_type": "mcp_intent", "event_payload": {"intent_id": "refund-4711"}}
    assert read(message(metadata=metadata)).marks == ("1595926230.009600", "refund-4711")
    other = {"event_type": "task_created", "event_payload": {"intent_id": "refund-4711"}}
    assert read(message(metadata=other)).marks == ("1595926230.009600",)


def test_unfolding_a_link_is_no_change_of_what_was_said() -> None:
    assert read(CHANGED).type == "slack.message.message_changed"
    edited = {**CHANGED["message"], "edited": {"user": "U111", "ts": "1665102362.000000"}}  # type: ignore[dict-item]
    found = read({**CHANGED, "message": edited})
    assert found.type == "message.edited"
    assert found.data["previous_text"] == "before"
    # The same mark of a change on both sides: something else was changed after it.
    assert (
        read({**CHANGED, "message": edited, "previous_message": edited}).type
        == "slack.message.message_changed"
    )


def test_a_deletion_that_leaves_answers_behind_is_a_deletion() -> None:
    tombstone = {
        "subtype": "tombstone",
        "text": "This message was deleted.",
        "user": "USLACKBOT",
        "ts": "1.000001",
    }
    found = read({**CHANGED, "message": tombstone})
    assert (found.type, found.subject) == ("message.deleted", "C111/1.000001")
    assert found.actor == Actor()


def test_what_was_deleted_is_not_repeated() -> None:
    event = {
        "type": "message",
        "subtype": "message_deleted",
        "channel": "C111",
        "deleted_ts": "1665102338.901939",
        "previous_message": {"text": "a secret", "user": "U111", "ts": "1665102338.901939"},
    }
    found = read(event)
    assert found.type == "message.deleted"
    assert found.data == {"channel": "C111", "ts": "1665102338.901939", "user": "U111"}


def test_people_of_other_organizations_are_told_apart() -> None:
    assert read(message(user_team="T999")).data["is_external"] is True
    assert read(message(team="T111")).data["is_external"] is False
    assert read(message(team="E111"), enterprise_id="E111").data["is_external"] is False
    assert read(message(), is_ext_shared_channel=True).data["is_shared_channel"] is True


def test_an_app_that_writes_in_attachments_alone_is_read() -> None:
    found = read(message(text="", attachments=[{"fallback": "Deploy done"}, {"text": "All green"}, 7]))
    assert found.data["text"] == "Deploy done\nAll green"


@pytest.mark.parametrize(
    ("event", "ours", "subject"),
    [
        (
            {"type": "reaction_added", "user": "W1", "reaction": "eyes",
             "item": {"type": "message", "channel": "C1", "ts": "1.000001"}},
            "slack.reaction_added",
            "C1/1.000001",
        ),
        ({"type": "file_shared", "file_id": "F1", "channel_id": "C1"}, "slack.file_shared", "file/F1"),
        ({"type": "member_left_channel", "channel": "C1"}, "slack.member_left_channel", "channel/C1"),
        ({"type": "channel_rename", "channel": {"id": "C1"}}, "slack.channel_rename", "channel/C1"),
        ({"type": "team_join", "user": {"id": "W1", "name": "new"}}, "slack.team_join", "user/W1"),
        (
            {"type": "message", "subtype": "channel_join", "user": "W1", "channel": "C1", "ts": "1.000001"},
            "slack.message.channel_join",
            "channel/C1",
        ),
        ({"type": "tokens_revoked", "tokens": {"bot": ["UBOT"]}}, "slack.tokens_revoked", None),
    ],
)  # fmt: skip
def test_everything_else_keeps_slacks_name(event: dict[str, Any], ours: str, subject: str | None) -> None:
    found = read(event)
    assert (found.type, found.subject, found.key) == (ours, subject, "Ev1")


def test_what_outsiders_wrote_is_named() -> None:
    found = read({"type": "channel_rename", "channel": {"id": "C1", "name": "n"}, "name": "ignore all"})
    assert "name" in found.untrusted


def test_an_event_without_an_id_is_known_by_what_it_says() -> None:
    around = Around(account="T111")
    events = [{"type": "pin_added", "user": "W1"}, {"user": "W1", "type": "pin_added"}, {"type": "pin_added"}]
    keys = [item_of(each, around).key for each in events]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    "event", [{}, {"type": 7.5}, {"type": "message"}, {"type": "message", "channel": "C1"}]
)
def test_an_event_that_lacks_what_names_it_is_unmapped(event: dict[str, Any]) -> None:
    event = event if event != {"type": 7.5} else {"type": []}
    with pytest.raises(Unmapped):
        read(event)
