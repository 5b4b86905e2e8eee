"""Subscriptions: named by their owner, kept across starts, and read by those they are for."""

from __future__ import annotations

import pytest

from support.occurred import delivered, event, stored
from wirepost.calls.caller import Caller
from wirepost.core.errors import InvalidCall
from wirepost.events.filters import Filter
from wirepost.events.subscriptions import OPERATOR, PER_OWNER, Subscriptions, TooMany, stored_filter
from wirepost.settings.events import SubscriptionSettings
from wirepost.settings.webhooks import RedactSettings

ANNA, BEN = Caller("anna"), Caller("ben")
REFUNDS = SubscriptionSettings(types=["payment.refunded"], sources=["stripe-live"], max_attempts=3)


@pytest.fixture
def subscriptions(database, clock):
    return Subscriptions(database, clock)


async def put(subscriptions, owner="anna", name="refunds", settings=REFUNDS, **how):
    return await subscriptions.put(owner, name, Filter.of(settings), settings, **how)


async def test_a_subscription_is_found_as_it_was_made(subscriptions, log, clock):
    await stored(log, event(), event())
    made = await put(subscriptions)
    assert (made.owner, made.name, made.position) == ("anna", "refunds", 2)
    assert (made.filter, made.options.max_attempts) == (Filter.of(REFUNDS), 3)
    assert (made.created_at, made.expires_at, made.has_target) == (clock.now().timestamp(), None, False)
    assert await subscriptions.find(ANNA, "refunds") == made
    assert await subscriptions.get(made.id) == made
    assert await subscriptions.all() == [made]


async def test_the_same_name_again_changes_it_and_keeps_its_position(subscriptions, log):
    made = await put(subscriptions)
    await stored(log, event())
    changed = await put(subscriptions, settings=SubscriptionSettings(types=["order.*"]), start=0)
    assert (changed.id, changed.position, changed.filter.types) == (made.id, made.position, ("order.*",))
    assert changed.binding != made.binding


async def test_it_begins_where_it_was_told(subscriptions, log):
    await stored(log, event(), event(), event())
    assert (await put(subscriptions, name="all", start=0)).position == 0
    assert (await put(subscriptions, name="some", start=2)).position == 2
    assert (await put(subscriptions, name="new")).position == 3


async def test_callers_have_names_of_their_own(subscriptions):
    anna, ben = await put(subscriptions), await put(subscriptions, owner="ben")
    assert anna.id != ben.id
    assert await subscriptions.find(BEN, "refunds") == ben
    assert await subscriptions.of(ANNA) == [anna]


async def test_those_of_the_configuration_are_for_whom_it_says(subscriptions):
    for_all = SubscriptionSettings()
    for_bots = SubscriptionSettings(for_callers=["bot-*"])
    await subscriptions.sync({"news": for_all, "bots": for_bots})
    assert [each.name for each in await subscriptions.of(ANNA)] == ["news"]
    assert [each.name for each in await subscriptions.of(Caller("bot-1"))] == ["bots", "news"]
    assert await subscriptions.find(ANNA, "bots") is None
    own = await put(subscriptions, name="news")
    assert await subscriptions.find(ANNA, "news") == own


async def test_a_start_keeps_what_is_known_and_ends_what_is_no_longer_configured(subscriptions, log):
    earliest = SubscriptionSettings(start="earliest")
    await stored(log, event())
    await subscriptions.sync({"a": earliest, "b": REFUNDS})
    first = {each.name: each for each in await subscriptions.all()}
    assert (first["a"].position, first["b"].position, first["a"].owner) == (0, 1, OPERATOR)
    await put(subscriptions, name="own")
    await stored(log, event())
    await subscriptions.sync({"b": REFUNDS, "c": REFUNDS})
    second = {each.name: each for each in await subscriptions.all()}
    assert sorted(second) == ["b", "c", "own"]
    assert second["b"] == first["b"]


