"""`Calls`: nine steps in order, a way out of each, one record of every attempt, and what cancelling does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from support.clock import ManualClock
from support.disk import fill_disk, free_disk
from support.sample_vendor import Assembled, assembled, no_links
from support.samples import SAMPLES, Note, SampleClient
from wirepost.calls.attempt import Outcome
from wirepost.calls.audit import Audit, records, verify
from wirepost.calls.call_tool import Calls
from wirepost.calls.caller import LOCAL, Caller
from wirepost.calls.cursor import Cursors
from wirepost.calls.write import Writes
from wirepost.core.signing import Signer
from wirepost.sandbox.faults import Fault
from wirepost.settings import LimitSettings
from wirepost.tools.catalog import ToolList
from wirepost.tools.context import Call
from wirepost.tools.results import Page
from wirepost.tools.tool import Risk, Tool, tool

SOON_S = 0.05
"""A time limit that a test which waits for it can afford."""


@dataclass
class Desk:
    """An object of our own whose tools do what a test wants."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)
    notes: list[Note] = field(default_factory=list)
    has_places: bool = True
    """Whether a page can be continued behind each record, or only behind itself."""

    async def wait(self) -> None:
        """Say that the operation has begun, and wait."""
        self.arrived.set()
        await self.may_go_on.wait()


@tool(Risk.READ, example={})
async def desk_wait(call: Call[Desk]) -> Note:
    """Wait until the test says so."""
    await call.api.wait()
    return Note(id="n_1")


@tool(Risk.WRITE, example={})
async def desk_change(call: Call[Desk]) -> Note:
    """Wait until the test says so; nothing is sent anywhere."""
    await call.api.wait()
    return Note(id="n_1")


@tool(Risk.READ, example={})
async def desk_stumble(call: Call[Desk]) -> Note:
    """Fail in a way that nobody has foreseen."""
    msg = "the inner state of the server"
    raise KeyError(msg)


@tool(Risk.READ, example={})
async def desk_count(call: Call[Desk]) -> Note:
    """Tell how far it is."""
    await call.report(1, 2, "half")
    await call.report(2, 2, "done")
    return Note(id="n_1")


@tool(Risk.READ, example={})
async def desk_list_notes(call: Call[Desk], *, author: str | None = None) -> Page[Note]:
    """List notes; the position is the number of those before it."""
    start = int(call.position or 0)
    end = start + call.limit
    places = [str(start + number + 1) for number in range(len(call.api.notes[start:end]))]
    has_more = end < len(call.api.notes)
    return Page(
        call.api.notes[start:end],
        has_more=has_more,
        after=places if call.api.has_places else None,
        next=str(end) if has_more else None,
        total=len(call.api.notes),
        total_is="exact",
    )


@tool(Risk.WRITE, example={"note": "n_1"})
async def sample_tell(call: Call[SampleClient], *, note: str) -> Note:
    """Send a note; whether it was sent cannot be found out by reading."""
    return await call.api.make(note, key=call.key, intent=call.intent)


@tool(Risk.WRITE, example={"note": "n_1"})
async def sample_tell_and_stumble(call: Call[SampleClient], *, note: str) -> Note:
    """Send a note, then fail in a way that nobody has foreseen."""
    await call.api.make(note, key=call.key, intent=call.intent)
    msg = "the inner state of the server"
    raise KeyError(msg)


@tool(Risk.WRITE, example={"note": "n_1"})
async def sample_tell_and_wait(call: Call[SampleClient], *, note: str) -> Note:
    """Send a note, then wait for something that never comes."""
    made = await call.api.make(note, key=call.key, intent=call.intent)
    await asyncio.Event().wait()
    return made


@tool(Risk.WRITE, example={"note": "n_1"})
async def sample_announce_and_tell(call: Call[SampleClient], *, note: str) -> Note:
    """Report that a note is about to be sent, then send it."""
    await call.report(0, 1, "about to send")
    return await call.api.make(note, key=call.key, intent=call.intent)


