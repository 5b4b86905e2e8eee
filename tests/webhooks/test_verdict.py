"""What is not believed is told by the check that failed; where it failed is for the operator."""

from __future__ import annotations

from typing import get_args

import pytest

from support.signatures import vectors
from wirepost.webhooks.verdict import Check, Rejected, Verified

PUBLISHED = {
    said.removeprefix("invalid:")
    for found in vectors().values()
    for said in (found["expected"], *(found.get("also_ok") or ()))
    if said.startswith("invalid:")
}


def test_every_published_reason_can_be_told() -> None:
    assert set(get_args(Check)) >= PUBLISHED


@pytest.mark.parametrize("check", get_args(Check))
def test_what_cannot_be_read_is_400_and_what_is_not_genuine_401(check: Check) -> None:
    is_unreadable = check.startswith(("malformed", "bad"))
    assert Rejected(check).status == (400 if is_unreadable else 401)


def test_the_operator_reads_where_it_failed() -> None:
    rejected = Rejected("missing_header", "x-signature")
    assert str(rejected) == "missing_header: x-signature"
    assert str(Rejected("empty_secret")) == "empty_secret"


def test_without_another_word_the_body_was_signed_and_no_id() -> None:
    verified = Verified("signature", "x")
    assert (verified.signed, verified.is_id_signed, verified.signed_at, verified.secret) == (
        b"",
        False,
        None,
        None,
    )
