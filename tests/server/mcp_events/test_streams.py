"""events/stream over the framing of stdio in both generations; over HTTP it is in the stories."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from support.extension import ERAS, SUBSCRIPTION_ID, Extended, heard_on, over_http, posted, speaking
from support.occurred import event, stored
from wirepost.core.errors import Unavailable
from wirepost.events.log import EventLog
from wirepost.events.reading import LogReader
from wirepost.server.mcp_events.streams import HEARTBEAT_S, LIFE_S, LOOK_EVERY_S, PAGE
from wirepost.store.signals import Signals

both = pytest.mark.parametrize("era", ERAS)
STREAM = ("events/stream",)
REFUNDED = {"name": "payment.refunded", "arguments": {}}


@pytest.fixture
def extended(log, clock) -> Extended:
    return Extended(log, clock)


async def pass_time(clock, seconds: float) -> None:
    """As long as a stream looks from time to time."""
    for _ in range(round(seconds / LOOK_EVERY_S)):
        await clock.wait_for_sleepers()
        clock.advance(LOOK_EVERY_S)


@both
async def test_a_stream_says_that_it_is_there_and_then_tells_what_happens_in_order(
    extended, log, tmp_path, era
):
    async with speaking(extended.server, tmp_path, era) as speaker:
        number = await speaker.begin(*STREAM, **REFUNDED, cursor=None)
        kind, active = await speaker.hear()
        assert (kind, active["truncated"]) == ("active", False)
        new = await stored(log, event(), event(type="invoice.paid"), event(data={"note": None}))
        heard = [await speaker.hear() for _ in range(2)]
    assert [(kind, said["eventId"]) for kind, said in heard] == [("event", new[0].id), ("event", new[2].id)]
    assert heard[1][1]["data"]["data"] == {"note": None}
    assert extended.handed_over == [("local", new[0].id), ("local", new[2].id)]
    assert [said["_meta"] for _, said in [(kind, active), *heard]] == [{SUBSCRIPTION_ID: number}] * 3


async def test_an_event_is_told_before_the_next_look_at_the_log_is_due(extended, log, clock, tmp_path):
    """No time passes here: whoever stores an event wakes the streams."""
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        await speaker.begin(*STREAM, **REFUNDED)
        await speaker.hear()
        await clock.wait_for_sleepers()
        new = await stored(log, event())
        assert (await speaker.hear())[1]["eventId"] == new[0].id
    assert clock.monotonic() == 1000.0


async def test_what_another_server_stored_is_found_at_the_next_look(extended, other, clock, tmp_path):
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        await speaker.begin(*STREAM, **REFUNDED)
        await speaker.hear()
        await clock.wait_for_sleepers()
        new = await stored(EventLog(other, Signals(), clock), event())
        clock.advance(LOOK_EVERY_S)
        assert (await speaker.hear())[1]["eventId"] == new[0].id


@both
async def test_a_quiet_stream_gives_a_sign_of_life_from_which_it_can_be_resumed(
    extended, log, clock, tmp_path, era
):
    """12.4.09a: by the clock."""
    async with speaking(extended.server, tmp_path, era) as speaker:
        await speaker.begin(*STREAM, **REFUNDED)
        await speaker.hear()
        await stored(log, event(type="invoice.paid"))
        await pass_time(clock, HEARTBEAT_S)
        kind, beat = await speaker.hear()
        assert (kind, clock.monotonic() <= 1030.0) == ("heartbeat", True)
        missed = await stored(log, event(), event())
        assert [(await speaker.hear())[1]["eventId"] for _ in range(2)] == [each.id for each in missed]
        again = await speaker.begin(*STREAM, **REFUNDED, cursor=beat["cursor"])
        heard = [await speaker.hear() for _ in range(3)]
    assert [said["_meta"][SUBSCRIPTION_ID] for _, said in heard] == [again] * 3
    assert [said.get("eventId") for _, said in heard] == [None, *(each.id for each in missed)]


async def test_a_busy_log_of_which_nothing_matches_does_not_silence_the_stream(
    extended, log, clock, tmp_path
):
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        await speaker.begin(*STREAM, **REFUNDED)
        await speaker.hear()
        for _ in range(int(HEARTBEAT_S)):
            await clock.wait_for_sleepers()
            clock.advance(1)
            await stored(log, event(type="invoice.paid"))
        assert (await speaker.hear())[0] == "heartbeat"


async def test_from_the_cursor_of_any_event_the_rest_comes_again_and_nothing_else(extended, log, tmp_path):
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        await speaker.begin(*STREAM, **REFUNDED)
        await speaker.hear()
        known = await stored(log, *(event() for _ in range(4)))
        cursors = [(await speaker.hear())[1]["cursor"] for _ in known]
        for at, cursor in enumerate(cursors):
            await speaker.begin(*STREAM, **REFUNDED, cursor=cursor)
            assert (await speaker.hear())[0] == "active"
            rest = [(await speaker.hear())[1]["eventId"] for _ in known[at + 1 :]]
            assert rest == [each.id for each in known[at + 1 :]]


async def test_a_backlog_of_many_pages_comes_whole(extended, log, tmp_path):
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        cursor = (await speaker.ask("events/poll", **REFUNDED))["cursor"]
        known = await stored(log, *(event() for _ in range(2 * PAGE + 5)))
        await speaker.begin(*STREAM, **REFUNDED, cursor=cursor)
        await speaker.hear()
        assert [(await speaker.hear())[1]["eventId"] for _ in known] == [each.id for each in known]


async def test_a_cursor_older_than_what_is_kept_begins_at_the_oldest_and_that_is_said(
    extended, log, tmp_path
):
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        cursor = (await speaker.ask("events/poll", **REFUNDED))["cursor"]
        known = await stored(log, *(event() for _ in range(3)))
        await log.database.write(lambda tx: tx.execute("UPDATE events SET content = NULL WHERE seq <= 2"))
        await speaker.begin(*STREAM, **REFUNDED, cursor=cursor)
        kind, active = await speaker.hear()
        assert (kind, active["truncated"]) == ("active", True)
        assert (await speaker.hear())[1]["eventId"] == known[2].id
        again = await speaker.ask("events/poll", **REFUNDED, cursor=active["cursor"])
    assert [each["eventId"] for each in again["events"]] == [known[2].id]


async def test_no_stream_is_opened_for_what_is_wrong(extended, tmp_path):
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        assert (await speaker.refusal(*STREAM, name="nothing"))["code"] == -32023
        assert (await speaker.refusal(*STREAM, **REFUNDED, cursor="x"))["code"] == -32602
    assert speaker.told == []


@both
async def test_a_cancelled_stream_is_over_and_others_go_on(extended, log, tmp_path, era):
    async with speaking(extended.server, tmp_path, era) as speaker:
        first = await speaker.begin(*STREAM, **REFUNDED)
        await speaker.hear()
        second = await speaker.begin(*STREAM, **REFUNDED)
        await speaker.hear()
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": first}}
        await speaker.raw.send(cancel)
        await speaker.ask("events/list")
        await stored(log, event(), event())
        heard = [await speaker.hear() for _ in range(2)]
    assert [said["_meta"][SUBSCRIPTION_ID] for _, said in heard] == [second, second]


@pytest.mark.parametrize("ended", ["the source is hidden", "the caller is withdrawn"])
async def test_whoever_may_not_read_any_more_is_told_so_and_gets_nothing_of_it(
    extended, log, tmp_path, ended
):
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        number = await speaker.begin(*STREAM, **REFUNDED)
        await speaker.hear()
        if ended == "the source is hidden":
            extended.hidden.add("stripe-live")
        else:
            extended.withdrawn.add("local")
        await stored(log, event())
        kind, said = await speaker.hear()
        assert (kind, said["error"]["code"]) == ("terminated", -32024)
        assert extended.handed_over == []
        assert (await speaker.answer(number))["result"]["_meta"].keys() <= {
            "io.modelcontextprotocol/serverInfo"
        }
    assert speaker.told == []


class Interrupted(LogReader):
    """While it reads a page, its `then` happens."""

    then = None

    async def page(self, *arguments, **options):
        if self.then is not None:
            await self.then()
        return await super().page(*arguments, **options)


async def test_what_is_stored_after_access_has_ended_is_not_told_even_by_a_read_that_had_begun(
    log, clock, tmp_path
):
    reader = Interrupted(log)
    extended = Extended(log, clock, reader=reader)

    async def withdraw_and_store() -> None:
        extended.withdrawn.add("local")
        reader.then = None
        await stored(log, event())

    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        await speaker.begin(*STREAM, **REFUNDED)
        await speaker.hear()
        await clock.wait_for_sleepers()
        reader.then = withdraw_and_store
        await stored(log, event(type="invoice.paid"))
        assert (await speaker.hear())[0] == "terminated"
    assert extended.handed_over == []


async def test_streams_end_with_a_result_when_the_server_ends(extended, tmp_path):
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        numbers = [await speaker.begin(*STREAM, **REFUNDED) for _ in range(3)]
        for _ in numbers:
            await speaker.hear()
        extended.streams.close()
        assert {(await speaker.raw.receive())["id"] for _ in numbers} == set(numbers)


async def test_more_streams_than_are_allowed_are_refused_until_one_ends(log, clock, tmp_path):
    extended = Extended(log, clock, most=1)
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        first = await speaker.begin(*STREAM, **REFUNDED)
        await speaker.hear()
        refused = await speaker.refusal(*STREAM, **REFUNDED)
        assert (refused["code"], refused["data"]) == (-32025, {"limit": "streams", "max": 1})
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": first}}
        await speaker.raw.send(cancel)
        await speaker.ask("events/list")
        await speaker.begin(*STREAM, **REFUNDED)
        assert (await speaker.hear())[0] == "active"


class Unsteady(LogReader):
    """Stands for a database that does not answer now and then."""

    is_away = False

    async def page(self, *arguments, **options):
        if self.is_away:
            raise Unavailable("server_unavailable", "The database is locked")
        return await super().page(*arguments, **options)


async def test_a_store_that_cannot_be_read_is_said_and_the_stream_goes_on(log, clock, tmp_path):
    reader = Unsteady(log)
    extended = Extended(log, clock, reader=reader)
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        await speaker.begin(*STREAM, **REFUNDED)
        await speaker.hear()
        await clock.wait_for_sleepers()
        reader.is_away = True
        (new,) = await stored(log, event())
        kind, said = await speaker.hear()
        assert (kind, said["error"]["code"]) == ("error", -32603)
        reader.is_away = False
        await clock.wait_for_sleepers()
        clock.advance(LOOK_EVERY_S)
        assert (await speaker.hear())[1]["eventId"] == new.id


async def test_a_client_that_does_not_read_holds_nobody_up(extended, log, tmp_path):
    """Far more is told to it than the connection takes, while another client hears all of it."""
    many = [event(data={"text": "x" * 7000}) for _ in range(400)]
    async with speaking(extended.server, tmp_path, ERAS[0]) as listener:
        deaf_path = tmp_path / "deaf"
        deaf_path.mkdir()
        async with speaking(extended.server, deaf_path, ERAS[0]) as deaf:
            await deaf.begin(*STREAM, **REFUNDED)
            await deaf.hear()
            await listener.begin(*STREAM, **REFUNDED)
            await listener.hear()
            known = await stored(log, *many)
            async with asyncio.timeout(20):
                heard = [(await listener.hear())[1]["eventId"] for _ in known]
    assert heard == [each.id for each in known]


@both
async def test_over_http_a_stream_carries_the_same_and_ends_after_an_hour(extended, log, clock, era):
    asked = posted(era, "events/stream", **REFUNDED)
    async with (
        over_http(extended.server) as url,
        httpx2.AsyncClient() as web,
        web.stream("POST", url, **asked) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        messages = heard_on(response)
        assert (await anext(messages))["method"] == "notifications/events/active"
        new = await stored(log, event())
        told = await anext(messages)
        assert (told["params"]["eventId"], told["params"]["_meta"]) == (new[0].id, {SUBSCRIPTION_ID: 7})
        await pass_time(clock, LIFE_S)
        rest = [each async for each in messages]
    assert {each["method"] for each in rest[:-1]} == {"notifications/events/heartbeat"}
    assert (rest[-1]["id"], "result" in rest[-1]) == (7, True)


async def test_over_http_a_client_that_hangs_up_leaves_its_place_to_another(log, clock):
    extended = Extended(log, clock, most=1)
    async with over_http(extended.server) as url, httpx2.AsyncClient() as web:
        for _ in range(3):
            async with web.stream("POST", url, **posted(ERAS[0], "events/stream", **REFUNDED)) as response:
                message = await anext(heard_on(response))
            assert message["method"] == "notifications/events/active"


async def test_whoever_closes_its_side_is_not_waited_for_because_of_a_stream(extended, tmp_path):
    async with speaking(extended.server, tmp_path, ERAS[0]) as speaker:
        await speaker.begin(*STREAM, **REFUNDED)
        await speaker.hear()
        speaker.raw.end_input()
        assert [each for each in await speaker.raw.rest() if "method" in each] == []
