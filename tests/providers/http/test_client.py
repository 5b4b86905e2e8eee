"""Any service: whatever it answers with, a success is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.answering import answering
from support.clock import ManualClock
from wirepost.connections.connections import Connection
from wirepost.core.errors import NotConnected
from wirepost.providers.http import PROVIDER, probe
from wirepost.settings import ConnectionSettings


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


@pytest.mark.parametrize("auth", ["key", "oauth", "exchange"])
def test_without_an_address_nothing_can_be_asked(tmp_path: Path, clock: ManualClock, auth: str) -> None:
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text("a-secret-of-the-service")
    settings = ConnectionSettings.model_validate(
        {
            "provider": "http",
            "environment": "test",
            "auth": auth,
            "key": f"file:{secret}",
            "client_id": "client",
            "client_secret": f"file:{secret}",
            "oauth": {
                "authorize_url": "https://login.example.com/authorize",
                "token_url": "https://login.example.com/token",
            },
        }
    )
    connection = Connection("acme", PROVIDER, settings, clock, world=lambda: None)  # type: ignore[arg-type,return-value]
    assert "no base_url is configured" in (connection.shared.credential.problem or "")
