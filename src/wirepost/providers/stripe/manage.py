"""`StripeManagement`: webhook endpoints of an account (https://docs.stripe.com/api/webhook_endpoints)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wirepost.core.ids import new_id
from wirepost.core.text import clean_line
from wirepost.providers.stripe.client import API_VERSION, StripeClient
from wirepost.webhooks.manage import Hook, Management

PATH = "/v1/webhook_endpoints"
ALL = ["*"]
_DESCRIPTION = "Wirepost"


class StripeManagement(Management):
    """Endpoints of the key's own account; Stripe tells the secret of one only when it is made."""

    keyed_by = "provider"

    def __init__(self, client: StripeClient) -> None:
        self._client = client

    async def hooks(self) -> list[Hook]:
        """All of them."""
        return [_hook(row) async for row in self._client.rows(PATH)]

    async def create(self, url: str, types: Sequence[str], secret: str | None) -> Hook:  # noqa: ARG002 - Stripe makes it
        """A new one in the API version that the tools speak; Stripe makes the secret."""
        given = {
            "enabled_events": list(types) or ALL,
            "api_version": API_VERSION,
            "description": _DESCRIPTION,
        }
        return _hook(await self._client.post(PATH, key=new_id("hook"), url=url, **given))

    async def repair(self, hook: Hook, types: Sequence[str], secret: str | None) -> Hook:  # noqa: ARG002 - it stays as it was
        """Active again for these types; the secret stays as it was."""
        given = {"enabled_events": list(types) or ALL, "disabled": False}
        return _hook(await self._client.post(f"{PATH}/{hook.id}", key=new_id("hook"), **given))

    async def remove(self, hook: Hook) -> None:
        """Gone."""
        await self._client.delete(f"{PATH}/{hook.id}")


def _hook(row: dict[str, Any]) -> Hook:
    types = [str(each) for each in row.get("enabled_events") or ()]
    status = clean_line(str(row.get("status")), 40)
    return Hook(
        id=str(row["id"]),
        url=str(row["url"]),
        types=[] if types == ALL else types,
        is_active=status == "enabled",
        secret=row.get("secret"),
        note="" if status == "enabled" else f"Stripe says that it is {status}",
    )
