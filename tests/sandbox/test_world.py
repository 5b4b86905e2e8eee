"""The Nordlicht Shop is the same shop every time, and its facts fit together."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import timedelta

import pytest

from support.clock import START
from wirepost.sandbox.world import World

KINDS = (
    "companies",
    "people",
    "products",
    "orders",
    "payments",
    "refunds",
    "disputes",
    "subscriptions",
    "invoices",
    "deals",
    "tickets",
    "activities",
    "messages",
    "reviews",
)


@pytest.fixture(scope="module")
def world() -> World:
    return World.build(START)


def test_the_same_seed_and_time_give_the_same_facts_in_any_order_of_asking(world: World) -> None:
    other = World.build(START)
    for kind in reversed(KINDS):
        assert [asdict(fact) for fact in getattr(other, kind)] == [
            asdict(fact) for fact in getattr(world, kind)
        ]


def test_another_seed_is_another_shop(world: World) -> None:
    other = World.build(START, seed=1)
    assert [person.name for person in other.people[6:]] != [person.name for person in world.people[6:]]


def test_times_move_with_now_and_nothing_else_does(world: World) -> None:
    later = World.build(START + timedelta(days=3))
    for ours, theirs in zip(world.orders, later.orders, strict=True):
        assert theirs.created_at - ours.created_at == timedelta(days=3)
        assert (theirs.number, theirs.total) == (ours.number, ours.total)


def test_the_shop_has_the_promised_size(world: World) -> None:
    assert len(world.people) == 400
    assert len(world.products) == 300
    assert len(world.orders) == 1500
    assert len(world.payments) > 1500
    assert len(world.refunds) > 100
    assert len(world.disputes) >= 10
    assert len(world.subscriptions) == 90
    assert len(world.invoices) > 300
    assert len(world.reviews) == 800


@pytest.mark.parametrize("kind", KINDS)
def test_keys_are_unique_and_nothing_happens_in_the_future(world: World, kind: str) -> None:
    facts = getattr(world, kind)
    names = ("created_at", "started_at", "occurred_at", "sent_at")
    moments = [next(getattr(fact, name) for name in names if hasattr(fact, name)) for fact in facts]
    assert len({fact.key for fact in facts}) == len(facts)
    assert all(START - timedelta(days=600) <= moment <= START for moment in moments)


def test_nobody_buys_before_signing_up(world: World) -> None:
    assert all(order.created_at >= world.person[order.person].created_at for order in world.orders)
    assert all(s.started_at >= world.person[s.person].created_at for s in world.subscriptions)


def test_amounts_add_up(world: World) -> None:
    for order in world.orders:
        assert order.total == sum(line.amount for line in order.lines) == world.payment[order.payment].amount
        assert {world.price[line.price or ""].currency for line in order.lines} == {order.currency}
    for invoice in world.invoices:
        assert invoice.total == sum(line.amount for line in invoice.lines)
        if invoice.payment:
            assert world.payment[invoice.payment].amount == invoice.total


def test_refunds_stay_within_their_payment_and_never_meet_a_dispute(world: World) -> None:
    refunded: Counter[str] = Counter()
    for refund in world.refunds:
        assert refund.amount > 0
        assert world.payment[refund.payment].status == "succeeded"
        assert refund.created_at > world.payment[refund.payment].created_at
        refunded[refund.payment] += refund.amount
    assert all(amount <= world.payment[key].amount for key, amount in refunded.items())
    assert not {dispute.payment for dispute in world.disputes} & set(refunded)


def test_every_state_that_matters_occurs(world: World) -> None:
    assert {payment.status for payment in world.payments} == {"succeeded", "failed", "canceled"}
    assert {invoice.status for invoice in world.invoices} == {
        "draft",
        "open",
        "paid",
        "void",
        "uncollectible",
    }
    assert {s.status for s in world.subscriptions} == {"active", "trialing", "past_due", "canceled"}
    assert {d.status for d in world.disputes} == {"needs_response", "under_review", "won", "lost"}
    assert {p.currency for p in world.payments} == {"eur", "usd", "gbp", "jpy", "kwd"}


def test_a_running_subscription_is_inside_its_period(world: World) -> None:
    for subscription in world.subscriptions:
        if subscription.status != "canceled":
            assert subscription.period_start <= START <= subscription.period_end


def test_three_decimal_amounts_end_in_zero(world: World) -> None:
    moved = [p.amount for p in world.payments if p.currency == "kwd"]
    moved += [r.amount for r in world.refunds if world.payment[r.payment].currency == "kwd"]
    assert moved
    assert all(amount % 10 == 0 for amount in moved)


def test_deals_tickets_and_messages_are_about_the_customers_who_bought(world: World) -> None:
    team = {colleague.key for colleague in world.team}
    for kind in ("deals", "tickets", "activities"):
        for fact in getattr(world, kind):
            assert fact.person in world.person
            assert fact.owner in team
    anna = world.people[0].key
    assert any(deal.person == anna and deal.stage == "proposal" for deal in world.deals)
    assert any(ticket.person == anna and ticket.status == "waiting" for ticket in world.tickets)
    assert any(message.person == anna for message in world.messages)
    assert all(fact.created_at <= fact.updated_at <= START for fact in (*world.deals, *world.tickets))


def test_messages_are_written_by_members_and_answers_follow_their_question(world: World) -> None:
    channel = {each.key: each for each in world.channels}
    by_key = {message.key: message for message in world.messages}
    assert len({message.sent_at for message in world.messages}) == len(world.messages)
    for message in world.messages:
        assert message.author in channel[message.channel].members
        if message.parent:
            assert by_key[message.parent].sent_at < message.sent_at
