"""`HubSpotManagement`: the webhook of an app, which all accounts share that have installed it.

Only of apps that are set up in HubSpot and not in a project; HubSpot refuses the others, whose webhooks are
part of their project: https://developers.hubspot.com/docs/api-reference/latest/webhooks/guide
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wirepost.core.errors import Rejected
from wirepost.core.ids import new_id
from wirepost.core.text import clean_line
from wirepost.providers.hubspot.client import HubSpotClient, Json, dated
from wirepost.providers.hubspot.kinds import KINDS
from wirepost.webhooks.manage import Hook, Management, unsupported

FAMILY = "app-webhooks"
AT_ONCE = 10
"""Requests that HubSpot may have open here at the same time; its own default."""
_CHANGE = "propertyChange"


class HubSpotManagement(Management):
    """One address for each app, and what it is subscribed to: `contact.creation`, `deal.propertyChange`.

    A property has a subscription of its own, such as `deal.propertyChange/amount`; without one, those of the
    object that its tools show.
    """

    def __init__(self, client: HubSpotClient, app: str | None = None) -> None:
        self._client, self._app = client, app

    def at(self, place: str) -> HubSpotManagement:
        """The webhook of the app with this id."""
        return HubSpotManagement(self._client, place)

    def asked_for(self, types: Sequence[str]) -> Sequence[str]:
        """The types with a property for each change."""
        return list(dict.fromkeys(each for kind in types for each in _each(kind)))

    async def hooks(self) -> list[Hook]:
        """The one of the app, if it has an address."""
        try:
            settings = await self._client.get(self._path("settings"))
        except Rejected as refusal:
            if refusal.code == "not_found":
                return []
            raise
        return [self._hook(str(settings["targetUrl"]), await self._subscriptions())]

    async def create(self, url: str, types: Sequence[str], secret: str | None) -> Hook:  # noqa: ARG002 - the app has one
        """The app's address and subscriptions; refused where another address would be left by it."""
        for other in await self.hooks():
            if other.url != url:
                raise unsupported(
                    f"App {self._app} tells {clean_line(other.url, 200)}, and it can have only one address",
                    "Use another app, or remove that address in HubSpot first",
                )
        settings = {"targetUrl": url, "throttling": {"maxConcurrentRequests": AT_ONCE}}
        await self._client.write(self._path("settings"), settings, key=new_id("hook"), method="PUT")
        return await self._subscribed(url, types)

    async def repair(self, hook: Hook, types: Sequence[str], secret: str | None) -> Hook:  # noqa: ARG002 - the app has one
        """Subscribed to all of these again."""
        return await self._subscribed(hook.url, types)

    async def remove(self, hook: Hook) -> None:
        """No subscriptions and no address any more."""
        del hook
        for row in await self._subscriptions():
            path = self._path("subscriptions", str(row["id"]))
            await self._client.write(path, None, key=new_id("hook"), method="DELETE")
        await self._client.write(self._path("settings"), None, key=new_id("hook"), method="DELETE")

    async def _subscribed(self, url: str, types: Sequence[str]) -> Hook:
        known = {_name(row): row for row in await self._subscriptions()}
        for name in self.asked_for(types):
            row = known.get(name)
            if row is None:
                kind, _, property_name = name.partition("/")
                given = {"eventType": kind, "active": True}
                given |= {"propertyName": property_name} if property_name else {}
                await self._client.write(self._path("subscriptions"), given, key=None)
            elif not row["active"]:
                path = self._path("subscriptions", str(row["id"]))
                await self._client.write(path, {"active": True}, key=new_id("hook"), method="PATCH")
        return self._hook(url, await self._subscriptions())

    async def _subscriptions(self) -> list[Json]:
        rows: list[Json] = (await self._client.get(self._path("subscriptions")))["results"]
        return rows

    def _hook(self, url: str, rows: list[Json]) -> Hook:
        paused = sorted(_name(row) for row in rows if not row["active"])
        return Hook(
            id=str(self._app),
            url=url,
            types=sorted(_name(row) for row in rows),
            is_active=not paused,
            note=f"paused: {clean_line(', '.join(paused), 200)}" if paused else "",
        )

    def _path(self, *parts: str) -> str:
        if self._app is None:
            raise unsupported(
                "A webhook of HubSpot belongs to an app, and it is not said to which",
                "Put the id of the app under `places` of the webhook",
            )
        return dated(FAMILY, self._app, *parts)


def _name(row: Json) -> str:
    property_name = row.get("propertyName")
    return f"{row['eventType']}/{property_name}" if property_name else str(row["eventType"])


def _each(kind: str) -> Iterator[str]:
    """The subscriptions of a type: of a changed property one for each property."""
    noun, _, what = kind.partition(".")
    if what != _CHANGE:  # one that names its property, too
        yield kind
        return
    for each in KINDS:
        if each.neutral == noun:
            yield from (f"{kind}/{name}" for name in each.defaults)
