"""Stripe's tools on the sandbox shop: what holds over several requests, and when something breaks."""

from __future__ import annotations

import pytest

from wirepost.core.errors import InvalidCall, NotConnected, OutcomeUnknown, Rejected, Unavailable
from wirepost.core.money import Money
from wirepost.providers.stripe.sandbox import StripeSandbox
from wirepost.providers.stripe.tools.customers import (
    stripe_find_customers,
    stripe_get_customer,
    stripe_save_customer,
)
from wirepost.providers.stripe.tools.disputes import stripe_list_disputes, stripe_respond_dispute
from wirepost.providers.stripe.tools.payments import stripe_get_payment, stripe_list_payments
from wirepost.providers.stripe.tools.refunds import stripe_create_refund
from wirepost.sandbox.faults import Fault


async def test_partial_refunds_add_up_and_the_last_one_takes_the_remainder(shop):
    payment = await shop.payment()
    total = payment.amount_minor
    plan = await shop.plan(stripe_create_refund, payment=payment.id, amount="4.00", currency="eur")
    assert plan.money == Money(400, "eur")
    await shop.run(stripe_create_refund, payment=payment.id, amount="4.00", currency="eur")
    after = await shop.run(stripe_get_payment, payment=payment.id)
    assert after.amount_refunded_minor == 400
    rest = await shop.plan(stripe_create_refund, payment=payment.charge)
    assert rest.money == Money(total - 400, "eur")
    await shop.run(stripe_create_refund, {"key": "wp_2", "intent": "int_2"}, payment=payment.charge)
    assert (await shop.run(stripe_get_payment, payment=payment.id)).amount_refunded_minor == total
    assert sorted(refund.amount_minor for refund in await shop.refunds(payment.id)) == sorted(
        [400, total - 400]
    )
    with pytest.raises(Rejected):
        await shop.plan(stripe_create_refund, payment=payment.id)


async def test_a_refund_beyond_the_remainder_is_refused_by_us_and_by_stripe(shop):
    """12.2.3b: more than what is left cannot be refunded."""
    payment = await shop.payment()
    more = Money(payment.amount_minor + 1, "eur").major
    given = {"payment": payment.id, "amount": more, "currency": "eur"}
    with pytest.raises(InvalidCall):
        await shop.plan(stripe_create_refund, **given)
    with pytest.raises(Rejected) as refused:
        await shop.run(stripe_create_refund, **given)
    assert refused.value.outcome == "not_applied"
    assert await shop.refunds(payment.id) == []


async def test_a_disputed_payment_is_not_refunded(shop):
    """12.2.3c: what is disputed is not refunded as well."""
    dispute = (await shop.run(stripe_list_disputes, status="needs_response")).records[0]
    with pytest.raises(Rejected) as refused:
        await shop.plan(stripe_create_refund, payment=dispute.payment)
    assert "needs_response" in refused.value.message


@pytest.mark.parametrize("times", [1, 2])
async def test_a_lost_answer_is_asked_for_again_under_the_same_key(shop, times):
    payment = await shop.payment()
    shop.sandbox.inject(Fault(kind="lost_answer", match="POST /v1/refunds", times=times))
    refund = await shop.run(stripe_create_refund, payment=payment.id, amount="1.00", currency="eur")
    assert [found.id for found in await shop.refunds(payment.id)] == [refund.id]


async def test_when_every_answer_is_lost_the_refund_is_found_by_reading(shop):
    payment = await shop.payment()
    shop.sandbox.inject(Fault(kind="lost_answer", match="POST /v1/refunds", times=3))
    given = {"payment": payment.id, "amount": "1.00", "currency": "eur"}
    with pytest.raises(OutcomeUnknown):
        await shop.run(stripe_create_refund, **given)
    found = await shop.reconcile(stripe_create_refund, **given)
    assert [refund.id for refund in await shop.refunds(payment.id)] == [found.id]


async def test_a_cut_before_the_server_leaves_nothing_to_find(shop):
    payment = await shop.payment()
    shop.sandbox.inject(Fault(kind="cut", match="POST /v1/refunds", times=3))
    with pytest.raises(OutcomeUnknown):
        await shop.run(stripe_create_refund, payment=payment.id)
    assert await shop.reconcile(stripe_create_refund, payment=payment.id) is None


async def test_a_stored_500_is_replayed_so_a_new_key_is_needed(shop):
    payment = await shop.payment()
    shop.sandbox.inject(Fault(kind="status", status=500, match="POST /v1/refunds", times=1))
    given = {"payment": payment.id, "amount": "1.00", "currency": "eur"}
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            await shop.run(stripe_create_refund, **given)
    assert await shop.reconcile(stripe_create_refund, **given) is None
    await shop.run(stripe_create_refund, {"key": "wp_2"}, **given)
    assert len(await shop.refunds(payment.id)) == 1


async def test_the_same_key_pays_once_and_other_arguments_under_it_are_a_conflict(shop):
    payment = await shop.payment()
    given = {"payment": payment.id, "currency": "eur"}
    first = await shop.run(stripe_create_refund, amount="1.00", **given)
    again = await shop.run(stripe_create_refund, amount="1.00", **given)
    assert first == again
    with pytest.raises(Rejected) as refused:
        await shop.run(stripe_create_refund, amount="2.00", **given)
    assert refused.value.code == "conflict"
    assert len(await shop.refunds(payment.id)) == 1


async def test_a_rate_limit_is_waited_out(shop):
    shop.sandbox.inject(
        Fault(kind="status", status=429, match="GET /v1/payment_intents", times=1, retry_after="2")
    )
    await shop.run(stripe_list_payments)
    assert sum(shop.clock.slept) >= 2


