"""What is the same in all CRM tools: asking the contract, finding fields by name, telling what is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Hashable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from wirepost.contracts.crm import Crm
from wirepost.contracts.records import BATCH, FieldSchema, ObjectSchema, Record, Value
from wirepost.core import times
from wirepost.core.errors import FieldProblem, InvalidCall
from wirepost.tools.context import Call
from wirepost.tools.results import Page, Result
from wirepost.toolsets.crm import values
from wirepost.toolsets.crm.values import Unfit

Answer = TypeVar("Answer")
Row = TypeVar("Row", bound=Result)
Item = TypeVar("Item")

NAMED = 20
"""So many wrong arguments are listed; nobody reads more."""
_LONGEST = 60
_SIMILAR = 5


class Problems:
    """Everything that is wrong with the arguments of a call, told at once."""

    def __init__(self) -> None:
        self.found: list[FieldProblem] = []

    def add(self, path: str, problem: str, allowed: Iterable[str] = ()) -> None:
        """Note one of them."""
        named = FieldProblem(path=path, problem=problem)
        if listed := list(allowed):
            named["allowed"] = listed
        self.found.append(named)

    def refuse(self) -> None:
        """Raise `InvalidCall` if there is any."""
        if self.found:
            raise self.refusal()

    def refusal(self) -> InvalidCall:
        """What there is, as one error."""
        first, more = self.found[0], len(self.found) - 1
        rest = f" (and {more} more)" if more else ""
        message = f"{first['path']} {first['problem']}{rest}"
        return InvalidCall("invalid_arguments", message, fields=self.found[:NAMED])


def refusal(path: str, problem: str, allowed: Iterable[str] = ()) -> InvalidCall:
    """The refusal of one argument."""
    problems = Problems()
    problems.add(path, problem, allowed)
    return problems.refusal()


async def ask(call: Call[Crm], answer: Awaitable[Answer]) -> Answer:
    """What the contract answers; its warnings reach the caller, whatever becomes of it."""
    try:
        return await answer
    finally:
        for warning in call.api.warnings:
            call.warn(warning)


async def described(call: Call[Crm], name: str, path: str = "object") -> ObjectSchema:
    """The description of an object; raises `InvalidCall` at `path` for a name that is none."""
    try:
        return await ask(call, call.api.describe(name))
    except InvalidCall as error:
        for problem in error.fields:
            problem["path"] = path
        raise


def moment_of(call: Call[Crm], text: str | None, path: str) -> datetime | None:
    """A time argument."""
    return None if text is None else times.parse(text, now=call.now, path=path)


def sized(items: Sequence[Item], path: str) -> list[Item]:
    """A list of at least one and at most `BATCH`; raises `InvalidCall` for others."""
    if not 1 <= len(items) <= BATCH:
        raise refusal(path, f"must have 1 to {BATCH} entries")
    return list(items)


def id_of(call: Call[Crm], given: str) -> str:
    """An id as the vendor spells it; an empty one stays empty."""
    named = given.strip()
    return call.api.canonical_id(named) if named else ""


def filled(texts: Sequence[str], path: str) -> list[str]:
    """At most `BATCH` texts, trimmed; raises `InvalidCall` for an empty one."""
    given = [each.strip() for each in sized(texts, path)]
    if not all(given):
        raise refusal(path, "must not contain an empty text")
    return given


def sliced(call: Call[Crm], rows: Sequence[Row], *, is_whole: bool = True) -> Page[Row]:
    """The page at the call's position of a list that is here, or of the start of a longer one."""
    start = int(call.position or 0)
    shown = list(rows[start : start + call.limit])
    return Page(
        shown,
        has_more=start + len(shown) < len(rows),
        after=[str(start + index + 1) for index in range(len(shown))],
        total=len(rows) if is_whole else None,
        total_is="exact" if is_whole else "unknown",
    )


