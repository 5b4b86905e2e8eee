"""Slack: people are told in words of ours, and outsiders' words mention nobody and lead nowhere."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from support.clock import ManualClock
from support.occurred import event
from support.sinks import EVIL, outgoing
from support.worlds import world_at
from wirepost.calls.own_writes import OwnWrites
from wirepost.connections.connections import Connection
from wirepost.notifications.sinks.sink import Refused, TryAgain
from wirepost.notifications.sinks.slack import ACKNOWLEDGE, MAX_TEXT, SlackSink, escaped
from wirepost.providers import load_provider
from wirepost.sandbox.faults import Fault
from wirepost.settings import ConnectionSettings
from wirepost.settings import events as options
from wirepost.store.database import Database

CHANNEL = "C0SUPPORT"


@pytest.fixture
def connection(clock: ManualClock) -> Connection:
    settings = ConnectionSettings.model_validate({"provider": "slack", "environment": "sandbox"})
    return Connection("slack", load_provider("slack"), settings, clock, lambda: world_at(clock.now()))


@pytest.fixture
def own(database: Database, clock: ManualClock) -> OwnWrites:
    return OwnWrites(database, clock)


@pytest.fixture
def sink(connection: Connection, own: OwnWrites, clock: ManualClock) -> SlackSink:
    settings = options.SlackSink(connection="slack", channel=CHANNEL)
    return SlackSink(
        "room", settings, connection, clock, own=own, button=lambda one: f"signed {one.event.id}"
    )


def newest(connection: Connection) -> dict[str, Any]:
    """The last message in the channel."""
    message: dict[str, Any] = connection.sandbox.workspace.messages[CHANNEL][-1]  # type: ignore[union-attr]
    return message


def texts_in(value: Any) -> list[dict[str, Any]]:
    """Every text object of some blocks."""
    if isinstance(value, list):
        return [text for each in value for text in texts_in(each)]
    if isinstance(value, dict):
        is_text = value.get("type") in {"plain_text", "mrkdwn"}
        return [value] if is_text else [text for each in value.values() for text in texts_in(each)]
    return []


async def test_a_message_is_posted_and_marked_as_ours(
    sink: SlackSink, connection: Connection, own: OwnWrites
) -> None:
    sent = await sink.send(outgoing(event(id="evt_1", hops=1), waiting=2))
    message = newest(connection)
    assert message["text"].endswith("; 2 more pending")
    assert message["metadata"]["event_payload"] == {"event_id": "evt_1"}
    assert sent.details == {"channel": CHANNEL, "ts": message["ts"]}
    noted = await own.find("slack", [message["ts"]])
    assert noted is not None, "the event about our own message must be known as such"
    assert noted.hops == 2
    await connection.close()


async def test_outsiders_words_are_no_markup(sink: SlackSink) -> None:
    evil = f"<!channel> <@U123> <https://evil.example|click> *bold* {EVIL}"
    blocks = sink.blocks(outgoing(event(summary=evil, subject="<!here>")))
    assert {text["type"] for text in texts_in(blocks)} == {"plain_text"}
    told = escaped(evil)
    assert "<" not in told.replace("&lt;", "")
    assert "\u202e" not in told
    assert "\x1b" not in told


async def test_blocks_keep_to_what_slack_takes(sink: SlackSink) -> None:
    """https://docs.slack.dev/reference/block-kit: lengths of texts, values and ids."""
    blocks = sink.blocks(outgoing(event(summary="x" * 5000, subject="y" * 5000)))
    section, context, actions = blocks
    assert (section["type"], context["type"], actions["type"]) == ("section", "context", "actions")
    assert max(len(text["text"]) for text in texts_in(blocks)) <= MAX_TEXT < 3000
    (button,) = actions["elements"]
    assert button["action_id"] == ACKNOWLEDGE
    assert button["value"].startswith("signed evt_")
    assert len(button["value"]) <= 2000
    assert orjson.dumps(blocks)


@pytest.mark.parametrize(
    ("data", "untrusted", "has_link"),
    [
        ({"url": "https://github.com/o/r/issues/1"}, [], True),
        ({"url": "https://evil.example/"}, ["url"], False),
        ({"url": "javascript:alert(1)"}, [], False),
        ({}, [], False),
    ],
)
async def test_open_leads_only_where_the_sender_itself_says(
    sink: SlackSink, data: dict[str, str], untrusted: list[str], has_link
) -> None:
    elements = sink.blocks(outgoing(event(data=data, untrusted=untrusted)))[-1]["elements"]
    assert any(element.get("url") == data.get("url") for element in elements if "url" in element) == has_link


async def test_without_a_way_to_believe_a_press_there_is_no_button(
    connection: Connection, own: OwnWrites, clock: ManualClock
) -> None:
    settings = options.SlackSink(connection="slack", channel=CHANNEL)
    plain = SlackSink("room", settings, connection, clock, own=own)
    assert [block["type"] for block in plain.blocks(outgoing())] == ["section", "context"]


async def test_a_channel_that_is_not_there_is_a_lasting_no(
    connection: Connection, own: OwnWrites, clock: ManualClock
) -> None:
    settings = options.SlackSink(connection="slack", channel="C0NOWHERE")
    with pytest.raises(Refused, match="not_found"):
        await SlackSink("room", settings, connection, clock, own=own).send(outgoing())
    await connection.close()


@pytest.mark.parametrize("fault", [Fault("status", status=503, times=None), Fault("refused", times=None)])
async def test_what_may_pass_is_tried_again(sink: SlackSink, connection: Connection, fault: Fault) -> None:
    assert connection.sandbox is not None
    connection.sandbox.inject(fault)
    with pytest.raises(TryAgain):
        await sink.send(outgoing())
    await connection.close()
