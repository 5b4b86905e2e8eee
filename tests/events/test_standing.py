"""Whoever asked for events is looked at again before it gets them."""

from __future__ import annotations

import pytest

from support.extension import Sender
from wirepost.calls.caller import LOCAL, Caller
from wirepost.events.callback import Target
from wirepost.events.catalogue import Catalogue
from wirepost.events.standing import FRESH_S, Standing
from wirepost.server.auth.caller_tokens import all_tokens, create, revoke

NOBODY: set[str] = set()


@pytest.fixture
def hidden() -> set[str]:
    return set()


@pytest.fixture
def standing(database, clock, hidden) -> Standing:
    def may_read(caller: Caller, source: str) -> bool:
        return source not in hidden and (caller.scopes is None or "event.read" in caller.scopes)

    return Standing(database, Catalogue([Sender()], may_read), clock)


async def token(database, clock, expires_at: float | None = None) -> str:
    await create(database, clock.now().timestamp(), "agent", None, expires_at)
    return (await all_tokens(database))[0].id


async def test_callers_without_a_token_of_this_server_are_what_they_were(standing):
    assert await standing.is_current(LOCAL)
    assert await standing.is_current(Caller("https://issuer.example|ada"))


async def test_a_token_counts_until_it_is_withdrawn(standing, database, clock):
    caller = Caller(f"token:{await token(database, clock)}")
    assert await standing.is_current(caller)
    await revoke(database, clock.now().timestamp(), "agent")
    clock.advance(FRESH_S)
    assert not await standing.is_current(caller)


async def test_a_token_counts_until_its_end(standing, database, clock):
    caller = Caller(f"token:{await token(database, clock, clock.now().timestamp() + 60)}")
    assert await standing.is_current(caller)
    clock.advance(60)
    assert not await standing.is_current(caller)


async def test_a_token_that_nobody_knows_does_not_count(standing):
    assert not await standing.is_current(Caller("token:tok_none"))


@pytest.mark.parametrize(
    ("scopes", "arguments", "may"),
    [
        (None, {}, True),
        (frozenset({"event.read"}), {"source": "stripe-live"}, True),
        (frozenset({"crm.read"}), {}, False),
        (None, {"source": "elsewhere"}, False),
    ],
)
async def test_a_client_is_called_back_with_what_it_might_read(standing, scopes, arguments, may):
    target = Target("sub_1", "https://a.example/", "payment.refunded", arguments, "whsec_x", scopes=scopes)
    assert await standing.may_receive("local", target) is may


async def test_a_client_whose_source_is_hidden_or_whose_token_is_gone_is_not_called_back(standing, hidden):
    target = Target("sub_1", "https://a.example/", "payment.refunded", {}, "whsec_x")
    assert not await standing.may_receive("token:tok_none", target)
    hidden.update({"stripe-live"})
    assert not await standing.may_receive("local", target)
