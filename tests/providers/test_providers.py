"""The table of providers."""

from __future__ import annotations

import pytest

from wirepost.core.errors import ConfigError
from wirepost.providers import load_provider, provider_names


@pytest.mark.parametrize("name", provider_names())
def test_every_provider_is_loaded_by_its_name(name):
    assert load_provider(name).name == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("strip", "did you mean stripe?"),
        ("x", "known: anthropic, bedrock, "),
    ],
)
def test_an_unknown_provider_is_refused_with_a_suggestion(name, hint):
    with pytest.raises(ConfigError, match="there is no provider") as refused:
        load_provider(name)
    assert hint in str(refused.value)
