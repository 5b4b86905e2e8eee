"""`Crm`: records of customers, deals and tickets, whoever keeps them.

Records keep the vendor's field names; `describe` is the dictionary. What is neutral here are the verbs, the
types of fields and the shape of results.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from wirepost.core.errors import InvalidCall, OutcomeUnknown
from wirepost.tools.contract import Contract

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from wirepost.contracts.records import (
        Activity,
        Draft,
        Filter,
        Import,
        Link,
        Measure,
        ObjectKind,
        ObjectSchema,
        Owner,
        Pipeline,
        Query,
        Record,
        Summary,
        Written,
    )
    from wirepost.tools.jobs import Started
    from wirepost.tools.results import Page


class Crm(Contract):
    """A CRM as one call sees it.

    Methods take the `ObjectSchema` that `describe` returned. Arguments have been checked against it; what
    the vendor refuses all the same is raised (`CallError`) or, in batches, told per record in input order.
    Reads send no write; nothing is retried here (the client does).
    """

    def __init__(self) -> None:
        self.warnings: list[str] = []
        """What the caller should know and is no error; the tools take it over after each call."""

    def canonical_id(self, record_id: str) -> str:
        """An id as the vendor spells it in answers, where it reads several spellings; no request is made."""
        return record_id

    @abstractmethod
    async def objects(self, *, include_custom: bool) -> list[ObjectKind]:
        """Every kind of record the credential may see."""

    @abstractmethod
    async def describe(self, object_name: str) -> ObjectSchema:
        """An object by its neutral or own name; kept for some minutes. Raises `InvalidCall` for others."""

    @abstractmethod
    async def search(self, schema: ObjectSchema, query: Query) -> Page[Record]:
        """Records that meet the conditions, honest about totals."""

    @abstractmethod
    async def browse(self, schema: ObjectSchema, query: Query) -> Page[Record]:
        """All records in the order of their ids (or of change, with `updated_after`); no conditions."""

    async def start_export(self, schema: ObjectSchema, query: Query, *, key: str | None) -> Started:
        """Have all records that meet the conditions collected; `limit` and `sort` count for nothing.

        Raises `InvalidCall` where the vendor is not asked for exports.
        """
        del schema, query, key
        raise InvalidCall("unsupported_by_provider", "This CRM is not asked for exports")

    async def start_import(self, schema: ObjectSchema, wanted: Import, *, key: str | None) -> Started:
        """Have records written by a job of `imported` rows; raises `InvalidCall` where that cannot be."""
        del schema, wanted, key
        raise InvalidCall("unsupported_by_provider", "This CRM is not asked for imports")

    async def find_import(self, schema: ObjectSchema, wanted: Import, since: datetime) -> Started | None:
        """The job that a lost `start_import` left behind, made since then; `None` where there is none.

        Raises `OutcomeUnknown` where the vendor cannot say.
        """
        del schema, wanted, since
        raise OutcomeUnknown("outcome_unknown", "This CRM does not tell which imports were started")

    @abstractmethod
    async def get(
        self,
        schema: ObjectSchema,
        ids: Sequence[str],
        *,
        id_field: str | None,
        fields: Sequence[str],
        links: Sequence[str],
    ) -> list[Record | None]:
        """Records by id (or another unique field), in input order; `None` for those that do not exist.

        `links` names objects in the vendor's words; each record then has its links to them, `LINKS` at most.
        """

    @abstractmethod
    async def create(
        self, schema: ObjectSchema, drafts: Sequence[Draft], *, skip_duplicates: bool, key: str | None
    ) -> list[Written]:
        """New records; one that exists already is `failed`, or `skipped` with its id."""

    @abstractmethod
    async def update(
        self,
        schema: ObjectSchema,
        drafts: Sequence[Draft],
        *,
        unchanged_since: datetime | None,
        key: str | None,
    ) -> list[Written]:
        """Change the named fields only; one that was changed after `unchanged_since` is `failed`."""

    @abstractmethod
    async def upsert(
        self, schema: ObjectSchema, drafts: Sequence[Draft], *, match_field: str, key: str | None
    ) -> list[Written]:
        """Change the record whose unique `match_field` has the draft's value, or create it."""

    @abstractmethod
    async def archive(self, schema: ObjectSchema, ids: Sequence[str], *, key: str | None) -> list[Written]:
        """Move to the vendor's recycle bin."""

    @abstractmethod
    async def find_created(
        self, schema: ObjectSchema, drafts: Sequence[Draft], since: datetime
    ) -> list[Written] | None:
        """What a lost `create` left behind: the records made since then (by our clock) with these values.

        `None` where there is none; where only some were made, the others are `failed`. Raises
        `OutcomeUnknown` where the vendor's index cannot say yet.
        """

    @abstractmethod
    async def links(
        self, schema: ObjectSchema, record_id: str, to: ObjectSchema, *, limit: int, position: str | None
    ) -> Page[Link]:
        """What a record is linked to."""

    @abstractmethod
    async def link(
        self,
        schema: ObjectSchema,
        to: ObjectSchema,
        pairs: Sequence[tuple[str, str]],
        *,
        label: str | None,
        key: str | None,
    ) -> list[Written]:
        """Link records; a link that exists stays one link."""

    @abstractmethod
    async def unlink(
        self,
        schema: ObjectSchema,
        to: ObjectSchema,
        pairs: Sequence[tuple[str, str]],
        *,
        label: str | None,
        key: str | None,
    ) -> list[Written]:
        """Remove links (with `label`, only those of that kind)."""

    @abstractmethod
    async def log_activity(self, activity: Activity, *, key: str | None) -> Record:
        """Write down an activity on the records it concerns."""

    @abstractmethod
    async def find_activity(self, activity: Activity, since: datetime) -> Record | None:
        """What a lost `log_activity` left behind. Raises `OutcomeUnknown` where that cannot be said yet."""

    @abstractmethod
    async def owners(
        self, *, email: str | None, name_contains: str | None, is_active: bool | None, limit: int
    ) -> list[Owner]:
        """Users who can own records, at most `limit`."""

    @abstractmethod
    async def pipelines(self, schema: ObjectSchema) -> list[Pipeline]:
        """Pipelines and their stages; none for objects without."""

    @abstractmethod
    async def summarize(
        self,
        schema: ObjectSchema,
        filters: Sequence[Filter],
        *,
        group_by: Sequence[str],
        measures: Sequence[Measure],
    ) -> Summary:
        """Counts and figures per group; raises `InvalidCall` for what the vendor cannot count."""
