"""Requests to Google, and errors in the two forms it has for them."""

from __future__ import annotations

import pytest

from support.answering import Answering, answering
from support.clock import ManualClock
from wirepost.core.errors import CallError, Unavailable
from wirepost.providers.google import PROVIDER, probe


@pytest.fixture
def google(clock: ManualClock) -> Answering:
    return answering("google", clock)


async def test_a_person_is_known_by_subject_and_address(google: Answering) -> None:
    # The example of https://developers.google.com/identity/openid-connect/openid-connect
    google.put(
        "GET /oauth2/v3/userinfo", {"sub": "10769150350006150715113082367", "email": "jsmith@example.com"}
    )
    found = await probe(google.client)
    assert (found.identity, found.account_id) == ("jsmith@example.com", "10769150350006150715113082367")
    google.put("GET /oauth2/v3/userinfo", {})
    assert (await probe(google.client)).account_id is None


async def test_a_read_may_have_parameters(google: Answering) -> None:
    google.put("GET /drive/v3/about", {"user": {}})
    assert await google.client.get("/drive/v3/about", fields="user") == {"user": {}}
    assert google.sent[0].url.query == b"fields=user"
    google.put("GET /drive/v3/about", [])
    with pytest.raises(Unavailable):
        await google.client.get("/drive/v3/about")


@pytest.mark.parametrize(
    "body",
    ["<html>", [], {"error": "access_denied"}, {"error": {"errors": "?", "details": [None, {"reason": 1}]}}],
)
async def test_an_error_may_lack_every_detail(google: Answering, body: object) -> None:
    google.put("GET /x", body, status=403)
    with pytest.raises(CallError) as refused:
        await google.client.get("/x")
    assert refused.value.code == "missing_scope"
    assert refused.value.provider_code is None
    assert refused.value.detail == {}


@pytest.mark.parametrize(
    ("status", "reason", "attempts"),
    [(403, "rateLimitExceeded", 3), (403, "dailyLimitExceeded", 1), (403, "insufficientPermissions", 1)],
)
async def test_only_a_rate_that_is_exceeded_is_waited_for(google, status, reason, attempts) -> None:
    google.put("GET /x", {"error": {"errors": [{"reason": reason}]}}, status=status)
    with pytest.raises(CallError):
        await google.client.get("/x")
    assert len(google.sent) == attempts


def test_consent_is_the_only_way_in() -> None:
    assert [method.name for method in PROVIDER.auth] == ["oauth"]
