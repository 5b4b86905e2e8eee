"""`HubSpotCrm`: HubSpot in the words of the CRM contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from wirepost.contracts.crm import Crm
from wirepost.contracts.records import (
    Activity,
    Draft,
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
from wirepost.core.errors import Rejected
from wirepost.core.times import to_rfc3339
from wirepost.providers.hubspot import (
    activities,
    aftermath,
    associations,
    batches,
    exports,
    imports,
    people,
    schemas,
    search,
    summaries,
)
from wirepost.providers.hubspot.client import HubSpotClient, Json, dated
from wirepost.providers.hubspot.kinds import Kind
from wirepost.providers.hubspot.properties import moment_of, stored
from wirepost.providers.hubspot.records import addresses, record_of
from wirepost.tools.jobs import Started
from wirepost.tools.results import Page

GONE = Trouble(code="not_found", message="HubSpot has no such record")


class HubSpotCrm(Crm):
    """Records of one HubSpot account for the time of one call."""

    def __init__(self, client: HubSpotClient) -> None:
        super().__init__()
        self.client = client

    async def objects(self, *, include_custom: bool) -> list[ObjectKind]:
        """Standard objects that the token may read, and the account's own."""
        return await schemas.objects(self.client, include_custom=include_custom)

    async def describe(self, object_name: str) -> ObjectSchema:
        """An object with its properties, pipelines and links."""
        return await schemas.describe(self.client, object_name)

    async def search(self, schema: ObjectSchema, query: Query) -> Page[Record]:
        """Records that meet the conditions, in the order of ids unless a sort is given."""
        self._warn(search.token_warning(query.filters))
        return await self._found(schema, query)

    async def browse(self, schema: ObjectSchema, query: Query) -> Page[Record]:
        """All records in the order of ids, from the list; or of change, from the search."""
        kind = await self._kind(schema)
        if query.updated_after is not None:
            ordered = Query(
                query.fields,
                query.limit,
                query.position,
                sort=kind.modified,
                updated_after=query.updated_after,
            )
            return await self._found(schema, ordered)
        skipped, after = _parted(query.position)
        # HubSpot's positions only exist per page, so a place inside one is the page and how much to skip.
        page = await self.client.get(
            dated("crm/objects", kind.name),
            limit=query.limit,
            after=after,
            properties=query.fields,
            archived=False,
        )
        following = ((page.get("paging") or {}).get("next") or {}).get("after")
        rows: list[Json] = page["results"]
        url = await addresses(self.client, kind)
        return Page(
            [record_of(row, schema, query.fields, url) for row in rows[skipped:]],
            has_more=following is not None,
            after=_places(skipped, len(rows), after, following),
        )

    async def start_export(self, schema: ObjectSchema, query: Query, *, key: str | None) -> Started:
        """Have records collected in a file."""
        self._warn(search.token_warning(query.filters))
        return await exports.start_export(self.client, await self._kind(schema), query, key=key)

    async def start_import(self, schema: ObjectSchema, wanted: Import, *, key: str | None) -> Started:
        """Have records written from a file; its name makes it known again."""
        del key
        return await imports.start_import(self.client, await self._kind(schema), schema, wanted)

    async def find_import(self, schema: ObjectSchema, wanted: Import, since: datetime) -> Started | None:
        """The import of this name."""
        del schema
        return await imports.find_import(self.client, wanted, since)

    async def get(
        self,
        schema: ObjectSchema,
        ids: Sequence[str],
        *,
        id_field: str | None,
        fields: Sequence[str],
        links: Sequence[str],
    ) -> list[Record | None]:
        """Records by id or unique property; further addresses of a contact find it too."""
        kind = await self._kind(schema)
        rows = await batches.read(self.client, kind, ids, fields=fields, id_field=id_field)
        found = list(dict.fromkeys(row["id"] for row in rows if row is not None))
        linked = {name: await self._links_of(kind, found, name) for name in links} if found else {}
        url = await addresses(self.client, kind)

        def shown(row: Json) -> Record:
            own = {name: linked[name][row["id"]].links for name in linked} or None
            return record_of(row, schema, fields, url, own)

        return [None if row is None else shown(row) for row in rows]

    async def create(
        self, schema: ObjectSchema, drafts: Sequence[Draft], *, skip_duplicates: bool, key: str | None
    ) -> list[Written]:
        """New records; HubSpot knows duplicates by unique properties only, such as a contact's e-mail."""
        del key
        kind = await self._kind(schema)
        inputs = [await self._input(kind, draft) for draft in drafts]
        url = await addresses(self.client, kind)
        with self._explained(schema):
            outcomes = await batches.create(self.client, kind, inputs, schema=schema, url=url)
        return [skipped(one) for one in outcomes] if skip_duplicates else outcomes

    async def update(
        self,
        schema: ObjectSchema,
        drafts: Sequence[Draft],
        *,
        unchanged_since: datetime | None,
        key: str | None,
    ) -> list[Written]:
        """Change properties by id."""
        kind = await self._kind(schema)
        ids = [draft.id or "" for draft in drafts]
        left = {index: failed(index, GONE, each) for index, each in enumerate(ids) if not batches.is_id(each)}
        if unchanged_since is not None:
            left |= await self._changed(kind, ids, unchanged_since)
        pairs = [(index, (ids[index], draft)) for index, draft in enumerate(drafts) if index not in left]
        return sorted(
            [*left.values(), *await self._updated(kind, schema, pairs, key)], key=lambda one: one.index
        )

    async def upsert(
        self, schema: ObjectSchema, drafts: Sequence[Draft], *, match_field: str, key: str | None
    ) -> list[Written]:
        """Change or create by a unique property.

        HubSpot cannot update only some properties by e-mail, so those contacts are looked up first.
        """
        kind = await self._kind(schema)
        values = [stored(draft.fields[match_field]) for draft in drafts]
        twice = repeated(values)
        chosen = {index: draft for index, draft in enumerate(drafts) if index not in twice}
        if match_field == kind.unique:
            written = await self._upserted(kind, schema, chosen, match_field=match_field, key=key)
        else:
            url = await addresses(self.client, kind)
            with self._explained(schema):
                outcomes = await batches.upsert(
                    self.client,
                    kind,
                    [(values[index], draft) for index, draft in chosen.items()],
                    match_field=match_field,
                    schema=schema,
                    url=url,
                    key=key,
                )
            written = renumbered(outcomes, list(chosen))
        return sorted([*twice.values(), *written], key=lambda one: one.index)

    async def archive(self, schema: ObjectSchema, ids: Sequence[str], *, key: str | None) -> list[Written]:
        """Move to the recycle bin, where records stay for 90 days."""
        kind = await self._kind(schema)
        rows = await batches.read(self.client, kind, ids, fields=[search.ID])
        present = list(dict.fromkeys(row["id"] for row in rows if row is not None))
        if present:
            await batches.archive(self.client, kind, present, key=key)
        return [
            failed(index, GONE, ids[index]) if row is None else _ok(index, ids[index])
            for index, row in enumerate(rows)
        ]

    async def find_created(
        self, schema: ObjectSchema, drafts: Sequence[Draft], since: datetime
    ) -> list[Written] | None:
        """What a lost create left behind."""
        kind = await self._kind(schema)
        url = await addresses(self.client, kind)
        return await aftermath.find_created(self.client, kind, schema, drafts, since=since, url=url)

    async def links(
        self, schema: ObjectSchema, record_id: str, to: ObjectSchema, *, limit: int, position: str | None
    ) -> Page[Link]:
        """What a record is linked to; raises `Rejected` where it does not exist."""
        skipped, after = _parted(position)
        if not batches.is_id(record_id):
            raise Rejected(GONE.code, GONE.message)
        links, following = await associations.page_of_links(
            self.client, schema.object, record_id, to.object, after
        )
        if not links and position is None:
            await self._must_exist(schema, record_id)
        is_all = after is None and following is None
        places = _places(skipped, len(links), after, following)
        return Page(
            links[skipped : skipped + limit],
            has_more=skipped + limit < len(links) or following is not None,
            after=places[:limit],
            total=len(links) if is_all else None,
            total_is="exact" if is_all else "unknown",
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
        """Link records, under a label or by the default type."""
        return await associations.link(self.client, (schema.object, to.object), pairs, label=label, key=key)

    async def unlink(
        self,
        schema: ObjectSchema,
        to: ObjectSchema,
        pairs: Sequence[tuple[str, str]],
        *,
        label: str | None,
        key: str | None,
    ) -> list[Written]:
        """Remove all links of each pair, or only the label."""
        return await associations.unlink(self.client, (schema.object, to.object), pairs, label=label, key=key)

    async def log_activity(self, activity: Activity, *, key: str | None) -> Record:
        """Create a note, task, call, e-mail or meeting with its links."""
        del key
        schema = await self.describe(activities.FORMS[activity.type].object)
        kind = await self._kind(schema)
        properties = activities.properties_of(activity, self.client.upstream.clock.now())
        links = await associations.inputs_of(self.client, kind.name, await self._named(activity.related))
        body: Json = {"properties": properties, "associations": links}
        with self._explained(schema):
            row = await self.client.write(dated("crm/objects", kind.name), body, key=None)
        return record_of(row, schema, properties, await addresses(self.client, kind))

    async def find_activity(self, activity: Activity, since: datetime) -> Record | None:
        """What a lost log_activity left behind."""
        row = await aftermath.find_activity(self.client, activity, since)
        if row is None:
            return None
        schema = await self.describe(activities.FORMS[activity.type].object)
        url = await addresses(self.client, await self._kind(schema))
        return record_of(row, schema, schema.defaults, url)

    async def owners(
        self, *, email: str | None, name_contains: str | None, is_active: bool | None, limit: int
    ) -> list[Owner]:
        """Users who can own records."""
        return await people.owners(
            self.client, email=email, name_contains=name_contains, is_active=is_active, limit=limit
        )

    async def pipelines(self, schema: ObjectSchema) -> list[Pipeline]:
        """Pipelines and their stages."""
        return schema.pipelines or []

    async def summarize(
        self,
        schema: ObjectSchema,
        filters: Sequence[Filter],
        *,
        group_by: Sequence[str],
        measures: Sequence[Measure],
    ) -> Summary:
        """Counts per group, one search each."""

        async def everybody() -> list[Owner]:
            return await people.owners(self.client, limit=summaries.BUCKETS + 1)

        self._warn(search.token_warning(filters))
        groups = [field for field in map(schema.field, group_by) if field is not None]
        return await summaries.summarize(
            self.client,
            await self._kind(schema),
            filters,
            groups=groups,
            measures=measures,
            owners=everybody,
        )

    async def _found(self, schema: ObjectSchema, query: Query) -> Page[Record]:
        kind = await self._kind(schema)
        found = await search.search(self.client, kind, query, self._warn)
        url = await addresses(self.client, kind)
        return Page(
            [record_of(row, schema, query.fields, url) for row in found.rows],
            has_more=found.has_more,
            after=found.after,
            total=found.total,
            total_is=found.total_is,
        )

    async def _kind(self, schema: ObjectSchema) -> Kind:
        return await schemas.kind_of(self.client, schema.object)

    def _warn(self, text: str | None) -> None:
        if text is not None and text not in self.warnings:
            self.warnings.append(text)

    async def _links_of(self, kind: Kind, ids: Sequence[str], target: str) -> dict[str, associations.Linked]:
        to = await schemas.kind_of(self.client, target)
        linked = await associations.links_of(self.client, kind.name, ids, to.name)
        if any(one.is_cut for one in linked.values()):
            self._warn(f"Some records have more links to {to.name} than are shown; crm_list_links pages all")
        return linked

    async def _input(self, kind: Kind, draft: Draft) -> Json:
        made: Json = {"properties": batches.properties(draft)}
        if draft.links:
            links = await self._named(draft.links)
            made["associations"] = await associations.inputs_of(self.client, kind.name, links)
        return made

    async def _named(self, links: Sequence[LinkTo]) -> list[LinkTo]:
        """The same links with HubSpot's names of objects."""
        return [
            replace(link, object=(await schemas.kind_of(self.client, link.object)).name) for link in links
        ]

    async def _changed(self, kind: Kind, ids: Sequence[str], since: datetime) -> dict[int, Written]:
        """Outcomes of records that were changed meanwhile."""
        rows = await batches.read(self.client, kind, ids, fields=[kind.modified])
        stale: dict[int, Written] = {}
        for index, row in enumerate(rows):
            changed = moment_of(row["updatedAt"]) if row is not None else None
            if changed is not None and changed > since:
                message = f"It was changed at {to_rfc3339(changed)}; read it again"
                stale[index] = failed(index, Trouble(code="conflict", message=message), ids[index])
        return stale

    async def _updated(
        self,
        kind: Kind,
        schema: ObjectSchema,
        pairs: Sequence[tuple[int, tuple[str, Draft]]],
        key: str | None,
    ) -> list[Written]:
        """Update some of the records of a call; each pair has its place among all."""
        if not pairs:
            return []
        url = await addresses(self.client, kind)
        with self._explained(schema):
            outcomes = await batches.update(
                self.client, kind, [pair for _, pair in pairs], schema=schema, url=url, key=key
            )
        return renumbered(outcomes, [index for index, _ in pairs])

    async def _upserted(
        self,
        kind: Kind,
        schema: ObjectSchema,
        drafts: Mapping[int, Draft],
        *,
        match_field: str,
        key: str | None,
    ) -> list[Written]:
        """Look up, update those that are found, create the others."""
        values = [stored(draft.fields[match_field]) for draft in drafts.values()]
        rows = await batches.read(self.client, kind, values, fields=[search.ID], id_field=match_field)
        known = [(index, row["id"]) for index, row in zip(drafts, rows, strict=True) if row is not None]
        # The address that found a contact may be a further one of it; as a value it would become the first.
        updates = [(index, (row_id, _without(drafts[index], match_field))) for index, row_id in known]
        written = await self._updated(kind, schema, updates, key)
        new = [index for index, row in zip(drafts, rows, strict=True) if row is None]
        if new:
            made = await self.create(
                schema, [drafts[index] for index in new], skip_duplicates=False, key=None
            )
            written += renumbered(made, new)
        return written

    async def _must_exist(self, schema: ObjectSchema, record_id: str) -> None:
        rows = await batches.read(self.client, await self._kind(schema), [record_id], fields=[search.ID])
        if rows == [None]:
            raise Rejected(GONE.code, GONE.message)

    @contextmanager
    def _explained(self, schema: ObjectSchema) -> Iterator[None]:
        """Add the allowed values to what HubSpot refused."""
        try:
            yield
        except Rejected as refusal:
            for problem in refusal.fields:
                field = schema.field(problem["path"])
                if field is not None and field.options:
                    problem["allowed"] = [option.value for option in field.options]
            raise


def _ok(index: int, record_id: str) -> Written:
    return Written(index=index, status="ok", id=record_id)


def _without(draft: Draft, field: str) -> Draft:
    return replace(draft, fields={name: value for name, value in draft.fields.items() if name != field})


def _parted(position: str | None) -> tuple[int, str | None]:
    """A place inside one of HubSpot's pages: how many rows to skip, and where the page starts."""
    skipped, _, after = (position or "0.").partition(".")
    return int(skipped), after or None


def _places(skipped: int, size: int, after: str | None, following: str | None) -> list[str]:
    """Where reading goes on behind each row of a page from `skipped` on."""
    places = [f"{index + 1}.{after or ''}" for index in range(skipped, size)]
    if places and following is not None:
        places[-1] = f"0.{following}"
    return places
