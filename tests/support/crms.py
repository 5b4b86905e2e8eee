"""Every vendor that offers `Crm`, and short ways to ask each the same."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from support.clock import ManualClock
from support.crm_desk import CrmDesk, crm_desk, on_paper
from support.paper_shop import shop, shop_book
from wirepost.contracts.crm import Crm
from wirepost.contracts.records import ObjectSchema
from wirepost.providers import load_provider, provider_names
from wirepost.upstream.scope import Scope

CRMS = ["paper", *(name for name in provider_names() if Crm in load_provider(name).offers)]
ANNA = "anna.lindqvist@example.com"

Given = Mapping[str, Any]


@asynccontextmanager
async def opened(crm: str, directory: Path, clock: ManualClock) -> AsyncIterator[CrmDesk]:
    """The CRM tools on one vendor's imitation of the shop."""
    provider = on_paper(shop_book(clock)) if crm == "paper" else load_provider(crm)
    async with crm_desk(directory, clock, provider, shop()) as desk:
        yield desk


async def described(desk: CrmDesk, name: str) -> dict[str, Any]:
    """The dictionary of an object."""
    card: dict[str, Any] = (await desk.ok("crm_describe_object", object=name, max_tokens=20000))["data"]
    return card


async def schema_of(desk: CrmDesk, name: str) -> ObjectSchema:
    """The same with every field, as tools see it."""
    crm: Crm = desk.connection.shared.api(Crm, Scope(desk.connection.clock.monotonic() + 45))
    return await crm.describe(name)


async def found(desk: CrmDesk, name: str, *conditions: Given, **options: Any) -> list[dict[str, Any]]:
    """All records that meet the conditions."""
    return await desk.records(
        "crm_search_records", object=name, filters=list(conditions), limit=100, max_tokens=20000, **options
    )


async def anna(desk: CrmDesk) -> str:
    """The id of the customer whom all documents name."""
    (record,) = await found(desk, "contact", {"field": "email", "op": "eq", "value": ANNA})
    return str(record["id"])


async def read(desk: CrmDesk, name: str, *ids: str, **options: Any) -> list[dict[str, Any]]:
    """Records by id."""
    data = (await desk.ok("crm_get_records", object=name, ids=list(ids), **options))["data"]
    records: list[dict[str, Any]] = data["records"]
    return records
