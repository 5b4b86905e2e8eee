"""Slack's objects as results."""

from __future__ import annotations

import pytest

from wirepost.providers.slack.models import Channel, Scheduled, User, is_bot, is_external, kind_of

ME = {"team_id": "T0OURS", "enterprise_id": None}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"team_id": "T0OURS"}, False),
        ({"team_id": "T0OTHER"}, True),
        ({"team_id": "T0OURS", "is_stranger": True}, True),
        ({"profile": {"team": "T0OTHER"}}, True),
        ({}, False),
        ({"id": "USLACKBOT", "team_id": "T0OTHER"}, False),
        ({"team_id": "T0OTHER", "enterprise_user": {"enterprise_id": "E1"}}, True),
    ],
)
def test_people_of_another_team_are_external(raw, expected):
    assert is_external(raw, ME) is expected


def test_another_workspace_of_the_same_organization_is_not():
    raw = {"team_id": "T0OTHER", "enterprise_user": {"enterprise_id": "E1"}}
    assert is_external(raw, {"team_id": "T0OURS", "enterprise_id": "E1"}) is False
    assert is_external(raw, {"team_id": "T0OURS", "enterprise_id": "E2"}) is True


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ({"is_im": True, "is_private": True}, "im"),
        ({"is_mpim": True, "is_private": True}, "mpim"),
        ({"is_private": True, "is_channel": True}, "private"),
        ({"is_group": True}, "private"),
        ({"is_channel": True}, "public"),
    ],
)
def test_kinds_of_channels(raw, kind):
    assert kind_of(raw) == kind


def test_the_recorded_answers_can_be_read(slack):
    """Every property that Slack has ever sent, with values of its type."""
    channel = slack.sample("conversations.info")["channel"]
    assert Channel.read(channel).id == channel["id"]
    user = slack.sample("users.info")["user"]
    assert User.read(user, ME).id == user["id"]
    (scheduled,) = slack.sample("chat.scheduledMessages.list")["scheduled_messages"]
    assert Scheduled.read(scheduled).post_at == "1970-01-01T03:25:45Z"


def test_a_channel_that_may_soon_be_shared_is_external():
    shared = {"id": "C0A", "name": "a", "is_pending_ext_shared": True}
    assert Channel.read(shared).is_external is True
    assert Channel.read({"id": "C0A", "is_org_shared": True}).is_external is False


def test_guests_and_programs_are_marked():
    raw = {"id": "U0A", "name": "ada", "is_ultra_restricted": True, "deleted": True, "profile": {"title": ""}}
    user = User.read(raw, ME)
    assert (user.is_guest, user.is_active, user.title) == (True, False, None)
    assert is_bot({"id": "USLACKBOT"})
    assert is_bot({"id": "U0A", "is_bot": True})
    assert not is_bot({"id": "U0A"})


def test_what_a_channel_is_for_is_shown_as_people_see_it():
    said = "R&amp;D &lt;b&gt; <https://a.example|rules>"
    channel = Channel.read({"id": "C0A", "topic": {"value": said}, "purpose": {"value": ""}})
    assert (channel.topic, channel.purpose) == ("R&D <b> rules (https://a.example)", None)
