"""A CRM on paper: the whole contract over dictionaries, with the habits of the real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wirepost.contracts.crm import Crm
from wirepost.contracts.records import (
    LINKS,
    Activity,
    Bucket,
    Draft,
    FieldTrouble,
    Filter,
    Import,
    Link,
    LinkTo,
    Measure,
    ObjectKind,
    ObjectSchema,
    Owner,
    Pipeline,
    Query,
    Record,
    Summary,
    Trouble,
    Value,
    Written,
)
from wirepost.core.clock import Clock
from wirepost.core.errors import InvalidCall, OutcomeUnknown, Rejected
from wirepost.core.times import to_rfc3339
from wirepost.tools.jobs import Started
from wirepost.tools.results import Page
from wirepost.upstream.scope import Scope

MOST_BUCKETS = 10


@dataclass
class Sheet:
    """One record on paper."""

    id: str
    values: dict[str, Value]
    created_at: datetime
    updated_at: datetime
    is_archived: bool = False


@dataclass(eq=False)
class PaperBook:
    """All sheets, and what shall go wrong."""

    clock: Clock
    schemas: Mapping[str, ObjectSchema]
    neutral: Mapping[str, str]
    owners: Sequence[Owner]
    sheets: dict[str, dict[str, Sheet]] = field(default_factory=dict)
    links: dict[tuple[str, str, str, str], set[str]] = field(default_factory=dict)
    """(object, id, object, id) → labels; each link stands in both directions."""
    writes: list[str] = field(default_factory=list)
    """Names of the writes that arrived."""
    asked: list[Query] = field(default_factory=list)
    imports: list[tuple[datetime, Import]] = field(default_factory=list)
    loses_answers: bool = False
    """Writes are carried out, and nobody hears of it."""
    drops_writes: bool = False
    """Writes get lost on their way, and nobody hears of it."""
    lags: bool = False
    """The index does not know yet what was made last."""

    def add(self, object_name: str, values: Mapping[str, Value], created_at: datetime | None = None) -> str:
        """A new sheet; ids count up from 1001, 2001 and so on."""
        pile = self.sheets.setdefault(object_name, {})
        number = (list(self.schemas).index(object_name) + 1) * 1000 + len(pile) + 1
        moment = created_at or self.clock.now()
        pile[str(number)] = Sheet(str(number), dict(values), moment, moment)
        return str(number)

    def tie(self, one: tuple[str, str], other: tuple[str, str], label: str | None = None) -> None:
        """Link two sheets."""
        for key in ((*one, *other), (*other, *one)):
            self.links.setdefault(key, set()).update({label} if label else ())

    def living(self, object_name: str) -> list[Sheet]:
        """Sheets that are not archived, in the order of their ids."""
        pile = self.sheets.get(object_name, {})
        return [sheet for _, sheet in sorted(pile.items()) if not sheet.is_archived]


class PaperCrm(Crm):
    """The contract, for one call; without the right to write nothing is written."""

    def __init__(self, book: PaperBook, scope: Scope | None = None) -> None:
        super().__init__()
        self.book, self.scope = book, scope

    def canonical_id(self, record_id: str) -> str:
        return record_id.removeprefix("No. ")

    async def objects(self, *, include_custom: bool) -> list[ObjectKind]:
        neutral = {own: name for name, own in self.book.neutral.items()}
        return [
            ObjectKind(
                object=name, label=schema.label, neutral=neutral.get(name), is_custom=name.startswith("My")
            )
            for name, schema in self.book.schemas.items()
            if include_custom or not name.startswith("My")
        ]

    async def describe(self, object_name: str) -> ObjectSchema:
        schema = self.book.schemas.get(self.book.neutral.get(object_name, object_name))
        if schema is None:
            known = [*self.book.neutral, *self.book.schemas]
            problem = {"path": "object", "problem": "is no object", "allowed": known}
            raise InvalidCall("invalid_arguments", "There is no such object", fields=[problem])  # type: ignore[list-item]
        return schema

    async def search(self, schema: ObjectSchema, query: Query) -> Page[Record]:
        self.book.asked.append(query)
        if any(each.op == "contains" for each in query.filters):
            self.warnings.append("Paper is searched by eye: contains ignores upper and lower case")
        found = [sheet for sheet in self._current(schema, query) if _meets(sheet, query)]
        if query.sort:
            key = query.sort
            found = sorted((s for s in found if s.values.get(key) is not None), key=lambda s: s.values[key])  # type: ignore[arg-type,return-value]
            if query.is_descending:
                found.reverse()
        return self._page(schema, found, query)

    async def browse(self, schema: ObjectSchema, query: Query) -> Page[Record]:
        self.book.asked.append(query)
        found = self._current(schema, query)
        if query.updated_after:
            found.sort(key=lambda sheet: sheet.updated_at)
        return self._page(schema, found, query)

    async def get(
        self,
        schema: ObjectSchema,
        ids: Sequence[str],
        *,
        id_field: str | None,
        fields: Sequence[str],
        links: Sequence[str],
    ) -> list[Record | None]:
        found = [self._find(schema, each, id_field) for each in ids]
        return [self._record(schema, sheet, fields, links) if sheet else None for sheet in found]

    async def create(
        self, schema: ObjectSchema, drafts: Sequence[Draft], *, skip_duplicates: bool, key: str | None
    ) -> list[Written]:
        if not await self._arrives("create"):
            raise _lost()
        written = [
            self._create(schema, index, draft, skip=skip_duplicates) for index, draft in enumerate(drafts)
        ]
        return self._answered(written)

    async def update(
        self,
        schema: ObjectSchema,
        drafts: Sequence[Draft],
        *,
        unchanged_since: datetime | None,
        key: str | None,
    ) -> list[Written]:
        if not await self._arrives("update"):
            raise _lost()
        return self._answered(
            [self._update(schema, i, draft, unchanged_since) for i, draft in enumerate(drafts)]
        )

    async def upsert(
        self, schema: ObjectSchema, drafts: Sequence[Draft], *, match_field: str, key: str | None
    ) -> list[Written]:
        if not await self._arrives("upsert"):
            raise _lost()
        written = []
        for index, draft in enumerate(drafts):
            sheet = self._find(schema, str(draft.fields[match_field]), match_field)
            changed = Draft(draft.fields, id=sheet.id if sheet else None)
            written.append(
                self._update(schema, index, changed, None)
                if sheet
                else self._create(schema, index, draft, skip=False)
            )
        return self._answered(written)

    async def archive(self, schema: ObjectSchema, ids: Sequence[str], *, key: str | None) -> list[Written]:
        if not await self._arrives("archive"):
            raise _lost()
        written = []
        for index, each in enumerate(ids):
            sheet = self._find(schema, each, None)
            if sheet is None:
                written.append(_failed(index, "not_found", "There is no such sheet"))
                continue
            sheet.is_archived = True
            written.append(Written(index=index, status="ok", id=each))
        return self._answered(written)

    async def start_import(self, schema: ObjectSchema, wanted: Import, *, key: str | None) -> Started:
        if not await self._arrives("start_import"):
            raise _lost()
        self.book.imports.append((self.book.clock.now(), wanted))
        self._answered([])
        return _started(len(self.book.imports), wanted)

    async def find_import(self, schema: ObjectSchema, wanted: Import, since: datetime) -> Started | None:
        fresh = [made_at >= since and each == wanted for made_at, each in self.book.imports]
        return _started(fresh.index(True) + 1, wanted) if any(fresh) else None

    async def find_created(
        self, schema: ObjectSchema, drafts: Sequence[Draft], since: datetime
    ) -> list[Written] | None:
        if self.book.lags:
            raise _lost()
        fresh = [sheet for sheet in self.book.living(schema.object) if sheet.created_at >= since]
        written = []
        for index, draft in enumerate(drafts):
            made = next((s for s in fresh if draft.fields.items() <= s.values.items()), None)
            if made:
                fresh.remove(made)
            written.append(
                Written(index=index, status="ok", id=made.id, is_new=True)
                if made
                else _failed(index, "not_found", "It was not made")
            )
        return written if any(each.status == "ok" for each in written) else None

    async def links(
        self, schema: ObjectSchema, record_id: str, to: ObjectSchema, *, limit: int, position: str | None
    ) -> Page[Link]:
        if self._find(schema, record_id, None) is None:
            raise Rejected("not_found", "There is no such sheet")
        found = self._links(schema, record_id, to.object)
        start = int(position or 0)
        shown = found[start : start + limit]
        return Page(
            shown,
            has_more=start + len(shown) < len(found),
            after=[str(start + index + 1) for index in range(len(shown))],
            total=len(found),
            total_is="exact",
        )

    async def link(
        self,
        schema: ObjectSchema,
        to: ObjectSchema,
        pairs: Sequence[tuple[str, str]],
        *,
        label: str | None,
        key: str | None,
    ) -> list[Written]:
        if not await self._arrives("link"):
            raise _lost()
        written = []
        for index, (one, other) in enumerate(pairs):
            if self._find(schema, one, None) is None or self._find(to, other, None) is None:
                written.append(_failed(index, "not_found", "There is no such sheet"))
                continue
            self.book.tie((schema.object, one), (to.object, other), label)
            written.append(Written(index=index, status="ok", id=other))
        return self._answered(written)

    async def unlink(
        self,
        schema: ObjectSchema,
        to: ObjectSchema,
        pairs: Sequence[tuple[str, str]],
        *,
        label: str | None,
        key: str | None,
    ) -> list[Written]:
        if not await self._arrives("unlink"):
            raise _lost()
        written = []
        for index, (one, other) in enumerate(pairs):
            keys = ((schema.object, one, to.object, other), (to.object, other, schema.object, one))
            labels = self.book.links.get(keys[0])
            if labels is None or (label and label not in labels):
                written.append(_failed(index, "not_found", "They are not linked"))
                continue
            for each in keys:
                self.book.links[each].discard(label or "")
                if not label or not self.book.links[each]:
                    del self.book.links[each]
            written.append(Written(index=index, status="ok", id=other))
        return self._answered(written)

    async def log_activity(self, activity: Activity, *, key: str | None) -> Record:
        if not await self._arrives("log_activity"):
            raise _lost()
        schema = self.book.schemas["Memo"]
        moment = activity.due_at or activity.occurred_at or self.book.clock.now()
        values: dict[str, Value] = {
            "Kind": activity.type,
            "Text": activity.body,
            "Subject": activity.subject,
            "At": to_rfc3339(moment),
            "OwnerId": activity.owner,
        }
        made = self.book.add("Memo", values)
        self._tie_all(("Memo", made), activity.related)
        self._answered([])
        return self._record(schema, self.book.sheets["Memo"][made], list(values), ())

    async def find_activity(self, activity: Activity, since: datetime) -> Record | None:
        for sheet in self.book.living("Memo"):
            if sheet.created_at >= since and sheet.values["Text"] == activity.body:
                return self._record(self.book.schemas["Memo"], sheet, ["Kind", "Text"], ())
        return None

    async def owners(
        self, *, email: str | None, name_contains: str | None, is_active: bool | None, limit: int
    ) -> list[Owner]:
        return [
            owner
            for owner in self.book.owners
            if (email is None or (owner.email or "").casefold() == email.casefold())
            and (name_contains is None or name_contains.casefold() in owner.name.casefold())
            and is_active in (None, owner.is_active)
        ][:limit]

    async def pipelines(self, schema: ObjectSchema) -> list[Pipeline]:
        return schema.pipelines or []

    async def summarize(
        self,
        schema: ObjectSchema,
        filters: Sequence[Filter],
        *,
        group_by: Sequence[str],
        measures: Sequence[Measure],
    ) -> Summary:
        query = Query((), 1, filters=tuple(filters))
        groups: dict[tuple[Value, ...], list[Sheet]] = {}
        for sheet in self.book.living(schema.object):
            if _meets(sheet, query):
                groups.setdefault(tuple(sheet.values.get(name) for name in group_by), []).append(sheet)
        buckets = [
            Bucket(
                group=dict(zip(group_by, key, strict=True)),
                count=len(members),
                values={m.name: _figure(m, members) for m in measures if m.field} or None,
            )
            for key, members in groups.items()
        ]
        return Summary(buckets[:MOST_BUCKETS], is_complete=len(buckets) <= MOST_BUCKETS)

    async def _arrives(self, name: str) -> bool:
        if self.scope is not None:
            assert self.scope.before_write is not None, "a write by a call that may only read"
            await self.scope.announce_write()
        if self.book.drops_writes:
            return False
        self.book.writes.append(name)
        if self.scope is not None:
            self.scope.writes_applied += 1
        return True

    def _answered(self, written: list[Written]) -> list[Written]:
        if self.book.loses_answers:
            raise _lost()
        return written

    def _current(self, schema: ObjectSchema, query: Query) -> list[Sheet]:
        since = query.updated_after
        return [s for s in self.book.living(schema.object) if since is None or s.updated_at > since]

    def _find(self, schema: ObjectSchema, value: str, by: str | None) -> Sheet | None:
        for sheet in self.book.living(schema.object):
            if (sheet.id if by is None else str(sheet.values.get(by) or "").casefold()) == value.casefold():
                return sheet
        return None

    def _page(self, schema: ObjectSchema, found: Sequence[Sheet], query: Query) -> Page[Record]:
        start = int(query.position or 0)
        shown = found[start : start + query.limit]
        return Page(
            [self._record(schema, sheet, query.fields, ()) for sheet in shown],
            has_more=start + len(shown) < len(found),
            after=[str(start + index + 1) for index in range(len(shown))],
            total=len(found),
            total_is="exact",
        )

    def _record(
        self, schema: ObjectSchema, sheet: Sheet, fields: Sequence[str], links: Sequence[str]
    ) -> Record:
        return Record(
            id=sheet.id,
            object=schema.object,
            fields={name: sheet.values.get(name) for name in fields},
            url=f"https://paper.example/{schema.object}/{sheet.id}",
            created_at=to_rfc3339(sheet.created_at),
            updated_at=sheet.updated_at.isoformat(),
            links={to: self._links(schema, sheet.id, to)[:LINKS] for to in links} or None,
        )

    def _links(self, schema: ObjectSchema, record_id: str, to: str) -> list[Link]:
        return [
            Link(id=key[3], object=to, labels=sorted(labels) or None)
            for key, labels in sorted(self.book.links.items())
            if key[:3] == (schema.object, record_id, to)
        ]

    def _create(self, schema: ObjectSchema, index: int, draft: Draft, *, skip: bool) -> Written:
        for each in schema.fields:
            if each.required and draft.fields.get(each.name) is None:
                trouble = FieldTrouble(path=each.name, problem="is required")
                return _failed(index, "upstream_rejected", f"{each.label} is missing", [trouble])
            twin = self._find(schema, str(draft.fields.get(each.name)), each.name) if each.unique else None
            if twin and skip:
                return Written(index=index, status="skipped", id=twin.id)
            if twin:
                return _failed(index, "conflict", f"Sheet {twin.id} has this {each.label}")
        made = self.book.add(schema.object, draft.fields)
        self._tie_all((schema.object, made), draft.links)
        return Written(index=index, status="ok", id=made, is_new=True)

    def _update(self, schema: ObjectSchema, index: int, draft: Draft, since: datetime | None) -> Written:
        sheet = self._find(schema, draft.id or "", None)
        if sheet is None:
            return _failed(index, "not_found", "There is no such sheet")
        if since is not None and sheet.updated_at > since:
            return _failed(index, "conflict", "It was changed since")
        sheet.values.update(draft.fields)
        sheet.updated_at = self.book.clock.now()
        return Written(index=index, status="ok", id=sheet.id, is_new=False)

    def _tie_all(self, one: tuple[str, str], links: Sequence[LinkTo]) -> None:
        for link in links:
            self.book.tie(one, (link.object, link.id), link.label)


def _failed(index: int, code: str, message: str, fields: list[FieldTrouble] | None = None) -> Written:
    return Written(index=index, status="failed", error=Trouble(code=code, message=message, fields=fields))


def _started(number: int, wanted: Import) -> Started:
    return Started("paper.import", f"import-{number}", total=len(wanted.drafts))


def _lost() -> OutcomeUnknown:
    return OutcomeUnknown("outcome_unknown", "The answer was lost")


def _figure(measure: Measure, sheets: Sequence[Sheet]) -> float | None:
    numbers = [float(v) for s in sheets if isinstance(v := s.values.get(measure.field or ""), int | float)]
    functions: dict[str, Callable[[Sequence[float]], float]] = {
        "sum": sum,
        "avg": lambda given: sum(given) / len(given),
        "min": min,
        "max": max,
        "count": len,
    }
    return functions[measure.function](numbers) if numbers else None


def _meets(sheet: Sheet, query: Query) -> bool:
    if query.text and not any(query.text.casefold() in str(v).casefold() for v in sheet.values.values()):
        return False
    met = [_holds(sheet.values.get(each.field.name), each) for each in query.filters]
    return any(met) if query.is_any and met else all(met)


def _holds(value: Any, condition: Filter) -> bool:
    op, given = condition.op, [_plain(each) for each in condition.values]
    if op in ("is_empty", "is_not_empty"):
        return (value in (None, "")) == (op == "is_empty")
    if value is None:
        return op in ("neq", "not_in")
    if condition.field.type == "choices":
        return bool(set(value.split(";")) & set(condition.values)) == (op != "not_in")
    own = _plain(value)
    tests: dict[str, Callable[[], bool]] = {
        "eq": lambda: own == given[0],
        "neq": lambda: own != given[0],
        "lt": lambda: own < given[0],
        "lte": lambda: own <= given[0],
        "gt": lambda: own > given[0],
        "gte": lambda: own >= given[0],
        "between": lambda: given[0] <= own <= given[1],
        "in": lambda: own in given,
        "not_in": lambda: own not in given,
        "contains": lambda: given[0] in own,
        "starts_with": lambda: str(own).startswith(given[0]),
    }
    return bool(tests[op]())


def _plain(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
