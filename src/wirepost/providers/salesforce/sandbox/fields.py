"""What the names in a statement lead to: fields, through relationships, and their values in a record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from wirepost.providers.salesforce.sandbox.definitions import Field, Kind
from wirepost.providers.salesforce.sandbox.errors import SalesforceError, malformed, no_column
from wirepost.providers.salesforce.sandbox.rows import Row, stamp
from wirepost.providers.salesforce.sandbox.state import State
from wirepost.providers.salesforce.sandbox.syntax import Expression


@dataclass(frozen=True)
class Found:
    """A field of the record itself, or of one that it refers to."""

    steps: tuple[Field, ...]
    field: Field

    @property
    def names(self) -> tuple[str, ...]:
        """The path as the organisation spells it."""
        return (*(step.relationship or "" for step in self.steps), self.field.name)

    def of(self, state: State, row: Row) -> Any:
        """Its value; none where a reference on the way is empty."""
        at = follow(state, row, self.steps)
        if at is None:
            return None
        return at.object if self.field.type == "typename" else at.values.get(self.field.name)


def find(state: State, kind: Kind, path: str, alias: str | None) -> Found:
    """The field behind a path; raises Salesforce's refusal."""
    names = path.split(".")
    if len(names) > 1 and names[0].lower() in {(alias or kind.name).lower(), kind.name.lower()}:
        names = names[1:]
    candidates, steps = [kind], list[Field]()
    for name in names[:-1]:
        step = next(
            (k.relationships[name.lower()] for k in candidates if name.lower() in k.relationships), None
        )
        if step is None:
            message = f"Didn't understand relationship '{name}' in field path."
            raise SalesforceError("INVALID_FIELD", message)
        steps.append(step)
        found = (state.kind(target) for target, _ in step.targets)
        candidates = [each for each in found if each is not None]
    last = names[-1].lower()
    field = next((k.by_lower[last] for k in candidates if last in k.by_lower), None)
    if last == "type" and len(candidates) > 1:
        field = Field("Name", "Type", "Type", "typename", 40, frozenset(), ())
    if field is None:
        raise no_column(names[-1], candidates[0].name)
    return Found(tuple(steps), field)


def follow(state: State, row: Row | None, steps: tuple[Field, ...]) -> Row | None:
    """The record that references lead to."""
    for step in steps:
        key = row.values.get(step.name) if row else None
        row = next((at for target, _ in step.targets if key and (at := state.find(key, target))), None)
    return row


def computed(expression: Expression, found: Found, value: Any) -> Any:
    """What a function that is no figure makes of a value."""
    if value is None or expression.function is None:
        return value
    match expression.function:
        case "TOLABEL" | "FORMAT":
            return str(value)
        case "CALENDAR_YEAR":
            return value.year
        case "CALENDAR_QUARTER":
            return (value.month + 2) // 3
        case "CALENDAR_MONTH":
            return value.month
        case "DAY_ONLY" if isinstance(value, datetime):
            return value.date()
        case _:
            raise malformed(f"field {found.field.name} does not support {expression.function}")


def shown(value: Any, row: Row | None = None, field: Field | None = None, base: str = "") -> Any:
    """A value as answers have it; files are addresses."""
    if field is not None and row is not None and field.type == "base64" and value is not None:
        return f"{base}/sobjects/{field.object}/{row.id}/{field.name}"
    if isinstance(value, datetime):
        return stamp(value)
    return value.isoformat() if isinstance(value, date) else value
