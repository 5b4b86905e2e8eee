"""Cursors: opened by the subscription that made them, and by nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.core.errors import InvalidCall
from wirepost.core.signing import Signer
from wirepost.events.cursors import EventCursors
from wirepost.events.filters import Filter
from wirepost.events.subscriptions import Subscription
from wirepost.settings.events import SubscriptionSettings

CURSORS = EventCursors(Signer(b"k" * 32))
REFUNDS = Subscription(
    id="sub_1",
    owner="anna",
    name="refunds",
    filter=Filter(types=("payment.refunded",)),
    options=SubscriptionSettings(),
    position=7,
    truncated=False,
    created_at=0.0,
    expires_at=None,
    has_target=False,
)


@given(st.integers(0, 2**62))
def test_a_cursor_says_what_it_was_made_of(seq):
    assert CURSORS.open(CURSORS.mint(REFUNDS, seq), REFUNDS) == seq


def test_a_cursor_names_its_reader_and_begins_a_new_one_without():
    assert CURSORS.resume(CURSORS.mint(REFUNDS, 7, "rdr_1"), REFUNDS) == (7, "rdr_1")
    readers = {CURSORS.resume(CURSORS.mint(REFUNDS, 7), REFUNDS)[1] for _ in range(9)}
    assert len(readers) == 9


def test_a_cursor_from_before_readers_had_names_is_taken():
    old = Signer(b"k" * 32).sign("subscription-cursor", {"s": 7, "b": REFUNDS.binding})
    assert CURSORS.resume(f"e1.{old}", REFUNDS) == (7, "")


@given(st.integers(0, 2**62), st.integers(0, 200), st.characters(codec="ascii"))
def test_a_changed_cursor_is_rejected(seq, place, letter):
    cursor = CURSORS.mint(REFUNDS, seq)
    changed = cursor[: place % len(cursor)] + letter + cursor[place % len(cursor) + 1 :]
    if changed == cursor:
        return
    with pytest.raises(InvalidCall, match="was not issued by this server or was changed"):
        CURSORS.open(changed, REFUNDS)


@given(st.text(max_size=40))
def test_what_was_never_issued_is_rejected(text):
    with pytest.raises(InvalidCall, match="not issued"):
        CURSORS.open(text, REFUNDS)


@pytest.mark.parametrize(
    "other",
    [
        replace(REFUNDS, id="sub_2"),
        replace(REFUNDS, filter=Filter(types=("payment.*",))),
        replace(REFUNDS, filter=Filter(types=("payment.refunded",), where="data.amount_minor > 1")),
    ],
)
def test_a_cursor_belongs_to_one_subscription_and_to_what_it_asks_for(other):
    with pytest.raises(InvalidCall, match="belongs to another subscription") as refused:
        CURSORS.open(CURSORS.mint(REFUNDS, 7), other, path="up_to")
    assert refused.value.fields[0]["path"] == "up_to"


def test_what_is_found_later_does_not_spoil_a_cursor():
    later = replace(REFUNDS, environment="test", position=99, truncated=True)
    assert CURSORS.open(CURSORS.mint(REFUNDS, 7), later) == 7


def test_a_cursor_of_another_server_is_rejected():
    with pytest.raises(InvalidCall, match="not issued"):
        EventCursors(Signer(b"o" * 32)).open(CURSORS.mint(REFUNDS, 7), REFUNDS)
