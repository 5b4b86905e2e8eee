"""`HttpClient`: any HTTP service, read as it answers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from wirepost.upstream.client import Answer, Ask, Client
from wirepost.upstream.stream import Stream


class HttpClient(Client):
    """One connection to a service that the configuration describes, for the time of one call."""

    answers_json: ClassVar[bool] = False

    async def get(self, path: str) -> Answer:
        """Read a path; the answer may be of any type."""
        return await self.send(Ask("GET", path))

    def stream_of(self, path: str) -> AbstractAsyncContextManager[Stream]:
        """Read a path whose answer may have any size."""
        return self.stream(Ask("GET", path))

    async def write(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> Answer:
        """Change something by a request with JSON; with a key it may be repeated."""
        kind = "application/json" if content is not None else None
        return await self.send(
            Ask(
                method,
                path,
                content=content,
                content_type=kind,
                headers=headers or {},
                key=key,
                is_write=True,
            )
        )
