"""Invoices: drafted once, sent, voided."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from wirepost.core.errors import InvalidCall, OutcomeUnknown, Rejected
from wirepost.core.money import Money
from wirepost.providers.stripe.tools.invoices import (
    stripe_create_invoice,
    stripe_get_invoice,
    stripe_list_invoices,
    stripe_send_invoice,
    stripe_void_invoice,
)

DRAFT = {"customer": "cus_1", "currency": "EUR", "items": [{"description": "Consulting", "amount": "120.00"}]}


def drafts(stripe, *rows):
    stripe.listing("/v1/invoices", *rows)
    stripe.stub("POST", "/v1/invoices", stripe.sample("invoice", id="in_1", customer="cus_1", currency="eur"))


def item(stripe, position):
    return stripe.sample(
        "invoiceitem", id=f"ii_{position}", invoice="in_1", metadata={"position": str(position)}
    )


async def test_invoices_are_filtered_by_stripe(stripe):
    row = stripe.sample(
        "invoice",
        total=1000,
        parent={
            "type": "subscription_details",
            "quote_details": None,
            "subscription_details": {"subscription": "sub_1"},
        },
    )
    stripe.listing("/v1/invoices", row, has_more=True)
    page = await stripe.run(
        stripe_list_invoices, customer="cus_1", subscription="sub_1", status="open", due_before="today"
    )
    assert parse_qs(stripe.last["query"]) == {
        "customer": ["cus_1"],
        "subscription": ["sub_1"],
        "status": ["open"],
        "due_date[lt]": ["1795564800"],
        "limit": ["20"],
    }
    assert (page.records[0].total, page.records[0].subscription) == ("10.00", "sub_1")
    assert page.after == [row["id"]]


async def test_an_invoice_comes_with_its_lines_if_asked(stripe):
    invoice = await stripe.run(stripe_get_invoice, invoice="in_1")
    assert invoice.lines is None
    assert len(stripe.seen()) == 1
    line = stripe.sample(
        "line_item",
        pricing={"type": "price_details", "price_details": {"price": "price_1", "product": "prod_1"}},
    )
    stripe.listing("/v1/invoices/{invoice}/lines", line, has_more=True)
    call = stripe.call()
    invoice = await stripe_get_invoice.operation(call, invoice="in_1", include_lines=True)
    assert (invoice.lines[0].amount, invoice.lines[0].price, invoice.lines[0].is_proration) == (
        "10.00",
        "price_1",
        True,
    )
    assert "first 100" in call.warnings[0]


async def test_the_payment_page_is_not_in_the_default_result(stripe):
    details = stripe_get_invoice.returns.model_fields["payment_page"]
    assert "DetailMark" in str(details.metadata)
    assert "payment_page" not in stripe_list_invoices.returns.model_fields


async def test_a_draft_is_made_of_one_invoice_and_an_item_per_line(stripe):
    drafts(stripe)
    stripe.stub(
        "GET", "/v1/prices/price_1", stripe.sample("price", id="price_1", currency="eur", active=True)
    )
    items = [
        {"price": "price_1", "quantity": 3},
        *DRAFT["items"],
        {"price": "price_1", "description": "Extra"},
    ]
    await stripe.run(stripe_create_invoice, **{**DRAFT, "items": items}, days_until_due=14, memo="Thanks")
    writes = stripe.seen("POST")
    assert [entry["body"] for entry in writes] == [
        {
            "customer": "cus_1",
            "currency": "eur",
            "collection_method": "send_invoice",
            "days_until_due": 14,
            "description": "Thanks",
            "auto_advance": False,
            "pending_invoice_items_behavior": "exclude",
            "metadata": {"intent_id": "int_1"},
        },
        {
            "customer": "cus_1",
            "invoice": "in_1",
            "pricing": {"price": "price_1"},
            "quantity": 3,
            "metadata": {"position": "0"},
        },
        {
            "customer": "cus_1",
            "invoice": "in_1",
            "amount": 12000,
            "currency": "eur",
            "description": "Consulting",
            "metadata": {"position": "1"},
        },
        {
            "customer": "cus_1",
            "invoice": "in_1",
            "pricing": {"price": "price_1"},
            "quantity": 1,
            "description": "Extra",
            "metadata": {"position": "2"},
        },
    ]
    keys = [entry["headers"]["idempotency-key"] for entry in writes]
    assert keys == [f"{stripe.key}:{part}" for part in ("invoice", "items:0", "items:1", "items:2")]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"items": []}, "items"),
        ({"items": [{"description": "x"}]}, "items[0]"),
        ({"items": [{"amount": "1"}]}, "items[0]"),
        ({"items": [{"price": "price_1", "amount": "1"}]}, "items[0]"),
        ({"items": [{"description": "x", "amount": "1", "quantity": 2}]}, "items[0].quantity"),
        ({"items": [{"description": "x", "amount": "1.001"}]}, "items[0].amount"),
        ({"items": [{"price": "price_usd"}]}, "items[0].price"),
        ({"items": [{"price": "price_old"}]}, "items[0].price"),
    ],
)
async def test_a_wrong_item_is_named_before_anything_is_written(stripe, given, path):
    stripe.stub("GET", "/v1/prices/price_usd", stripe.sample("price", currency="usd", active=True))
    stripe.stub("GET", "/v1/prices/price_old", stripe.sample("price", currency="eur", active=False))
    with pytest.raises(InvalidCall) as refused:
        await stripe.run(stripe_create_invoice, **{**DRAFT, **given})
    assert refused.value.fields[0]["path"] == path
    assert stripe.seen("POST") == []


async def test_a_refused_item_names_the_draft_that_is_left(stripe):
    drafts(stripe)
    error = {"error": {"type": "invalid_request_error", "message": "no", "param": "amount"}}
    stripe.stub("POST", "/v1/invoiceitems", error, status=400)
    with pytest.raises(Rejected) as refused:
        await stripe.run(stripe_create_invoice, **DRAFT)
    assert "in_1" in refused.value.hint


async def test_a_repetition_after_a_lost_answer_completes_the_draft(stripe):
    drafts(stripe)
    stripe.stub("POST", "/v1/invoiceitems", fault="reset", times=3)
    items = [*DRAFT["items"], {"description": "Travel", "amount": "30.00"}]
    with pytest.raises(OutcomeUnknown):
        await stripe.run(stripe_create_invoice, **{**DRAFT, "items": items})
    stripe.mock.forget()
    stripe.listing(
        "/v1/invoices", stripe.sample("invoice", id="in_1", customer="cus_1", metadata={"intent_id": "int_1"})
    )
    stripe.listing("/v1/invoiceitems", item(stripe, 0))
    assert await stripe.reconcile(stripe_create_invoice, **{**DRAFT, "items": items}) is None
    await stripe.run(stripe_create_invoice, **{**DRAFT, "items": items})
    assert [entry["path"] for entry in stripe.seen("POST")] == ["/v1/invoiceitems"]
    assert stripe.seen("POST")[0]["body"]["metadata"] == {"position": "1"}


async def test_a_complete_draft_is_found_by_its_intent(stripe):
    stripe.listing(
        "/v1/invoices",
        stripe.sample("invoice", id="in_0"),
        stripe.sample("invoice", id="in_1", metadata={"intent_id": "int_1"}),
    )
    stripe.listing("/v1/invoiceitems", item(stripe, 0))
    found = await stripe.reconcile(stripe_create_invoice, **DRAFT)
    assert found.id == "in_1"
    queries = [entry["query"] for entry in stripe.seen()]
    assert queries == ["customer=cus_1&created%5Bgte%5D=1795600740&limit=100", "invoice=in_1&limit=100"]


async def test_a_draft_that_was_never_made_is_not_found(stripe):
    stripe.listing("/v1/invoices")
    assert await stripe.reconcile(stripe_create_invoice, **DRAFT) is None


def invoice(stripe, status, **more):
    body = stripe.sample(
        "invoice",
        **{
            "id": "in_1",
            "status": status,
            "currency": "eur",
            "customer_email": "k@example.com",
            "amount_remaining": 12000,
            "collection_method": "send_invoice",
            "auto_advance": False,
            **more,
        },
    )
    stripe.stub("GET", "/v1/invoices/in_1", body)


async def test_a_draft_is_finalised_and_sent(stripe):
    invoice(stripe, "draft")
    await stripe.run(stripe_send_invoice, invoice="in_1")
    writes = stripe.seen("POST")
    assert [entry["path"] for entry in writes] == ["/v1/invoices/in_1/finalize", "/v1/invoices/in_1/send"]
    assert [entry["headers"]["idempotency-key"] for entry in writes] == [
        f"{stripe.key}:finalize",
        f"{stripe.key}:send",
    ]


async def test_an_open_invoice_is_only_sent(stripe):
    invoice(stripe, "open")
    await stripe.run(stripe_send_invoice, invoice="in_1")
    assert [entry["path"] for entry in stripe.seen("POST")] == ["/v1/invoices/in_1/send"]


async def test_the_plan_of_sending_names_the_amount_but_not_the_address(stripe):
    invoice(stripe, "draft")
    plan = await stripe.plan(stripe_send_invoice, invoice="in_1")
    assert plan.summary == "Send invoice in_1 over 120.00 eur"
    assert [(effect.before, effect.after) for effect in plan.effects] == [("draft", "open"), (None, None)]
    assert plan.money == Money(12000, "eur")
    assert "k@example.com" not in str(plan)


async def test_sending_an_open_invoice_again_changes_no_status(stripe):
    invoice(stripe, "open")
    plan = await stripe.plan(stripe_send_invoice, invoice="in_1")
    assert len(plan.effects) == 1


@pytest.mark.parametrize(
    ("status", "more"),
    [
        ("paid", {}),
        ("void", {}),
        ("draft", {"customer_email": None}),
        ("open", {"collection_method": "charge_automatically"}),
    ],
)
async def test_what_cannot_be_sent_is_refused(stripe, status, more):
    invoice(stripe, status, **more)
    with pytest.raises(Rejected) as refused:
        await stripe.plan(stripe_send_invoice, invoice="in_1")
    assert refused.value.code == "conflict"


@pytest.mark.parametrize(("status", "is_found"), [("paid", True), ("open", False), ("draft", False)])
async def test_only_a_paid_invoice_proves_that_it_was_sent(stripe, status, is_found):
    invoice(stripe, status)
    found = await stripe.reconcile(stripe_send_invoice, invoice="in_1")
    assert (found is not None) is is_found


async def test_an_open_invoice_is_voided(stripe):
    invoice(stripe, "open")
    await stripe.run(stripe_void_invoice, invoice="in_1")
    assert stripe.last["path"] == "/v1/invoices/in_1/void"
    assert stripe.last["headers"]["idempotency-key"] == stripe.key


async def test_a_draft_is_deleted_without_a_key(stripe):
    invoice(stripe, "draft")
    gone = await stripe.run(stripe_void_invoice, invoice="in_1")
    assert (stripe.last["method"], stripe.last["path"]) == ("DELETE", "/v1/invoices/in_1")
    assert "idempotency-key" not in stripe.last["headers"]
    assert gone.status == "deleted"


async def test_a_deletion_whose_answer_is_lost_is_not_repeated_blindly(stripe):
    invoice(stripe, "draft")
    stripe.stub("DELETE", "/v1/invoices/in_1", fault="reset")
    with pytest.raises(OutcomeUnknown):
        await stripe.run(stripe_void_invoice, invoice="in_1")
    assert len(stripe.seen("DELETE")) == 1


@pytest.mark.parametrize(
    ("status", "after"), [("draft", "deleted"), ("open", "void"), ("uncollectible", "void")]
)
async def test_the_plan_of_voiding_says_what_becomes_of_it(stripe, status, after):
    invoice(stripe, status)
    plan = await stripe.plan(stripe_void_invoice, invoice="in_1")
    assert (plan.effects[0].before, plan.effects[0].after) == (status, after)
    assert plan.money is None
    assert not plan.reversible


@pytest.mark.parametrize("status", ["paid", "void"])
async def test_what_cannot_be_voided_is_refused(stripe, status):
    invoice(stripe, status)
    with pytest.raises(Rejected):
        await stripe.plan(stripe_void_invoice, invoice="in_1")


@pytest.mark.parametrize(("status", "is_found"), [("void", True), ("open", False), ("draft", False)])
async def test_a_voided_invoice_is_found(stripe, status, is_found):
    invoice(stripe, status)
    found = await stripe.reconcile(stripe_void_invoice, invoice="in_1")
    assert (found is not None) is is_found


async def test_a_deleted_draft_is_found_by_its_absence(stripe):
    error = {
        "error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such invoice"}
    }
    stripe.stub("GET", "/v1/invoices/in_1", error, status=404)
    found = await stripe.reconcile(stripe_void_invoice, invoice="in_1")
    assert (found.id, found.status) == ("in_1", "deleted")


async def test_another_failure_proves_nothing(stripe):
    error = {"error": {"type": "invalid_request_error", "message": "no"}}
    stripe.stub("GET", "/v1/invoices/in_1", error, status=403)
    with pytest.raises(Exception, match="may not"):
        await stripe.reconcile(stripe_void_invoice, invoice="in_1")
