"""What a CRM knows about one person, whichever CRM it is: contacts, their deals and tickets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from wirepost.contracts.crm import Crm
from wirepost.contracts.customer import CustomerCard
from wirepost.contracts.facts import DealFact, Facts, PersonFact, TicketFact
from wirepost.contracts.records import Filter, ObjectSchema, Query, Record
from wirepost.core.errors import InvalidCall, NotConnected, Rejected

MOST_CONTACTS = 3
"""Several contacts may share an address."""
MOST_LINKS = 100
"""So many deals and tickets of a person are looked at, as links are in no order of time."""


class CrmCard(CustomerCard):
    """The contacts behind an e-mail address or a contact id."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm

    async def facts(self, *, email: str | None, customer_id: str | None, limit: int) -> Facts:
        """Contacts, deals and tickets, the last changed first; what may not be read is named in a warning."""
        contact = await self._crm.describe("contact")
        contacts = await self._contacts(contact, email, customer_id)
        facts = Facts(people=[_person(contact, each) for each in contacts])
        for each in contacts:
            deals, tickets = await asyncio.gather(
                *(self._linked(contact, each.id, name, limit, facts) for name in ("deal", "ticket"))
            )
            facts.deals.extend(_deal(*found) for found in deals)
            facts.tickets.extend(_ticket(*found) for found in tickets)
        facts.warnings.extend(self._crm.warnings)
        return facts

    async def _contacts(
        self, contact: ObjectSchema, email: str | None, customer_id: str | None
    ) -> Sequence[Record]:
        fields = tuple(contact.defaults)
        if customer_id is not None:
            try:
                found = await self._crm.get(contact, [customer_id], id_field=None, fields=fields, links=())
            except (InvalidCall, Rejected):  # an id of another system
                return []
            return [record for record in found if record is not None]
        address = contact.field("email")
        if address is None or email is None:
            return []
        condition = Filter(address, "eq", (email,))
        query = Query(fields, MOST_CONTACTS, filters=(condition,))
        return (await self._crm.search(contact, query)).records

    async def _linked(
        self, contact: ObjectSchema, record_id: str, name: str, limit: int, facts: Facts
    ) -> list[tuple[ObjectSchema, Record]]:
        try:
            to = await self._crm.describe(name)
            links = await self._crm.links(contact, record_id, to, limit=MOST_LINKS, position=None)
            if links.has_more:
                facts.warnings.append(f"Of the {name}s only {MOST_LINKS} were looked at")
            ids = list(dict.fromkeys(link.id for link in links.records))
            if not ids:
                return []
            found = await self._crm.get(to, ids, id_field=None, fields=tuple(to.defaults), links=())
        except NotConnected as error:
            facts.warnings.append(f"{name}s may not be read: {error.message}")
            return []
        records = [record for record in found if record is not None]
        records.sort(key=lambda record: record.updated_at or "", reverse=True)
        return [(to, record) for record in records[:limit]]


def _value(schema: ObjectSchema, record: Record, name: str | None) -> str | None:
    """A field by name or alias, as text."""
    field = schema.field(name) if name else None
    value: Any = record.fields.get(field.name) if field else None
    return None if value is None else str(value)


def _stage(schema: ObjectSchema, record: Record, name: str | None) -> str | None:
    """The label of a stage, where its pipelines are described."""
    value = _value(schema, record, name)
    stages = (stage for pipeline in schema.pipelines or () for stage in pipeline.stages)
    return next((stage.label for stage in stages if stage.id == value), value)


def _named(schema: ObjectSchema, ending: str) -> str | None:
    """The field whose name ends so, such as `hs_ticket_priority` and `Priority`."""
    return next((field.name for field in schema.fields if field.name.lower().endswith(ending)), None)


def _person(schema: ObjectSchema, record: Record) -> PersonFact:
    names = [_value(schema, record, alias) for alias in ("first_name", "last_name")]
    return PersonFact(
        id=record.id,
        name=" ".join(filter(None, names)) or None,
        email=_value(schema, record, "email"),
        phone=_value(schema, record, "phone"),
        company=_value(schema, record, "company"),
        owner=_value(schema, record, "owner"),
        url=record.url,
        created_at=record.created_at,
    )


def _deal(schema: ObjectSchema, record: Record) -> DealFact:
    return DealFact(
        id=record.id,
        name=_value(schema, record, schema.label_field),
        stage=_stage(schema, record, "stage"),
        amount=_value(schema, record, "amount"),
        currency=_value(schema, record, _named(schema, "currency_code") or _named(schema, "currencyisocode")),
        closes_at=_value(schema, record, "close_date"),
        url=record.url,
        updated_at=record.updated_at,
    )


def _ticket(schema: ObjectSchema, record: Record) -> TicketFact:
    return TicketFact(
        id=record.id,
        subject=_value(schema, record, _named(schema, "subject") or schema.label_field),
        status=_stage(schema, record, "stage"),
        priority=_value(schema, record, _named(schema, "priority")),
        url=record.url,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )
