"""Invoices, subscriptions, prices and links on the sandbox shop."""

from __future__ import annotations

from datetime import datetime

import pytest

from support.clock import ManualClock
from wirepost.core.errors import OutcomeUnknown, Rejected
from wirepost.core.money import Money
from wirepost.providers import load_provider
from wirepost.providers.stripe.tools.balance import stripe_get_balance, stripe_list_transactions
from wirepost.providers.stripe.tools.customers import stripe_get_customer
from wirepost.providers.stripe.tools.invoices import (
    stripe_create_invoice,
    stripe_get_invoice,
    stripe_list_invoices,
    stripe_send_invoice,
    stripe_void_invoice,
)
from wirepost.providers.stripe.tools.payments import stripe_get_payment
from wirepost.providers.stripe.tools.prices import stripe_create_payment_link, stripe_list_prices
from wirepost.providers.stripe.tools.refunds import stripe_create_refund
from wirepost.providers.stripe.tools.subscriptions import (
    stripe_cancel_subscription,
    stripe_change_subscription,
    stripe_list_subscriptions,
)
from wirepost.sandbox.faults import Fault

TOOLS = {tool.name: tool for tool in load_provider("stripe").tools}


async def priced(shop, *, recurring=False):
    page = await shop.run(
        stripe_list_prices, {"limit": 100}, currency="eur", active=True, recurring=recurring
    )
    return next(price for price in page.records if price.amount_minor)


async def draft_of(shop):
    """A new customer's draft of 2 × a price and 30.00 of travel."""
    customer = (await shop.payment()).customer
    price = await priced(shop)
    items = [{"price": price.id, "quantity": 2}, {"description": "Travel", "amount": "30.00"}]
    return {"customer": customer, "currency": "eur", "items": items}, 2 * price.amount_minor + 3000


async def running(shop, **wanted):
    """A subscription in euro that runs, with an invoice that was paid through Stripe."""
    page = await shop.run(stripe_list_subscriptions, {"limit": 100}, status="active")
    for found in page.records:
        if found.cancel_at_period_end or found.items[0].currency != "eur" or not found.latest_invoice:
            continue
        invoice = await shop.run(stripe_get_invoice, invoice=found.latest_invoice)
        if invoice.status == "paid" and invoice.amount_paid_minor > 0:
            return found
    raise AssertionError("the shop has no such subscription")


async def test_an_invoice_is_drafted_sent_and_can_then_only_be_voided(shop):
    given, total = await draft_of(shop)
    draft = await shop.run(stripe_create_invoice, **given)
    assert (draft.status, draft.total_minor, draft.amount_remaining_minor) == ("draft", total, total)
    details = await shop.run(stripe_get_invoice, invoice=draft.id, include_lines=True)
    assert sorted(line.amount_minor for line in details.lines) == sorted([total - 3000, 3000])
    assert (await shop.plan(stripe_send_invoice, invoice=draft.id)).money == Money(total, "eur")
    sent = await shop.run(stripe_send_invoice, invoice=draft.id)
    assert (sent.status, sent.id) == ("open", draft.id)
    assert sent.number
    assert draft.id in {each.id for each in (await shop.run(stripe_list_invoices, status="open")).records}
    await shop.plan(stripe_void_invoice, invoice=draft.id)
    voided = await shop.run(stripe_void_invoice, {"key": "wp_2"}, invoice=draft.id)
    assert voided.status == "void"
    assert await shop.reconcile(stripe_void_invoice, invoice=draft.id)
    with pytest.raises(Rejected):
        await shop.plan(stripe_send_invoice, invoice=draft.id)


async def test_a_draft_is_deleted(shop):
    given, _ = await draft_of(shop)
    draft = await shop.run(stripe_create_invoice, **given)
    gone = await shop.run(stripe_void_invoice, invoice=draft.id)
    assert gone.status == "deleted"
    assert (await shop.reconcile(stripe_void_invoice, invoice=draft.id)).status == "deleted"


