"""Options of AI: what contradicts itself is refused where it stands."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from wirepost.settings.ai import AiSettings, CacheSettings


def test_without_options_the_default_is_the_model_inside_the_server() -> None:
    aliases = AiSettings().aliases
    assert {name: each.connection for name, each in aliases.items()} == {"default": "embedded"}
    assert AiSettings().log_prompts is False


def test_a_configured_default_takes_the_place_of_the_one_inside() -> None:
    chosen = AiSettings.model_validate({"models": {"default": {"connection": "a", "model": "m"}}})
    assert chosen.aliases["default"].connection == "a"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"models": {"quick": {"connection": "a", "model": "m"}}}, "quick"),
        ({"models": {"fast": {"connection": "a", "model": "m", "max_cost_per_day": 0.5}}}, "in quotes"),
        ({"models": {"fast": {"connection": "a", "model": "m", "max_cost_per_day": "0.001"}}}, "decimals"),
        ({"per_connection": {"a": {"max_cost_per_day": "-1"}}}, "max_cost_per_day"),
        ({"per_connection": {"a": {"allow": [""]}}}, "at least 1 character"),
        ({"cache": {"kind": "redis"}}, "needs url"),
        ({"cache": {"kind": "redis", "url": "redis://:secret@localhost"}}, "url"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        AiSettings.model_validate(options)


def test_the_address_of_redis_is_a_reference_because_it_may_hold_a_password() -> None:
    cache = CacheSettings.model_validate({"kind": "redis", "url": "env:REDIS_URL"})
    assert str(cache.url) == "env:REDIS_URL"
