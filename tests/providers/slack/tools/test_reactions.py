"""Reactions: planned, added once, found again."""

from __future__ import annotations

import pytest

from wirepost.core.errors import InvalidCall, Rejected
from wirepost.providers.slack.tools.reactions import slack_add_reaction
from wirepost.sandbox.faults import Fault

GIVEN = {"channel": "#support", "ts": "1735725600.000100", "emoji": "eyes"}


def reactions(shop):
    return shop.sandbox.workspace.find("C0SUPPORT", GIVEN["ts"]).get("reactions")


async def test_a_reaction_is_added_without_colons(slack):
    await slack.run(slack_add_reaction, channel="C0SUPPORT", ts="1735725600.000100", emoji=":+1:")
    assert slack.last["body"] == {"channel": "C0SUPPORT", "timestamp": "1735725600.000100", "name": "+1"}


async def test_twice_is_once(shop):
    for _ in range(2):
        reacted = await shop.run(slack_add_reaction, **GIVEN)
        assert (reacted.channel, reacted.emoji) == ("C0SUPPORT", "eyes")
    assert reactions(shop) == [{"name": "eyes", "users": ["U0WIREPOST"], "count": 1}]


async def test_a_lost_answer_is_asked_for_again(shop):
    shop.sandbox.inject(Fault(kind="lost_answer", match="POST /api/reactions.add", times=1))
    await shop.run(slack_add_reaction, **GIVEN)
    assert reactions(shop) == [{"name": "eyes", "users": ["U0WIREPOST"], "count": 1}]


async def test_the_plan_names_the_message_and_its_readers(shop):
    plan = await shop.plan(slack_add_reaction, **{**GIVEN, "emoji": ":tada:"})
    assert plan.summary == "React with :tada: to message 1735725600.000100 in #support (C0SUPPORT)"
    assert plan.notes[0] == "Sent at 2025-01-01T10:00:00Z"
    assert {line.method for line in shop.sandbox.requests} == {"GET"}
    with pytest.raises(Rejected):
        await shop.plan(slack_add_reaction, **{**GIVEN, "ts": "1735725600.000101"})


async def test_only_a_reaction_of_ours_is_found(shop):
    assert await shop.reconcile(slack_add_reaction, **GIVEN) is None
    row = shop.sandbox.workspace.find("C0SUPPORT", GIVEN["ts"])
    row["reactions"] = [{"name": "eyes", "users": ["U0TEAM001"], "count": 1}]
    assert await shop.reconcile(slack_add_reaction, **GIVEN) is None
    await shop.run(slack_add_reaction, **GIVEN)
    assert (await shop.reconcile(slack_add_reaction, **GIVEN)).emoji == "eyes"
    assert await shop.reconcile(slack_add_reaction, **{**GIVEN, "emoji": "tada"}) is None


@pytest.mark.parametrize(
    ("change", "family"),
    [
        ({"emoji": "no_such_emoji"}, InvalidCall),
        ({"ts": "1735725600.000101"}, Rejected),
        ({"channel": "C0RANDOM"}, Rejected),
    ],
)
async def test_slacks_refusals_are_told(shop, change, family):
    with pytest.raises(family):
        await shop.run(slack_add_reaction, **{**GIVEN, **change})
