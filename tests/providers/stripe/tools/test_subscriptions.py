"""Subscriptions: listed, changed by preview, cancelled without a hidden refund."""

from __future__ import annotations

import pytest

from wirepost.core.errors import InvalidCall, OutcomeUnknown, Rejected
from wirepost.core.money import Money
from wirepost.providers.stripe.tools.subscriptions import (
    stripe_cancel_subscription,
    stripe_change_subscription,
    stripe_list_subscriptions,
)

DAY = 86400


def subscription(stripe, **more):
    """A monthly subscription with one item, ten days into a period of thirty."""
    now = int(stripe.clock.now().timestamp())
    sample = stripe.sample("subscription")
    row = sample["items"]["data"][0] | {
        "id": "si_1",
        "quantity": 1,
        "current_period_start": now - 10 * DAY,
        "current_period_end": now + 20 * DAY,
    }
    row["price"] = row["price"] | {"id": "price_1", "currency": "eur"}
    plain = {"cancel_at": None, "canceled_at": None, "ended_at": None, "cancel_at_period_end": False}
    return (
        sample
        | plain
        | {
            "id": "sub_1",
            "status": "active",
            "customer": "cus_1",
            "latest_invoice": "in_1",
            "items": sample["items"] | {"data": [row]},
            **more,
        }
    )


def runs(stripe, **more):
    stripe.stub("GET", "/v1/subscriptions/sub_1", subscription(stripe, **more))


def paid_invoice(stripe, amount=3000, currency="eur", intent="pi_1"):
    row = stripe.sample(
        "invoice_payment", payment={"type": "payment_intent", "payment_intent": intent}, status="paid"
    )
    payments = {"object": "list", "url": "/v1/x", "has_more": False, "data": [row] if intent else []}
    stripe.stub(
        "GET",
        "/v1/invoices/in_1",
        stripe.sample("invoice", amount_paid=amount, currency=currency, payments=payments),
    )


async def test_subscriptions_show_their_items_with_periods(stripe):
    stripe.listing("/v1/subscriptions", subscription(stripe), has_more=True)
    page = await stripe.run(stripe_list_subscriptions, customer="cus_1", price="price_1", status="past_due")
    assert stripe.last["query"] == "customer=cus_1&price=price_1&status=past_due&limit=20"
    item = page.records[0].items[0]
    assert (item.id, item.price, item.amount, item.interval) == ("si_1", "price_1", "20.00", "month")
    assert (item.period_start, item.period_end) == ("2026-11-15T10:00:00Z", "2026-12-15T10:00:00Z")
    assert page.after == ["sub_1"]


async def test_by_default_stripe_leaves_out_canceled_ones(stripe):
    await stripe.run(stripe_list_subscriptions)
    assert stripe.last["query"] == "limit=20"


CHANGES = [
    ({"item": "si_1", "price": "price_2"}, {"id": "si_1", "price": "price_2"}),
    ({"item": "si_1", "quantity": 5}, {"id": "si_1", "quantity": 5}),
    ({"item": "si_1", "remove": True}, {"id": "si_1", "deleted": True}),
    ({"price": "price_3", "quantity": 2}, {"price": "price_3", "quantity": 2}),
]


@pytest.mark.parametrize(("change", "sent"), CHANGES)
async def test_a_change_is_previewed_by_stripe_and_sent_in_the_same_words(stripe, change, sent):
    runs(stripe)
    stripe.stub(
        "POST", "/v1/invoices/create_preview", stripe.sample("invoice", amount_due=4999, currency="eur")
    )
    plan = await stripe.plan(stripe_change_subscription, subscription="sub_1", changes=[change])
    assert stripe.last["body"] == {
        "subscription": "sub_1",
        "subscription_details": {"items": [sent], "proration_behavior": "create_prorations"},
    }
    assert "idempotency-key" not in stripe.last["headers"]
    assert plan.money == Money(4999, "eur")
    assert plan.summary == "Change subscription sub_1: 49.99 eur due with the next invoice"
    await stripe.run(stripe_change_subscription, subscription="sub_1", changes=[change])
    assert stripe.last["body"] == {"items": [sent], "proration_behavior": "create_prorations"}
    assert stripe.last["headers"]["idempotency-key"] == stripe.key


