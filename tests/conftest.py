"""What every test may use."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from copy import deepcopy

import pytest
from hypothesis import HealthCheck, settings

from support.clock import ManualClock
from support.services import check_services
from wirepost.core.redact import SECRETS

pytest_plugins = ["support.specmock_fixture", "support.stores"]

settings.register_profile(
    "ci", derandomize=True, max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("quick", settings.get_profile("ci"), max_examples=15)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("WIREPOST_HYPOTHESIS", "ci"))


def pytest_collection_finish() -> None:
    """Let garbage be looked for seldom: descriptions of vendors and sandbox worlds are many, and stay."""
    gc.freeze()
    gc.set_threshold(10_000, 10, 20)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests that need programs besides Python say so with the marker `services`."""
    check_services(item)


@pytest.fixture
def clock() -> ManualClock:
    """Time that passes only when the code sleeps or the test advances it."""
    return ManualClock()


@pytest.fixture(autouse=True)
def own_secrets() -> Iterator[None]:
    """What one test calls a secret may be a word in the results of another."""
    before = deepcopy(vars(SECRETS))
    yield
    vars(SECRETS).update(before)
