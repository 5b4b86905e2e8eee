"""Tiers: what passes in a minute."""

from __future__ import annotations

import re

import pytest

from support.specmock_fixture import described
from wirepost.providers.slack.limits import REAL, TIERS, UNHURRIED, quota_of


# https://docs.slack.dev/apis/web-api/rate-limits: calls a minute
@pytest.mark.parametrize(("tier", "per_minute"), [(1, 1), (2, 20), (3, 50), (4, 100)])
def test_a_tier_is_a_rate_per_minute_with_a_part_of_it_at_once(tier, per_minute):
    quota = quota_of(tier)
    assert quota.requests_per_s * 60 == pytest.approx(per_minute)
    assert 1 <= quota.burst <= max(1, per_minute // 4)


def test_posts_go_at_one_a_second():
    assert quota_of(TIERS["chat.postMessage"]).requests_per_s == 1


def test_every_method_is_a_method_of_slack_and_has_a_limit_everywhere():
    methods = {path.removeprefix("/api/") for path in described("slack")["slack"].doc["paths"]}
    assert set(TIERS) == methods
    assert all(re.fullmatch(r"[a-z]+(\.[A-Za-z]+)+", method) for method in TIERS)
    for limits in (REAL, UNHURRIED):
        assert set(limits.quotas) == methods
