"""Arguments that several CRM tools take, described once."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from wirepost.contracts.records import Function, Operator
from wirepost.tools.tool import Argument

ObjectName = Annotated[str, Field(description="contact, company, deal, ticket, … or the vendor's name")]
Moment = Annotated[str, Field(description="RFC 3339, date or -7d")]
OwnerName = Annotated[str, Field(description="Id or e-mail")]


class Condition(Argument):
    """between: two values; in, not_in: values; is_empty: none."""

    field: str
    op: Operator
    value: str | None = None
    values: list[str] | None = None


class FieldValue(Argument):
    """An empty value clears."""

    name: str
    value: str


class Target(Argument):
    """A record."""

    object: str
    id: str


class LinkTarget(Target):
    """A record, and the kind of link."""

    label: str | None = None


class NewRecord(Argument):
    """A record to be made."""

    fields: list[FieldValue]
    links: list[LinkTarget] | None = None


class ChangedRecord(Argument):
    """What changes."""

    id: str
    fields: list[FieldValue]


class WholeRecord(Argument):
    """A record as it shall be."""

    fields: list[FieldValue]


class Pair(Argument):
    """Two records."""

    from_id: str
    to_id: str


class Figure(Argument):
    """sum, avg, min and max need a field."""

    function: Function
    field: str | None = None
