"""Results cannot be changed, take no unknown field, and say nothing that was not set."""

from __future__ import annotations

import dataclasses

import pytest
from pydantic import ValidationError

from support.samples import Note
from wirepost.tools.results import Deleted, Effect, Page, Plan


def test_a_result_cannot_be_changed() -> None:
    note = Note(id="n_1")
    with pytest.raises(ValidationError, match="frozen"):
        note.id = "n_2"


def test_a_field_that_a_result_does_not_declare_is_refused() -> None:
    with pytest.raises(ValidationError, match="client_secret"):
        Note.model_validate({"id": "n_1", "client_secret": "x"})


def test_a_deleted_object_says_so() -> None:
    assert Deleted(id="n_1", object="note").model_dump() == {"id": "n_1", "object": "note", "deleted": True}


def test_an_effect_needs_words_only() -> None:
    assert Effect(what="A receipt is sent").model_dump(exclude_none=True) == {"what": "A receipt is sent"}


def test_a_page_claims_no_total_unless_it_knows_one() -> None:
    page = Page([Note(id="n_1")], has_more=False)
    assert (page.after, page.next, page.total, page.total_is) == (None, None, None, "unknown")


def test_a_plan_moves_no_money_unless_it_says_so_and_cannot_be_changed() -> None:
    plan = Plan("Send it", [], reversible=True, state={})
    assert (plan.money, plan.notes) == (None, ())
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.reversible = False  # type: ignore[misc]
