"""`Telling`: what HubSpot tells an app of changes, as its webhooks do.

https://developers.hubspot.com/docs/api-reference/latest/webhooks/guide; objects that have no subscription of
their own come under the generic names, with the type id of the object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import orjson

from wirepost.providers.hubspot.sandbox.definitions import TYPE_IDS
from wirepost.providers.hubspot.sandbox.own_objects import PORTAL
from wirepost.sandbox.vendor import SandboxEvent

APP = 90_001
NAMES = {
    "contacts": "contact",
    "companies": "company",
    "deals": "deal",
    "tickets": "ticket",
    "products": "product",
}
PRIMARY = frozenset({1, 2, 5, 6})
"""Types of association that make a company the primary one."""
HEADERS = {"content-type": "application/json"}
_FIRST_SUBSCRIPTION = 1_000

Body = dict[str, Any]


class Telling:
    """Makes events of changes and hands them on, a batch for each change."""

    def __init__(self, announce: Callable[[SandboxEvent], None], now: Callable[[], datetime]) -> None:
        self._announce, self._now = announce, now
        self._made = 0
        self._subscriptions: dict[str, int] = {}

    def created(self, kind: str, row_id: str) -> None:
        """A new record."""
        self._tell([self._record(kind, row_id, "creation", changeFlag="CREATED")])

    def changed(self, kind: str, row_id: str, properties: dict[str, str]) -> None:
        """Other values: an event for each property."""
        self._tell(
            self._record(
                kind, row_id, "propertyChange", propertyName=name, propertyValue=value, isSensitive=False
            )
            for name, value in properties.items()
        )

    def archived(self, kind: str, row_id: str) -> None:
        """A record in the recycle bin."""
        self._tell([self._record(kind, row_id, "deletion", changeFlag="DELETED")])

    def linked(
        self, ends: tuple[tuple[str, str], tuple[str, str]], type_ids: set[int], *, is_removed: bool
    ) -> None:
        """An association between two records, told from both ends."""
        self._tell(
            self._association(one, other, type_ids, is_removed=is_removed)
            for one, other in (ends, (ends[1], ends[0]))
            if one[0] in NAMES and other[0] in NAMES
        )

    def _record(self, kind: str, row_id: str, what: str, **more: Any) -> Body:
        name = NAMES.get(kind)
        given = {"objectId": int(row_id), **more, "sourceId": str(APP)}
        event = self._event(f"{name or 'object'}.{what}", given)
        return event if name else {**event, "objectTypeId": TYPE_IDS[kind]}

    def _association(
        self, one: tuple[str, str], other: tuple[str, str], type_ids: set[int], *, is_removed: bool
    ) -> Body:
        source, target = NAMES[one[0]], NAMES[other[0]]
        return self._event(
            f"{source}.associationChange",
            {
                "associationType": f"{source}_to_{target}".upper(),
                "fromObjectId": int(one[1]),
                "toObjectId": int(other[1]),
                "associationRemoved": is_removed,
                "isPrimaryAssociation": bool(type_ids & PRIMARY),
            },
        )

    def _event(self, kind: str, fields: Body) -> Body:
        self._made += 1
        subscription = self._subscriptions.setdefault(kind, _FIRST_SUBSCRIPTION + len(self._subscriptions))
        return {
            "eventId": self._made,
            "subscriptionId": subscription,
            "portalId": PORTAL,
            "appId": APP,
            "occurredAt": int(self._now().timestamp() * 1000),
            "subscriptionType": kind,
            "attemptNumber": 0,
            **fields,
            "changeSource": "INTEGRATION",
        }

    def _tell(self, events: Iterable[Body]) -> None:
        batch = list(events)
        if batch:
            self._announce(SandboxEvent(batch[0]["subscriptionType"], orjson.dumps(batch), dict(HEADERS)))
