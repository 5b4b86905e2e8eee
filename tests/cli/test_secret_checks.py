"""Secrets are looked up all at once, and told by length and a part of their hash."""

from __future__ import annotations

import pytest

from support.clock import ManualClock
from wirepost.cli.secret_checks import look_up
from wirepost.settings import Settings

CONFIGURED = Settings.model_validate(
    {
        "secrets": {"keys": ["env:WIREPOST_TEST_KEY"]},
        "store": {"url": "env:WIREPOST_TEST_NOT_SET"},
        "connections": {
            "shop": {"provider": "stripe", "environment": "test", "key": "vault:secret/data/shop#key"}
        },
    }
)


async def test_each_is_told_with_its_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash is that of abc in FIPS 180-4."""
    monkeypatch.setenv("WIREPOST_TEST_KEY", "abc")
    looked = {each.key: each for each in await look_up(CONFIGURED, ManualClock())}
    assert {key: (each.error is None, each.is_vital) for key, each in looked.items()} == {
        "secrets.keys[0]": (True, True),
        "store.url": (False, True),
        "connections.shop.key": (False, False),
    }
    assert looked["secrets.keys[0]"].told == "secrets.keys[0]: ok len=3 sha256:ba78…"
    shown = looked["store.url"].shown()
    assert shown["problem"] == "the environment variable WIREPOST_TEST_NOT_SET is not set"
    assert shown["reference"] == "env:WIREPOST_TEST_NOT_SET"


async def test_offline_only_what_needs_nobody_else_is_looked_up() -> None:
    looked = await look_up(CONFIGURED, ManualClock(), is_offline=True)
    assert [each.key for each in looked] == ["store.url", "secrets.keys[0]"]
