"""Objects of Cloud Storage: put, listed, and read line by line.

https://docs.cloud.google.com/storage/docs/json_api/v1/objects
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote

from wirepost.providers.vertex.client import VertexClient
from wirepost.upstream import faults, parts
from wirepost.upstream.client import Ask

PUT_S = 40.0
MOST_PAGES = 1000
_URI = re.compile(r"gs://([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])/(.+)", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """An object, or where the names of several begin."""

    bucket: str
    name: str

    @classmethod
    def of(cls, uri: str) -> Place:
        """The place that `gs://bucket/name` names; raises `ValueError` for anything else."""
        found = _URI.fullmatch(uri)
        if found is None:
            raise ValueError("is no address of an object in Cloud Storage")
        return cls(found[1], found[2])

    @property
    def uri(self) -> str:
        """`gs://bucket/name`."""
        return f"gs://{self.bucket}/{self.name}"


async def put(api: VertexClient, place: Place, content: bytes, content_type: str) -> None:
    """Store an object; the same once more changes nothing, so that it may be repeated."""
    ask = Ask(
        "POST",
        f"/upload/storage/v1/b/{place.bucket}/o",
        query=(("uploadType", "media"), ("name", place.name)),
        content=content,
        content_type=content_type,
        key=place.uri,
        is_write=True,
        timeout_s=PUT_S,
        origin=api.storage,
        has_credential=True,
    )
    await api.send(ask)


async def listed(api: VertexClient, begin: Place) -> list[Place]:
    """All objects whose names begin so, each once, by name."""
    found: dict[str, Place] = {}
    token = ""
    for _ in range(MOST_PAGES):
        more = (("pageToken", token),) if token else ()
        query = (("prefix", begin.name), ("fields", "items(name),nextPageToken"), *more)
        path = f"/storage/v1/b/{begin.bucket}/o"
        answer = await api.send(Ask("GET", path, query=query, origin=api.storage, has_credential=True))
        page = parts.parsed(answer.body)
        for each in parts.rows(page.get("items")):
            name = parts.name(each.get("name"))
            found[name] = Place(begin.bucket, name)
        token = parts.text(page.get("nextPageToken"))
        if not token:
            return list(found.values())
    raise faults.not_understood(api.upstream.name)


async def lines(api: VertexClient, place: Place) -> AsyncIterator[bytes]:
    """The lines of an object that are not empty, without their ends, however many."""
    path = f"/storage/v1/b/{place.bucket}/o/{quote(place.name, safe='')}"
    ask = Ask("GET", path, query=(("alt", "media"),), origin=api.storage, has_credential=True)
    async with api.stream(ask) as content:
        async for line in content.lines():
            yield line