@tool(Risk.READ, example={})
async def sample_list_twelve(call: Call[SampleClient]) -> Page[Note]:
    """List twelve notes."""
    return Page([Note(id=f"n_{number}", title="A title") for number in range(12)], has_more=False)


TOOLS = (*SAMPLES, *(each for each in list(globals().values()) if isinstance(each, Tool)))


@dataclass(eq=False)
class Bench:
    """The nine steps over all these tools."""

    calls: Calls
    parts: Assembled
    desk: Desk

    async def call(self, name: str, /, **arguments: Any) -> Outcome:
        return await self.calls.call(LOCAL, name, arguments)

    async def ok(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        outcome = await self.call(name, **arguments)
        assert not outcome.is_error, outcome.envelope
        return outcome.envelope

    async def error(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        outcome = await self.call(name, **arguments)
        assert outcome.is_error, outcome.envelope
        found: dict[str, Any] = outcome.envelope["error"]
        return found

    async def records(self) -> list[dict[str, Any]]:
        assert (await verify(self.parts.database)).is_whole
        return [orjson.loads(row[2]) async for row in records(self.parts.database)]


def all_but_delete(caller: Caller) -> ToolList:
    return ToolList(tuple(each for each in TOOLS if each.name != "sample_delete_note"))


@asynccontextmanager
async def calling(
    directory: Path, clock: ManualClock, *, limits: Mapping[str, Any] | None = None, **options: Any
) -> AsyncIterator[Bench]:
    async with assembled(directory, clock, **options) as parts:
        desk = Desk()
        calls = Calls(
            everything=ToolList(TOOLS),
            visible=all_but_delete,
            connections=parts.connections,
            consents=no_links(parts.connections, parts.database, clock),
            objects={Desk: lambda _: desk},
            judge=parts.judge,
            writes=Writes(parts.judge, parts.ledger, clock, parts.own, parts.jobs),
            cursors=Cursors(Signer(b"secret of the tests"), 3600),
            audit=Audit(parts.database),
            clock=clock,
            limits=LimitSettings.model_validate(limits or {}),
        )
        try:
            yield Bench(calls, parts, desk)
        finally:
            desk.may_go_on.set()
            await calls.close()


@pytest.fixture
async def path(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Bench]:
    async with calling(tmp_path, clock) as parts:
        yield parts


def steps(outcome: Outcome) -> list[str]:
    return [name for name, _ in outcome.trace]


# --- the nine steps ---


async def test_a_write_goes_through_nine_steps_in_order(path: Bench) -> None:
    outcome = await path.call("sample_tell", note="n_1")
    assert steps(outcome) == ["find", "read", "open", "decide", "claim", "run", "settle", "shape", "record"]
    times = [at for _, at in outcome.trace]
    assert times == sorted(times)


async def test_a_preview_claims_and_runs_nothing(path: Bench) -> None:
    outcome = await path.call("sample_send_note", note="n_1", mode="preview")
    assert steps(outcome) == ["find", "read", "open", "decide", "record"]
    assert not path.parts.vendor.made


async def test_a_repetition_claims_and_runs_nothing(path: Bench) -> None:
    await path.ok("sample_tell", note="n_1", intent="tell")
    again = await path.call("sample_tell", note="n_1", intent="tell")
    assert steps(again) == ["find", "read", "open", "decide", "shape", "record"]
    assert len(path.parts.vendor.made) == 1


@pytest.mark.parametrize(
    ("call", "last", "code"),
    [
        (("no_such_tool", {}), "find", "invalid_arguments"),
        (("sample_delete_note", {"note": "n_1"}), "find", "forbidden_by_policy"),
        (("sample_tell", {}), "read", "invalid_arguments"),
        (("sample_get_note", {"note": "n_1", "fields": ["colour"]}), "read", "invalid_arguments"),
        (("sample_tell", {"note": "n_1", "connection": "elsewhere"}), "open", "invalid_arguments"),
        (("desk_list_notes", {"cursor": "c1.made-up"}), "open", "invalid_arguments"),
        (("sample_send_note", {"note": "n_1"}), "decide", "confirmation_required"),
        (("sample_get_note", {"note": "stop"}), "decide", "forbidden_by_policy"),
    ],
)
async def test_whoever_is_refused_learns_why_goes_no_further_and_is_recorded(
    tmp_path: Path, clock: ManualClock, call: tuple[str, dict[str, Any]], last: str, code: str
) -> None:
    name, arguments = call
    stop = {"id": "stop", "effect": "deny", "tools": ["sample_get_note"]}
    async with calling(tmp_path, clock, rules=[stop]) as path:
        outcome = await path.call(name, **arguments)
        assert outcome.envelope["error"]["code"] == code
        assert outcome.envelope["error"]["outcome"] == "not_applied"
        assert steps(outcome)[-2:] == [last, "record"]
        assert not path.parts.vendor.requests
        (record,) = await path.records()
        assert (record["tool"], record["result"]) == (name, code)
        assert set(record["arguments"]) == set(arguments)


async def test_a_name_that_is_nearly_right_is_answered_with_those_that_are(path: Bench) -> None:
    assert "sample_get_note" in (await path.error("sample_get_notes"))["hint"]
    assert "tools/list" in (await path.error("völlig anders"))["hint"]


async def test_a_tool_that_is_not_enabled_is_recorded_as_the_tool_it_is(path: Bench) -> None:
    assert (await path.error("sample_delete_note", note="n_1"))["rule"] == "tools"
    (record,) = await path.records()
    assert (record["risk"], record["rule"], record["outcome"]) == ("W4", "tools", "not_applied")


async def test_an_operation_reports_its_progress_to_whoever_asked(path: Bench) -> None:
    heard = []

    async def report(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    await path.calls.call(LOCAL, "desk_count", {}, report=report)
    assert heard == [(1, 2, "half"), (2, 2, "done")]
    await path.ok("desk_count")


async def test_a_connection_may_want_long_lists_as_tables(tmp_path: Path, clock: ManualClock) -> None:
    async with calling(tmp_path, clock, compact=True) as path:
        data = (await path.ok("sample_list_twelve"))["data"]
        assert data["columns"] == ["id", "title"]
        assert data["rows"][11] == ["n_11", "A title"]


# --- pages ---


async def pages(path: Bench, **arguments: Any) -> list[dict[str, Any]]:
    """All pages of the list, from the first cursor to the last."""
    found = [await path.ok("desk_list_notes", **arguments)]
    while cursor := found[-1]["page"].get("next_cursor"):
        assert found[-1]["page"]["has_more"]
        found.append(await path.ok("desk_list_notes", **arguments, cursor=cursor))
        assert len(found) < 100
    assert not found[-1]["page"]["has_more"]
    return found


@pytest.mark.parametrize("has_places", [True, False])
@pytest.mark.parametrize("length", [10, 1500])
async def test_every_record_comes_once_however_pages_are_cut(
    tmp_path: Path, clock: ManualClock, length: int, *, has_places: bool
) -> None:
    """Fifty records of 1500 characters are more than one answer may hold (500 tokens of four characters)."""
    async with calling(tmp_path, clock, limits={"max_tokens": 500}) as path:
        path.desk.has_places = has_places
        path.desk.notes = [Note(id=f"n_{number}", title="x" * length) for number in range(50)]
        found = await pages(path, limit=20)
        ids = [record["id"] for page in found for record in page["data"]["records"]]
        assert ids == [f"n_{number}" for number in range(50)]
        assert [page["page"]["returned"] for page in found] == [len(p["data"]["records"]) for p in found]
        assert {(page["page"]["total"], page["page"]["total_is"]) for page in found} == {(50, "exact")}
        assert len(found) > 3 or length == 10


async def test_a_cursor_belongs_to_whoever_got_it(path: Bench) -> None:
    path.desk.notes = [Note(id=f"n_{number}") for number in range(5)]
    cursor = (await path.ok("desk_list_notes", limit=2, author="anna"))["page"]["next_cursor"]
    stolen = await path.calls.call(
        Caller("bert"), "desk_list_notes", {"limit": 2, "author": "anna", "cursor": cursor}
    )
    assert stolen.envelope["error"]["fields"][0]["path"] == "cursor"
    assert (await path.error("desk_list_notes", limit=2, author="bert", cursor=cursor))["fields"]
    mine = await path.ok("desk_list_notes", limit=2, author="anna", cursor=cursor)
    assert [record["id"] for record in mine["data"]["records"]] == ["n_2", "n_3"]


# --- what nobody has foreseen ---


async def test_an_unforeseen_fault_tells_the_caller_only_where_to_find_it(
    path: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        outcome = await path.call("desk_stumble")
    error = outcome.envelope["error"]
    assert (error["code"], error["outcome"]) == ("internal", "not_applied")
    assert "inner state" not in orjson.dumps(outcome.envelope).decode()
    (logged,) = [each for each in caplog.records if error["reference"] in each.getMessage()]
    assert "inner state" in str(logged.exc_info and logged.exc_info[1])
    (record,) = await path.records()
    assert (record["result"], record["reference"]) == ("internal", error["reference"])


async def test_an_unforeseen_fault_after_a_write_left_leaves_the_outcome_open(path: Bench) -> None:
    error = await path.error("sample_tell_and_stumble", note="n_1", intent="tell")
    assert (error["code"], error["outcome"]) == ("internal", "unknown")
    (record,) = await path.records()
    assert (record["result"], record["outcome"]) == ("internal", "unknown")
    again = await path.error("sample_tell_and_stumble", note="n_1", intent="tell")
    assert again["code"] == "outcome_unknown"
    assert len(path.parts.vendor.made) == 1


async def test_what_cannot_be_looked_up_is_never_sent_again(path: Bench) -> None:
    path.parts.vendor.inject(Fault("lost_answer", times=None, match="POST *"))
    first = await path.error("sample_tell", note="n_1", intent="tell")
    assert (first["code"], first["outcome"]) == ("outcome_unknown", "unknown")
    path.parts.vendor.faults.clear()
    again = await path.error("sample_tell", note="n_1", intent="tell")
    assert (again["code"], again["outcome"]) == ("outcome_unknown", "unknown")
    assert "Check at the provider" in again["hint"]
    assert len(path.parts.vendor.made) == 1


# --- the deadline ---


async def test_a_read_without_an_answer_ends_at_the_deadline(tmp_path: Path, clock: ManualClock) -> None:
    async with calling(tmp_path, clock, limits={"call_s": SOON_S}) as path:
        error = await path.error("desk_wait")
        assert (error["code"], error["retryable"], error["outcome"]) == ("timeout", True, "not_applied")
        assert "0.05 s" in error["message"]
        assert [record["result"] for record in await path.records()] == ["timeout"]


async def test_a_write_that_was_not_sent_in_time_was_not_done(tmp_path: Path, clock: ManualClock) -> None:
    async with calling(tmp_path, clock, limits={"call_s": SOON_S}) as path:
        error = await path.error("desk_change", intent="change")
        assert (error["code"], error["outcome"]) == ("timeout", "not_applied")
        path.desk.may_go_on.set()
        done = await path.ok("desk_change", intent="change")
        assert done["meta"]["idempotency"] == {"intent": "change", "replayed": False}


async def test_a_write_that_was_sent_and_not_answered_in_time_is_unknown(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with calling(tmp_path, clock, limits={"call_s": SOON_S}) as path:
        error = await path.error("sample_tell_and_wait", note="n_1", intent="tell")
        assert (error["code"], error["outcome"]) == ("outcome_unknown", "unknown")
        assert "'tell'" in error["hint"]
        (record,) = await path.records()
        assert (record["result"], record["outcome"]) == ("outcome_unknown", "unknown")
        again = await path.error("sample_tell_and_wait", note="n_1", intent="tell")
        assert again["code"] == "outcome_unknown"
        assert len(path.parts.vendor.made) == 1


# --- cancelled calls ---


async def cancelled(path: Bench, name: str, **arguments: Any) -> None:
    """Cancel a call whose operation has begun."""
    call = asyncio.create_task(path.call(name, **arguments))
    async with asyncio.timeout(5):
        await path.desk.arrived.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_a_cancelled_read_stops_and_is_recorded(path: Bench) -> None:
    await cancelled(path, "desk_wait")
    await path.calls.close()
    (record,) = await path.records()
    assert (record["tool"], record["result"], record["cancelled"]) == ("desk_wait", "timeout", True)


async def test_a_cancelled_write_ends_as_it_ends_and_is_recorded(path: Bench) -> None:
    await cancelled(path, "desk_change", intent="change")
    path.desk.may_go_on.set()
    await path.calls.close()
    (record,) = await path.records()
    assert (record["result"], record["outcome"], record["cancelled"]) == ("ok", "applied", True)
    again = await path.ok("desk_change", intent="change")
    assert again["meta"]["idempotency"]["replayed"]


async def test_a_write_cancelled_at_once_is_not_sent(path: Bench) -> None:
    call = asyncio.create_task(path.call("sample_tell", note="n_1", intent="tell"))
    await asyncio.wait([call], timeout=0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await path.calls.close()
    (record,) = await path.records()
    assert (record["result"], record["outcome"], record["cancelled"]) == ("timeout", "not_applied", True)
    assert not path.parts.vendor.made
    done = await path.ok("sample_tell", note="n_1", intent="tell")
    assert done["meta"]["idempotency"] == {"intent": "tell", "replayed": False}


async def test_a_write_cancelled_just_before_it_leaves_is_not_sent(path: Bench) -> None:
    async def hold_up(done: float, total: float | None, message: str | None) -> None:
        await path.desk.wait()

    asked = {"note": "n_1", "intent": "tell"}
    call = asyncio.create_task(path.calls.call(LOCAL, "sample_announce_and_tell", asked, report=hold_up))
    async with asyncio.timeout(5):
        await path.desk.arrived.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    path.desk.may_go_on.set()
    await path.calls.close()
    (record,) = await path.records()
    assert (record["result"], record["outcome"], record["cancelled"]) == ("timeout", "not_applied", True)
    assert not path.parts.vendor.requests
    await path.ok("sample_announce_and_tell", **asked)
    assert len(path.parts.vendor.made) == 1


# --- the record ---


async def test_a_read_that_cannot_be_recorded_is_withheld(path: Bench) -> None:
    await fill_disk(path.parts.database, "audit")
    error = await path.error("sample_get_note", note="n_1")
    assert (error["code"], error["retryable"]) == ("server_unavailable", True)
    await free_disk(path.parts.database)
    await path.ok("sample_get_note", note="n_2")
    kept = [record["arguments"]["note"] for record in await path.records()]
    assert kept == ["n_1", "n_2"]


async def test_a_write_that_cannot_be_recorded_yet_is_not_denied(path: Bench) -> None:
    await fill_disk(path.parts.database, "audit")
    done = await path.ok("sample_tell", note="n_1")
    assert done["data"] == {"id": "n_1"}
    assert "audit record is kept in memory" in done["warnings"][-1]
    await free_disk(path.parts.database)
    await path.ok("sample_get_note", note="n_2")
    assert [record["tool"] for record in await path.records()] == ["sample_tell", "sample_get_note"]


async def test_a_person_who_says_no_is_recorded(path: Bench) -> None:
    caller = Caller("anna")
    outcome = await path.calls.declined(caller, "sample_send_note", {"note": "n_1"})
    assert outcome.is_error
    error = outcome.envelope["error"]
    assert (error["code"], error["declined"]) == ("confirmation_required", True)
    (record,) = await path.records()
    assert (record["caller"], record["tool"], record["declined"]) == ("anna", "sample_send_note", True)
    assert (record["risk"], record["outcome"]) == ("W2", "not_applied")
    assert not path.parts.vendor.requests