@pytest.mark.parametrize("key", ["wp_1", "wp_2"])
@pytest.mark.parametrize("match", ["POST /v1/invoices", "POST /v1/invoiceitems"])
@pytest.mark.parametrize("fault", [{"kind": "lost_answer", "times": 3}, {"kind": "status", "status": 500}])
async def test_a_draft_that_broke_off_is_completed_once(shop, key, match, fault):
    given, total = await draft_of(shop)
    shop.sandbox.inject(Fault(match=match, is_applied=True, **fault))
    with pytest.raises(OutcomeUnknown):
        await shop.run(stripe_create_invoice, **given)
    if await shop.reconcile(stripe_create_invoice, **given) is None:
        if fault["kind"] == "status":
            key = "wp_2"  # a stored failure is only replayed under its key
        await shop.run(stripe_create_invoice, {"key": key}, **given)
    found = await shop.reconcile(stripe_create_invoice, **given)
    assert (await shop.run(stripe_get_invoice, invoice=found.id)).total_minor == total
    page = await shop.run(stripe_list_invoices, {"limit": 100}, customer=given["customer"], status="draft")
    assert [draft.id for draft in page.records].count(found.id) == 1
    assert [draft.total_minor for draft in page.records].count(total) == 1


async def test_a_sending_that_broke_off_is_completed(shop):
    given, _ = await draft_of(shop)
    draft = await shop.run(stripe_create_invoice, **given)
    shop.sandbox.inject(Fault(kind="lost_answer", match="POST /v1/invoices/*/send", times=3))
    with pytest.raises(OutcomeUnknown):
        await shop.run(stripe_send_invoice, invoice=draft.id)
    assert await shop.reconcile(stripe_send_invoice, invoice=draft.id) is None
    assert (await shop.run(stripe_send_invoice, invoice=draft.id)).status == "open"


async def test_a_change_costs_what_the_preview_said_and_holds_afterwards(shop):
    found = await running(shop)
    changes = [{"item": found.items[0].id, "quantity": (found.items[0].quantity or 1) + 1}]
    given = {"subscription": found.id, "changes": changes}
    assert await shop.reconcile(stripe_change_subscription, **given) is None
    plan = await shop.plan(stripe_change_subscription, **given)
    assert plan.money.currency == "eur"
    assert plan.money.minor > 0
    assert {request.method for request in shop.sandbox.requests if "create_preview" not in request.path} == {
        "GET"
    }
    changed = await shop.run(stripe_change_subscription, **given)
    assert changed.items[0].quantity == changes[0]["quantity"]
    assert await shop.reconcile(stripe_change_subscription, **given)


async def test_items_are_added_and_removed(shop):
    found = await running(shop)
    price = await priced(shop, recurring=True)
    page = await shop.run(stripe_list_prices, {"limit": 100}, currency="eur", active=True, recurring=True)
    price = next(
        each
        for each in page.records
        if each.interval == found.items[0].interval and each.id != found.items[0].price and each.amount_minor
    )
    added = await shop.run(
        stripe_change_subscription, subscription=found.id, changes=[{"price": price.id, "quantity": 2}]
    )
    item = next(item for item in added.items if item.price == price.id)
    assert item.quantity == 2
    removal = {"subscription": found.id, "changes": [{"item": item.id, "remove": True}]}
    await shop.plan(stripe_change_subscription, **removal)
    removed = await shop.run(stripe_change_subscription, {"key": "wp_2"}, **removal)
    assert price.id not in {item.price for item in removed.items}


async def test_cancelling_at_the_end_of_the_period_keeps_it_running(shop):
    found = await running(shop)
    await shop.plan(stripe_cancel_subscription, subscription=found.id)
    canceled = await shop.run(stripe_cancel_subscription, subscription=found.id)
    assert (canceled.status, canceled.cancel_at_period_end) == ("active", True)
    assert await shop.reconcile(stripe_cancel_subscription, subscription=found.id)
    with pytest.raises(Rejected):
        await shop.plan(stripe_cancel_subscription, subscription=found.id)


