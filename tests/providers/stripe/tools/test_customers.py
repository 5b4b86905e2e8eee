"""Customers: found, read, saved."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from wirepost.core.errors import CallError, InvalidCall
from wirepost.providers.stripe.tools.customers import (
    stripe_find_customers,
    stripe_get_customer,
    stripe_save_customer,
)


async def test_an_email_alone_is_looked_up_in_the_list(stripe):
    stripe.listing("/v1/customers", stripe.sample("customer", email="a@example.com", name="A"), has_more=True)
    call = stripe.call(limit=5, position="cus_0")
    page = await stripe_find_customers.operation(call, email="a@example.com")
    assert parse_qs(stripe.last["query"]) == {
        "email": ["a@example.com"],
        "limit": ["5"],
        "starting_after": ["cus_0"],
    }
    assert page.records[0].email == "a@example.com"
    assert page.after == [page.records[0].id]
    assert call.warnings == []


async def test_no_match_reminds_of_upper_and_lower_case(stripe):
    stripe.listing("/v1/customers")
    call = stripe.call()
    await stripe_find_customers.operation(call, email="A@example.com")
    assert "upper and lower case" in call.warnings[0]


@pytest.mark.parametrize(
    ("given", "query"),
    [
        ({"query": "Han"}, 'name~"Han" OR email~"Han" OR phone~"Han"'),
        ({"query": "Jo"}, 'name:"Jo" OR email:"Jo" OR phone:"Jo"'),
        ({"metadata": [{"name": "crm", "value": "7"}]}, 'metadata["crm"]:"7"'),
        (
            {"metadata": [{"name": 'a"b', "value": "c\\d"}], "query": "Hansen"},
            'metadata["a\\"b"]:"c\\\\d" AND name~"Hansen"',
        ),
        ({"email": "a@b.de", "query": "+49 40"}, 'email:"a@b.de" AND phone~"+49 40"'),
        (
            {"email": "a@b.de", "metadata": [{"name": "x", "value": "y"}]},
            'metadata["x"]:"y" AND email:"a@b.de"',
        ),
        (
            {"metadata": [{"name": "x", "value": "y"}], "query": "@b.de"},
            'metadata["x"]:"y" AND email~"@b.de"',
        ),
    ],
)
async def test_everything_else_is_searched_for(stripe, given, query):
    await stripe.run(stripe_find_customers, **given)
    assert stripe.last["operation"] == "Customer.search"
    assert parse_qs(stripe.last["query"])["query"] == [query]


async def test_a_search_continues_with_stripes_own_page(stripe):
    body = {
        "object": "search_result",
        "url": "/v1/customers/search",
        "has_more": True,
        "data": [],
        "next_page": "W1",
    }
    stripe.stub("GET", "/v1/customers/search", body)
    page = await stripe.run(stripe_find_customers, query="Hansen")
    assert page.next == "W1"
    await stripe_find_customers.operation(stripe.call(position="W1"), query="Hansen")
    assert parse_qs(stripe.last["query"])["page"] == ["W1"]


async def test_something_to_look_for_is_required(stripe):
    with pytest.raises(InvalidCall) as refused:
        await stripe.run(stripe_find_customers)
    assert refused.value.message == "query is required, unless email or metadata is given"


async def test_a_customer_comes_with_the_lists_asked_for(stripe):
    stripe.stub(
        "GET", "/v1/customers/cus_1", stripe.sample("customer", id="cus_1", balance=-500, currency="eur")
    )
    stripe.listing("/v1/customers/{customer}/payment_methods", stripe.sample("payment_method", id="pm_1"))
    stripe.listing("/v1/invoices", stripe.sample("invoice", id="in_1"), has_more=True)
    call = stripe.call()
    include = ["subscriptions", "payment_methods", "open_invoices", "balance", "balance"]
    customer = await stripe_get_customer.operation(call, customer="cus_1", include=include)
    assert {(entry["path"], entry["query"]) for entry in stripe.seen()} == {
        ("/v1/customers/cus_1", ""),
        ("/v1/subscriptions", "customer=cus_1&limit=20"),
        ("/v1/customers/cus_1/payment_methods", "limit=20"),
        ("/v1/invoices", "customer=cus_1&status=open&limit=20"),
    }
    assert (customer.balance, customer.balance_minor) == ("-5.00", -500)
    assert customer.payment_methods[0].model_dump() == {
        "id": "pm_1",
        "type": "card",
        "brand": "visa",
        "last4": "4242",
        "expires": "2030-08",
    }
    assert customer.open_invoices[0].id == "in_1"
    assert len(customer.subscriptions) == 1
    assert call.warnings == ["open_invoices: the first 20 are shown; the list tool has the rest"]


async def test_a_customer_alone_takes_one_request(stripe):
    stripe.stub("GET", "/v1/customers/cus_1", stripe.sample("customer", id="cus_1", balance=-500))
    customer = await stripe.run(stripe_get_customer, customer="cus_1")
    assert len(stripe.seen()) == 1
    assert customer.balance is None
    assert customer.subscriptions is None


async def test_a_deleted_customer_is_shown_as_deleted(stripe):
    stripe.stub("GET", "/v1/customers/cus_1", {"id": "cus_1", "object": "customer", "deleted": True})
    customer = await stripe.run(stripe_get_customer, customer="cus_1")
    assert customer.model_dump(exclude_none=True) == {"id": "cus_1", "deleted": True}


async def test_a_missing_part_fails_the_whole_read(stripe):
    error = {"error": {"type": "invalid_request_error", "message": "no"}}
    stripe.stub("GET", "/v1/subscriptions", error, status=403)
    with pytest.raises(CallError) as refused:
        await stripe.run(stripe_get_customer, customer="cus_1", include=["subscriptions"])
    assert refused.value.code == "missing_scope"


async def test_a_new_customer_carries_the_intent(stripe):
    given = {"email": "k@example.com", "name": "K", "phone": "+49", "description": "d"}
    await stripe.run(stripe_save_customer, **given, metadata=[{"name": "crm", "value": "7"}])
    assert stripe.last["operation"] == "Customer.create"
    assert stripe.last["body"] == {**given, "metadata": {"crm": "7", "intent_id": "int_1"}}
    assert stripe.last["headers"]["idempotency-key"] == stripe.key


async def test_an_update_sends_only_what_was_given(stripe):
    await stripe.run(stripe_save_customer, customer="cus_1", phone="")
    assert stripe.last["path"] == "/v1/customers/cus_1"
    assert stripe.last["body"] == {"phone": ""}
    await stripe.run(stripe_save_customer, customer="cus_1", metadata=[{"name": "crm", "value": "8"}])
    assert stripe.last["body"] == {"metadata": {"crm": "8"}}


async def test_a_created_customer_is_found_by_its_intent(stripe):
    rows = [
        stripe.sample("customer", id="cus_1"),
        stripe.sample("customer", id="cus_2", metadata={"intent_id": "int_1"}),
    ]
    stripe.listing("/v1/customers", *rows)
    found = await stripe.reconcile(stripe_save_customer, email="k@example.com")
    assert found.id == "cus_2"
    assert parse_qs(stripe.last["query"]) == {
        "email": ["k@example.com"],
        "created[gte]": ["1795600740"],
        "limit": ["100"],
    }


async def test_a_customer_that_was_not_created_is_not_found(stripe):
    stripe.listing("/v1/customers", stripe.sample("customer"))
    assert await stripe.reconcile(stripe_save_customer, name="K") is None


@pytest.mark.parametrize(
    ("given", "is_found"),
    [
        ({"name": "K"}, True),
        ({"name": "K", "phone": ""}, True),
        ({"name": "L"}, False),
        ({"metadata": [{"name": "crm", "value": "7"}, {"name": "gone", "value": ""}]}, True),
        ({"metadata": [{"name": "crm", "value": "8"}]}, False),
    ],
)
async def test_an_update_is_found_when_every_value_holds(stripe, given, is_found):
    stripe.stub(
        "GET", "/v1/customers/cus_1", stripe.sample("customer", id="cus_1", name="K", metadata={"crm": "7"})
    )
    found = await stripe.reconcile(stripe_save_customer, customer="cus_1", **given)
    assert (found is not None) is is_found
