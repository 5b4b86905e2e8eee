"""Answers to statements: conditions, groups, order, limits, parents and children."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from wirepost.providers.salesforce.sandbox.conditions import IDS, Judge, check_selective, figure_field
from wirepost.providers.salesforce.sandbox.definitions import Field, Kind
from wirepost.providers.salesforce.sandbox.errors import Body, SalesforceError, malformed, no_object
from wirepost.providers.salesforce.sandbox.fields import Found, computed, find, follow, shown
from wirepost.providers.salesforce.sandbox.rows import Row
from wirepost.providers.salesforce.sandbox.state import State
from wirepost.providers.salesforce.sandbox.syntax import (
    Column,
    Combination,
    Comparison,
    Condition,
    Expression,
    Order,
    Statement,
)

MOST_OF_ALL_FIELDS = 200
_NO_SORT = {"multipicklist", "base64", "address"}


@dataclass(frozen=True)
class Answer:
    """What a statement finds; `COUNT()` finds a number and no records."""

    records: list[Body]
    total: int


class Selection:
    """Carries out one statement on the records of one object."""

    def __init__(self, state: State, statement: Statement, kind: Kind, base: str) -> None:
        self._state, self._statement, self._kind, self._base = state, statement, kind, base

    def answer(self, rows: Iterable[Row]) -> Answer:
        """What the statement finds among these."""
        statement = self._statement
        if statement.where is not None:
            test = self._judge.test(statement.where)
            rows = filter(test, rows)
        kept = sorted(rows, key=lambda row: row.id)
        if [column.expression for column in statement.columns] == [Expression("", "COUNT")]:
            return Answer([], len(self._cut(kept)))
        if statement.is_grouped:
            _check_limit(statement)
            records = self._cut(self._grouped(kept))
        else:
            self._expand()
            for order in reversed(statement.order_by):
                self._sort(kept, order)
            records = [self._record(row) for row in self._cut(kept)]
        return Answer(records, len(records))

    @property
    def _judge(self) -> Judge:
        return Judge(self._state, self._kind, self._statement.alias, self._ids)

    def _find(self, path: str) -> Found:
        return find(self._state, self._kind, path, self._statement.alias)

    def _cut(self, found: list[Any]) -> list[Any]:
        start, limit = self._statement.offset, self._statement.limit
        return found[start:] if limit is None else found[start : start + limit]

    def _ids(self, statement: Statement) -> list[Any]:
        """The single column of a query inside a condition."""
        kind = _kind(self._state, statement.source)
        if len(statement.columns) != 1 or statement.children:
            raise malformed("a query inside a condition selects one field")
        found = find(self._state, kind, statement.columns[0].expression.path, statement.alias)
        check_selective(statement)
        rows: Iterable[Row] = self._state.table(kind.name).values()
        if statement.where is not None:
            test = Judge(self._state, kind, statement.alias, self._ids).test(statement.where)
            rows = filter(test, rows)
        return [found.of(self._state, row) for row in rows]

    def _expand(self) -> None:
        """Put the fields in the place of FIELDS()."""
        statement, wanted = self._statement, self._statement.all_fields
        if wanted is None:
            return
        if wanted != "STANDARD" and not 1 <= (statement.limit or 0) <= MOST_OF_ALL_FIELDS:
            raise malformed("The SOQL FIELDS function must have a LIMIT of at most 200")
        statement.columns += [
            Column(Expression(field.name))
            for field in self._kind.fields.values()
            if wanted == "ALL" or field.is_custom == (wanted == "CUSTOM")
        ]
        statement.all_fields = None

    def _sort(self, rows: list[Row], order: Order) -> None:
        found = self._find(order.expression.path)
        if not found.field.is_filterable or found.field.type in _NO_SORT:
            message = f"field '{found.field.name}' can not be sorted in a query call"
            raise SalesforceError("INVALID_FIELD", message)
        _sort(rows, order, partial(found.of, self._state), has_case=found.field.type in IDS)

    def _record(self, row: Row) -> Body:
        record: Body = {"attributes": self._attributes(row, self._kind.name)}
        seen = set()
        for column in self._statement.columns:
            found = self._find(column.expression.path)
            if found.names in seen and column.expression.function is None:
                raise malformed(f"duplicate field selected: {'.'.join(found.names)}")
            seen.add(found.names)
            self._put(record, row, found, column)
        for child in self._statement.children:
            record[self._child_name(child)] = self._children(row, child)
        return record

    def _put(self, record: Body, row: Row, found: Found, column: Column) -> None:
        """Place a value, below the records that it is reached through."""
        at = record
        for depth in range(len(found.steps)):
            parent = follow(self._state, row, found.steps[: depth + 1])
            name = found.names[depth]
            if parent is None:
                at.setdefault(name, None)
                return
            targets = [target for target, _ in found.steps[depth].targets]
            kind = targets[0] if len(targets) == 1 else parent.object
            at = at.setdefault(name, {"attributes": self._attributes(parent, kind)})
        owner = follow(self._state, row, found.steps) or row
        value = computed(column.expression, found, found.of(self._state, row))
        at[column.alias or found.field.name] = shown(value, owner, found.field, self._base)

    def _attributes(self, row: Row, object_name: str) -> Body:
        return {"type": object_name, "url": f"{self._base}/sobjects/{object_name}/{row.id}"}

    def _child_field(self, child: Statement) -> tuple[str, Field]:
        name, field = next(
            ((n, f) for n, f in self._kind.children.items() if n.lower() == child.source.lower()),
            (None, None),
        )
        if name is None or field is None:
            message = f"Didn't understand relationship '{child.source}' in FROM part of query call."
            raise SalesforceError("INVALID_TYPE", message)
        fields = [f for n, f in self._kind.children.items() if n == name]
        return name, fields[0]

    def _child_name(self, child: Statement) -> str:
        return self._child_field(child)[0]

    def _children(self, row: Row, child: Statement) -> Body | None:
        _, field = self._child_field(child)
        kind = _kind(self._state, field.object)
        rows = (one for one in self._state.table(kind.name).values() if one.values.get(field.name) == row.id)
        answer = Selection(self._state, child, kind, self._base).answer(rows)
        if not answer.records:
            return None
        return {"totalSize": answer.total, "done": True, "records": answer.records}

    def _grouped(self, rows: Sequence[Row]) -> list[Body]:
        statement = self._statement
        keys = [(each, self._find(each.path)) for each in statement.group_by]
        for _, found in keys:
            if not found.field.is_filterable or found.field.type in {"datetime", "currency", "double"} - {
                "datetime" if any(each.function for each in statement.group_by) else ""
            }:
                message = f"field '{found.field.name}' can not be grouped in a query call"
                raise SalesforceError("INVALID_FIELD", message)
        groups: dict[tuple[Any, ...], list[Row]] = {} if keys else {(): list(rows)}
        for row in rows if keys else ():
            key = tuple(computed(each, found, found.of(self._state, row)) for each, found in keys)
            groups.setdefault(key, []).append(row)
        made = [
            _Group(dict(zip(statement.group_by, key, strict=True)), members)
            for key, members in groups.items()
        ]
        if statement.having is not None:
            made = [group for group in made if self._has(group, statement.having)]
        for order in reversed(statement.order_by):
            _sort(made, order, partial(self._figure, order.expression))
        return [self._group_record(group) for group in made]

    def _has(self, group: _Group, condition: Condition) -> bool:
        if isinstance(condition, Combination):
            met = [self._has(group, part) for part in condition.parts]
            return not met[0] if condition.word == "NOT" else (all if condition.word == "AND" else any)(met)
        expression = condition.expression
        field = self._find(expression.path).field if expression.path else None
        test = self._judge.value_test(condition, figure_field(expression, field))
        return test(self._figure(expression, group))

    def _group_record(self, group: _Group) -> Body:
        record: Body = {"attributes": {"type": "AggregateResult"}}
        unnamed = 0
        for column in self._statement.columns:
            name = column.alias
            if name is None and column.expression.function is None:
                name = self._find(column.expression.path).field.name
            if name is None:
                name, unnamed = f"expr{unnamed}", unnamed + 1
            record[name] = shown(self._figure(column.expression, group))
        return record

    def _figure(self, expression: Expression, group: _Group) -> Any:
        """A key of the group, or a figure over its members."""
        for key, value in group.keys.items():
            if (key.function, key.path.lower()) == (expression.function, expression.path.lower()):
                return value
        if not expression.is_aggregate:
            raise malformed(f"Field must be grouped or aggregated: {expression.path}")
        if not expression.path:
            return len(group.members)
        found = self._find(expression.path)
        values = [v for row in group.members if (v := found.of(self._state, row)) is not None]
        return _aggregate(expression.function or "", found.field, values)


@dataclass(eq=False)
class _Group:
    """Records that have something in common."""

    keys: dict[Expression, Any]
    members: list[Row]


def select(state: State, statement: Statement, base: str) -> Answer:
    """Carry out a statement; raises `SalesforceError` as Salesforce does."""
    kind = _kind(state, statement.source)
    check_selective(statement)
    for path in _paths(statement):
        find(state, kind, path, statement.alias)
    return Selection(state, statement, kind, base).answer(list(state.table(kind.name).values()))


def _paths(statement: Statement) -> Iterable[str]:
    """Fields that must exist even where there are no records."""
    yield from (column.expression.path for column in statement.columns if column.expression.path)
    yield from (order.expression.path for order in statement.order_by if order.expression.path)


def _check_limit(statement: Statement) -> None:
    if not statement.group_by and (statement.limit is not None or statement.offset):
        word = "limit" if statement.limit is not None else "offset"
        raise malformed(
            f"Non-grouped query that uses overall aggregate functions cannot also use {word.upper()}"
        )


def _kind(state: State, name: str) -> Kind:
    kind = state.kind(name)
    if kind is None:
        raise no_object(name)
    return kind


def _sort(items: list[Any], order: Order, value: Any, *, has_case: bool = False) -> None:
    """Sort in place, texts without case and ids with it; those that are missing come first or last."""

    def key(item: Any) -> Any:
        found = value(item)
        return found.lower() if isinstance(found, str) and not has_case else found

    missing = [item for item in items if value(item) is None]
    present = sorted(
        (item for item in items if value(item) is not None), key=key, reverse=order.is_descending
    )
    items[:] = present + missing if order.nulls_last else missing + present


def _aggregate(function: str, field: Field, values: list[Any]) -> Any:
    match function:
        case "COUNT":
            return len(values)
        case "COUNT_DISTINCT":
            return len({value.lower() if isinstance(value, str) else value for value in values})
        case "MIN" | "MAX":
            return (min if function == "MIN" else max)(values, default=None)
        case _ if field.type in {"int", "double", "currency", "percent"}:
            total = sum(values)
            return (total if function == "SUM" else total / len(values)) if values else None
        case _:
            raise malformed(f"field {field.name} does not support aggregate operator {function}")


__all__ = ["Answer", "Comparison", "select"]
