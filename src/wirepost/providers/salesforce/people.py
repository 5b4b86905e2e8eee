"""Owners: the users of the organisation to whom records can belong."""

from __future__ import annotations

from wirepost.contracts.records import FieldSchema, Filter, Operator, Owner
from wirepost.core.text import clean_line
from wirepost.providers.salesforce import ids, soql
from wirepost.providers.salesforce.client import Json, SalesforceClient

COLUMNS = ("Id", "Name", "Email", "IsActive")
STANDARD = "Standard"
"""Users who are people and no machines or guests of a portal."""


async def owners(
    client: SalesforceClient,
    *,
    email: str | None,
    name_contains: str | None,
    is_active: bool | None,
    limit: int,
) -> list[Owner]:
    """Users who fit, active ones first, at most `limit`."""
    where = [_is("UserType", "eq", STANDARD)]
    if email:
        where.append(_is("Email", "eq", email))
    if name_contains:
        where.append(_is("Name", "contains", name_contains))
    if is_active is not None:
        where.append(f"IsActive = {'TRUE' if is_active else 'FALSE'}")
    statement = soql.select(
        COLUMNS, "User", where=where, order_by=["IsActive DESC", "Name ASC", "Id ASC"], limit=limit
    )
    return [_owner(row) for row in await client.rows(statement)]


def _is(name: str, op: Operator, value: str) -> str:
    return soql.condition(Filter(FieldSchema(name=name, label=name, type="text"), op, (value,)))


def _owner(row: Json) -> Owner:
    record_id = ids.canonical(row["Id"])
    name = clean_line(row.get("Name") or "", 200) or row.get("Email") or record_id
    return Owner(id=record_id, name=name, email=row.get("Email"), is_active=bool(row["IsActive"]))
