"""Owners: users of the account to whom records can belong.

https://developers.hubspot.com/docs/api-reference/crm-owners-v3/guide
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from wirepost.contracts.records import Owner
from wirepost.core.text import clean_line
from wirepost.providers.hubspot.client import HubSpotClient, Json, dated

PAGE = 100
PAGES = 10
"""Most pages that are read for one question."""


async def owners(
    client: HubSpotClient,
    *,
    limit: int,
    email: str | None = None,
    name_contains: str | None = None,
    is_active: bool | None = None,
) -> list[Owner]:
    """Owners who fit, active ones first, at most `limit`."""
    wanted = name_contains.casefold() if name_contains else ""
    found: list[Owner] = []
    for archived in (False, True) if is_active is None else (not is_active,):
        async for raw in _rows(client, email=email, archived=archived):
            owner = _owner(raw)
            if wanted in owner.name.casefold():
                found.append(owner)
            if len(found) >= limit:
                return found
    return found


async def _rows(client: HubSpotClient, *, email: str | None, archived: bool) -> AsyncIterator[Json]:
    after: str | None = None
    for _ in range(PAGES):
        page = await client.get(dated("crm/owners"), email=email, archived=archived, limit=PAGE, after=after)
        for row in page["results"]:
            yield row
        after = ((page.get("paging") or {}).get("next") or {}).get("after")
        if after is None:
            return


def _owner(raw: Json) -> Owner:
    parts = [part for part in (raw.get("firstName"), raw.get("lastName")) if part]
    name = clean_line(" ".join(parts), 200) or raw.get("email") or raw["id"]
    return Owner(id=str(raw["id"]), name=name, email=raw.get("email"), is_active=not raw["archived"])
