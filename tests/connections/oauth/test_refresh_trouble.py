"""Refreshing while servers fail, answers get lost, and disks are full."""

from __future__ import annotations

import pytest
from starlette.responses import JSONResponse, Response

from support.refresh_process import DUE, EARLY, NOW, Process
from support.token_server import FIRST
from wirepost.connections.accounts import Account, Accounts, Tokens
from wirepost.connections.oauth.refresh import Refresher, fingerprint_of
from wirepost.core.errors import NotConnected, Unavailable
from wirepost.store.database import Database
from wirepost.store.leases import Leases


@pytest.fixture
async def database(place, clock):
    database = await Database.open(place, clock)
    yield database
    await database.close()


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
