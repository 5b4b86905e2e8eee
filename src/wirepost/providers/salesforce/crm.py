"""`SalesforceCrm`: Salesforce in the words of the CRM contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from wirepost.contracts.crm import Crm
from wirepost.contracts.records import (
    Activity,
    Draft,
    FieldSchema,
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
    Written,
)
from wirepost.contracts.written import failed, renumbered, repeated, skipped
from wirepost.core.errors import CallError, FieldProblem, InvalidCall, Rejected
from wirepost.core.times import to_rfc3339
from wirepost.providers.salesforce import (
    activities,
    aftermath,
    bulk,
    describe,
    ids,
    ingest,
    links,
    people,
    search,
    soql,
    summaries,
    writes,
)
from wirepost.providers.salesforce.client import (
    COMPOSITE,
    Json,
    SalesforceClient,
    collection,
    first_part,
    sobject,
)
from wirepost.providers.salesforce.describe import Described
from wirepost.providers.salesforce.kinds import OWNER
from wirepost.providers.salesforce.records import CHANGED, addresses, columns, moment_of, record_of, typed
from wirepost.tools.jobs import Started
from wirepost.tools.results import Page


class SalesforceCrm(Crm):
    """Records of one organisation, as one user sees them, for the time of one call."""

    def __init__(self, client: SalesforceClient) -> None:
        super().__init__()
        self.client = client

    def canonical_id(self, record_id: str) -> str:
        """The 18-character form of an id."""
        return ids.canonical(record_id)

    async def objects(self, *, include_custom: bool) -> list[ObjectKind]:
        """Objects whose records people work with."""
        return await describe.objects(self.client, include_custom=include_custom)

    async def describe(self, object_name: str) -> ObjectSchema:
        """An object with the fields that the user may see, its stages and links."""
        return (await describe.describe(self.client, object_name)).schema

    async def search(self, schema: ObjectSchema, query: Query) -> Page[Record]:
        """Records that meet the conditions, in the order of ids unless a sort is given."""
        return await self._found(schema, query, counts=True)

    async def browse(self, schema: ObjectSchema, query: Query) -> Page[Record]:
        """All records in the order of ids, or of change."""
        sort = CHANGED if query.updated_after is not None else None
        plain = Query(query.fields, query.limit, query.position, sort=sort, updated_after=query.updated_after)
        return await self._found(schema, plain, counts=False)

    async def start_export(self, schema: ObjectSchema, query: Query, *, key: str | None) -> Started:
        """Have a statement answered in bulk."""
        return await bulk.start_query(self.client, await self._described(schema), query, key=key)

    async def start_import(self, schema: ObjectSchema, wanted: Import, *, key: str | None) -> Started:
        """Have records written in bulk."""
        return await ingest.start_import(self.client, await self._described(schema), wanted, key=key)

    async def find_import(self, schema: ObjectSchema, wanted: Import, since: datetime) -> Started | None:
        """The job with these rows."""
        return await ingest.find_import(self.client, await self._described(schema), wanted, since)

    async def get(
        self,
        schema: ObjectSchema,
        ids: Sequence[str],
        *,
        id_field: str | None,
        fields: Sequence[str],
        links: Sequence[str],
    ) -> list[Record | None]:
        """Records by id or by a unique field."""
        described = await self._described(schema)
        if id_field is None:
            rows = await self._by_id(described, ids, fields)
        else:
            rows = await self._by_value(described, ids, fields, search.field_of(described, id_field))
        found = list(dict.fromkeys(_id(row) for row in rows if row is not None))
        linked = {name: await self._links_of(described, found, name) for name in links} if found else {}
        url = addresses(self.client, described.name)

        def shown(row: Json) -> Record:
            own = {name: each[_id(row)] for name, each in linked.items()} or None
            return record_of(row, schema, fields, url, own)

        return [None if row is None else shown(row) for row in rows]

    async def create(
        self, schema: ObjectSchema, drafts: Sequence[Draft], *, skip_duplicates: bool, key: str | None
    ) -> list[Written]:
        """New records. Salesforce knows duplicates by the rules and unique fields of the organisation."""
        del key
        described = await self._described(schema)
        parts = [await links.inputs_of(self.client, described, draft.links) for draft in drafts]
        bodies = [writes.body_of(draft) | lookups for draft, (lookups, _) in zip(drafts, parts, strict=True)]
        url = addresses(self.client, described.name)
        outcomes = await writes.create(self.client, schema, bodies, url=url)
        for one, (_, later) in zip(outcomes, parts, strict=True):
            if one.status == "ok" and one.id is not None:
                await self._link_new(described, one.id, later)
        return [skipped(one) for one in outcomes] if skip_duplicates else outcomes

    async def update(
        self,
        schema: ObjectSchema,
        drafts: Sequence[Draft],
        *,
        unchanged_since: datetime | None,
        key: str | None,
    ) -> list[Written]:
        """Change fields by id."""
        described = await self._described(schema)
        url = addresses(self.client, described.name)
        named = [draft.id or "" for draft in drafts]
        left = {
            index: failed(index, writes.GONE, each)
            for index, each in enumerate(named)
            if not links.is_of(described, each)
        }
        if unchanged_since is not None and len(drafts) == 1 and not left:
            body = writes.body_of(drafts[0])
            return [
                await writes.update_unchanged(
                    self.client, schema, named[0], body, since=unchanged_since, url=url, key=key
                )
            ]
        if unchanged_since is not None:
            left |= await self._changed(described, named, unchanged_since)
        chosen = [index for index in range(len(drafts)) if index not in left]
        if not chosen:
            return [left[index] for index in range(len(drafts))]
        bodies = [(named[index], writes.body_of(drafts[index])) for index in chosen]
        done = await writes.update(self.client, schema, bodies, url=url, key=key)
        return _ordered(left, renumbered(done, chosen))

    async def upsert(
        self, schema: ObjectSchema, drafts: Sequence[Draft], *, match_field: str, key: str | None
    ) -> list[Written]:
        """Change or create by an external id, the only fields that Salesforce does this by."""
        described = await self._described(schema)
        if match_field not in described.external_ids:
            problem = f"{match_field} is no external id of {described.name}"
            allowed = sorted(described.external_ids)
            raise InvalidCall(
                "unsupported_by_provider",
                f"Salesforce creates or updates by external ids only: {problem}",
                hint="Name such a field, or search for the record and then update or create it",
                fields=[FieldProblem(path="match_field", problem=problem, allowed=allowed)],
            )
        left = repeated([str(draft.fields[match_field]) for draft in drafts])
        chosen = [index for index in range(len(drafts)) if index not in left]
        bodies = [writes.body_of(drafts[index]) for index in chosen]
        url = addresses(self.client, described.name)
        done = await writes.upsert(self.client, schema, bodies, match_field=match_field, url=url, key=key)
        return _ordered(left, renumbered(done, chosen))

    async def archive(self, schema: ObjectSchema, ids: Sequence[str], *, key: str | None) -> list[Written]:
        """Move to the recycle bin, where records stay for 15 days."""
        described = await self._described(schema)
        left = {
            index: failed(index, writes.GONE, each)
            for index, each in enumerate(ids)
            if not links.is_of(described, each)
        }
        chosen = [index for index in range(len(ids)) if index not in left]
        if not chosen:
            return [left[index] for index in range(len(ids))]
        done = await writes.delete(self.client, schema, [ids[index] for index in chosen], key=key)
        return _ordered(left, renumbered(done, chosen))

    async def find_created(
        self, schema: ObjectSchema, drafts: Sequence[Draft], since: datetime
    ) -> list[Written] | None:
        """What a lost create left behind."""
        described = await self._described(schema)
        url = addresses(self.client, described.name)
        parts = [await links.inputs_of(self.client, described, draft.links) for draft in drafts]
        wanted = [
            replace(draft, fields={**draft.fields, **lookups})
            for draft, (lookups, _) in zip(drafts, parts, strict=True)
        ]
        found = await aftermath.find_created(self.client, described, wanted, since=since, url=url)
        if found is not None and any(later for _, later in parts):
            self._warn("The records were found; look with crm_list_links whether their links were made")
        return found

    async def links(
        self, schema: ObjectSchema, record_id: str, to: ObjectSchema, *, limit: int, position: str | None
    ) -> Page[Link]:
        """What a record is linked to; raises `Rejected` where it does not exist."""
        source, target = await self._described(schema), await self._described(to)
        if not links.is_of(source, record_id):
            raise Rejected(writes.GONE.code, writes.GONE.message)
        page = await links.page_of_links(
            self.client, source, ids.canonical(record_id), target, limit=limit, position=position
        )
        if not page.records and position is None and await self._by_id(source, [record_id], ()) == [None]:
            raise Rejected(writes.GONE.code, writes.GONE.message)
        return page

    async def link(
        self,
        schema: ObjectSchema,
        to: ObjectSchema,
        pairs: Sequence[tuple[str, str]],
        *,
        label: str | None,
        key: str | None,
    ) -> list[Written]:
        """Set the lookups, or create the records that link two others."""
        source, target = await self._described(schema), await self._described(to)
        done, warnings = await links.link(
            self.client, source, target, _canonical(pairs), label=label, key=key
        )
        for warning in warnings:
            self._warn(warning)
        return done

    async def unlink(
        self,
        schema: ObjectSchema,
        to: ObjectSchema,
        pairs: Sequence[tuple[str, str]],
        *,
        label: str | None,
        key: str | None,
    ) -> list[Written]:
        """Empty the lookups, or delete the records that link two others."""
        source, target = await self._described(schema), await self._described(to)
        return await links.unlink(self.client, source, target, _canonical(pairs), label=label, key=key)

    async def log_activity(self, activity: Activity, *, key: str | None) -> Record:
        """Create a note with its links in one request, or a task or event."""
        del key
        described = await describe.describe(self.client, activities.FORMS[activity.type].object)
        known = await self._known(activity)
        fields = activities.fields_of(known, described.schema, self.client.upstream.clock.now())
        if activity.owner is not None and OWNER not in fields:
            self._warn(f"Salesforce gives a new {described.name} to the user of this connection")
        if activity.type == "note":
            parts = activities.note_parts(fields, known.related)
            made = first_part(await self.client.write("POST", COMPOSITE, parts, key=None))
        else:
            made = await self.client.write("POST", sobject(described.name), fields, key=None)
        row = {**fields, "Id": made["id"]}
        shown = [name for name in fields if name != "Content"]
        return record_of(row, described.schema, shown, addresses(self.client, described.name))

    async def find_activity(self, activity: Activity, since: datetime) -> Record | None:
        """What a lost log_activity left behind."""
        row = await aftermath.find_activity(self.client, await self._known(activity), since)
        if row is None:
            return None
        schema = await self.describe(activities.FORMS[activity.type].object)
        return record_of(row, schema, schema.defaults, addresses(self.client, schema.object))

    async def owners(
        self, *, email: str | None, name_contains: str | None, is_active: bool | None, limit: int
    ) -> list[Owner]:
        """Users who can own records."""
        return await people.owners(
            self.client, email=email, name_contains=name_contains, is_active=is_active, limit=limit
        )

    async def pipelines(self, schema: ObjectSchema) -> list[Pipeline]:
        """The stages of deals, tickets, tasks and leads, in one pipeline."""
        return schema.pipelines or []

    async def summarize(
        self,
        schema: ObjectSchema,
        filters: Sequence[Filter],
        *,
        group_by: Sequence[str],
        measures: Sequence[Measure],
    ) -> Summary:
        """Counts and figures per group, in one statement."""
        described = await self._described(schema)
        return await summaries.summarize(
            self.client, described, filters, group_by=group_by, measures=measures
        )

    async def _described(self, schema: ObjectSchema) -> Described:
        return await describe.describe(self.client, schema.object)

    async def _found(self, schema: ObjectSchema, query: Query, *, counts: bool) -> Page[Record]:
        described = await self._described(schema)
        found = await search.search(self.client, described, query, counts=counts)
        if found.is_capped:
            self._warn(search.CAPPED)
        url = addresses(self.client, described.name)
        return found.page([record_of(row, schema, query.fields, url) for row in found.rows])

    async def _by_id(
        self, described: Described, named: Sequence[str], fields: Sequence[str]
    ) -> list[Json | None]:
        """Rows by id, in order; what cannot be an id of the object is not asked for."""
        wanted = list(dict.fromkeys(ids.canonical(each) for each in named if links.is_of(described, each)))
        rows: dict[str, Json] = {}
        if wanted:
            body = {"ids": wanted, "fields": columns(described.schema, fields)}
            found = await self.client.read(collection(described.name), body)
            rows = {_id(row): row for row in found if row}
        return [rows.get(ids.canonical(each)) for each in named]

    async def _by_value(
        self, described: Described, values: Sequence[str], fields: Sequence[str], field: FieldSchema
    ) -> list[Json | None]:
        """Rows by a unique field, in order; the first where it is not unique after all."""
        condition = soql.condition(Filter(field, "in", tuple(dict.fromkeys(values))))
        names = columns(described.schema, (*fields, field.name))
        statement = soql.select(names, described.name, where=[condition], order_by=[search.ID], limit=2000)
        rows: dict[str, Json] = {}
        for row in await self.client.rows(statement):
            rows.setdefault(_folded(typed(row.get(field.name), field)), row)
        return [rows.get(_folded(value)) for value in values]

    async def _links_of(
        self, described: Described, named: Sequence[str], target: str
    ) -> dict[str, list[Link]]:
        to = await describe.describe(self.client, target)
        found, is_cut = await links.links_of(self.client, described, named, to)
        if is_cut:
            self._warn(f"Some records have more links to {to.name} than are shown; crm_list_links pages all")
        return found

    async def _link_new(self, described: Described, record_id: str, later: Sequence[LinkTo]) -> None:
        """Links that a new record cannot be created with; the record is there, whatever becomes of them."""
        for each in later:
            try:
                to = await describe.describe(self.client, each.object)
                pair = (record_id, ids.canonical(each.id))
                done, _ = await links.link(self.client, described, to, [pair], label=each.label, key=None)
            except CallError as error:
                self._warn(f"{record_id} was created, but its link to {each.id} was not: {error.message}")
            else:
                if done[0].error is not None:
                    said = done[0].error.message
                    self._warn(f"{record_id} was created, but its link to {each.id} was not: {said}")

    async def _changed(
        self, described: Described, named: Sequence[str], since: datetime
    ) -> dict[int, Written]:
        """Outcomes of records that were changed meanwhile."""
        rows = await self._by_id(described, named, [CHANGED])
        stale: dict[int, Written] = {}
        for index, row in enumerate(rows):
            changed = moment_of(row[CHANGED]) if row is not None else None
            if changed is not None and changed > since:
                message = f"It was changed at {to_rfc3339(changed)}; read it again"
                stale[index] = failed(index, Trouble(code="conflict", message=message), named[index])
        return stale

    async def _known(self, activity: Activity) -> Activity:
        related = [await self._named(each) for each in activity.related]
        return replace(activity, related=tuple(related))

    async def _named(self, link: LinkTo) -> LinkTo:
        """The same link with Salesforce's name of the object and its form of the id."""
        name = await describe.name_of(self.client, link.object)
        return replace(link, object=name, id=ids.canonical(link.id))

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)


def _canonical(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(ids.canonical(one), ids.canonical(other)) for one, other in pairs]


def _id(row: Json) -> str:
    return ids.canonical(row["Id"])


def _folded(value: Any) -> str:
    return str(value).strip().casefold()


def _ordered(left: dict[int, Written], done: Sequence[Written]) -> list[Written]:
    return sorted([*left.values(), *done], key=lambda one: one.index)
