"""Records and pages, from Stripe's published example objects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.calls import shape
from wirepost.providers.stripe.models import (
    Card,
    Customer,
    Payment,
    Refund,
    expanded,
    found_of,
    id_of,
    labels,
    money,
    page_of,
    sifted,
)


def listed(rows, **more):
    return {"object": "list", "data": rows, "has_more": False, **more}


def customers(*numbers):
    return [
        {"id": f"cus_{number}", "object": "customer", "delinquent": number % 2 == 0} for number in numbers
    ]


def test_a_page_has_a_position_behind_each_record():
    page = page_of(Customer, listed(customers(1, 2), has_more=True))
    assert (page.after, page.has_more, page.next) == (["cus_1", "cus_2"], True, None)


def test_a_search_has_a_position_behind_the_page_alone():
    page = found_of(Customer, listed(customers(1), has_more=True, next_page="W1"))
    assert (page.after, page.next) == (None, "W1")
    assert found_of(Customer, listed(customers(1), next_page=None)).next is None


@given(st.lists(st.integers(1, 60), max_size=60, unique=True), st.integers(1, 7), st.integers(1, 9))
def test_walking_a_sifted_list_meets_every_wanted_record_once(numbers, limit, size):
    rows, found, position = customers(*numbers), [], None
    for _ in range(200):
        start = 0 if position is None else [row["id"] for row in rows].index(position) + 1
        raw = listed(rows[start : start + size], has_more=start + size < len(rows))
        page = sifted(Customer, raw, lambda row: row["delinquent"], limit)
        assert len(page.records) <= limit
        found += [record.id for record in page.records]
        if not page.has_more:
            break
        position = page.after[-1] if page.after else page.next
    assert found == [f"cus_{number}" for number in numbers if number % 2 == 0]


@given(st.lists(st.integers(1, 60), min_size=1, max_size=20, unique=True), st.integers(0, 19))
def test_a_sifted_page_that_is_cut_continues_behind_the_last_kept_record(numbers, cut):
    rows = customers(*numbers)
    page = sifted(Customer, listed(rows), lambda row: row["delinquent"], 100)
    wanted = [record.id for record in page.records]
    if cut >= len(wanted):
        return
    start = [row["id"] for row in rows].index(page.after[cut]) + 1
    rest = sifted(Customer, listed(rows[start:]), lambda row: row["delinquent"], 100)
    assert [record.id for record in rest.records] == wanted[cut + 1 :]


@pytest.mark.parametrize(
    ("value", "identifier"),
    [("cus_1", "cus_1"), ({"id": "cus_1"}, "cus_1"), (None, None), ({}, None), ("", "")],
)
def test_a_reference_is_shown_by_its_id_expanded_or_not(value, identifier):
    assert id_of(value) == identifier


def test_only_an_expanded_reference_has_fields():
    assert expanded({"a": 1}) == {"a": 1}
    assert expanded("cus_1") == {}
    assert expanded(None) == {}


def test_amounts_are_shown_in_both_forms_or_not_at_all():
    assert money("fee", -320, "eur") == {"fee": "-3.20", "fee_minor": -320}
    assert money("fee", None, "eur") == {}
    assert money("fee", 1, None) == {}


def test_metadata_is_shown_in_the_form_in_which_it_is_given():
    assert labels({"a": "b"}) == [{"name": "a", "value": "b"}]
    assert labels({}) is None
    assert labels(None) is None


def test_a_payment_method_shows_brand_last_digits_and_expiry(stripe):
    card = Card.read(stripe.sample("payment_method"))
    assert card.model_dump() == {"type": "card", "brand": "visa", "last4": "4242", "expires": "2030-08"}


def test_a_method_without_a_card_shows_what_it_has():
    debit = Card.read({"type": "sepa_debit", "sepa_debit": {"last4": "3000", "fingerprint": "x"}})
    assert debit.model_dump(exclude_none=True) == {"type": "sepa_debit", "last4": "3000"}
    assert Card.read({}) is None
    assert Card.read(None) is None


def test_the_published_examples_are_read(stripe):
    customer = Customer.read(stripe.sample("customer", balance=-500, address={"country": "DE"}))
    assert (customer.balance, customer.country, customer.created_at) == (
        "-5.00",
        "DE",
        "2009-02-13T23:31:30Z",
    )
    refund = Refund.read(stripe.sample("refund", reason="duplicate", metadata={"a": "b"}))
    assert (refund.amount, refund.refund_reason, refund.metadata[0].value) == ("1.00", "duplicate", "b")
    payment = Payment.read(stripe.sample("payment_intent"))
    assert (payment.amount, payment.status, payment.method) == ("10.99", "requires_payment_method", None)


def test_texts_of_stripe_are_no_html_and_kept_as_they_are():
    name = "A <b> & Co"
    raw = {"id": "cus_1", "name": name, "description": f"{name}\u202e", "metadata": {name: name}}
    view = shape.View(Customer, ["name", "description", "metadata"], 6000)
    shaped = shape.one(shape.dump(Customer.read(raw)), view)
    assert shaped.data["name"] == shaped.data["description"] == name
    assert shaped.data["metadata"] == [{"name": name, "value": name}]
    assert shaped.untrusted == [
        "data.name",
        "data.description",
        "data.metadata[*].name",
        "data.metadata[*].value",
    ]