async def test_the_plan_shows_each_item_before_and_after(stripe):
    runs(stripe)
    plan = await stripe.plan(
        stripe_change_subscription, subscription="sub_1", changes=[change for change, _ in CHANGES[1:]]
    )
    assert [(effect.before, effect.after) for effect in plan.effects[:3]] == [
        ("price price_1, quantity 1", "price price_1, quantity 5"),
        ("price price_1, quantity 1", "removed"),
        (None, "quantity 2"),
    ]


async def test_billing_at_once_is_refused_by_stripe_if_the_payment_fails(stripe):
    runs(stripe)
    stripe.stub(
        "POST", "/v1/invoices/create_preview", stripe.sample("invoice", amount_due=-100, currency="eur")
    )
    given = {"subscription": "sub_1", "changes": [CHANGES[0][0]], "proration": "always_invoice"}
    plan = await stripe.plan(stripe_change_subscription, **given)
    assert plan.money == Money(0, "eur")
    assert "due now" in plan.summary
    await stripe.run(stripe_change_subscription, **given)
    assert stripe.last["body"]["payment_behavior"] == "error_if_incomplete"


async def test_prorated_amounts_do_not_change_the_fingerprint(stripe):
    runs(stripe)
    states = []
    for amount in (4999, 4998):
        preview = stripe.sample("invoice", amount_due=amount, currency="eur")
        stripe.stub("POST", "/v1/invoices/create_preview", preview, times=1)
        plan = await stripe.plan(stripe_change_subscription, subscription="sub_1", changes=[CHANGES[0][0]])
        states.append(plan.state)
    assert states[0] == states[1]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ([], "changes"),
        ([{"quantity": 2}], "changes[0]"),
        ([{"price": "price_1", "remove": True}], "changes[0]"),
        ([{"item": "si_1", "remove": True, "quantity": 1}], "changes[0]"),
        ([{"item": "si_1"}], "changes[0]"),
        ([{"item": "si_9", "quantity": 1}], "changes[0].item"),
    ],
)
async def test_a_change_that_makes_no_sense_is_named(stripe, changes, path):
    runs(stripe)
    with pytest.raises(InvalidCall) as refused:
        await stripe.plan(stripe_change_subscription, subscription="sub_1", changes=changes)
    assert refused.value.fields[0]["path"] == path


async def test_an_ended_subscription_cannot_be_changed(stripe):
    runs(stripe, status="canceled")
    with pytest.raises(Rejected):
        await stripe.plan(stripe_change_subscription, subscription="sub_1", changes=[CHANGES[0][0]])


@pytest.mark.parametrize(
    ("change", "is_found"),
    [
        ({"item": "si_1", "price": "price_1"}, True),
        ({"item": "si_1", "price": "price_2"}, False),
        ({"item": "si_1", "quantity": 1}, True),
        ({"item": "si_1", "quantity": 2}, False),
        ({"item": "si_1", "remove": True}, False),
        ({"item": "si_2", "remove": True}, True),
        ({"price": "price_1", "quantity": 1}, True),
        ({"price": "price_3"}, False),
    ],
)
async def test_a_change_is_found_when_it_holds(stripe, change, is_found):
    runs(stripe)
    found = await stripe.reconcile(stripe_change_subscription, subscription="sub_1", changes=[change])
    assert (found is not None) is is_found


async def test_cancelling_at_the_end_of_the_period_is_an_update(stripe):
    await stripe.run(stripe_cancel_subscription, subscription="sub_1")
    assert (stripe.last["method"], stripe.last["body"]) == ("POST", {"cancel_at_period_end": True})
    assert stripe.last["headers"]["idempotency-key"] == stripe.key


async def test_cancelling_now_neither_prorates_nor_bills(stripe):
    canceled = await stripe.run(stripe_cancel_subscription, subscription="sub_1", when="now")
    assert (stripe.last["method"], stripe.last["query"]) == ("DELETE", "invoice_now=false&prorate=false")
    assert canceled.next_step is None
    assert len(stripe.seen()) == 1


async def test_unused_time_is_suggested_as_a_refund_of_its_own(stripe):
    runs(stripe)
    paid_invoice(stripe, 3000)
    canceled = await stripe.run(
        stripe_cancel_subscription, subscription="sub_1", when="now", refund_unused=True
    )
    assert canceled.next_step.model_dump(exclude={"note"}) == {
        "tool": "stripe_create_refund",
        "payment": "pi_1",
        "amount": "20.00",
        "amount_minor": 2000,
        "currency": "eur",
    }
    assert [entry["method"] for entry in stripe.seen()] == ["GET", "GET", "DELETE"]


