"""`Telling`: the outbound messages of the organisation, one for each object that has a flow which sends it.

A message shows records as they are when it is sent, up to 100 at once; records that are gone are in none, so
nothing is told of a deletion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from wirepost.providers.salesforce.sandbox.keys import ORGANIZATION, new_key
from wirepost.providers.salesforce.sandbox.rows import Row
from wirepost.providers.salesforce.soap import MOST, Notification, write
from wirepost.sandbox.vendor import SandboxEvent

HEADERS = {"content-type": "text/xml; charset=utf-8", "soapaction": '""'}
_ALWAYS = ("Id", "CreatedDate", "LastModifiedById", "LastModifiedDate")
FLOWS = {
    "Account": ("Name", "Website", "Industry", "Phone", "OwnerId"),
    "Contact": ("Name", "Email", "Phone", "AccountId", "OwnerId"),
    "Opportunity": ("Name", "StageName", "Amount", "CloseDate", "AccountId", "OwnerId"),
    "Case": ("CaseNumber", "Subject", "Status", "Priority", "ContactId", "OwnerId"),
}
"""Object → fields of its message."""


class Telling:
    """Makes messages of changed records and hands them on."""

    def __init__(self, announce: Callable[[SandboxEvent], None]) -> None:
        self._announce = announce
        self._made = 0

    def of(self, rows: Iterable[Row]) -> None:
        """Tell of records that one request has written."""
        for number, name in enumerate(FLOWS, start=1):
            wanted = {row.id: row for row in rows if row.object == name}
            for some in _parts(list(wanted.values())):
                notifications = [self._notification(row) for row in some]
                body = write(ORGANIZATION, new_key("04k", number), notifications)
                self._announce(SandboxEvent(name, body, dict(HEADERS)))

    def _notification(self, row: Row) -> Notification:
        self._made += 1
        names = (*_ALWAYS, *FLOWS[row.object])
        fields = {name: text for name in names if (text := _text(row.values.get(name)))}
        return Notification(new_key("04l", self._made), row.object, fields)


def _parts(rows: list[Row]) -> Iterator[list[Row]]:
    for start in range(0, len(rows), MOST):
        yield rows[start : start + MOST]


def _text(value: Any) -> str:
    """A value as messages have it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return value.isoformat() if isinstance(value, date) else str(value)
