"""Writing to PostgreSQL: one at a time among all processes, and once, whatever happens to the connection."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager, closing, contextmanager

import psycopg
import pytest

from support.clock import ManualClock
from support.disk import fill_disk
from support.postgres import ADDRESS, Gate, address_in, ask
from wirepost.calls.audit import Audit, records, verify
from wirepost.calls.ledger import Identity, Ledger
from wirepost.core.errors import ConfigError, Unavailable
from wirepost.core.signing import Signer
from wirepost.store.database import Database, Tx
from wirepost.store.postgres.reader import PostgresReader
from wirepost.store.postgres.server import Server
from wirepost.store.postgres.session import PostgresSession, open_writing
from wirepost.store.writer import Writer

pytestmark = pytest.mark.services("postgres")

NAMES = "SELECT name FROM keys ORDER BY name"


def put(name: str):
    async def work(tx: Tx) -> str:
        await tx.execute("INSERT INTO keys (name, value) VALUES (?, ?)", name, b"")
        return name

    return work


@asynccontextmanager
async def opened(place: Server, *, ask_again_s: float):
    """A database that asks about a lost commit without pauses in between."""
    await (await Database.open(place, ManualClock())).close()
    session = await asyncio.to_thread(PostgresSession, place, 5, ask_again_s)
    session.is_noting = True
    database = Database(Writer(session), PostgresReader(place, 5), is_shared=True)
    try:
        yield database
    finally:
        await database.close()


@contextmanager
def closed_after_commit(gate: Gate):
    """The server stores the next transaction, but its answer is lost, and then it cannot be reached."""

    def close(sent: bytes) -> None:
        if b"INSERT INTO commits" in sent:
            gate.lets_answers_through = gate.is_open = False

    gate.on_sent = close
    yield
    gate.lets_answers_through = gate.is_open = True
    gate.on_sent = lambda _: None


async def test_a_connection_that_was_lost_meanwhile_is_made_again_and_nothing_is_noticed(gate, through_gate):
    database = await Database.open(through_gate, ManualClock())
    await database.write(put("one"))
    assert await database.read(NAMES) == [("one",)]
    gate.cut()
    await database.write(put("two"))
    gate.cut()
    assert await database.read(NAMES) == [("one",), ("two",)]
    await database.close()


async def test_while_the_server_is_away_writes_say_so_and_afterwards_go_on(gate, through_gate):
    database = await Database.open(through_gate, ManualClock())
    gate.is_open = False
    gate.cut()
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"it cannot be reached\. Nothing was sent") as refused:
            await database.write(put("lost"))
        assert refused.value.retryable
        with pytest.raises(Unavailable, match="it cannot be reached"):
            await database.read(NAMES)
    gate.is_open = True
    await database.write(put("later"))
    assert await database.read(NAMES) == [("later",)]
    await database.close()


async def test_a_connection_lost_inside_a_unit_takes_all_units_of_its_transaction_along(gate, through_gate):
    database = await Database.open(through_gate, ManualClock())
    is_held, is_inside = asyncio.Event(), asyncio.Event()
    may_begin, may_go_on = threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    async def hold(tx: Tx) -> None:
        loop.call_soon_threadsafe(is_held.set)
        may_begin.wait(5)

    async def pause(tx: Tx) -> None:
        await put("half")(tx)
        loop.call_soon_threadsafe(is_inside.set)
        may_go_on.wait(5)
        await put("whole")(tx)

    held = asyncio.create_task(database.write(hold))
    async with asyncio.timeout(5):
        await is_held.wait()
        tasks = [asyncio.create_task(database.write(work)) for work in (put("before"), pause, put("after"))]
        await asyncio.wait(tasks, timeout=0)
        may_begin.set()
        await held
        await is_inside.wait()
    gate.cut()
    may_go_on.set()
    for task in tasks:
        with pytest.raises(Unavailable):
            await task
    assert await database.read(NAMES) == []
    await database.write(put("again"))
    assert await database.read(NAMES) == [("again",)]
    await database.close()


async def test_a_commit_whose_answer_was_lost_is_looked_up_and_counts(gate, through_gate):
    database = await Database.open(through_gate, ManualClock())

    def cut_after_commit(sent: bytes) -> None:
        if b"INSERT INTO commits" in sent:
            gate.lets_answers_through = False
            gate.on_sent = open_again

    def open_again(_: bytes) -> None:
        gate.lets_answers_through = True

    gate.on_sent = cut_after_commit
    assert await database.write(put("once")) == "once"
    assert gate.on_sent == open_again
    assert await database.read(NAMES) == [("once",)]
    await database.close()


async def test_a_commit_that_never_arrived_did_not_happen(gate, through_gate):
    database = await Database.open(through_gate, ManualClock())

    def cut_before_commit(sent: bytes) -> None:
        if b"INSERT INTO commits" in sent:
            gate.lets_requests_through = False
            gate.on_sent = lambda _: None
            gate.cut()
            asyncio.get_running_loop().call_soon(open_again)

    def open_again() -> None:
        gate.lets_requests_through = True

    gate.on_sent = cut_before_commit
    with pytest.raises(Unavailable, match="it cannot be reached"):
        await database.write(put("never"))
    assert await database.read(NAMES) == []
    assert await database.write(put("later")) == "later"
    await database.close()


async def test_a_commit_that_cannot_be_looked_up_is_called_unknown_and_the_audit_still_has_it_once(
    gate, through_gate, clock
):
    async with opened(through_gate, ask_again_s=0) as database:
        audit = Audit(database)
        with closed_after_commit(gate), pytest.raises(Unavailable, match="so it may have been stored"):
            await audit.record("2026", {"at": "2026", "tool": "a"})
        await audit.record("2026", {"at": "2026", "tool": "b"})
        assert [seq async for seq, *_ in records(database)] == [1, 2]
        assert (await verify(database)).is_whole


async def test_a_claim_that_may_have_been_stored_keeps_nobody_from_claiming_again(gate, through_gate, clock):
    named = Identity("anna", "stripe-live", "stripe_create_refund", "hash", "refund-4711", looks_back=True)
    async with opened(through_gate, ask_again_s=0) as database:
        ledger = Ledger(database, clock, Signer(b"secret"), "this process")
        with closed_after_commit(gate), pytest.raises(Unavailable, match="so it may have been stored"):
            await ledger.claim(named, nonce=None, reserve=None)
        assert await database.read("SELECT state FROM intents") == [("claimed",)]
        entry = await ledger.find(named)
        assert entry.state == "not_applied"  # claimed or not, nothing was sent
        clock.advance(1)
        again, is_ours = await ledger.claim(named, nonce=None, reserve=None, again=entry)
        assert is_ours
        assert (again.id, again.state) == (entry.id, "claimed")
        assert (await ledger.find(named)).is_in_progress


async def test_a_commit_that_is_refused_is_not_stored(database):
    await fill_disk(database, "commits")
    with pytest.raises(Unavailable, match="its disk is full"):
        await database.write(put("refused"))
    with pytest.raises(Unavailable, match="its disk is full"):
        await asyncio.gather(*(database.write(put(f"{n}")) for n in range(3)))
    assert await database.read(NAMES) == []


async def test_another_process_that_holds_the_database_is_waited_for_and_then_named(place, clock, schema):
    database = await Database.open(place, clock, wait_s=0.05)
    lock = f"SELECT pg_advisory_xact_lock(hashtextextended('wirepost {schema}', 0))"
    with closing(psycopg.connect(ADDRESS)) as holder:
        holder.execute(lock.encode())
        with pytest.raises(Unavailable, match="another process holds the database"):
            await database.write(put("kept out"))
    await database.write(put("let in"))
    assert await database.read(NAMES) == [("let in",)]
    await database.close()


async def test_units_that_wait_together_are_committed_together(database, schema):
    may_go_on = threading.Event()

    async def hold(tx: Tx) -> None:
        may_go_on.wait(5)

    tasks = [asyncio.create_task(database.write(work)) for work in (hold, *(put(f"{n}") for n in range(600)))]
    await asyncio.wait(tasks[:1], timeout=0)
    may_go_on.set()
    await asyncio.gather(*tasks)
    assert ask("SELECT number FROM commits", schema) == [(3,)]  # 256 + 256 + 88; the first wrote nothing


async def test_only_units_that_are_relaxed_do_not_wait_for_the_disk(database):
    async def setting(tx: Tx) -> str:
        return (await tx.execute("SHOW synchronous_commit"))[0][0]

    assert await database.write(setting, is_relaxed=True) == "off"
    assert await database.write(setting) == "on"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("lock_timeout", "5s"),
        ("statement_timeout", "30s"),
        ("idle_in_transaction_session_timeout", "10s"),  # who stands still does not keep the others out
        ("application_name", "wirepost"),
    ],
)
async def test_no_process_can_keep_the_others_waiting_for_ever(database, setting, value):
    assert await database.write(lambda tx: tx.execute(f"SHOW {setting}")) == [(value,)]


async def test_the_end_of_a_process_leaves_no_trace(place, clock, schema):
    database = await Database.open(place, clock)
    await database.write(put("one"))
    assert ask("SELECT count(*) FROM commits", schema) == [(1,)]
    await database.close()
    assert ask("SELECT count(*) FROM commits", schema) == [(0,)]


async def test_the_end_of_a_process_is_calm_when_the_server_is_gone(gate, through_gate):
    database = await Database.open(through_gate, ManualClock())
    gate.is_open = False
    gate.cut()
    await database.close()


async def test_processes_that_start_at_once_bring_the_tables_up_to_date_once(place, clock):
    databases = await asyncio.gather(*(Database.open(place, clock) for _ in range(4)))
    assert await databases[0].read("SELECT version FROM schema_version ORDER BY version") == [
        (1,),
        (2,),
        (3,),
        (4,),
    ]
    for database in databases:
        await database.close()


def test_a_server_that_cannot_be_used_refuses_the_start(schema, clock):
    place = Server.at(address_in(schema, options="-cdefault_transaction_read_only=on"))
    with pytest.raises(ConfigError, match=r"store\.url: the database cannot be opened: .* takes no writes"):
        open_writing(place, clock, 5)


async def test_a_user_that_may_not_make_tables_is_told_what_to_grant(schema, clock):
    role = schema.replace("test_", "role_")
    ask(f"CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {schema} TO {role}")
    try:
        place = Server.at(address_in(schema, at=ADDRESS.replace("postgres@", f"{role}@")))
        with pytest.raises(ConfigError, match=r"a permission is missing \(GRANT CREATE"):
            await Database.open(place, clock)
    finally:
        ask(f"REVOKE ALL ON SCHEMA {schema} FROM {role}; DROP ROLE {role}")


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
async def test_whatever_the_server_is_set_to_two_write_at_once(schema: str, level: str) -> None:
    """With an older snapshot than its turn, the second of two would not see what the first has written."""
    options = f"-cdefault_transaction_isolation={level.replace(' ', chr(92) + ' ')}"
    place = Server.at(address_in(schema, options=options))
    first, second = [await Database.open(place, ManualClock()) for _ in range(2)]
    try:
        audits = (Audit(first), Audit(second))
        stamp = "2026-11-25T10:00:00Z"
        await asyncio.gather(*(each.record(stamp, {"at": stamp}) for each in audits * 20))
        assert (await verify(first)).records == 40
        assert (await verify(first)).is_whole
    finally:
        await first.close()
        await second.close()
