"""Marks are found wherever a result model hides them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from support.samples import Author, Note
from wirepost.calls import shape
from wirepost.tools import marks
from wirepost.tools.results import DETAIL, Result, Untrusted, UntrustedMark

MARK = UntrustedMark()


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


class Mapped(Result):
    """Marks in the values of mappings; keys are names."""

    labels: dict[str, Untrusted]
    people: Mapping[str, Author]
    lists: dict[str, tuple[Untrusted, ...]]
    answers: dict[str, Annotated[Any, UntrustedMark()]]
    counts: dict[str, int]


class Thread(Result):
    """Holds others of its kind."""

    text: Untrusted
    replies: tuple[Thread, ...] = ()


class Owner(Result):
    """Holds a model that holds it."""

    owned: Owned | None = None


class Owned(Result):
    """Holds a model that holds it, and a mark."""

    owner: Owner | None = None
    name: Untrusted


class Chain(Result):
    """Holds itself, and no mark."""

    next: Chain | None = None


def test_untrusted_text_is_found_at_every_depth() -> None:
    assert marks.untrusted(Note) == {
        "text": MARK,
        "author": {"name": MARK},
        "comments": {"*": {"name": MARK}},
        "tags": {"*": MARK},
        "secret_notes": MARK,
    }
    assert marks.untrusted(Author) == {"name": MARK}


def test_untrusted_text_is_found_under_unions_tuples_and_other_notes() -> None:
    assert marks.untrusted(Hidden) == {
        "pair": {"*": MARK},
        "rows": {"*": {"*": MARK}},
        "either": MARK,
        "noted": MARK,
        "values": {"*": MARK},
    }


def test_untrusted_text_is_found_in_the_values_of_mappings() -> None:
    assert marks.untrusted(Mapped) == {
        "labels": {"*": MARK},
        "people": {"*": {"name": MARK}},
        "lists": {"*": {"*": MARK}},
        "answers": {"*": MARK},
    }


def test_every_marked_value_of_a_mapping_is_cleaned_and_listed_once() -> None:
    mapped = Mapped(
        labels={"a": "x\u200b", "b": "y\u202e"},
        people={"k": Author(name="n\u200b", role="r\u200b")},
        lists={"l": ("z\u200b",)},
        answers={"one": "1\u200b", "several": ["2\u200b", {"deep": "3\u200b"}], "number": 4},
        counts={"<b>": 1},
    )
    shaped = shape.one(shape.dump(mapped), shape.View(Mapped, None, 6000))
    assert shaped.data == {
        "labels": {"a": "x", "b": "y"},
        "people": {"k": {"name": "n", "role": "r\u200b"}},
        "lists": {"l": ["z"]},
        "answers": {"one": "1", "several": ["2", {"deep": "3"}], "number": 4},
        "counts": {"<b>": 1},
    }
    assert shaped.untrusted == [
        "data.labels.*",
        "data.people.*.name",
        "data.lists.*[*]",
        "data.answers.*",
        "data.answers.*[*]",
        "data.answers.*[*].*",
    ]


def test_a_model_in_itself_is_cleaned_at_every_depth() -> None:
    leaf = {"text": "3\u200b"}
    thread = Thread.model_validate({"text": "1\u200b", "replies": [{"text": "2\u200b", "replies": [leaf]}]})
    shaped = shape.one(shape.dump(thread), shape.View(Thread, None, 6000))
    assert shaped.data["text"] == "1"
    assert shaped.data["replies"][0] == {"text": "2", "replies": [{"text": "3", "replies": []}]}


def test_text_behind_a_model_that_leads_back_is_found_from_both_sides() -> None:
    found, back = marks.untrusted(Owner), marks.untrusted(Owned)
    assert (found.keys(), found["owned"].keys()) == ({"owned"}, {"owner", "name"})
    assert (back.keys(), back["owner"].keys()) == ({"owner", "name"}, {"owned"})


def test_a_model_without_marks_is_not_mentioned() -> None:
    assert marks.untrusted(Clean) == {}
    assert marks.untrusted(Holder) == {}
    assert marks.untrusted(Chain) == {}


def test_details_are_the_fields_returned_on_request_only() -> None:
    assert marks.details(Note) == {"history", "secret_notes"}
    assert marks.details(Hidden) == {"rare", "twice"}
    assert marks.details(Clean) == frozenset()


def test_the_names_are_those_of_the_fields_in_their_order() -> None:
    assert marks.field_names(Clean) == ("id", "parts")
    assert "kind" not in marks.field_names(Hidden)