def note_repeated(problems: Problems, keys: Sequence[Hashable], path: str) -> None:
    """Note every entry that names the same record as an earlier one; `path` has the place of its index."""
    seen: dict[Hashable, int] = {}
    for index, key in enumerate(keys):
        if key in seen:
            problems.add(path.format(index), f"repeats entry {seen[key]}")
        seen.setdefault(key, index)


class Reader:
    """Reads names and values of one object's fields; keeps what is wrong and which aliases were used."""

    def __init__(self, call: Call[Crm], schema: ObjectSchema, problems: Problems | None = None) -> None:
        self.call, self.schema = call, schema
        self.problems = problems or Problems()
        self.now = call.dispatched_at or call.now
        """What `today` refers to; looking for a lost write, the day on which it was sent."""
        self._by_name = {field.name: field for field in schema.fields}
        self._owners: dict[str, str] = {}

    def find(self, name: str, path: str) -> FieldSchema | None:
        """The field of this name or alias; `None` is a problem that was noted."""
        field = self._by_name.get(name) or self._by_other_name(name)
        if field is None:
            problem = f"{name[:_LONGEST]!r} is not a field of {self.schema.object}"
            self.problems.add(path, problem, self._similar(name))
        return field

    def selected(self) -> tuple[str, ...]:
        """The vendor's fields to ask for: those that `fields` names, or the object's compact set.

        Parts of a record itself (`url`, `created_at`, …) may be named too and are always there.
        """
        named = [
            self.find(name, "fields")
            for name in self.call.fields
            if name in self._by_name or name not in Record.model_fields
        ]
        self.problems.refuse()
        return tuple(dict.fromkeys(field.name for field in named if field)) or tuple(self.schema.defaults)

    async def value(self, field: FieldSchema, text: str, path: str) -> Value:
        """The text as a value of the field; `None` with a problem noted where it is none."""
        if field.name == self.schema.aliases.get("owner") and "@" in text:
            return await self._owner(text, path)
        try:
            return values.read(field, text, self.now)
        except Unfit as unfit:
            self.problems.add(path, f"{unfit.problem} ({field.name} is {field.type})", unfit.allowed)
            return None

    def _by_other_name(self, name: str) -> FieldSchema | None:
        """By alias, or by the only name that differs in upper and lower case alone."""
        field = self._by_name.get(self.schema.aliases.get(name, ""))
        if field is None:
            found = [each for each in self.schema.fields if each.name.casefold() == name.casefold()]
            field = found[0] if len(found) == 1 else None
        if field is not None:
            applied = self.call.notes.get("aliases_applied", {})
            self.call.note("aliases_applied", {**applied, name: field.name})
        return field

    def _similar(self, name: str) -> list[str]:
        names = {each.name.casefold(): each.name for each in self.schema.fields}
        labels = {each.label.casefold(): each.name for each in self.schema.fields}
        known = {**labels, **self.schema.aliases, **names}
        close = difflib.get_close_matches(name.casefold(), known, n=_SIMILAR)
        return list(dict.fromkeys(known[each] for each in close))

    async def _owner(self, email: str, path: str) -> str | None:
        if email not in self._owners:
            try:
                self._owners[email] = await owner_id(self.call, email)
            except Unfit as unfit:
                self.problems.add(path, unfit.problem)
                return None
        return self._owners[email]


async def owner_id(call: Call[Crm], email: str) -> str:
    """The id of the user with that e-mail address, an active one rather than another.

    Raises `Unfit` where there is none or it is not clear who is meant.
    """
    found = await ask(call, call.api.owners(email=email, name_contains=None, is_active=None, limit=10))
    fitting = [owner for owner in found if owner.is_active] or found
    if not fitting:
        raise Unfit("is nobody's e-mail; crm_list_owners shows who can own records")
    if len(fitting) > 1:
        raise Unfit("is the e-mail of several users; crm_list_owners shows their ids, one of which is meant")
    return fitting[0].id
