"""A code is shown here and typed there; the server is asked in the rhythm that it wants."""

from __future__ import annotations

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from wirepost.connections.oauth.device import consent_elsewhere
from wirepost.connections.oauth.party import Asked
from wirepost.core.errors import NotConnected

ASKED = Asked(("contacts.read",))


def refused(word, status=400):
    return JSONResponse({"error": word}, status)


@pytest.fixture
def asking(party, clock):
    """Lets a person consent, and remembers what they were shown."""
    shown = []

    async def ask(at=party):
        return await consent_elsewhere(at, ASKED, clock, shown.append)

    ask.shown = shown
    return ask


async def test_a_person_types_the_code_and_the_tokens_come(asking, authority, clock) -> None:
    authority.pending = 2
    granted = await asking()
    assert granted["main"].tokens.access in authority.tokens
    assert [code.user_code for code in asking.shown] == ["WDJB-MJHT"]
    assert clock.slept == [5.0, 5.0, 5.0]


async def test_slow_down_adds_five_seconds_each_time(asking, authority, clock) -> None:
    authority.failures = [refused("slow_down"), refused("slow_down")]
    await asking()
    assert clock.slept == [5.0, 10.0, 15.0]


async def test_an_outage_doubles_the_time(asking, authority, clock) -> None:
    authority.failures = [PlainTextResponse("<html>", 503)]
    await asking()
    assert clock.slept[-1] == 10.0


@pytest.mark.parametrize("word", ["access_denied", "expired_token", "invalid_client"])
async def test_a_refusal_ends_it(asking, authority, word) -> None:
    authority.failures = [refused(word)]
    with pytest.raises(NotConnected) as ended:
        await asking()
    assert ended.value.provider_code == word


async def test_a_code_that_nobody_types_ends(asking, authority, clock) -> None:
    authority.pending = 1000
    with pytest.raises(NotConnected, match="code ended"):
        await asking()
    assert sum(clock.slept) < 60


async def test_a_provider_without_it_says_what_works_instead(asking, party_with) -> None:
    with pytest.raises(NotConnected) as ended:
        await asking(party_with(device_url=None))
    assert "--paste" in ended.value.hint
    assert asking.shown == []
