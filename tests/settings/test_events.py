"""Options of events: what contradicts itself, or could lose something, is refused where it stands."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from wirepost.settings.events import EventSettings, SinkSettings, SubscriptionSettings
from wirepost.settings.models import Settings

HOOK = {"url": "https://example.com/hook", "secret": "env:HOOK_SECRET"}
ROOM = {"connection": "slack", "channel": "#support"}


@pytest.mark.parametrize(
    ("option", "value"),
    [("keep_keys_days", 29), ("wait_s", 41), ("max_waiting", 99), ("max_hops", 0), ("taint", "sometimes")],
)
def test_what_would_lose_or_let_in_too_much_is_refused(option, value):
    with pytest.raises(ValidationError, match=option):
        EventSettings(**{option: value})


@pytest.mark.parametrize("rate", ["6", "0/min", "6/week", "-1/s", "6 / min"])
def test_a_rate_is_a_number_and_a_period(rate):
    with pytest.raises(ValidationError, match="wake_rate"):
        SubscriptionSettings(wake_rate=rate)
    assert SubscriptionSettings(wake_rate="120/h").wake_rate == "120/h"


def test_a_subscription_is_pulled_and_leaves_out_our_own_unless_it_says_otherwise():
    plain = SubscriptionSettings()
    assert (plain.deliver, plain.exclude_self, plain.ack, plain.start) == (["pull"], True, "explicit", "now")


@pytest.mark.parametrize("name", ["pull", "channel"])
def test_a_sink_cannot_be_called_like_a_way_that_is_there(name):
    with pytest.raises(ValidationError, match="a name that is taken"):
        SinkSettings(http={name: HOOK})


def test_two_sinks_cannot_have_one_name():
    with pytest.raises(ValidationError, match="a name that is taken"):
        SinkSettings(http={"support": HOOK}, slack={"support": ROOM})
    both = SinkSettings(http={"hook": HOOK}, slack={"support": ROOM})
    assert both.names == {"hook": "http", "support": "slack"}


def test_a_subscription_names_only_ways_that_exist():
    with pytest.raises(ValidationError, match="names the sink nowhere"):
        Settings(subscriptions={"refunds": {"deliver": ["pull", "nowhere"]}})
    settings = Settings(
        subscriptions={"refunds": {"deliver": ["pull", "channel", "hook"]}}, sinks={"http": {"hook": HOOK}}
    )
    assert settings.subscriptions["refunds"].deliver == ["pull", "channel", "hook"]
