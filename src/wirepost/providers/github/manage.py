"""`GitHubManagement`: webhooks of a repository or an organisation (https://docs.github.com/en/rest/repos/webhooks)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wirepost.core.text import clean_line
from wirepost.providers.github.client import GitHubClient
from wirepost.providers.github.hooks import path_of
from wirepost.webhooks.manage import Hook, Management, unsupported

Json = dict[str, Any]
ALL = ["*"]
OK = 300
"""Statuses below it are successes."""


class GitHubManagement(Management):
    """The hooks of one place; GitHub is told the secret and never tells it."""

    keyed_by = "us"

    def __init__(self, client: GitHubClient, place: str | None = None) -> None:
        self._client, self._place = client, place

    def at(self, place: str) -> GitHubManagement:
        """Those of a repository (`owner/name`) or an organisation."""
        return GitHubManagement(self._client, place)

    def asked_for(self, types: Sequence[str]) -> Sequence[str]:
        """Events without their actions."""
        return [] if (events := _events(types)) == ALL else events

    async def hooks(self) -> list[Hook]:
        """All of them."""
        return [_hook(row) async for row in self._client.rows(self._path)]

    async def create(self, url: str, types: Sequence[str], secret: str | None) -> Hook:
        """A new one that sends JSON and checks our certificate."""
        body = {"name": "web", "active": True, "events": _events(types), "config": _config(url, secret)}
        return _hook(await self._client.write("POST", self._path, body))

    async def repair(self, hook: Hook, types: Sequence[str], secret: str | None) -> Hook:
        """Active again, for these types and with this secret."""
        body = {"active": True, "events": _events(types), "config": _config(hook.url, secret)}
        return _hook(await self._client.write("PATCH", f"{self._path}/{int(hook.id)}", body))

    async def remove(self, hook: Hook) -> None:
        """Gone."""
        await self._client.write("DELETE", f"{self._path}/{int(hook.id)}")

    @property
    def _path(self) -> str:
        if self._place is None:
            raise unsupported(
                "GitHub keeps webhooks at repositories and organisations",
                hint="Name them under `places` of the webhook, such as [acme/shop]; that of a GitHub App is "
                "set up on the page of the app",
            )
        return path_of(self._place)


def _events(types: Sequence[str]) -> list[str]:
    """Events without their actions, which cannot be chosen."""
    return sorted({each.partition(".")[0] for each in types}) or ALL


def _config(url: str, secret: str | None) -> Json:
    """A hook without a secret would be believed by nobody, so it is never made."""
    if not secret:
        raise unsupported(
            "A webhook of GitHub's needs a secret that we know", hint="Name one under `secrets`"
        )
    return {"url": url, "content_type": "json", "insecure_ssl": "0", "secret": secret}


def _hook(row: Json) -> Hook:
    types = [str(each) for each in row.get("events") or ()]
    return Hook(
        id=str(row["id"]),
        url=str((row.get("config") or {}).get("url")),
        types=[] if types == ALL else types,
        is_active=row.get("active") is True,
        note=_note(row),
    )


def _note(row: Json) -> str:
    """What became of the last delivery, where it failed."""
    last = row.get("last_response")
    if not isinstance(last, dict) or last.get("code") is None or int(last["code"]) < OK:
        return ""
    return clean_line(f"The last delivery was answered {last['code']}: {last.get('message') or ''}", 200)