async def test_unused_time_is_refunded_only_by_a_second_step(shop):
    found = await running(shop)
    given = {"subscription": found.id, "when": "now", "refund_unused": True}
    await shop.plan(stripe_cancel_subscription, **given)
    canceled = await shop.run(stripe_cancel_subscription, **given)
    step = canceled.next_step
    assert canceled.status == "canceled"
    assert step.tool == "stripe_create_refund"
    payment = await shop.run(stripe_get_payment, payment=step.payment)
    assert 0 < step.amount_minor <= payment.amount_minor
    assert payment.amount_refunded_minor == 0
    refund = {"payment": step.payment, "amount": step.amount, "currency": step.currency}
    assert (await shop.plan(stripe_create_refund, **refund)).money == Money(step.amount_minor, step.currency)
    assert (await shop.run(stripe_create_refund, {"key": "wp_2"}, **refund)).amount_minor == step.amount_minor


async def test_a_cancellation_whose_answer_is_lost_is_found(shop):
    found = await running(shop)
    shop.sandbox.inject(Fault(kind="lost_answer", match="DELETE *"))
    with pytest.raises(OutcomeUnknown):
        await shop.run(stripe_cancel_subscription, subscription=found.id, when="now")
    again = await shop.reconcile(stripe_cancel_subscription, subscription=found.id, when="now")
    assert again.status == "canceled"
    assert found.id not in {
        each.id for each in (await shop.run(stripe_list_subscriptions, {"limit": 100})).records
    }


async def test_an_invoice_leads_to_the_payment_that_paid_it(shop):
    found = await running(shop)
    payment = await shop.run(stripe_get_payment, payment=found.latest_invoice)
    assert payment.status == "succeeded"
    assert payment.customer == found.customer


async def test_a_payment_link_is_made_once_and_found_again(shop):
    price = await priced(shop)
    given = {"items": [{"price": price.id, "quantity": 3}], "limit_to_one": True}
    assert (await shop.plan(stripe_create_payment_link, **given)).money == Money(
        3 * price.amount_minor, "eur"
    )
    assert await shop.reconcile(stripe_create_payment_link, **given) is None
    shop.sandbox.inject(Fault(kind="lost_answer", match="POST /v1/payment_links", times=3))
    with pytest.raises(OutcomeUnknown):
        await shop.run(stripe_create_payment_link, **given)
    found = await shop.reconcile(stripe_create_payment_link, **given)
    again = await shop.run(stripe_create_payment_link, **given)
    assert (again.id, again.limit) == (found.id, 1)


async def test_prices_are_found_by_the_name_of_their_product(shop):
    known = (await shop.run(stripe_list_prices)).records[0]
    word = known.product_name.split()[0]
    page = await shop.run(stripe_list_prices, {"limit": 100}, product_contains=word.upper())
    assert known.id in {price.id for price in page.records}
    assert all(word.lower() in price.product_name.lower() for price in page.records)


async def test_the_lists_of_a_customer_are_those_of_the_list_tools(shop):
    found = await running(shop)
    customer = await shop.run(
        stripe_get_customer,
        customer=found.customer,
        include=["subscriptions", "payment_methods", "open_invoices", "balance"],
    )
    listed = await shop.run(stripe_list_subscriptions, customer=found.customer)
    assert [each.id for each in customer.subscriptions] == [each.id for each in listed.records]
    assert customer.balance is not None


async def test_a_refund_is_a_transaction_of_the_balance(shop):
    payment = await shop.payment()
    await shop.run(stripe_create_refund, payment=payment.id, amount="1.00", currency="eur")
    newest = (await shop.run(stripe_list_transactions, type="refund")).records[0]
    assert (newest.type, newest.amount_minor) == ("refund", -100)
    assert (await shop.run(stripe_get_balance)).available


@pytest.mark.parametrize(
    "start", ["2026-11-25T10:00:00+00:00", "2027-02-28T23:59:59+00:00", "2029-06-01T12:30:00+00:00"]
)
async def test_the_examples_work_one_after_the_other_whenever_the_sandbox_starts(open_shop, start):
    shop = open_shop(clock=ManualClock(datetime.fromisoformat(start)))
    for name, tool in TOOLS.items():
        example = tool.arguments_model.model_validate(tool.example).model_dump(exclude_unset=True)
        own = {argument: value for argument, value in example.items() if argument in tool.own_arguments}
        if tool.planner:
            await shop.plan(tool, **own)
        await shop.run(tool, {"key": f"wp_{name}", "intent": name}, **own)
