"""Options of a connection that contradict each other, or are dangerous, are refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError

from wirepost.settings import ConnectionSettings, LimitOverrides, MoneyRules


def connection(**options: Any) -> ConnectionSettings:
    return ConnectionSettings(**{"provider": "stripe", "environment": "test", **options})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"environment": "sandbox", "key": "env:A"}, "has a key, but a sandbox needs none"),
        (
            {"environment": "sandbox", "base_url": "https://x.example"},
            "has a base_url, but a sandbox runs inside",
        ),
        ({"faults": [{"kind": "cut"}]}, "has faults, which only a sandbox can show"),
        ({"owner": "caller", "webhooks": {"default": {}}}, "give the webhooks to a connection of their own"),
        ({"base_url": "http://api.example.com"}, "must use https, because secrets are sent there"),
        ({"base_url": "https://me:secret@x.example"}, "must not contain a user or password"),
        ({"base_url": "api.example.com"}, "must be an address such as"),
        ({"base_url": "https://x.example/?a=1"}, "must be an address such as"),
        ({"base_url": "https://x.example:port"}, "must be an address such as"),
        ({"accounts": ["1234"]}, "String should match pattern"),
        ({"money": {"max_per_action": {"eur": 10.5}}}, "must be written in quotes"),
        ({"money": {"max_per_action": {"jpy": "1.5"}}}, "decimals"),
        ({"money": {"max_per_action": {"eur": "-1"}}}, "must be a plain decimal string"),
        ({"money": {"max_per_day": {"xxx": "1"}}}, "must be a three-letter currency code"),
        ({"money": {"currencies": ["euro"]}}, "must be a three-letter currency code"),
        ({"money": {"refund_window_days": True}}, "must be a number"),
        ({"limits": {"burst": 0}}, "greater than or equal to 1"),
        ({"tls": {"certificate": "env:A", "private_key": "file:/x.key"}}, "TLS reads the file itself"),
        ({"tls": {"certificate": "file:/x.crt", "private_key": "file:/x#/key"}}, "TLS reads the file itself"),
        ({"header": "X Key"}, "String should match pattern"),
        ({"form": "Bearer"}, "String should match pattern"),
        ({"form": "{}\r\nX-Other: 1"}, "String should match pattern"),
        ({"check": "https://other.example"}, "String should match pattern"),
        ({"installation": "../../user"}, "String should match pattern"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        connection(**options)


def test_plain_http_is_for_this_machine() -> None:
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert connection(base_url=f"http://{host}:9000/").base_url == f"http://{host}:9000"


def test_currencies_are_read_in_any_case_and_amounts_may_be_whole_numbers() -> None:
    rules = MoneyRules.model_validate({"max_per_action": {"EUR": 250}, "currencies": ["Usd"]})
    assert rules.max_per_action == {"eur": "250"}
    assert rules.currencies == ["usd"]


def test_overrides_stand_in_the_place_of_the_providers_limits() -> None:
    @dataclass(frozen=True)
    class Published:
        requests_per_s: float = 100
        burst: int = 100
        concurrency: int = 25

    assert LimitOverrides(burst=3).over(Published()) == Published(burst=3)
    assert LimitOverrides().over(Published()) == Published()
