"""Portable schemas: what every model client reads is kept, what some cannot read is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from support.samples import SAMPLES, Note
from wirepost.core.errors import ConfigError
from wirepost.tools import schema


class Part(BaseModel):
    """A nested model."""

    size: Annotated[int, Field(ge=1, le=9)] = 1
    colour: Literal["red"] = "red"


class Arguments(BaseModel):
    """Everything that has a portable form."""

    name: Annotated[str, Field(min_length=1, pattern="^a", description="Who")]
    at: datetime | None = None
    parts: Annotated[list[Part] | None, Field(max_length=3, description="What")] = None
    part: Annotated[Part | None, Field(description="Which")] = None


class Nothing(BaseModel):
    """No argument at all."""


class Either(BaseModel):
    """Has no portable form."""

    part: list[int | str]


class Loose(BaseModel):
    """An object whose fields are not declared, below the root."""

    labels: dict[str, str]


def test_what_is_portable_is_kept_and_the_rest_is_dropped() -> None:
    part = {
        "type": "object",
        "properties": {
            "size": {"type": "integer", "minimum": 1, "maximum": 9, "default": 1},
            "colour": {"type": "string", "enum": ["red"], "default": "red"},
        },
        "additionalProperties": False,
    }
    portable = schema.portable(Arguments.model_json_schema())
    nested = portable["properties"]["parts"]
    assert nested.pop("items") == {**part, "description": "A nested model."}
    assert nested == {"type": "array", "maxItems": 3, "description": "What"}
    assert portable["properties"].pop("part") == {**part, "description": "Which"}
    assert portable["properties"].pop("at") == {"type": "string", "format": "date-time"}
    assert portable["properties"].pop("name") == {
        "type": "string",
        "pattern": "^a",
        "description": "Who",
    }
    assert portable["required"] == ["name"]
    assert portable["additionalProperties"] is False


def test_a_brief_schema_has_what_a_call_may_consist_of_and_no_words() -> None:
    row = {
        "type": "object",
        "description": "A row",
        "properties": {
            "description": {"type": "string", "description": "A field of that name", "pattern": "x"}
        },
        "required": ["description"],
        "additionalProperties": False,
    }
    whole = {
        "type": "object",
        "properties": {
            "rows": {"type": "array", "maxItems": 9, "items": row},
            "order": {
                "type": "string",
                "enum": ["up", "down"],
                "default": "up",
                "description": "Of the rows",
            },
            "limit": {"type": "integer", "minimum": 1, "maximum": 9},
        },
        "required": ["rows"],
        "additionalProperties": False,
    }
    assert schema.brief(whole) == {
        "type": "object",
        "properties": {
            "rows": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"description": {"type": "string"}},
                    "required": ["description"],
                    "additionalProperties": False,
                },
            },
            "order": {"type": "string", "enum": ["up", "down"]},
            "limit": {"type": "integer"},
        },
        "required": ["rows"],
        "additionalProperties": False,
    }


def test_a_tool_without_arguments_refuses_all() -> None:
    for raw in (Nothing.model_json_schema(), {"type": "object", "title": "Nothing"}):
        portable = schema.portable(raw)
        assert portable["properties"] == {}
        assert portable["additionalProperties"] is False
        assert schema.problems("nothing", portable) == []


def test_a_union_is_refused_by_its_path() -> None:
    with pytest.raises(ConfigError, match=r"'part\[\]' is a union"):
        schema.portable(Either.model_json_schema())


def test_an_object_without_declared_fields_is_not_made_up() -> None:
    portable = schema.portable(Loose.model_json_schema())
    assert schema.problems("loose", portable) == [
        "labels: is an object without declared properties",
        "labels: must refuse additional properties",
    ]


def test_the_samples_are_portable() -> None:
    for tool in SAMPLES:
        assert schema.problems(tool.name, tool.input_schema) == []


def root(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def nested(depth: int) -> dict[str, Any]:
    node: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        node = root(a=node)
    return node


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ({"type": "string"}, "the root must be an object"),
        (root(a={"anyOf": [], "type": "string"}), "a: has anyOf"),
        (root(a={"const": 1, "type": "integer"}), "a: has const"),
        (root(a={}), "a: needs exactly one type"),
        (root(a={"type": ["string", "null"]}), "a: needs exactly one type"),
        (nested(5), "a.a.a.a.a: is nested deeper than 4"),
        (root(a={"type": "array"}), "a: is an array without items"),
        (root(a={"type": "array", "items": {}}), "a[]: needs exactly one type"),
        (root(a={"type": "object"}), "a: is an object without declared properties"),
        ({"type": "object", "properties": {}}, "root: must refuse additional properties"),
        ({**root(), "required": ["b"]}, "root: requires undeclared ['b']"),
        (root(a={"type": "string", "required": ["b"]}), "a: has properties but is no object"),
        (root(a={"type": "string", "enum": []}), "a: needs 1 to 60 non-empty strings as enum"),
        (root(a={"type": "string", "enum": [""]}), "a: needs 1 to 60 non-empty strings as enum"),
        (root(a={"type": "integer", "enum": [1]}), "a: needs 1 to 60 non-empty strings as enum"),
        (
            root(a={"type": "string", "enum": [str(n) for n in range(61)]}),
            "a: needs 1 to 60 non-empty strings as enum",
        ),
        (root(a={"type": "string", "format": "uuid"}), "a: has the format uuid"),
        (root(a={"type": "string", "pattern": "^(?!x)"}), "a: has a pattern with a look-around"),
        (root(a={"type": "string", "description": "d" * 601}), "a: has a description over 600 characters"),
    ],
)
def test_every_broken_rule_is_named_with_its_place(broken, problem) -> None:
    assert problem in schema.problems("name", broken)


@pytest.mark.parametrize("name", ["", "Upper", "with-dash", "n" * 37, "naïve", "name\n"])
def test_a_name_that_some_client_refuses_is_a_problem(name) -> None:
    assert schema.problems(name, root()) == ["the name must match ^[a-z0-9_]{1,36}$"]


def test_what_is_just_allowed_is_no_problem() -> None:
    longest = root(
        a={
            "type": "string",
            "enum": [str(n) for n in range(60)],
            "format": "date-time",
            "description": "d" * 600,
        }
    )
    assert schema.problems("n" * 36, longest) == []
    assert schema.problems("n", nested(4)) == []


def test_a_list_is_no_level_of_nesting_of_its_own() -> None:
    """`records[].fields[].name` is what every batch of records looks like: three objects in each other."""
    records: dict[str, Any] = {"type": "string"}
    for _ in range(4):
        records = root(a={"type": "array", "items": records})
    assert schema.problems("n", records) == []
    deeper = root(a={"type": "array", "items": records})
    assert schema.problems("n", deeper) == [
        "a[].a[].a[].a[].a: is nested deeper than 4",
        "a[].a[].a[].a[].a[]: is nested deeper than 4",
    ]


def test_a_schema_that_is_too_large_is_a_problem() -> None:
    large = root(**{f"a{n}": {"type": "string", "description": "d" * 500} for n in range(5)})
    assert [text for text in schema.problems("name", large) if "bytes, more than 2048" in text]


class Inner(BaseModel):
    """A part of a result."""

    text: str


class Outcome(BaseModel):
    """A result with every form of field."""

    id: str
    inner: Inner | None = None
    many: list[Inner] | None = None
    either: int | str | None = None
    anything: Any = None


def test_an_envelope_outlines_the_fields_of_a_record() -> None:
    outline = schema.envelope(Outcome, is_page=False)["properties"]
    assert outline["data"] == {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "inner": {"type": "object"},
            "many": {"type": "array"},
            "either": {},
            "anything": {},
        },
    }
    assert "page" not in outline
    assert {"meta", "warnings", "error"} <= outline.keys()


def test_a_page_holds_records_and_its_place() -> None:
    outline = schema.envelope(Note, is_page=True)["properties"]
    record = outline["data"]["properties"]["records"]["items"]
    assert record["properties"]["id"] == {"type": "string"}
    assert "page" in outline


def test_an_envelope_requires_nothing_because_fields_choose_and_errors_have_no_data() -> None:
    for returns, is_page in ((Note, True), (Outcome, False)):
        full = schema.envelope(returns, is_page=is_page)
        assert {"data", "meta", "warnings", "error"} <= full["properties"].keys()
        assert "required" not in full
