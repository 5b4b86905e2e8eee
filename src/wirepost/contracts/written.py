"""Outcomes of records that are written together, as every CRM tells them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wirepost.contracts.records import Trouble, Written

TWICE = Trouble(code="conflict", message="An earlier record of this call has the same value")


def failed(index: int, trouble: Trouble, record_id: str | None = None) -> Written:
    """The outcome of a record that was not written."""
    return Written(index=index, status="failed", id=record_id, error=trouble)


def renumbered(outcomes: Iterable[Written], indexes: Sequence[int]) -> list[Written]:
    """Outcomes of a part of the records, with their places among all."""
    return [one.model_copy(update={"index": indexes[one.index]}) for one in outcomes]


def skipped(one: Written) -> Written:
    """The same, except that a duplicate whose record is known is no failure."""
    is_duplicate = one.error is not None and one.error.code == "conflict" and one.id is not None
    return Written(index=one.index, status="skipped", id=one.id) if is_duplicate else one


def repeated(values: Sequence[str]) -> dict[int, Written]:
    """Outcomes of records whose value an earlier one has already, in whatever case."""
    seen: set[str] = set()
    twice: dict[int, Written] = {}
    for index, value in enumerate(values):
        if value.casefold() in seen:
            twice[index] = failed(index, TWICE)
        seen.add(value.casefold())
    return twice
