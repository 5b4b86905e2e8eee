"""Tokens that are fetched without a person: once for all who want one, and again in good time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from wirepost.connections.fetched import FetchedCredential, FetchedToken

LIFE_S = 60.0


class Counted(FetchedCredential[None]):
    """Its provider counts."""

    fetched = 0

    def check(self) -> str | None:
        return None

    async def _fetch(self) -> FetchedToken:
        await asyncio.sleep(0)  # noqa: TID251 - lets the others of a crowd come in
        self.fetched += 1
        return FetchedToken(f"Bearer token-{self.fetched}", self._clock.monotonic() + LIFE_S, "https://there")


@pytest.fixture
def counted(clock) -> Counted:
    nothing: Any = None
    return Counted("acme", nothing, None, settings=nothing, clock=clock, secrets=nothing, upstream=nothing)


async def test_a_crowd_gets_one_token(counted: Counted) -> None:
    assert counted.address is None
    assert set(await asyncio.gather(*(counted.header() for _ in range(20)))) == {"Bearer token-1"}
    assert counted.address == "https://there"
    assert repr(counted) == "Counted(acme)"


async def test_a_token_is_replaced_before_it_ends(counted: Counted, clock) -> None:
    await counted.header()
    clock.advance(LIFE_S - 1)
    assert await counted.header() == "Bearer token-1"
    clock.advance(1)
    assert await counted.header() == "Bearer token-2"


async def test_a_refused_token_is_replaced_once(counted: Counted) -> None:
    counted.forget("Bearer token-1")  # there is none yet
    refused = await counted.header()
    counted.forget(refused)
    assert await counted.header() == "Bearer token-2"
    counted.forget(refused)  # somebody else who was refused with the old one
    assert await counted.header() == "Bearer token-2"