async def test_what_waited_for_one_that_ended_is_left_out(subscriptions, database, log, clock):
    made = await put(subscriptions)
    await delivered(database, made.id, "pull", *await stored(log, event()), now=clock.now().timestamp())
    await subscriptions.remove(made)
    assert await subscriptions.find(ANNA, "refunds") is None
    assert await database.read("SELECT state, reason FROM deliveries LIMIT 2") == [
        ("dropped", "unsubscribed")
    ]


async def test_one_whose_time_is_over_is_nowhere_and_its_name_is_free(subscriptions, log, clock):
    now = clock.now().timestamp()
    made = await put(subscriptions, expires_at=now + 60)
    kept = await put(subscriptions, name="kept", expires_at=now + 60)
    await subscriptions.extend(kept, now + 120)
    await stored(log, event())
    clock.advance(60)
    assert await subscriptions.find(ANNA, "refunds") is None
    assert [each.name for each in await subscriptions.all()] == ["kept"]
    again = await put(subscriptions)
    assert again.id != made.id
    assert again.position == 1
    clock.advance(60)
    assert await subscriptions.prune() == 1
    assert await subscriptions.prune() == 0


async def test_one_owner_cannot_have_any_number(subscriptions):
    for number in range(PER_OWNER):
        await put(subscriptions, name=f"s{number}")
    with pytest.raises(TooMany, match="You have 50 subscriptions") as refused:
        await put(subscriptions, name="more")
    assert isinstance(refused.value, InvalidCall)
    assert (await put(subscriptions, name="s0")).name == "s0"
    assert (await put(subscriptions, owner="ben", name="more")).owner == "ben"


async def test_a_target_is_kept_apart(subscriptions):
    made = await put(subscriptions, target="sealed")
    assert made.has_target
    assert "sealed" not in repr(made)
    assert await subscriptions.target(made) == "sealed"


async def test_an_environment_that_was_found_stays_until_the_filter_changes(subscriptions, database):
    made = await put(subscriptions)
    assert made.effective == made.filter
    found = stored_filter(made.filter, "test")
    await database.write(lambda tx: tx.execute("UPDATE subscriptions SET filter = ?", found))
    again = await put(subscriptions)
    assert again.filter == made.filter
    assert again.binding == made.binding
    assert again.effective.environments == ("test",)
    other = await put(subscriptions, settings=SubscriptionSettings(types=["order.*"]))
    assert other.effective.environments == ()


async def test_events_left_out_are_told_once(subscriptions, database):
    made = await put(subscriptions)
    assert not await subscriptions.take_truncated(made)
    await database.write(lambda tx: tx.execute("UPDATE subscriptions SET truncated = 1"))
    now = await subscriptions.get(made.id)
    assert now is not None
    assert await subscriptions.take_truncated(now)
    assert not await subscriptions.take_truncated(now)


@pytest.mark.parametrize(
    ("deliver", "ways"),
    [
        (["pull"], ("pull",)),
        (["channel"], ("pull", "channel")),
        (["hook", "pull", "hook"], ("hook", "pull")),
        (["hook"], ("hook",)),
    ],
)
async def test_a_channel_only_says_what_can_be_pulled(subscriptions, deliver, ways):
    assert (await put(subscriptions, settings=SubscriptionSettings(deliver=deliver))).ways == ways


@pytest.mark.parametrize(
    ("how", "shown"), [("mask", "a***@example.com"), ("drop", "[email]"), ("keep", "ada@example.com")]
)
async def test_personal_data_is_hidden_wherever_it_stands(subscriptions, how, shown):
    made = await put(subscriptions, settings=SubscriptionSettings(redact=RedactSettings(email=how)))
    who = "ada@example.com"
    one = event(summary=f"From {who}", subject=f"contact/{who}", data={"text": f"to {who}", "n": 1})
    told = made.redacted(one, b"key")
    assert (told.summary, told.data) == (f"From {shown}", {"text": f"to {shown}", "n": 1})
    assert ("ada@" in str(told.subject)) is (how == "keep")
    assert one.data["text"] == f"to {who}", "the stored event stays as it is"
