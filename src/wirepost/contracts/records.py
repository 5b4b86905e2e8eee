"""What a `Crm` is asked and answers: objects with their fields, records, links, queries, changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from wirepost.tools.results import Result, Untrusted, UntrustedMark

NEUTRAL_OBJECTS = ("contact", "company", "deal", "ticket", "task", "note", "product")
"""Names that every CRM understands; any other name is the vendor's own."""
ALIASES = (
    "email",
    "first_name",
    "last_name",
    "phone",
    "company",
    "owner",
    "amount",
    "stage",
    "close_date",
)
"""Field names that every CRM understands on input, where the object has such a field."""
BATCH = 100
"""Most records of one call."""
LINKS = 1000
"""Most links of one kind that `get` returns with a record."""

FieldType = Literal[
    "text",
    "long_text",
    "html",
    "number",
    "integer",
    "boolean",
    "date",
    "datetime",
    "choice",
    "choices",
    "reference",
    "other",
]
Operator = Literal[
    "eq",
    "neq",
    "lt",
    "lte",
    "gt",
    "gte",
    "between",
    "in",
    "not_in",
    "contains",
    "starts_with",
    "is_empty",
    "is_not_empty",
]
ActivityType = Literal["note", "task", "call", "email", "meeting"]
Function = Literal["count", "sum", "avg", "min", "max"]
ImportOperation = Literal["create", "update", "upsert"]
Value = str | int | float | bool | None
"""A typed field value: dates as `2026-11-25`, moments in RFC 3339, several choices joined with `;`."""


class ObjectKind(Result):
    """A kind of record."""

    object: str
    label: str
    neutral: str | None = Field(default=None, description="The name that means the same in every CRM")
    is_custom: bool = False


class Choice(Result):
    """An allowed value: `value` is stored, `label` is shown to people."""

    value: str
    label: str


class FieldSchema(Result):
    """One field of an object."""

    name: str
    label: str
    type: FieldType
    required: bool = False
    unique: bool = False
    writable: bool = True
    is_custom: bool = False
    sensitive: bool = False
    filterable: bool = True
    options: list[Choice] | None = None
    references: list[str] | None = Field(default=None, description="Objects that a reference leads to")


class Stage(Result):
    """One step of a pipeline."""

    id: str
    label: str
    is_closed: bool = False
    is_won: bool | None = None
    probability: float | None = Field(default=None, description="0 to 1")


class Pipeline(Result):
    """The steps through which deals or tickets go."""

    id: str
    label: str
    stages: list[Stage]


class LinkType(Result):
    """A kind of link from one object to another."""

    to_object: str
    labels: list[str] | None = None


class ObjectSchema(Result):
    """Everything an object's records may hold; `object` is the vendor's name, as everywhere in results."""

    object: str
    label: str
    label_field: str | None = None
    fields: list[FieldSchema]
    defaults: list[str] = Field(description="Fields returned when none are named")
    aliases: dict[str, str] = Field(default_factory=dict, description="Neutral name → field")
    pipelines: list[Pipeline] | None = None
    links: list[LinkType] | None = None

    def field(self, name: str) -> FieldSchema | None:
        """The field of that name, or else of that alias."""
        by_name = {each.name: each for each in self.fields}
        return by_name.get(name) or by_name.get(self.aliases.get(name, ""))


class Link(Result):
    """A record that another one is linked to."""

    id: str
    object: str
    labels: list[str] | None = None


class Record(Result):
    """One record with the vendor's own field names."""

    chooses_fields: ClassVar[bool] = True

    id: str
    object: str
    fields: dict[str, Annotated[Any, UntrustedMark()]]
    """As the vendor has them; what is HTML by its description, the tools reduce to text."""
    url: str | None = Field(default=None, description="Opens the record in the vendor's interface")
    created_at: str | None = None
    updated_at: str | None = None
    archived: bool | None = None
    links: dict[str, list[Link]] | None = Field(default=None, description="By object")


class Owner(Result):
    """A user who can own records."""

    id: str
    name: Untrusted
    email: Untrusted | None = None
    is_active: bool = True


class FieldTrouble(Result):
    """What is wrong with one field."""

    path: str
    problem: str
    allowed: list[str] | None = None


class Trouble(Result):
    """Why one record of several was not written."""

    code: str
    message: str
    fields: list[FieldTrouble] | None = None


class Written(Result):
    """What became of one record of several, in input order."""

    index: int
    status: Literal["ok", "failed", "skipped"]
    id: str | None = None
    is_new: bool | None = None
    url: str | None = None
    error: Trouble | None = None


class Bucket(Result):
    """One group of a summary."""

    group: dict[str, Annotated[Any, UntrustedMark()]]
    count: int
    values: dict[str, float | None] | None = Field(default=None, description="By function and field")


@dataclass(frozen=True)
class Filter:
    """A condition whose field is described and whose values are of its type.

    A field of several `choices` knows `contains` and `in` (has any of the values) and `not_in` (has none).
    """

    field: FieldSchema
    op: Operator
    values: tuple[Value, ...] = ()
    """One for comparisons, two for `between` (both included), none for `is_empty`, any number for `in`."""


@dataclass(frozen=True)
class Query:
    """A search; `fields` are names that exist."""

    fields: tuple[str, ...]
    limit: int
    position: str | None = None
    text: str | None = None
    filters: tuple[Filter, ...] = ()
    is_any: bool = False
    """One condition suffices."""
    sort: str | None = None
    is_descending: bool = False
    updated_after: datetime | None = None


@dataclass(frozen=True)
class LinkTo:
    """A link to be made with a new record."""

    object: str
    id: str
    label: str | None = None


@dataclass(frozen=True)
class Draft:
    """A record as it shall be: typed values by field name; `None` empties a field."""

    fields: Mapping[str, Value]
    id: str | None = None
    links: tuple[LinkTo, ...] = ()


@dataclass(frozen=True)
class Import:
    """Records that one job writes."""

    operation: ImportOperation
    drafts: Sequence[Draft]
    """Without links; with `update` each has its id, unless there is a `match_field`."""
    match_field: str | None
    """The unique field by which records are found; each draft has a value of its own for it."""
    name: str
    """By which a person and `find_import` recognize the job; from the caller's intent."""


@dataclass(frozen=True)
class Activity:
    """Something to be noted down with the records it concerns."""

    type: ActivityType
    body: str
    subject: str | None = None
    occurred_at: datetime | None = None
    due_at: datetime | None = None
    owner: str | None = None
    related: tuple[LinkTo, ...] = ()


@dataclass(frozen=True)
class Measure:
    """A figure per group."""

    function: Function
    field: str | None = None

    @property
    def name(self) -> str:
        """Under which a bucket holds the figure, such as `sum_amount`; a plain count is the bucket's own."""
        return f"{self.function}_{self.field}" if self.field else self.function


@dataclass(frozen=True)
class Summary:
    """Groups and their figures; `is_complete` is false where the vendor has more groups than are returned."""

    buckets: list[Bucket] = field(default_factory=list)
    is_complete: bool = True


def imported(
    status: Literal["ok", "failed", "unprocessed"],
    *,
    number: int | None = None,
    record_id: str | None = None,
    is_new: bool | None = None,
    code: str | None = None,
    message: str | None = None,
    fields: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A row of an import's result, with what the vendor tells: `number` counts the records from 1."""
    told = {
        "status": status,
        "number": number,
        "id": record_id,
        "is_new": is_new,
        "error": None if code is None else {"code": code, "message": message},
        "fields": None if fields is None else dict(fields),
    }
    return {name: value for name, value in told.items() if value is not None}
