"""HubSpot calls without a server around them: on the judged sandbox, and over the published description."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.clock import ManualClock
from support.hubspot import DescribedPortal, JudgedPortal, Open, described_portal, judged_portal


@pytest.fixture
def portal(clock: ManualClock) -> Iterator[JudgedPortal]:
    """The sandbox shop; every path of a test but one carries the version."""
    opened = judged_portal(clock)
    yield opened
    undated = {path for _, path in opened.judge.paths if "/2026-09" not in path}
    assert undated <= {"/oauth/v2/private-apps/get/access-token-info"}


@pytest.fixture
def open_portal(clock: ManualClock) -> Open:
    """Opens a sandbox with options of its own."""
    return lambda **options: judged_portal(options.pop("clock", clock), **options)


@pytest.fixture
def described(clock: ManualClock) -> DescribedPortal:
    """The published description, whose answers a test writes down."""
    return described_portal(clock)
