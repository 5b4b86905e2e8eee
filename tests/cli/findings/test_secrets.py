"""The doctor looks up each secret as the server would, and tells nothing of what it is."""

from __future__ import annotations

from typing import Any

import pytest

from support.clock import ManualClock
from wirepost.cli.findings.finding import Finding
from wirepost.cli.findings.secrets import secrets
from wirepost.settings import Settings


async def look(*, is_offline: bool = False, **settings: Any) -> list[Finding]:
    configured = Settings.model_validate(settings)
    return [each async for each in secrets(configured, ManualClock(), is_offline=is_offline)]


async def test_a_secret_that_is_there_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIREPOST_TEST_KEY", "abc")
    (found,) = await look(secrets={"keys": ["env:WIREPOST_TEST_KEY"]})
    assert (found.status, found.what) == ("ok", "secrets.keys[0]: ok len=3 sha256:ba78…")


async def test_a_missing_one_is_an_error_with_what_it_means() -> None:
    keys = {"keys": ["env:WIREPOST_TEST_NOT_SET"]}
    shop = {"provider": "stripe", "environment": "test", "key": "vault:secret/data/shop#key"}
    first, second = await look(secrets=keys, connections={"shop": shop})
    assert (first.status, first.why) == ("error", "the server does not start")
    assert "WIREPOST_TEST_NOT_SET is not set" in first.what
    assert (second.status, second.why) == ("error", "what needs it does not work")
    assert second.what.startswith("connections.shop.key: vault: references need to know")


async def test_offline_no_store_is_asked() -> None:
    shop = {"provider": "stripe", "environment": "test", "key": "vault:secret/data/shop#key"}
    assert await look(connections={"shop": shop}, is_offline=True) == []
