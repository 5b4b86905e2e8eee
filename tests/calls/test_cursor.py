"""Cursors: they continue the list they were minted for, for whoever got them, and nothing else."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import START
from wirepost.calls.cursor import Cursors, Position
from wirepost.core.errors import InvalidCall
from wirepost.core.signing import Signer

SIGNER = Signer(b"a secret of this test")
CURSORS = Cursors(SIGNER, 24 * 3600)
OWNER = ("stripe_list_payments", "stripe-live", "anna")
HASH = "0123456789abcdef"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
owners = st.tuples(texts, texts, texts)


def mint(position: Position | None = None) -> str:
    return CURSORS.mint(position or Position("pi_1"), owner=OWNER, arguments_hash=HASH, now=START)


LONGER_THAN_A_WORD = 16
"""What is left of a cursor that was cut may stand in the sentence by chance."""


def refusal(
    cursor: str, *, owner: tuple[str, str, str] = OWNER, hash_: str = HASH, after_s: float = 0
) -> str:
    with pytest.raises(InvalidCall) as refused:
        CURSORS.open(cursor, owner=owner, arguments_hash=hash_, now=START + timedelta(seconds=after_s))
    assert refused.value.code == "invalid_arguments"
    assert [field["path"] for field in refused.value.fields] == ["cursor"]
    assert "without cursor" in str(refused.value.hint)
    assert len(cursor) < LONGER_THAN_A_WORD or cursor not in refused.value.message
    return refused.value.message


@given(st.none() | texts, st.integers(0, 10**9), owners, texts)
def test_a_cursor_opens_where_it_was_minted(
    provider: str | None, skip: int, owner: tuple[str, str, str], hash_: str
) -> None:
    position = Position(provider, skip)
    cursor = CURSORS.mint(position, owner=owner, arguments_hash=hash_, now=START)
    assert CURSORS.open(cursor, owner=owner, arguments_hash=hash_, now=START) == position


@given(owners, owners, texts, texts)
def test_a_cursor_of_anybody_else_or_of_other_arguments_does_not_open(
    owner: tuple[str, str, str], other: tuple[str, str, str], hash_: str, other_hash: str
) -> None:
    cursor = CURSORS.mint(Position("x"), owner=owner, arguments_hash=hash_, now=START)
    if (owner, hash_) == (other, other_hash):
        return
    with pytest.raises(InvalidCall, match="belongs to another"):
        CURSORS.open(cursor, owner=other, arguments_hash=other_hash, now=START)


@pytest.mark.parametrize("place", range(3))
def test_tool_connection_and_caller_are_each_bound(place: int) -> None:
    other = tuple("other" if index == place else part for index, part in enumerate(OWNER))
    assert len(other) == 3
    assert "belongs to another tool, connection, caller" in refusal(mint(), owner=other)


def test_parts_of_the_owner_cannot_be_shifted_into_each_other() -> None:
    cursor = CURSORS.mint(Position("x"), owner=("a", "bc", "d"), arguments_hash=HASH, now=START)
    assert refusal(cursor, owner=("ab", "c", "d"))
    assert refusal(cursor, owner=("a", "b", "cd"))


def test_other_arguments_are_refused_and_not_answered_with_a_wrong_page() -> None:
    assert "other arguments" in refusal(mint(), hash_="fedcba9876543210")


@pytest.mark.parametrize(("after_s", "is_open"), [(0, True), (86_399, True), (86_400, True), (86_401, False)])
def test_a_cursor_is_good_for_its_lifetime(after_s: int, is_open: bool) -> None:  # noqa: FBT001 - a table of cases
    if is_open:
        now = START + timedelta(seconds=after_s)
        assert CURSORS.open(mint(), owner=OWNER, arguments_hash=HASH, now=now) == Position("pi_1")
    else:
        assert "expired" in refusal(mint(), after_s=after_s)


def test_the_lifetime_is_the_configured_one() -> None:
    short = Cursors(SIGNER, 60)
    cursor = short.mint(Position("x"), owner=OWNER, arguments_hash=HASH, now=START)
    with pytest.raises(InvalidCall, match="expired"):
        short.open(cursor, owner=OWNER, arguments_hash=HASH, now=START + timedelta(seconds=61))


def test_a_changed_cursor_does_not_open_whatever_bit_was_changed() -> None:
    cursor = mint(Position("pi_1", 3))
    for place in range(len(cursor)):
        for bit in range(7):
            changed = cursor[:place] + chr(ord(cursor[place]) ^ (1 << bit)) + cursor[place + 1 :]
            assert "not issued" in refusal(changed)


@given(st.data())
def test_a_cursor_cut_or_joined_does_not_open(data: st.DataObject) -> None:
    cursor = mint()
    start, end = sorted((data.draw(st.integers(0, len(cursor))), data.draw(st.integers(0, len(cursor)))))
    shortened = cursor[:start] + cursor[end:]
    if shortened != cursor:
        assert refusal(shortened)
    assert refusal(cursor + cursor)


def test_a_forged_position_does_not_open() -> None:
    head, _, mac = mint().removeprefix("c1.").partition(".")
    claims = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    claims["p"] = "pi_of_somebody_else"
    forged = (
        base64.urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode()).rstrip(b"=").decode()
    )
    assert "not issued" in refusal(f"c1.{forged}.{mac}")


def test_tokens_of_other_kinds_and_other_servers_are_no_cursors() -> None:
    claims = {"p": "x", "k": 0, "b": "", "e": 2**40}
    assert "not issued" in refusal("c1." + SIGNER.sign("confirmation", claims))
    assert "not issued" in refusal("c1." + Signer(b"other").sign("cursor", claims))


def test_a_cursor_without_its_prefix_or_with_two_does_not_open() -> None:
    assert "not issued" in refusal(mint().removeprefix("c1."))
    assert "not issued" in refusal("c1." + mint())
    assert "not issued" in refusal(mint().replace("c1.", "c2."))


@given(st.text(max_size=50))
def test_any_text_is_refused_and_not_echoed(text: str) -> None:
    with pytest.raises(InvalidCall, match="not issued"):
        CURSORS.open(text, owner=OWNER, arguments_hash=HASH, now=START)


def test_a_cursor_shows_nothing_of_caller_and_arguments() -> None:
    body = mint().split(".")[1]
    readable = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    for hidden in (*OWNER, HASH):
        assert hidden.encode() not in readable