async def test_a_suggestion_is_an_amount_that_can_be_refunded(stripe):
    runs(stripe)
    paid_invoice(stripe, 200_000, "isk")
    plan = await stripe.plan(stripe_cancel_subscription, subscription="sub_1", when="now", refund_unused=True)
    assert "afterwards 1333.00 isk could be refunded" in plan.effects[1].what


@pytest.mark.parametrize(("amount", "intent"), [(0, "pi_1"), (3000, None)])
async def test_without_a_payment_nothing_is_suggested(stripe, amount, intent):
    runs(stripe)
    paid_invoice(stripe, amount, intent=intent)
    canceled = await stripe.run(
        stripe_cancel_subscription, subscription="sub_1", when="now", refund_unused=True
    )
    assert canceled.next_step is None


async def test_without_a_period_nothing_is_suggested(stripe):
    runs(stripe, items={"object": "list", "url": "/v1/x", "has_more": False, "data": []})
    plan = await stripe.plan(stripe_cancel_subscription, subscription="sub_1", when="now", refund_unused=True)
    assert plan.effects[1].what == "Cancelling pays nothing back"


async def test_without_an_invoice_nothing_is_suggested(stripe):
    runs(stripe, latest_invoice=None)
    canceled = await stripe.run(
        stripe_cancel_subscription, subscription="sub_1", when="now", refund_unused=True
    )
    assert canceled.next_step is None


async def test_the_plan_says_that_nothing_is_paid_back(stripe):
    runs(stripe)
    plan = await stripe.plan(stripe_cancel_subscription, subscription="sub_1", when="now")
    assert plan.summary == "Cancel subscription sub_1: it ends now"
    assert plan.effects[0].after == "canceled"
    assert plan.effects[1].what == "Cancelling pays nothing back"
    assert plan.money is None
    assert not plan.reversible


async def test_the_plan_names_the_end_of_the_period(stripe):
    runs(stripe)
    plan = await stripe.plan(stripe_cancel_subscription, subscription="sub_1")
    assert "it ends 2026-12-15T10:00:00Z" in plan.summary
    assert plan.reversible


async def test_nothing_is_unused_at_the_end_of_the_period(stripe):
    with pytest.raises(InvalidCall):
        await stripe.run(stripe_cancel_subscription, subscription="sub_1", refund_unused=True)
    assert stripe.seen() == []


@pytest.mark.parametrize(
    ("more", "when"), [({"cancel_at_period_end": True}, "period_end"), ({"status": "canceled"}, "now")]
)
async def test_what_is_cancelled_already_is_refused(stripe, more, when):
    runs(stripe, **more)
    with pytest.raises(Rejected):
        await stripe.plan(stripe_cancel_subscription, subscription="sub_1", when=when)


async def test_a_subscription_that_ends_later_can_still_be_ended_now(stripe):
    runs(stripe, cancel_at_period_end=True)
    plan = await stripe.plan(stripe_cancel_subscription, subscription="sub_1", when="now")
    assert plan.effects[0].after == "canceled"


@pytest.mark.parametrize(
    ("more", "when", "is_found"),
    [
        ({"cancel_at_period_end": True}, "period_end", True),
        ({"cancel_at_period_end": True}, "now", False),
        ({"status": "canceled"}, "now", True),
        ({"status": "canceled"}, "period_end", True),
        ({}, "now", False),
        ({}, "period_end", False),
    ],
)
async def test_a_cancellation_is_found_when_it_holds(stripe, more, when, is_found):
    runs(stripe, **more)
    found = await stripe.reconcile(stripe_cancel_subscription, subscription="sub_1", when=when)
    assert (found is not None) is is_found


async def test_a_found_cancellation_still_suggests_the_refund_of_its_moment(stripe):
    ended = int(stripe.clock.now().timestamp())
    runs(stripe, status="canceled", canceled_at=ended)
    paid_invoice(stripe, 3000)
    stripe.clock.advance(5 * DAY)
    found = await stripe.reconcile(
        stripe_cancel_subscription, subscription="sub_1", when="now", refund_unused=True
    )
    assert found.next_step.amount == "20.00"


async def test_a_cancellation_whose_answer_is_lost_is_not_repeated_blindly(stripe):
    stripe.stub("DELETE", "/v1/subscriptions/sub_1", fault="reset")
    with pytest.raises(OutcomeUnknown):
        await stripe.run(stripe_cancel_subscription, subscription="sub_1", when="now")
    assert len(stripe.seen()) == 1
