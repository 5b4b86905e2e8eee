"""Salesforce calls without a server: on the judged sandbox, and over the published description."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.clock import ManualClock
from support.salesforce import DescribedOrg, JudgedOrg, Open, described_org, judged_org


@pytest.fixture
def org(clock: ManualClock) -> Iterator[JudgedOrg]:
    """The sandbox shop; every path of a test but those of sessions carries the version."""
    opened = judged_org(clock)
    yield opened
    unversioned = {each.url.path for each in opened.judge.requests if "/v68.0/" not in each.url.path}
    assert unversioned <= {"/services/oauth2/token", "/services/oauth2/userinfo"}


@pytest.fixture
def open_org(clock: ManualClock) -> Open:
    """Opens a sandbox with options of its own."""
    return lambda **options: judged_org(options.pop("clock", clock), **options)


@pytest.fixture
def described(clock: ManualClock) -> DescribedOrg:
    """The published description, whose answers a test writes down."""
    return described_org(clock)
