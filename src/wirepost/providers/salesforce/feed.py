"""`SalesforceFeed`: records that were changed, for want of a list of events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, ClassVar

from wirepost.core.errors import CallError
from wirepost.core.text import clean_line
from wirepost.providers.salesforce import soql
from wirepost.providers.salesforce.client import Json, SalesforceClient, sobject
from wirepost.providers.salesforce.items import NOUNS, moment_of
from wirepost.providers.salesforce.kinds import KINDS
from wirepost.providers.salesforce.refusals import NO_SUCH_OBJECT
from wirepost.webhooks.feed import Feed, merged
from wirepost.webhooks.webhook import Item

OVERLAP_S = 300.0
"""A transaction that takes long is seen late, with the time at which it began."""
PAGE = 200
_NAMES = ["Id", "CreatedDate", "SystemModstamp"]


class SalesforceFeed(Feed):
    """Contacts, accounts, opportunities and cases by the time of their last change, which is the position."""

    has_keys_of_requests: ClassVar[bool] = False

    def __init__(self, client: SalesforceClient) -> None:
        self._client = client

    async def since(self, position: str | None, after: float) -> AsyncIterator[tuple[str, Item]]:
        """Records that were created or changed, oldest change first; deleted ones are in no answer."""
        begin = after if position is None else float(position)
        account = await self._organization()
        async for item in merged([self._changed(name, begin, account) for name in NOUNS]):
            yield str(max(begin, item.time or begin)), item

    async def fetch(self, path: str) -> dict[str, Any]:
        """A record of which only the id was told: object, slash, id."""
        name, _, record = path.partition("/")
        row = await self._client.get(sobject(name, record))
        fields = next((kind.defaults for kind in KINDS if kind.name == name), ("Name",))
        shown = {field: row[field] for field in fields if row.get(field) is not None}
        return {"object": NOUNS.get(name) or name, "object_type": name, "id": record, "fields": shown}

    async def _organization(self) -> str | None:
        found = (await self._client.who()).get("organization_id")
        return clean_line(str(found), 18) if found else None

    async def _changed(self, name: str, begin: float, account: str | None) -> AsyncIterator[Item]:
        """Records of one object; none where the user may not read it."""
        start = soql.moment(datetime.fromtimestamp(begin - OVERLAP_S, UTC))
        where = f"SystemModstamp >= {start}"
        while True:
            statement = soql.select(
                _NAMES, name, where=[where], order_by=["SystemModstamp ASC", "Id ASC"], limit=PAGE
            )
            try:
                rows = await self._client.rows(statement)
            except CallError as refusal:
                if refusal.code == "missing_scope" or refusal.provider_code == NO_SUCH_OBJECT:
                    return
                raise
            for row in rows:
                yield _item(name, row, begin, account)
            if len(rows) < PAGE:
                return
            where = _behind(rows[-1])


def _behind(row: Json) -> str:
    """The condition of everything that comes later."""
    at = soql.moment(datetime.fromtimestamp(moment_of(row["SystemModstamp"]) or 0.0, UTC))
    same = f"(SystemModstamp = {at} AND Id > {soql.text(str(row['Id']))})"
    return soql.any_of([f"SystemModstamp > {at}", same])


def _item(name: str, row: Json, begin: float, account: str | None) -> Item:
    record, noun = str(row["Id"]), NOUNS[name] or name
    is_new = (moment_of(row["CreatedDate"]) or 0.0) > begin
    return Item(
        type=f"{noun}.{'created' if is_new else 'updated'}",
        provider_type=f"{name}.{'CREATE' if is_new else 'UPDATE'}",
        summary=f"{noun.capitalize()} {record} was {'created' if is_new else 'changed'}",
        data={"object": noun, "object_type": name, "id": record},
        subject=f"{noun}/{record}",
        key=f"changed:{record}/{row['SystemModstamp']}",
        time=moment_of(row["SystemModstamp"]),
        account=account,
        marks=(record,),
    )
