"""Where GitHub keeps webhooks: at a repository or at an organisation; and which of them are ours."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from wirepost.core.errors import InvalidCall
from wirepost.providers.github.client import GitHubClient

Json = dict[str, Any]
_PLACE = re.compile(r"[A-Za-z0-9_.-]{1,100}(/[A-Za-z0-9_.-]{1,100})?")
DEFAULT = "default"


def path_of(place: str) -> str:
    """The path of the hooks of `owner/repository`, or of an organisation."""
    if not _PLACE.fullmatch(place) or ".." in place:
        raise InvalidCall("invalid_arguments", "A place is owner/repository or an organisation")
    return f"/repos/{place}/hooks" if "/" in place else f"/orgs/{place}/hooks"


async def own_hooks(client: GitHubClient) -> AsyncIterator[str]:
    """The paths of those hooks that bring their events to this connection; raises `CallError`."""
    endpoints: Mapping[str, Any] = client.options.webhooks
    for name, settings in endpoints.items():
        for place in settings.places:
            async for hook in client.rows(path_of(place)):
                if _is_ours(str((hook.get("config") or {}).get("url")), client.upstream.name, name, settings):
                    yield f"{path_of(place)}/{int(hook['id'])}"


def _is_ours(url: str, connection: str, name: str, settings: Any) -> bool:
    ending = f"/webhooks/{connection}" + ("" if name == DEFAULT else f"/{name}")
    return url == settings.url if settings.url else urlsplit(url).path.endswith(ending)
