"""events/list and events/poll in both protocol generations."""

from __future__ import annotations

import jsonschema
import pytest

from support.extension import ERAS, Extended, speaking
from support.occurred import event, stored
from support.stand_in import client
from wirepost.events.own import OWN_TYPES

both = pytest.mark.parametrize("era", ERAS)
REFUNDED = {"name": "payment.refunded", "arguments": {}}


@pytest.fixture
def extended(log, clock) -> Extended:
    return Extended(log, clock)


@both
async def test_the_extension_is_advertised_as_it_is_and_as_its_draft_was(extended, tmp_path, era):
    async with speaking(extended.server, tmp_path, era) as speaker:
        capabilities = speaker.said["capabilities"]
    assert capabilities["extensions"] == {"io.modelcontextprotocol/events": {}}
    assert capabilities["events"] == {"listChanged": False}
    assert "tools" in capabilities


async def test_the_client_of_the_sdk_knows_of_the_extension(extended):
    async with client(extended.server, "auto") as c:
        assert "io.modelcontextprotocol/events" in c.server_capabilities.extensions


@both
async def test_every_type_is_listed_with_what_the_specification_asks_for(extended, tmp_path, era):
    async with speaking(extended.server, tmp_path, era) as speaker:
        events = (await speaker.ask("events/list"))["events"]
    assert [each["name"] for each in events] == sorted(["invoice.paid", "payment.refunded", *OWN_TYPES])
    for each in events:
        assert each.keys() == {"name", "description", "delivery", "inputSchema", "payloadSchema"}
        assert each["delivery"] == ["poll", "push"]
        for schema in ("inputSchema", "payloadSchema"):
            jsonschema.Draft202012Validator.check_schema(each[schema])


async def test_the_list_has_one_page(extended, tmp_path):
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        assert (await speaker.refusal("events/list", cursor="2"))["code"] == -32602


@both
async def test_polling_begins_now_and_goes_on_where_it_was(extended, log, tmp_path, era):
    await stored(log, event())
    async with speaking(extended.server, tmp_path, era) as speaker:
        first = await speaker.ask("events/poll", **REFUNDED, cursor=None)
        assert (first["events"], first["truncated"], first["hasMore"]) == ([], False, False)
        assert first["nextPollMs"] >= 1000
        new = await stored(log, event(), event(type="invoice.paid"), event())
        second = await speaker.ask("events/poll", **REFUNDED, cursor=first["cursor"])
        third = await speaker.ask("events/poll", **REFUNDED, cursor=second["cursor"])
    assert [each["eventId"] for each in second["events"]] == [new[0].id, new[2].id]
    assert {each["name"] for each in second["events"]} == {"payment.refunded"}
    assert third["events"] == []
    assert extended.handed_over == [("local", new[0].id), ("local", new[2].id)]


async def test_a_poll_returns_at_most_what_was_asked_for_and_says_that_there_is_more(extended, log, tmp_path):
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        cursor = (await speaker.ask("events/poll", **REFUNDED))["cursor"]
        known = [each.id for each in await stored(log, *(event() for _ in range(3)))]
        seen = []
        for expected in (True, True, False):
            page = await speaker.ask("events/poll", **REFUNDED, cursor=cursor, maxEvents=1)
            assert page["hasMore"] is expected
            seen += [each["eventId"] for each in page["events"]]
            cursor = page["cursor"]
    assert seen == known


async def test_what_happened_earlier_than_wanted_is_left_out_and_that_is_said(extended, log, clock, tmp_path):
    now = clock.now().timestamp()
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        cursor = (await speaker.ask("events/poll", **REFUNDED))["cursor"]
        await stored(log, event(received_at=now - 600), event(received_at=now - 10))
        page = await speaker.ask("events/poll", **REFUNDED, cursor=cursor, maxAgeMs=60_000)
    assert (page["truncated"], len(page["events"])) == (True, 1)


async def test_a_cursor_older_than_what_is_kept_is_no_error(extended, log, tmp_path):
    """12.4.07a: of the Events extension."""
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        cursor = (await speaker.ask("events/poll", **REFUNDED))["cursor"]
        kept = (await stored(log, event(), event(), event()))[2]
        await log.database.write(lambda tx: tx.execute("UPDATE events SET content = NULL WHERE seq <= 2"))
        page = await speaker.ask("events/poll", **REFUNDED, cursor=cursor)
    assert (page["truncated"], [each["eventId"] for each in page["events"]]) == (True, [kept.id])


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({}, ["plain"]),
        ({"include_self": True}, ["plain", "own"]),
        ({"where": "data.amount == '7.00'"}, []),
        ({"object_id": "ch_9"}, []),
        ({"object_id": "ch_1", "source": "stripe-live"}, ["plain"]),
    ],
)
async def test_arguments_narrow_what_comes(extended, log, tmp_path, arguments, wanted):
    asked = {"name": "payment.refunded", "arguments": arguments}
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        cursor = (await speaker.ask("events/poll", **asked))["cursor"]
        await stored(
            log,
            event(summary="plain"),
            event(summary="own", actor={"kind": "self", "id": "led_1"}),
            event(summary="else", environment="test"),
        )
        page = await speaker.ask("events/poll", **asked, cursor=cursor)
    assert [each["data"]["summary"] for each in page["events"]] == wanted


@both
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"source": "other"}, "stripe-live"),
        ({"environment": "test"}, "production"),
        ({"where": "data.amount >="}, "where"),
        ({"colour": "red"}, "colour"),
        ({"include_self": "yes"}, "include_self"),
    ],
)
async def test_arguments_that_do_not_fit_are_refused_with_the_reason(
    extended, tmp_path, era, arguments, word
):
    async with speaking(extended.server, tmp_path, era) as speaker:
        refused = await speaker.refusal("events/poll", name="payment.refunded", arguments=arguments)
    assert refused["code"] == -32602
    assert word in refused["message"]


async def test_a_cursor_holds_for_what_it_was_given_for_and_as_it_was_given(extended, tmp_path):
    """12.4.07b: of the Events extension."""
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        cursor = (await speaker.ask("events/poll", **REFUNDED))["cursor"]
        changed = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
        others = [
            {**REFUNDED, "cursor": changed},
            {**REFUNDED, "cursor": "nonsense"},
            {"name": "invoice.paid", "arguments": {}, "cursor": cursor},
            {"name": "payment.refunded", "arguments": {"object_id": "ch_1"}, "cursor": cursor},
        ]
        codes = [(await speaker.refusal("events/poll", **each))["code"] for each in others]
    assert codes == [-32602] * 4


@pytest.mark.parametrize(("name", "number"), [("raw", -32023), ("ChatGPT", -32011), ("openai-mcp", -32011)])
async def test_an_unknown_type_is_refused_with_the_number_that_the_client_knows(
    extended, tmp_path, name, number
):
    for era in ERAS:
        directory = tmp_path / era
        directory.mkdir()
        async with speaking(extended.server, directory, era, name) as speaker:
            refused = await speaker.refusal("events/poll", name="nothing.happened")
        assert (refused["code"], refused["data"]) == (number, {"kind": "event"})


async def test_what_a_caller_may_not_read_does_not_exist_for_it(extended, tmp_path):
    extended.hidden.add("stripe-live")
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        listed = await speaker.ask("events/list")
        refused = await speaker.refusal("events/poll", **REFUNDED)
    assert "payment.refunded" not in [each["name"] for each in listed["events"]]
    assert refused["code"] == -32023
