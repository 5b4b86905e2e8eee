"""Refreshing: once for all, whatever is cancelled, slow, or wrong about the time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from support.clock import START, ManualClock
from support.refresh_process import DUE, EARLY, NOW, Process
from support.token_server import FIRST
from wirepost.connections.accounts import SHARED, Tokens
from wirepost.connections.oauth.refresh import fingerprint, fingerprint_of
from wirepost.core.clock import Clock
from wirepost.core.errors import NotConnected
from wirepost.store.database import Database
from wirepost.store.leases import Leases


@pytest.fixture
async def database(place, clock):
    database = await Database.open(place, clock)
    yield database
    await database.close()


async def test_a_good_token_is_given_without_asking_anybody(process, server) -> None:
    await process.put(expires_at=NOW + 3600, refresh_at=NOW + 3300)
    assert await process.token() == FIRST[0]
    await process.put(expires_at=None)
    assert await process.token() == FIRST[0]
    assert not server.asked


async def test_an_expired_token_is_renewed_once_for_many_callers(process, server, clock) -> None:
    await process.put(**DUE, failures=3, reason="http_503", state="degraded", failed_at=NOW - 31)
    assert set(await asyncio.gather(*(process.token() for _ in range(25)))) == {"access-token-1"}
    assert len(server.asked) == 1
    stored = await process.stored()
    assert stored.tokens == Tokens("access-token-1", "refresh-token-1")
    assert (stored.state, stored.reason, stored.failures, stored.failed_at) == ("active", None, 0, None)
    assert (stored.generation, stored.refreshed_at, stored.expires_at) == (2, NOW, NOW + 3600)
    assert stored.refresh_at is not None
    assert NOW < stored.refresh_at <= NOW + 3300
    assert await process.token() == "access-token-1"


async def test_many_processes_renew_it_once(process_of, server, clock) -> None:
    processes = [process_of() for _ in range(4)]
    await processes[0].put(**DUE)
    calls = (each.token() for each in processes for _ in range(25))
    assert set(await asyncio.gather(*calls)) == {"access-token-1"}
    assert len(server.asked) == 1


async def test_who_has_a_good_token_does_not_wait_for_the_next(process, server) -> None:
    await process.put(**EARLY)
    started = asyncio.Event()
    answered = asyncio.Event()

    async def slowly() -> None:
        started.set()
        await answered.wait()

    server.before = slowly
    assert await process.token() == FIRST[0]
    await started.wait()
    assert await process.token() == FIRST[0]
    answered.set()
    await process.refresher.close()
    assert await process.token() == "access-token-1"
    assert len(server.asked) == 1


async def test_a_caller_who_gives_up_does_not_stop_the_exchange(process, server) -> None:
    await process.put(**DUE)
    started, answered = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        started.set()
        await answered.wait()

    server.before = slowly
    callers = [asyncio.ensure_future(process.token()) for _ in range(20)]
    await started.wait()
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    answered.set()
    await process.refresher.close()
    assert (await process.stored()).tokens == Tokens("access-token-1", "refresh-token-1")
    assert server.refresh == "refresh-token-1"


async def test_a_refused_token_is_renewed_though_it_looks_good(process, server) -> None:
    await process.put(expires_at=None)
    assert await process.token(fingerprint_of(FIRST[0])) == "access-token-1"
    assert await process.token(fingerprint_of(FIRST[0])) == "access-token-1"  # somebody else was late
    assert len(server.asked) == 1


async def test_a_token_that_was_just_fetched_and_is_refused_ends_the_grant(process, server, clock) -> None:
    await process.put(expires_at=None)
    second = await process.token(fingerprint_of(FIRST[0]))
    with pytest.raises(NotConnected) as error:
        await process.usable(fingerprint_of(second))
    assert (error.value.code, error.value.provider_code) == ("auth_expired", "refused_again")
    assert len(server.asked) == 1


async def test_a_token_that_was_good_for_a_while_is_renewed_again(process, server, clock) -> None:
    await process.put(expires_at=None)
    second = await process.token(fingerprint_of(FIRST[0]))
    clock.advance(11)
    assert await process.token(fingerprint_of(second)) == "access-token-2"


async def test_what_an_answer_leaves_out_stays_as_it_was(process, server) -> None:
    await process.put(**DUE, address="https://acme.example", refresh_expires_at=NOW + 9, checked_at=5.0)
    server.rotates = False
    found = await process.usable()
    assert found.tokens == Tokens("access-token-1", FIRST[1])
    assert (found.scopes_granted, found.checked_at) == (("a",), 5.0)
    assert (found.address, found.refresh_expires_at) == ("https://acme.example", NOW + 9)


async def test_what_an_answer_says_is_kept(process_of, server) -> None:
    process = process_of(address_at="instance_url")
    await process.put(**DUE)
    server.more = {"scope": "b c", "instance_url": "https://eu.example/", "refresh_token_expires_in": 100}
    found = await process.usable()
    assert (found.scopes_granted, found.checked_at) == (("b", "c"), NOW)
    assert (found.address, found.refresh_expires_at) == ("https://eu.example", NOW + 100)
    assert await process.stored() == found


async def test_a_token_without_a_lifetime_is_kept_until_it_is_refused(process, server) -> None:
    await process.put(**DUE)
    server.life = None
    found = await process.usable()
    assert (found.expires_at, found.refresh_at) == (None, None)
    assert await process.token() == "access-token-1"


async def test_a_short_life_is_renewed_in_its_second_half(process, server, clock) -> None:
    server.life = 30
    await process.put(**DUE)
    await process.token()
    clock.advance(13)
    await process.token()
    await process.refresher.close()
    assert len(server.asked) == 1
    clock.advance(3)
    await process.token()
    await process.refresher.close()
    assert len(server.asked) == 2


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_a_clock_that_is_wrong_renews_neither_early_nor_late(
    database, server, tmp_path, minutes
) -> None:
    clock = ManualClock(START + timedelta(minutes=minutes))
    process = Process(database, server, clock, tmp_path)
    await process.put(expires_at=0.0, refresh_at=0.0)
    server.more = {"expires_at": NOW + 3600}  # absolute times of others are not believed
    await process.token()
    clock.advance(3600 - 300 - 331)
    await process.token()
    assert len(server.asked) == 1
    clock.advance(331)
    await process.token()
    await process.refresher.close()
    assert len(server.asked) == 2
    await process.upstream.close()


async def test_processes_that_disagree_about_the_time_never_end_the_grant(database, server, tmp_path) -> None:
    clocks = [ManualClock(START + timedelta(minutes=each)) for each in (-10, 0, 10)]
    processes = [Process(database, server, each, tmp_path) for each in clocks]
    server.life = 30
    await processes[0].put(**DUE)
    for _ in range(10):
        for clock, process in zip(clocks, processes, strict=True):
            account = await process.usable()
            await process.refresher.close()
            if account.access_token not in server.access:  # the API refuses it
                assert await process.token(fingerprint(account)) in server.access
            clock.advance(7)
    assert server.refresh is not None
    for process in processes:
        await process.upstream.close()


async def test_a_grant_that_has_ended_is_told_once_and_asked_for_no_more(process_of, server) -> None:
    processes = [process_of() for _ in range(3)]
    await processes[0].put(**DUE, account_label="Acme\n(62515)")
    server.end()
    ended = await asyncio.gather(
        *(each.usable() for each in processes for _ in range(5)), return_exceptions=True
    )
    assert len(server.asked) == 1
    for error in ended:
        assert isinstance(error, NotConnected)
        assert (error.code, error.provider_code) == ("auth_expired", "invalid_grant")
        assert error.detail == {"connection": "crm", "account": "Acme (62515)"}
        assert "wirepost connections authorize crm" in (error.hint or "")
    told = [account for each in processes for account in each.dead]
    assert [(each.state, each.reason) for each in told] == [("needs_reauth", "invalid_grant")]
    stored = await processes[0].stored()
    assert (stored.state, stored.reason, stored.tokens) == ("needs_reauth", "invalid_grant", Tokens(*FIRST))


async def test_nobody_is_connected_where_there_is_no_account_or_no_token(process) -> None:
    for state in ("none", "without tokens", "revoking"):
        if state == "without tokens":
            await process.put(tokens=None)
        if state == "revoking":
            await process.put(state="revoking")
        with pytest.raises(NotConnected) as error:
            await process.usable()
        assert (error.value.code, error.value.detail) == ("not_connected", {"connection": "crm"})


async def test_without_a_refresh_token_a_refused_token_needs_a_person(process, server) -> None:
    await process.put(tokens=Tokens(FIRST[0]), **DUE)
    assert await process.token() == FIRST[0]  # perhaps it is still good
    with pytest.raises(NotConnected) as error:
        await process.usable(fingerprint_of(FIRST[0]))
    assert error.value.provider_code == "token_refused"
    assert not server.asked


async def test_a_newer_account_is_never_overwritten_nor_ended(process, server) -> None:
    """The person connects it anew while a refresh of the old consent is under way."""
    await process.put(**DUE)

    async def reconnect() -> None:
        await process.put(tokens=Tokens("fresh-access", "fresh-refresh"), expires_at=NOW + 3600)

    server.before = reconnect
    assert await process.token() == "fresh-access"
    assert (await process.stored()).tokens == Tokens("fresh-access", "fresh-refresh")


async def test_a_refusal_of_old_tokens_says_nothing_about_new_ones(process, server) -> None:
    await process.put(**DUE)

    async def reconnect_and_refuse() -> None:
        await process.put(tokens=Tokens("fresh-access", "fresh-refresh"), expires_at=NOW + 3600)
        server.end()

    server.before = reconnect_and_refuse
    server.cuts = 1
    assert await process.token() == "fresh-access"
    assert not process.dead


async def test_an_account_that_is_removed_meanwhile_is_gone(process, server) -> None:
    await process.put(**DUE)

    async def remove() -> None:
        await process.accounts.retire("crm", SHARED)

    server.before = remove
    with pytest.raises(NotConnected) as error:
        await process.usable()
    assert error.value.code == "not_connected"
    # its newest tokens are those that must be given back
    assert (await process.stored()).tokens == Tokens("access-token-1", "refresh-token-1")
    assert (await process.stored()).state == "revoking"


async def test_a_waiter_outlasts_a_holder_that_died(database, server, tmp_path) -> None:
    clock = Clock()  # leases end by the clock of the database
    process = Process(database, server, clock, tmp_path)
    await process.put(expires_at=0.0, refresh_at=0.0)
    lease = Leases(database, clock).hold("refresh/crm/shared/main", ttl_s=0.2, wait_s=1)
    await lease.__aenter__()  # killed: it never gives the lease back
    assert await process.token() == "access-token-1"
    await process.upstream.close()


async def test_idle_grants_are_renewed_after_a_third_of_their_time(process, server, clock) -> None:
    idle = await process.put(expires_at=None)
    clock.advance(10 * 86_400 - 1)
    await process.refresher.keep_alive(idle, process.endpoint)
    assert not server.asked
    clock.advance(1)
    await process.refresher.keep_alive(idle, process.endpoint)
    assert len(server.asked) == 1
    await process.refresher.keep_alive(await process.stored(), process.endpoint)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "changes",
    [{"state": "needs_reauth"}, {"state": "revoking"}, {"tokens": None}, {"tokens": Tokens(FIRST[0])}],
)
async def test_what_cannot_be_kept_alive_is_left_alone(process, server, clock, changes) -> None:
    idle = await process.put(**changes)
    clock.advance(20 * 86_400)
    await process.refresher.keep_alive(idle, process.endpoint)
    await process.accounts.retire("crm", SHARED)
    await process.accounts.delete(idle)
    await process.refresher.keep_alive(idle, process.endpoint)
    assert not server.asked
    assert (await process.stored()).tokens == idle.tokens if await process.accounts.find("crm") else True


async def test_a_grant_without_an_idle_limit_is_not_kept_alive(process_of, server, clock) -> None:
    process = process_of(idle_days=None)
    idle = await process.put()
    clock.advance(1000 * 86_400)
    await process.refresher.keep_alive(idle, process.endpoint)
    assert not server.asked
