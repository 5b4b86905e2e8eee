"""Marks are found wherever a result model hides them."""

from __future__ import annotations

from typing import Annotated, ClassVar

from support.samples import Author, Note
from wirepost.tools import marks
from wirepost.tools.results import DETAIL, Result, Untrusted, UntrustedMark


class Hidden(Result):
    """Marks under unions, tuples, nested lists and further annotations."""

    kind: ClassVar[str] = "hidden"

    pair: tuple[Untrusted, ...] = ()
    rows: list[list[Untrusted]] | None = None
    either: int | Untrusted | None = None
    noted: Annotated[Untrusted, "a note"] = ""
    rare: Annotated[int, DETAIL] | None = None
    twice: Annotated[Annotated[int, DETAIL], "a note"] = 0
    people: dict[str, int] | None = None
    values: dict[str, Annotated[str | int, UntrustedMark()]] | None = None
    plain: list[int] | None = None
    choice: int | str = 0


class Clean(Result):
    """Nothing in it is from outside."""

    id: str
    parts: list[int] | None = None


class Holder(Result):
    """Holds a model without marks."""

    clean: Clean | None = None
    cleans: list[Clean] | None = None


def test_untrusted_text_is_found_at_every_depth() -> None:
    assert marks.untrusted(Note) == {
        "text": {},
        "author": {"name": {}},
        "comments": {"*": {"name": {}}},
        "tags": {"*": {}},
        "secret_notes": {},
    }
    assert marks.untrusted(Author) == {"name": {}}


def test_untrusted_text_is_found_under_unions_tuples_and_other_notes() -> None:
    assert marks.untrusted(Hidden) == {
        "pair": {"*": {}},
        "rows": {"*": {"*": {}}},
        "either": {},
        "noted": {},
        "values": {"*": {}},
    }


def test_a_model_without_marks_is_not_mentioned() -> None:
    assert marks.untrusted(Clean) == {}
    assert marks.untrusted(Holder) == {}


def test_details_are_the_fields_returned_on_request_only() -> None:
    assert marks.details(Note) == {"history", "secret_notes"}
    assert marks.details(Hidden) == {"rare", "twice"}
    assert marks.details(Clean) == frozenset()


def test_the_names_are_those_of_the_fields_in_their_order() -> None:
    assert marks.field_names(Clean) == ("id", "parts")
    assert "kind" not in marks.field_names(Hidden)
