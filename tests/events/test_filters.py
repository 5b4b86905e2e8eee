"""Filters: each condition lets through what it names, and a wrong one is refused where it is written."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.occurred import event
from wirepost.core.errors import InvalidCall
from wirepost.events.filters import Filter, facts_of
from wirepost.settings.events import SubscriptionSettings

SELF = {"kind": "self", "id": "int_1"}


@pytest.mark.parametrize(
    ("filtered", "fields", "answer"),
    [
        (Filter(), {}, True),
        (Filter(types=("payment.refunded",)), {}, True),
        (Filter(types=("payment.dispute.*",)), {}, False),
        (Filter(types=("payment.dispute.*",)), {"type": "payment.dispute.opened"}, True),
        (Filter(types=("order.*", "payment.*")), {}, True),
        (Filter(types=("payment",)), {}, False),
        (Filter(types=("Payment.*",)), {}, False),
        (Filter(sources=("stripe-*",)), {}, True),
        (Filter(sources=("stripe-test",)), {}, False),
        (Filter(environments=("production",)), {}, True),
        (Filter(environments=("test", "sandbox")), {}, False),
        (Filter(environments=("test",)), {"source": "wirepost"}, True),
        (Filter(object_id="ch_1"), {}, True),
        (Filter(object_id="ch_2"), {}, False),
        (Filter(object_id="ch_1"), {"subject": None}, False),
        (Filter(), {"actor": SELF}, False),
        (Filter(exclude_self=False), {"actor": SELF}, True),
        (Filter(where="double(data.amount) >= 49.0"), {}, True),
        (Filter(where="double(data.amount) > 49.0"), {}, False),
        (Filter(where="object_id == 'ch_1' && actor.kind == 'unknown' && account == null"), {}, True),
        (Filter(where="data.missing == 1"), {}, False),
        (Filter(where="time > timestamp('2020-01-01T00:00:00Z')"), {"time": 1_795_600_000.0}, True),
        (Filter(where="time > timestamp('2020-01-01T00:00:00Z')"), {"time": None}, False),
    ],
)
def test_an_event_is_let_through_by_what_it_is(filtered, fields, answer):
    assert filtered.matches(event(**fields)) is answer


def test_a_condition_that_cannot_be_understood_is_refused_with_its_place():
    with pytest.raises(
        InvalidCall, match=r"line 1, column 4: undeclared reference to 'dta\.amount'"
    ) as refused:
        Filter(where="dta.amount > 5")
    assert refused.value.fields[0]["path"] == "where"


def test_a_condition_without_an_answer_says_so_once_for_each_type(caplog):
    caplog.set_level(logging.INFO)
    filtered = Filter(where="data.amount >= 40")
    for kind in ("payment.refunded", "payment.refunded", "invoice.paid"):
        assert not filtered.matches(event(type=kind))
    told = [record.getMessage() for record in caplog.records]
    assert ["payment.refunded" in line for line in told] == [True, False]
    assert "'data.amount >= 40' has no answer for an event of type invoice.paid: No matching" in told[1]
    assert "No matching overloads" in str(filtered.problem(event()))
    assert filtered.problem(event(data={"amount": 41})) is None
    assert Filter().problem(event()) is None


def test_facts_may_be_made_once_for_many_conditions():
    refund = event()
    facts = facts_of(refund)
    assert Filter(where="type == 'payment.refunded'").matches(refund, facts)
    assert not Filter(where="source == 'shop'").matches(refund, facts)


def test_the_configuration_is_read_as_it_is_written():
    settings = SubscriptionSettings(
        types=["payment.*"], sources=["stripe-live"], environments=["test"], where="true", exclude_self=False
    )
    assert Filter.of(settings) == Filter(
        ("payment.*",), ("stripe-live",), ("test",), "true", exclude_self=False
    )


def test_one_environment_can_be_chosen_later():
    chosen = Filter(types=("payment.*",)).within("test")
    assert chosen == Filter(types=("payment.*",), environments=("test",))
    assert not chosen.matches(event())


words = st.lists(st.text(max_size=10), max_size=3).map(tuple)


@given(words, words, words, st.none() | st.text(min_size=1, max_size=10), st.booleans())
def test_what_is_stored_is_read_as_it_was(types, sources, environments, object_id, exclude_self):
    filtered = Filter(types, sources, environments, None, object_id, exclude_self)
    assert Filter.read(filtered.stored()) == filtered


@given(words, st.text(max_size=20))
def test_whatever_the_patterns_are_there_is_an_answer(patterns, kind):
    assert Filter(types=patterns).matches(event(type=kind)) in {True, False}
