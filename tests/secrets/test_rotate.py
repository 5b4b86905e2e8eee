"""Keys are changed under everything that is stored, while servers go on storing."""

from __future__ import annotations

import asyncio

import pytest

from support.clock import ManualClock
from wirepost.connections.accounts import Account, Accounts, Tokens
from wirepost.events.endpoints import StoredSecrets
from wirepost.secrets.rotate import BATCH, TRIES, Rotation, rotate
from wirepost.secrets.vault import KeyRing, KeyUnavailable, Tampered, Vault, key_id
from wirepost.store.database import Database, Row, Tx
from wirepost.webhooks.webhook import Secret

OLD, NEW, OTHER = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96))
BEFORE, BOTH, AFTER = Vault(KeyRing([OLD])), Vault(KeyRing([NEW, OLD])), Vault(KeyRing([NEW]))


def said_nowhere(_: str) -> None:
    """Progress nobody reads."""


async def connect(accounts: Accounts, *names: str) -> None:
    for name in names:
        await accounts.put(Account(name, tokens=Tokens(f"access of {name}", f"refresh of {name}")))


async def tokens(database: Database, clock: ManualClock, vault: Vault, name: str) -> Tokens | None:
    account = await Accounts(database, clock, vault).find(name)
    return account.tokens if account else None


async def start_flow(database: Database, state: str, details: str) -> None:
    sealed = BEFORE.seal(details, bound_to=("flows", state))

    async def work(tx: Tx) -> None:
        await tx.execute(
            "INSERT INTO flows (state_hash, connection, owner, details, cookie_hash, created_at) "
            "VALUES (?, 'crm', 'shared', ?, NULL, 0.0)",
            state,
            sealed,
        )

    await database.write(work)


async def flow(database: Database, state: str) -> str:
    rows = await database.read("SELECT details FROM flows WHERE state_hash = ? LIMIT 1", state)
    return AFTER.open(str(rows[0][0]), bound_to=("flows", state))


async def test_everything_opens_with_the_new_key_alone_afterwards(
    database: Database, clock: ManualClock
) -> None:
    names = [f"shop-{number}" for number in range(BATCH + 5)]
    await connect(Accounts(database, clock, BEFORE), *names)
    await connect(Accounts(database, clock, BOTH), "new")
    await Accounts(database, clock).put(Account("configured"))
    await start_flow(database, "a-state", "the details")
    said: list[str] = []
    assert await rotate(database, BOTH, said.append) == Rotation(rewrapped=BATCH + 6, current=1)
    for name in ("shop-0", names[-1], "new"):
        assert await tokens(database, clock, AFTER, name) == Tokens(f"access of {name}", f"refresh of {name}")
    assert await flow(database, "a-state") == "the details"
    with pytest.raises(KeyUnavailable):
        await tokens(database, clock, BEFORE, "shop-0")
    assert [line.partition(",")[0] for line in said] == [
        f"accounts: {BATCH} looked at",
        f"accounts: {BATCH + 6} looked at",
        "flows: 1 looked at",
    ]


async def test_begun_again_it_goes_on_where_it_ended(database: Database, clock: ManualClock) -> None:
    await connect(Accounts(database, clock, BEFORE), *(f"shop-{number}" for number in range(3)))

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    await connect(Accounts(database, clock, BOTH), "shop-1")
    with pytest.raises(KeyboardInterrupt):
        await rotate(database, BOTH, interrupt)
    assert await rotate(database, BOTH, said_nowhere) == Rotation(current=3)


async def test_a_lost_key_is_told_of_each_row_and_keeps_nothing_from_the_others(
    database: Database, clock: ManualClock
) -> None:
    await connect(Accounts(database, clock, Vault(KeyRing([OTHER]))), "lost")
    await connect(Accounts(database, clock, BEFORE), "shop")
    done = await rotate(database, BOTH, said_nowhere)
    assert (done.rewrapped, len(done.key_unavailable)) == (1, 1)
    assert f"of lost: What is stored was sealed with the key {key_id(OTHER)}" in done.key_unavailable[0]
    assert await tokens(database, clock, AFTER, "shop") is not None


async def test_servers_that_go_on_storing_lose_nothing(database: Database, clock: ManualClock) -> None:
    """Each still seals with the old key; what it stores last is there afterwards."""
    names = [f"shop-{number}" for number in range(20)]
    accounts = Accounts(database, clock, BEFORE)
    await connect(accounts, *names)

    async def serve(name: str) -> None:
        for number in range(5):
            await accounts.put(Account(name, tokens=Tokens(f"{name} {number}")))

    results = await asyncio.gather(
        *(serve(name) for name in names), *(rotate(database, BOTH, said_nowhere) for _ in range(3))
    )
    assert all(isinstance(each, Rotation) and not each.key_unavailable for each in results[-3:])
    assert (await rotate(database, BOTH, said_nowhere)).key_unavailable == []
    for name in names:
        assert await tokens(database, clock, AFTER, name) == Tokens(f"{name} 4")


class Busy:
    """A database where somebody else changes a row each time it was read, or deletes it."""

    def __init__(self, rows: list[list[Row]]) -> None:
        self.rows = rows

    async def read(self, sql: str, *params: object) -> list[Row]:
        return self.rows.pop(0) if self.rows else []

    async def write(self, work: object) -> bool:
        return False


def sealed() -> str:
    return BEFORE.seal("a token", bound_to=("a",))


@pytest.mark.parametrize(
    "then",
    [pytest.param([[]], id="deleted"), pytest.param([[(sealed(),)] for _ in range(TRIES)], id="changed")],
)
async def test_a_row_that_does_not_keep_still_is_passed_over(then: list[list[Row]]) -> None:
    busy = Busy([[("acc_1", "shop", sealed())], *then])
    done = await rotate(busy, BOTH, said_nowhere)  # type: ignore[arg-type] - all that is asked of a database
    assert done == Rotation(passed_over=1)


async def test_what_events_keep_is_sealed_anew_too(database: Database, clock: ManualClock) -> None:
    old, new = Vault(KeyRing([b"o" * 32])), Vault(KeyRing([b"n" * 32, b"o" * 32]))
    stored = StoredSecrets(database, old, clock)
    await stored.add("shop", "default", Secret("whsec_abc", "2026-11"))
    raw = old.seal_bytes(b"POST /", bound_to=("raw_bodies", "raw_1"))
    insert = "INSERT INTO raw_bodies (id, received_at, sealed) VALUES ('raw_1', 1.0, ?)"
    await database.write(lambda tx: tx.execute(insert, raw))
    unread = "INSERT INTO unread VALUES ('raw_1', 'shop', 'default', 1.0, '{}', ?)"
    await database.write(lambda tx: tx.execute(unread, raw))
    done = await rotate(database, new, said_nowhere)
    assert (done.rewrapped, done.key_unavailable) == (3, [])
    alone = Vault(KeyRing([b"n" * 32]))
    kept = await StoredSecrets(database, alone, clock).of("shop", "default")
    assert [each.value for each in kept] == ["whsec_abc"]
    for table in ("raw_bodies", "unread"):
        ((sealed,),) = await database.read(f"SELECT sealed FROM {table} LIMIT 1")  # noqa: S608 - our own words
        assert alone.open_bytes(sealed, bound_to=("raw_bodies", "raw_1")) == b"POST /"
    assert (await rotate(database, new, said_nowhere)).current == 3
    with pytest.raises(Tampered):
        new.rewrap_bytes(b"v")
