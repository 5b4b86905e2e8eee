"""Orders, refunds and disputes over time."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from support.clock import START
from support.worlds import world_at


def test_orders_are_numbered_in_the_order_of_their_time() -> None:
    orders = world_at(START).orders
    assert [order.number for order in orders] == [f"NL-{10001 + index}" for index in range(1500)]
    assert all(a.created_at <= b.created_at for a, b in pairwise(orders))


def test_the_named_customer_bought_lately_and_can_be_refunded() -> None:
    world = world_at(START)
    anna = world.people[0].key
    recent = [
        o for o in world.orders if o.person == anna and o.created_at == START - timedelta(days=3, hours=2)
    ]
    assert len(recent) == 1
    payment = world.payment[recent[0].payment]
    assert payment.status == "succeeded"
    assert payment.key not in {refund.payment for refund in world.refunds}
    assert payment.key not in {dispute.payment for dispute in world.disputes}


def test_disputes_that_wait_can_still_be_answered() -> None:
    waiting = [d for d in world_at(START).disputes if d.status == "needs_response"]
    assert waiting
    assert all(dispute.due_at > START + timedelta(days=4) for dispute in waiting)


def test_a_failed_payment_says_why_and_nothing_was_shipped() -> None:
    world = world_at(START)
    for order in world.orders:
        payment = world.payment[order.payment]
        assert (payment.decline is not None) == (payment.status == "failed")
        assert (order.shipped_at is not None) == (payment.status == "succeeded")