@pytest.mark.parametrize("kind", ["html", "malformed"])
async def test_a_page_or_half_an_answer_is_no_answer(shop, kind):
    shop.sandbox.inject(Fault(kind=kind, match="GET /v1/payment_intents", times=3))
    with pytest.raises(Unavailable):
        await shop.run(stripe_list_payments)


async def test_a_missing_permission_is_named(open_shop):
    shop = open_shop(lacking={StripeSandbox.key: ["rak_charge_write"]})
    payment = await shop.payment()
    with pytest.raises(NotConnected) as refused:
        await shop.run(stripe_create_refund, payment=payment.id)
    assert refused.value.code == "missing_scope"
    assert refused.value.detail == {"needed": ["rak_charge_write"]}


async def test_a_production_connection_does_not_believe_test_objects(open_shop):
    shop = open_shop({"environment": "production", "key": "env:STRIPE"})
    with pytest.raises(NotConnected):
        await shop.run(stripe_list_payments)


async def test_a_connected_account_has_its_own_objects(open_shop):
    shop = open_shop({"accounts": ["acct_2"]}, accounts=["acct_2"])
    own = await shop.run(stripe_list_payments)
    other = await shop.run(stripe_list_payments, account="acct_2")
    assert {record.id for record in own.records}.isdisjoint(record.id for record in other.records)


async def test_an_account_that_the_key_cannot_reach_is_no_matter_of_permissions(open_shop):
    shop = open_shop({"accounts": ["acct_2"]})
    with pytest.raises(NotConnected) as refused:
        await shop.run(stripe_list_payments, account="acct_2")
    assert "no access to that account" in refused.value.message
    assert "needed" not in refused.value.detail


async def test_pages_continue_at_any_record(shop):
    whole = await shop.run(stripe_list_payments, {"limit": 10})
    first = await shop.run(stripe_list_payments, {"limit": 4})
    second = await shop.run(stripe_list_payments, {"limit": 6, "position": first.after[1]})
    assert [record.id for record in whole.records][:8] == [
        *(record.id for record in first.records[:2]),
        *(record.id for record in second.records),
    ]


async def test_searches_continue_page_by_page(shop):
    first = await shop.run(stripe_list_payments, {"limit": 5}, status="succeeded")
    second = await shop.run(stripe_list_payments, {"limit": 5, "position": first.next}, status="succeeded")
    assert {record.status for record in [*first.records, *second.records]} == {"succeeded"}
    assert {record.id for record in first.records}.isdisjoint(record.id for record in second.records)


async def test_amounts_are_searched_for_in_minor_units(shop):
    page = await shop.run(stripe_list_payments, amount_min="50.00", amount_max="80.00", currency="EUR")
    assert page.records
    assert all(5000 <= record.amount_minor <= 8000 and record.currency == "eur" for record in page.records)


@pytest.mark.parametrize("query", ['" OR created>0 OR name:"', "\\", 'a"b\\"', "x\x00\ny", "-name", "AND OR"])
async def test_a_hostile_query_finds_nothing_and_breaks_nothing(shop, query):
    assert (await shop.run(stripe_find_customers, query=query)).records == []


async def test_a_customer_is_found_by_parts_of_name_and_email(shop):
    known = (await shop.run(stripe_find_customers, query="example")).records[0]
    by_email = await shop.run(stripe_find_customers, email=known.email)
    assert known.id in {record.id for record in by_email.records}
    by_name = await shop.run(stripe_find_customers, {"limit": 100}, query=known.name.upper())
    assert known.id in {record.id for record in by_name.records}


async def test_a_customer_is_created_once_and_found_again(shop):
    given = {"email": "Kim@Example.com", "name": "Kim", "metadata": [{"name": "crm", "value": "7"}]}
    shop.sandbox.inject(Fault(kind="lost_answer", match="POST /v1/customers", times=3))
    with pytest.raises(OutcomeUnknown):
        await shop.run(stripe_save_customer, **given)
    found = await shop.reconcile(stripe_save_customer, **given)
    assert found.email == "Kim@Example.com"
    assert len((await shop.run(stripe_find_customers, email="Kim@Example.com")).records) == 1
    renamed = await shop.run(stripe_save_customer, {"key": "wp_2"}, customer=found.id, name="Kim L")
    assert (renamed.name, renamed.email) == ("Kim L", "Kim@Example.com")
    assert await shop.reconcile(stripe_save_customer, customer=found.id, name="Kim L")
    assert (await shop.run(stripe_get_customer, customer=found.id)).name == "Kim L"


async def test_evidence_is_stored_then_submitted_once(shop):
    dispute = (await shop.run(stripe_list_disputes, status="needs_response")).records[0]
    evidence = [{"name": "shipping_tracking_number", "value": "0034"}]
    stored = await shop.run(stripe_respond_dispute, dispute=dispute.id, evidence=evidence)
    assert stored.status == "needs_response"
    assert await shop.reconcile(stripe_respond_dispute, dispute=dispute.id, evidence=evidence)
    assert await shop.reconcile(stripe_respond_dispute, dispute=dispute.id, submit=True) is None
    plan = await shop.plan(stripe_respond_dispute, dispute=dispute.id, submit=True)
    assert not plan.reversible
    submitted = await shop.run(stripe_respond_dispute, {"key": "wp_2"}, dispute=dispute.id, submit=True)
    assert submitted.status == "under_review"
    assert await shop.reconcile(stripe_respond_dispute, dispute=dispute.id, submit=True)
    with pytest.raises(Rejected):
        await shop.plan(stripe_respond_dispute, dispute=dispute.id, submit=True)


async def test_previews_send_no_write(shop):
    payment = await shop.payment()
    await shop.plan(stripe_create_refund, payment=payment.id)
    assert {request.method for request in shop.sandbox.requests} == {"GET"}
