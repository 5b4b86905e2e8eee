"""Tokens of this server's own."""

from __future__ import annotations

import asyncio
import hashlib
from types import SimpleNamespace

import pytest

from wirepost.core.errors import ConfigError
from wirepost.server.auth.caller_tokens import FRESH_S, StaticTokens, all_tokens, create, revoke
from wirepost.server.auth.failures import MOST, WINDOW_S
from wirepost.server.auth.verified import CannotTell, Refused, TooMany
from wirepost.store.database import Database

HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
async def database(tmp_path, clock):
    opened = await Database.open(tmp_path / "wirepost.db", clock)
    yield opened
    await opened.close()


@pytest.fixture
def tokens(database, clock):
    return StaticTokens(database, clock)


def now(clock) -> float:
    return clock.now().timestamp()


async def test_a_token_proves_its_caller_and_what_it_may_use(database, tokens, clock) -> None:
    narrow = await create(database, now(clock), "robot", ["crm.read"], None)
    wide = await create(database, now(clock), "alice", None, None)
    ids = {each.name: each.id for each in await all_tokens(database)}
    found = await tokens.verify(narrow, HERE)
    assert (found.caller.id, found.caller.scopes) == (f"token:{ids['robot']}", frozenset({"crm.read"}))
    found = await tokens.verify(wide, HERE)
    assert (found.caller.id, found.caller.scopes) == (f"token:{ids['alice']}", None)


async def test_only_the_hash_of_a_token_is_kept(database, clock, tmp_path) -> None:
    token = await create(database, now(clock), "alice", None, None)
    assert len(token) >= len("wpt_") + 43  # 256 bits in base64
    (kept,) = await all_tokens(database)
    assert kept.sha256 == hashlib.sha256(token.encode()).hexdigest()
    await database.close()
    assert token.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


async def test_a_name_is_given_once_even_after_its_token_is_revoked(database, clock) -> None:
    await create(database, now(clock), "alice", None, None)
    await revoke(database, now(clock), "alice")
    with pytest.raises(ConfigError, match="already"):
        await create(database, now(clock), "alice", None, None)
    for name in ("alice", "nobody"):
        with pytest.raises(ConfigError, match="could be revoked"):
            await revoke(database, now(clock), name)


@pytest.mark.parametrize("token", ["wpt_unknown", "", "wpt_" + "ü" * 43])
async def test_an_unknown_token_proves_nothing(database, tokens, clock, token) -> None:
    await create(database, now(clock), "alice", None, None)
    with pytest.raises(Refused, match="unknown"):
        await tokens.verify(token, HERE)


async def test_a_token_ends_when_it_was_said_to(database, tokens, clock) -> None:
    token = await create(database, now(clock), "alice", None, now(clock) + 60)
    clock.advance(59.9)
    await tokens.verify(token, HERE)
    clock.advance(0.1)
    with pytest.raises(Refused, match="expired"):
        await tokens.verify(token, HERE)


async def test_another_process_gives_and_takes_tokens(database, tokens, clock, tmp_path) -> None:
    with pytest.raises(Refused):
        await tokens.verify("wpt_none", HERE)
    other = await Database.open(tmp_path / "wirepost.db", clock)
    token = await create(other, now(clock), "alice", None, None)
    await tokens.verify(token, HERE)
    await revoke(other, now(clock), "alice")
    await other.close()
    clock.advance(FRESH_S)
    with pytest.raises(Refused, match="revoked"):
        await tokens.verify(token, HERE)


async def test_the_last_use_is_noted_once_a_minute(database, tokens, clock) -> None:
    token = await create(database, now(clock), "alice", None, None)

    async def last_use() -> float | None:
        return (await all_tokens(database))[0].last_used_at

    assert await last_use() is None
    first = now(clock)
    await tokens.verify(token, HERE)
    assert await last_use() == first
    clock.advance(59)
    await tokens.verify(token, HERE)
    assert await last_use() == first
    clock.advance(1)
    await tokens.verify(token, HERE)
    assert await last_use() == first + 60


async def test_too_many_bad_tokens_from_one_address_have_to_wait(database, tokens, clock) -> None:
    good = await create(database, now(clock), "alice", None, None)
    for number in range(MOST):
        with pytest.raises(Refused):
            await tokens.verify(f"wpt_guess{number}", HERE)
    clock.advance(20)
    with pytest.raises(TooMany) as refused:
        await tokens.verify("wpt_guess", HERE)
    assert refused.value.retry_after_s == WINDOW_S - 20
    await tokens.verify(good, HERE)
    with pytest.raises(Refused):
        await tokens.verify("wpt_guess", THERE)
    clock.advance(40)
    with pytest.raises(Refused):
        await tokens.verify("wpt_guess", HERE)


async def test_a_store_that_cannot_be_read_is_not_the_callers_fault(database, tokens, clock, caplog) -> None:
    token = await create(database, now(clock), "alice", None, None)
    await tokens.verify(token, HERE)
    clock.advance(61)
    await database.close()
    with pytest.raises(CannotTell):
        await tokens.verify(token, HERE)


async def test_a_use_that_cannot_be_noted_is_let_in(database, clock, caplog, tmp_path) -> None:
    token = await create(database, now(clock), "alice", None, None)
    closed = await Database.open(tmp_path / "wirepost.db", clock)
    await closed.close()
    half = SimpleNamespace(read=database.read, write=closed.write)
    await StaticTokens(half, clock).verify(token, HERE)
    assert "could not be noted" in caplog.text


async def test_callers_at_once_are_told_apart(database, tokens, clock) -> None:
    given = [await create(database, now(clock), f"caller{number}", None, None) for number in range(20)]
    found = await asyncio.gather(*(tokens.verify(token, HERE) for token in given))
    assert len({each.caller.id for each in found}) == len(given)
