"""Confirmations: a token accepts one plan for one call of one caller, for a short time."""

from __future__ import annotations

import base64
import dataclasses
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import START
from wirepost.calls.confirm import Confirmations, Subject, mismatch, shown
from wirepost.core.errors import InvalidCall
from wirepost.core.signing import Signer
from wirepost.tools.results import Effect, Plan

SIGNER = Signer(b"a secret of this test")
CONFIRMATIONS = Confirmations(SIGNER, 600)
SUBJECT = Subject("stripe_create_refund", "stripe-live", "anna", "0123456789abcdef")
PLAN = Plan("Refund 10.00 eur", [Effect(what="Refunded")], reversible=False, state={"refunded": 0, "of": 100})

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
subjects = st.builds(Subject, texts, texts, texts, texts)
states = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)


def plan_of(state: Any) -> Plan:
    return dataclasses.replace(PLAN, state=state)


def issue(subject: Subject = SUBJECT, plan: Plan = PLAN) -> str:
    return CONFIRMATIONS.issue(subject, plan, START)[0]


def refusal(token: str, subject: Subject = SUBJECT, plan: Plan = PLAN, now: datetime = START) -> str:
    with pytest.raises(InvalidCall) as refused:
        CONFIRMATIONS.check(token, subject, plan, now)
    assert refused.value.code == "confirmation_mismatch"
    assert refused.value.outcome == "not_applied"
    assert "nothing was done" in refused.value.message
    return refused.value.message


@given(subjects, states)
def test_a_confirmation_accepts_its_plan(subject: Subject, state: Any) -> None:
    token, _ = CONFIRMATIONS.issue(subject, plan_of(state), START)
    assert CONFIRMATIONS.check(token, subject, plan_of(state), START)


@given(subjects, subjects)
def test_a_confirmation_fits_no_other_call(one: Subject, other: Subject) -> None:
    token, _ = CONFIRMATIONS.issue(one, PLAN, START)
    if one != other:
        with pytest.raises(InvalidCall, match="is for another"):
            CONFIRMATIONS.check(token, other, PLAN, START)


@given(states, states)
def test_a_confirmation_fits_no_other_state(seen: Any, now_seen: Any) -> None:
    token = issue(plan=plan_of(seen))
    if json.dumps(seen, sort_keys=True) != json.dumps(now_seen, sort_keys=True):
        assert "things have changed" in refusal(token, plan=plan_of(now_seen))


@pytest.mark.parametrize("part", ["tool", "connection", "caller", "arguments_hash"])
def test_tool_connection_caller_and_arguments_are_each_bound(part: str) -> None:
    assert "is for another" in refusal(issue(), dataclasses.replace(SUBJECT, **{part: "other"}))


def test_parts_of_the_subject_cannot_be_shifted_into_each_other() -> None:
    assert refusal(issue(Subject("a", "bc", "d", "e")), Subject("ab", "c", "d", "e"))


@pytest.mark.parametrize(("after_s", "is_accepted"), [(0, True), (599, True), (600, True), (601, False)])
def test_a_confirmation_is_good_for_ten_minutes(after_s: int, is_accepted: bool) -> None:  # noqa: FBT001 - a table of cases
    now = START + timedelta(seconds=after_s)
    if is_accepted:
        assert CONFIRMATIONS.check(issue(), SUBJECT, PLAN, now)
    else:
        assert "expired" in refusal(issue(), now=now)


def test_the_expiry_that_is_shown_is_the_one_that_holds() -> None:
    token, expires_at = CONFIRMATIONS.issue(SUBJECT, PLAN, START + timedelta(milliseconds=900))
    assert expires_at == START + timedelta(seconds=600)
    assert CONFIRMATIONS.check(token, SUBJECT, PLAN, expires_at)
    assert refusal(token, now=expires_at + timedelta(milliseconds=1))


def test_the_lifetime_is_the_configured_one() -> None:
    short = Confirmations(SIGNER, 30)
    token, expires_at = short.issue(SUBJECT, PLAN, START)
    assert expires_at == START + timedelta(seconds=30)
    assert refusal(token, now=START + timedelta(seconds=31))


def test_each_confirmation_has_a_number_of_its_own() -> None:
    """That is what makes it usable once: two previews of the same plan are two confirmations."""
    numbers = {CONFIRMATIONS.check(issue(), SUBJECT, PLAN, START) for _ in range(100)}
    assert len(numbers) == 100
    token = issue()
    first, second = (CONFIRMATIONS.check(token, SUBJECT, PLAN, START) for _ in range(2))
    assert first == second


def test_a_changed_confirmation_is_refused_whatever_bit_was_changed() -> None:
    token = issue()
    for place in range(len(token)):
        for bit in range(7):
            changed = token[:place] + chr(ord(token[place]) ^ (1 << bit)) + token[place + 1 :]
            assert "not issued" in refusal(changed)


@given(st.text(max_size=50))
def test_any_text_is_refused(text: str) -> None:
    assert "not issued" in refusal(text)


def test_tokens_of_other_kinds_and_other_servers_confirm_nothing() -> None:
    head = issue().partition(".")[0]
    claims = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    assert CONFIRMATIONS.check(SIGNER.sign("confirmation", claims), SUBJECT, PLAN, START)
    assert "not issued" in refusal(SIGNER.sign("cursor", claims))
    assert "not issued" in refusal(Signer(b"other").sign("confirmation", claims))


def test_a_confirmation_shows_nothing_of_state_caller_and_arguments() -> None:
    token = issue(plan=plan_of({"email": "anna@example.com"}))
    head = token.partition(".")[0]
    readable = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode()
    for hidden in ("anna", "stripe", "example.com", SUBJECT.arguments_hash):
        assert hidden not in readable


def test_a_plan_is_shown_with_effects_and_confirmation() -> None:
    plan = Plan(
        "Refund",
        [Effect(what="Refunded", before="0.00", after="10.00"), Effect(what="Mail")],
        reversible=False,
        state={"secret": "state"},
        notes=("Paid 3 days ago",),
    )
    assert shown(plan, ("token", START)) == {
        "plan": "Refund",
        "effects": [{"what": "Refunded", "before": "0.00", "after": "10.00"}, {"what": "Mail"}],
        "reversible": False,
        "notes": ["Paid 3 days ago"],
        "confirmation": "token",
        "expires_at": "2026-11-25T10:00:00Z",
    }


def test_a_plan_that_cannot_be_confirmed_is_shown_without_a_token() -> None:
    assert shown(PLAN, None) == {
        "plan": "Refund 10.00 eur",
        "effects": [{"what": "Refunded"}],
        "reversible": False,
    }


def test_a_mismatch_says_that_nothing_was_done_and_what_to_do() -> None:
    error = mismatch("was already used")
    assert error.message == "The confirmation was already used; nothing was done"
    assert "new plan" in str(error.hint)
