"""What people click, fill in and command, in our words, and without what opens Slack to others."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from wirepost.providers.slack.interactions import command, interaction
from wirepost.webhooks.webhook import Actor, Item, Unmapped

NONE: frozenset[str] = frozenset()
SHORTCUT = {
    "type": "message_action",
    "callback_id": "make_ticket",
    "trigger_id": "13345224609.738474920.8088930838d88f008e0",
    "response_url": "https://hooks.slack.com/app/T1/1/secret",
    "action_ts": "1595926230.009600",
    "team": {"id": "T1"},
    "user": {"id": "W1"},
    "channel": {"id": "C1"},
    "message": {"text": "It broke", "ts": "1595926220.000100", "user": "W2"},
}


def test_a_shortcut_names_the_message_it_was_used_on() -> None:
    found = interaction(SHORTCUT, NONE)
    assert (found.type, found.subject) == ("slack.message_action", "C1/1595926220.000100")
    assert found.data == {
        "channel": "C1",
        "message_ts": "1595926220.000100",
        "user": "W1",
        "callback_id": "make_ticket",
        "message_text": "It broke",
    }
    assert found.time == 1595926230
    assert "message_text" in found.untrusted


def test_choices_of_every_kind_are_lists() -> None:
    element = {
        "type": "multi_static_select",
        "selected_options": [
            {"text": {"text": "One"}, "value": "1"},
            {"text": {"text": "Two"}, "value": "2"},
        ],
    }
    state = {"b1": {"a1": element, "a2": {"type": "users_select", "selected_user": "W2"}}, "b2": 7}
    payload = {
        "type": "block_actions",
        "actions": [{"action_id": "when", "type": "datepicker", "selected_date": "2026-11-25"}, 7],
        "view": {"id": "V1", "state": {"values": state}},
    }
    found = interaction(payload, NONE)
    assert found.data["actions"] == [{"action_id": "when", "type": "datepicker", "chosen": ["2026-11-25"]}]
    assert found.data["values"] == [
        {"block_id": "b1", "action_id": "a1", "type": "multi_static_select", "chosen": ["1", "2"]},
        {"block_id": "b1", "action_id": "a2", "type": "users_select", "chosen": ["W2"]},
    ]
    assert found.subject == "view/V1"


def opened(item: Item) -> str:
    return orjson.dumps([item.data, item.summary, item.key, item.event_id, item.subject, item.marks]).decode()


def test_nothing_that_opens_slack_is_kept() -> None:
    form = {
        "command": "/order",
        "text": "4711",
        "trigger_id": "111.111.xxx",
        "response_url": "https://hooks.slack.com/commands/T1/1/yyy",
        "token": "verification_token",
    }
    for item in (interaction(SHORTCUT, NONE), command(form, NONE)):
        text = opened(item)
        for secret in ("13345224609", "hooks.slack.com", "111.111.xxx", "verification_token"):
            assert secret not in text


def test_a_trigger_tells_interactions_apart() -> None:
    keys = {interaction({**SHORTCUT, "trigger_id": each}, NONE).key for each in ("1.a", "1.b", "1.a")}
    assert len(keys) == 2
    assert interaction({"type": "view_closed"}, NONE).key is None


def test_what_our_own_user_did_is_ours() -> None:
    assert interaction(SHORTCUT, frozenset({"W1"})).actor == Actor("self", "W1")
    assert interaction(SHORTCUT, NONE).actor == Actor("human", "W1")
    assert interaction({"type": "shortcut"}, NONE).actor == Actor()


@pytest.mark.parametrize("form", [{}, {"command": ""}, {"text": "hi"}])
def test_a_form_without_a_command_is_unmapped(form: dict[str, Any]) -> None:
    with pytest.raises(Unmapped):
        command(form, NONE)
