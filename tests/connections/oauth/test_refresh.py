"""Refreshing: once for all, whatever is cancelled, cut, slow, or wrong about the time."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest
from starlette.responses import JSONResponse, Response

from support.clock import START, ManualClock
from support.token_server import CLIENT, FIRST, SECRET, TokenServer
from wirepost.connections.accounts import MAIN, SHARED, Account, Accounts, Tokens
from wirepost.connections.oauth.endpoint import Identity, TokenEndpoint
from wirepost.connections.oauth.refresh import Refresher, fingerprint, fingerprint_of
from wirepost.connections.oauth.spool import Spool
from wirepost.contracts.auth import OAuth2
from wirepost.core.clock import Clock
from wirepost.core.errors import NotConnected, Unavailable
from wirepost.secrets.vault import KeyRing, Vault
from wirepost.store.database import Database
from wirepost.store.leases import Leases
from wirepost.upstream.limits import Limits
from wirepost.upstream.memory import InMemoryTransport
from wirepost.upstream.upstream import Upstream

HOST = "https://login.example.com"
METHOD = OAuth2(f"{HOST}/authorize", f"{HOST}/token", "Ask.", rotates=True, idle_days=30)
NOW = START.timestamp()
PLACE = ("crm", SHARED, MAIN)
DUE = {"expires_at": NOW - 1, "refresh_at": NOW - 300}
EARLY = {"expires_at": NOW + 100, "refresh_at": NOW - 1}


class Process:
    """What one process has; several share a database and a server."""

    def __init__(self, database, server, clock, directory, method=METHOD) -> None:
        self.vault = Vault(KeyRing([b"k" * 32]))
        self.accounts = Accounts(database, clock, self.vault)
        self.dead: list[Account] = []
        self.spool = Spool(directory / "spool", self.vault)
        self.refresher = Refresher(
            self.accounts, Leases(database, clock), clock, spool=self.spool, on_death=self._note
        )

        async def nothing() -> str:
            return ""

        async def secret() -> str:
            return SECRET

        self.upstream = Upstream(
            "crm",
            base_url=HOST,
            credential=nothing,
            limits=Limits(requests_per_s=1000, burst=1000, concurrency=10, failures_to_open=1000),
            clock=clock,
            transport=InMemoryTransport(server.app),
        )
        self.endpoint = TokenEndpoint(method, Identity(CLIENT, secret), self.upstream, clock)

    async def _note(self, account: Account) -> None:
        self.dead.append(account)

    async def usable(self, rejected: str | None = None, part: str = MAIN) -> Account:
        return await self.refresher.usable("crm", SHARED, part, self.endpoint, rejected)

    async def token(self, rejected: str | None = None) -> str:
        return (await self.usable(rejected)).access_token

    async def put(self, **changes) -> Account:
        given = {"tokens": Tokens(*FIRST), "connected_at": NOW, "scopes_granted": ("a",), **changes}
        return await self.accounts.put(Account("crm", **given))

    async def stored(self) -> Account:
        found = await self.accounts.find("crm")
        assert found is not None
        return found


@pytest.fixture
async def database(place, clock):
    database = await Database.open(place, clock)
    yield database
    await database.close()


@pytest.fixture
def server():
    return TokenServer()


@pytest.fixture
async def process_of(database, server, clock, tmp_path):
    """Makes processes."""
    made = []

    def make(**changes) -> Process:
        made.append(Process(database, server, clock, tmp_path, dataclasses.replace(METHOD, **changes)))
        return made[-1]

    yield make
    for each in made:
        await each.refresher.close()
        await each.upstream.close()


@pytest.fixture
def process(process_of):
    return process_of()


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


async def test_an_outage_leaves_a_good_token_in_use_and_waits(process, server, clock) -> None:
    await process.put(**EARLY)
    server.answers = [JSONResponse({"error": "slow_down"}, 429) for _ in range(20)]
    for _ in range(5):
        assert await process.token() == FIRST[0]
        await process.refresher.close()
    assert len(server.asked) == 1
    stored = await process.stored()
    assert (stored.state, stored.reason, stored.failures) == ("degraded", "slow_down", 1)
    clock.advance(31)
    server.answers.clear()
    await process.token()
    await process.refresher.close()
    assert await process.token() == "access-token-1"


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        (JSONResponse({"error": "slow_down"}, 429, {"retry-after": "45"}), ("rate_limited", "slow_down")),
        (JSONResponse({"error": "server_error"}, 503), ("upstream_unavailable", "server_error")),
        (JSONResponse({"error": "invalid_client"}, 401), ("upstream_unavailable", "invalid_client")),
        (JSONResponse({"access_token": 7}), ("upstream_unavailable", "no_token")),
    ],
)
async def test_what_a_person_cannot_help_leads_no_person_to_consent(
    process_of, server, clock, answer, codes
) -> None:
    process = process_of(has_reuse_grace=True)
    await process.put(**DUE)
    server.answers = [answer] * 9
    with pytest.raises(Unavailable) as error:
        await process.usable()
    assert (error.value.code, error.value.provider_code) == codes
    assert error.value.retry_after_s is not None
    assert error.value.retry_after_s >= 30
    asked = len(server.asked)
    with pytest.raises(Unavailable) as error:  # no hot loop
        await process.usable()
    assert error.value.provider_code == codes[1]
    assert 0 < (error.value.retry_after_s or 0) <= 30
    assert len(server.asked) == asked
    assert (await process.stored()).state == "degraded"
    assert not process.dead
    clock.advance(31)
    server.answers.clear()
    assert await process.token() == "access-token-1"


async def test_a_refused_token_waits_for_an_outage_to_end(process, server, clock) -> None:
    await process.put(expires_at=None)
    server.answers = [Response(status_code=503)] * 9
    for _ in range(2):
        with pytest.raises(Unavailable):
            await process.usable(fingerprint_of(FIRST[0]))
    assert len(server.asked) == 2


async def test_a_failure_that_was_noted_by_a_clock_ahead_stops_nobody(process, server) -> None:
    await process.put(**DUE, state="degraded", failures=1, failed_at=NOW + 600)
    assert await process.token() == "access-token-1"


async def test_a_lost_answer_is_recovered_where_the_server_forgives_it(process_of, server) -> None:
    process = process_of(has_reuse_grace=True)
    server.has_grace, server.cuts = True, 1
    await process.put(**DUE)
    assert await process.token() == "access-token-2"


async def test_a_rotation_whose_answer_was_lost_needs_a_person_once(process, server) -> None:
    server.cuts = 1
    await process.put(**DUE)
    for _ in range(3):
        with pytest.raises(NotConnected) as error:
            await process.usable()
        assert error.value.provider_code == "rotation_lost"
    assert len(server.asked) == 2
    assert len(process.dead) == 1


async def test_what_ends_after_an_unanswered_refresh_was_lost_with_it(process, server, clock) -> None:
    await process.put(**DUE)
    server.answers = [Response(status_code=503)] * 2
    with pytest.raises(Unavailable):
        await process.usable()
    assert (await process.stored()).reason == "unanswered"
    clock.advance(31)
    server.answers = [JSONResponse({"error": "busy"}, 429)]
    with pytest.raises(Unavailable):
        await process.usable()
    clock.advance(31)
    server.end()
    with pytest.raises(NotConnected) as error:
        await process.usable()
    assert error.value.provider_code == "rotation_lost"


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


class Full(Accounts):
    """A database whose disk is full for a while."""

    failing = 0

    async def renew(self, renewed: Account) -> bool:
        """Fail as often as is said."""
        if self.failing:
            self.failing -= 1
            raise Unavailable("server_unavailable", "The disk is full")
        return await super().renew(renewed)


@pytest.fixture
def full(process, database, clock):
    process.accounts = process.refresher.accounts = Full(database, clock, process.vault)
    return process


async def test_new_tokens_are_stored_however_often_it_takes(full, server, clock) -> None:
    await full.put(**DUE)
    full.accounts.failing = 4
    assert await full.token() == "access-token-1"
    assert (await full.stored()).access_token == "access-token-1"
    assert not full.spool.kept()


async def test_new_tokens_that_cannot_be_stored_are_used_and_kept_sealed(
    full, server, clock, tmp_path, caplog
) -> None:
    await full.put(**DUE)
    full.accounts.failing = 1000
    assert await full.token() == "access-token-1"
    assert await full.token() == "access-token-1"
    assert (await full.stored()).access_token == FIRST[0]
    assert "kept outside the database" in caplog.text
    (file,) = (tmp_path / "spool").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert "access-token-1" not in file.read_text()
    assert "access-token-1" not in caplog.text
    full.accounts.failing = 0
    assert await full.token() == "access-token-1"
    assert (await full.stored()).access_token == "access-token-1"
    assert not full.spool.kept()
    assert len(server.asked) == 1


async def test_the_next_process_stores_what_the_last_one_could_not(full, process_of, server) -> None:
    await full.put(**DUE)
    full.accounts.failing = 1000
    await full.token()
    later = process_of()
    await later.refresher.recover()
    assert await later.token() == "access-token-1"
    assert not later.spool.kept()
    assert len(server.asked) == 1


async def test_what_was_kept_never_replaces_something_newer(full, process_of) -> None:
    await full.put(**DUE)
    full.accounts.failing = 1000
    await full.token()
    await full.put(tokens=Tokens("fresh-access", "fresh-refresh"))
    later = process_of()
    await later.refresher.recover()
    assert await later.token() == "fresh-access"
    assert not later.spool.kept()


async def test_without_a_place_for_files_new_tokens_are_in_memory(full, tmp_path, caplog) -> None:
    (tmp_path / "spool").write_text("no directory")
    await full.put(**DUE)
    full.accounts.failing = 1000
    assert await full.token() == "access-token-1"
    assert "only in memory" in caplog.text
    full.accounts.failing = 0
    assert await full.token() == "access-token-1"
    assert (await full.stored()).access_token == "access-token-1"


async def test_a_process_without_a_directory_keeps_new_tokens_in_memory(
    database, clock, tmp_path, server
) -> None:
    process = Process(database, server, clock, tmp_path)
    process.accounts = Full(database, clock, process.vault)
    process.refresher = Refresher(process.accounts, Leases(database, clock), clock)
    await process.put(**DUE)
    process.accounts.failing = 6
    assert await process.token() == "access-token-1"
    await process.refresher.recover()
    assert await process.token() == "access-token-1"
    assert (await process.stored()).access_token == "access-token-1"
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
