"""Any service: whatever it answers with, a success is one."""

from __future__ import annotations

import pytest

from support.answering import answering
from support.clock import ManualClock
from wirepost.core.errors import NotConnected
from wirepost.providers.http import PROVIDER, probe


async def test_the_path_for_the_check_is_read_whatever_it_answers(clock: ManualClock) -> None:
    service = answering("http", clock, base_url="https://api.example.com", check="/v1/me")
    service.put("GET /v1/me", "<p>Hello</p>")
    found = await probe(service.client)
    assert (found.identity, found.account) == ("key at api.example.com", "api.example.com")
    assert found.account_id is None


async def test_a_refused_credential_is_told(clock: ManualClock) -> None:
    service = answering("http", clock, base_url="https://api.example.com", auth="tls")
    service.put("GET /", {"message": "who are you"}, status=401)
    with pytest.raises(NotConnected) as refused:
        await probe(service.client)
    assert refused.value.code == "auth_expired"


def test_every_way_in_can_be_named() -> None:
    assert [method.name for method in PROVIDER.auth] == ["key", "oauth", "exchange", "sigv4", "tls"]
    exchange = PROVIDER.auth_method("exchange")
    assert exchange.environment_of("https://api.example.com") == "any"  # type: ignore[union-attr]
    assert exchange.audience("https://api.example.com") == "https://api.example.com"  # type: ignore[union-attr]
