"""Own writes: an event that we have caused is told from one that somebody else has caused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.clock import START, ManualClock
from support.sample_vendor import Assembled, assembled
from wirepost.calls.own_writes import OwnWrite, OwnWrites, ids_in
from wirepost.sandbox.faults import Fault
from wirepost.store.database import Database
from wirepost.store.postgres.server import Server

AT = START.timestamp()
DAY_S = 86400
UNDER_WAY = (
    "INSERT INTO intents (id, caller, connection, tool, intent, arguments_hash, is_derived, state, attempt, "
    "owner, claimed_at) VALUES (?, 'local', ?, 'crm_create_records', 'x', 'y', 0, 'dispatched', 1, 'z', 0)"
)


@pytest.fixture
def own(database: Database, clock: ManualClock) -> OwnWrites:
    return OwnWrites(database, clock)


async def test_a_write_is_found_by_each_of_its_marks(own: OwnWrites) -> None:
    await own.note("crm", ["wp_1", "int_1", "512"], "int_1", hops=2)
    for mark in ("wp_1", "int_1", "512"):
        assert await own.find("crm", ["another", mark]) == OwnWrite("int_1", 2, AT)
    assert await own.find("crm", ["another"]) is None
    assert await own.find("crm", []) is None


async def test_the_same_id_elsewhere_is_another_object(own: OwnWrites) -> None:
    await own.note("crm", ["512"], "int_1")
    assert await own.find("shop", ["512"]) is None


@pytest.mark.parametrize("mark", ["ch_1", "int_1"])
async def test_an_object_that_somebody_else_changes_later_is_news(
    own: OwnWrites, clock: ManualClock, mark: str
) -> None:
    """A customer pays the invoice that we have made, or disputes the charge that we have refunded."""
    await own.note("stripe", [mark], "int_1")
    clock.advance(3600)
    assert await own.find("stripe", [mark]) is None
    assert await own.find("stripe", [mark], happened_at=AT + 2) is not None, "told late, done then"
    assert await own.find("stripe", [mark], happened_at=AT - 600) is None, "done before, told late"


async def test_a_key_of_ours_holds_for_as_long_as_providers_tell_of_it(
    own: OwnWrites, clock: ManualClock
) -> None:
    await own.note("stripe", ["wp_1"], "int_1")
    clock.advance(DAY_S - 1)
    assert await own.find("stripe", ["wp_1"], happened_at=AT + 7200) is not None
    clock.advance(2)
    assert await own.find("stripe", ["wp_1"]) is None


async def test_the_last_write_to_an_object_counts(own: OwnWrites, clock: ManualClock) -> None:
    await own.note("crm", ["512"], "int_1")
    clock.advance(600)
    await own.note("crm", ["512"], "int_2", hops=1)
    assert await own.find("crm", ["512"]) == OwnWrite("int_2", 1, AT + 600)


async def test_what_was_written_before_the_start_or_by_another_process_is_known(
    own: OwnWrites, other: Database, clock: ManualClock
) -> None:
    await own.note("crm", ["512"], "int_1")
    assert await OwnWrites(other, clock).find("crm", ["512"]) is not None


@pytest.mark.services("postgres")
async def test_another_process_is_seen_after_nothing_was_found(
    shared_place: Server, clock: ManualClock
) -> None:
    here, there = [await Database.open(shared_place, clock) for _ in range(2)]
    own, others = OwnWrites(here, clock), OwnWrites(there, clock)
    assert await own.find("crm", ["512"]) is None
    assert not await own.is_writing("crm")
    await others.note("crm", ["512"], "int_1")
    assert await own.find("crm", ["512"]) is not None
    await there.write(lambda tx: tx.execute(UNDER_WAY, "int_2", "crm"))
    assert await own.is_writing("crm")
    await here.close()
    await there.close()


async def test_a_source_nobody_wrote_to_is_not_looked_up(tmp_path: Path, clock: ManualClock) -> None:
    """After the first look nothing is read: a database that is closed cannot answer."""
    database = await Database.open(tmp_path / "directory" / "wirepost.db", clock)
    own = OwnWrites(database, clock)
    assert await own.find("crm", ["512"]) is None
    await database.close()
    assert await own.find("crm", ["512"]) is None


async def test_old_writes_are_forgotten(own: OwnWrites, database: Database, clock: ManualClock) -> None:
    await own.note("crm", [str(number) for number in range(100)], "int_1")
    clock.advance(DAY_S + 1)
    await own.note("crm", ["new"], "int_2")
    await own.prune()
    assert await database.read("SELECT marker FROM own_writes LIMIT 10") == [("new",)]


async def test_many_old_writes_are_forgotten(own: OwnWrites, database: Database, clock: ManualClock) -> None:
    for start in range(0, 600, 100):
        await own.note("crm", [str(number) for number in range(start, start + 100)], "int_1")
    clock.advance(DAY_S + 1)
    await own.prune()
    assert await database.read("SELECT marker FROM own_writes LIMIT 1") == []


def test_ids_are_found_wherever_our_tools_have_them() -> None:
    batch = {"results": [{"index": 0, "id": "1"}, {"index": 1, "status": "failed"}], "succeeded": 1}
    assert list(ids_in(batch)) == ["1"]
    assert list(ids_in({"channel": "C1", "ts": "1764064800.000100"})) == ["1764064800.000100"]
    assert list(ids_in({"object": "contact", "ids": ["7", 8]})) == ["7", "8"]
    assert list(ids_in({"id": "x" * 201})) == []
    assert list(ids_in(None)) == []
    assert list(ids_in({"a": {"b": {"c": {"d": {"e": {"id": "too deep"}}}}}})) == []
    assert list(ids_in([[[[[[{"id": "too deep"}]]]]]])) == []


# --- the write path ---


@pytest.fixture
async def path(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Assembled]:
    async with assembled(tmp_path, clock) as parts:
        yield parts


async def test_a_write_is_noted_with_key_intent_and_result(path: Assembled) -> None:
    await path.confirmed("sample_send_note", note="n_1", intent="send it")
    ((intent_id,),) = await path.database.read("SELECT id FROM intents LIMIT 2")
    for mark in (path.vendor.made[0]["key"], intent_id, "n_1"):
        found = await path.own.find("sample", [mark])
        assert found is not None, mark
        assert found.intent_id == intent_id
    assert not await path.own.is_writing("sample")


async def test_a_write_is_noted_before_it_is_sent(path: Assembled) -> None:
    """The answer is lost, so that nothing is known but what was known before."""
    path.vendor.hides = True
    path.vendor.inject(Fault("lost_answer", times=None, match="POST *"))
    await path.confirmed("sample_send_note", note="n_1", intent="send it")
    assert await path.own.find("sample", [path.vendor.made[0]["key"]]) is not None
    assert await path.own.find("sample", ["n_1"]) is None


async def test_an_event_that_comes_before_the_answer_can_be_held(path: Assembled) -> None:
    with path.own.under_way("sample"):
        seen = [await path.own.is_writing(source) for source in ("sample", "other")]
    assert seen == [True, False]
    assert not await path.own.is_writing("sample")


async def test_a_source_is_quiet_once_a_look_has_shown_it(
    own: OwnWrites, database: Database, clock: ManualClock
) -> None:
    assert not own.is_quiet("crm"), "nobody has looked yet"
    await own.find("crm", ["512"])
    assert own.is_quiet("crm") == (not database.is_shared)  # other processes may write there
    with own.under_way("crm"):
        assert not own.is_quiet("crm")
    await own.note("crm", ["512"], "int_1")
    assert not own.is_quiet("crm")
    clock.advance(DAY_S + 1)
    assert own.is_quiet("crm") == (not database.is_shared)
