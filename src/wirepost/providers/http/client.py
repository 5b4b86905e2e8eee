"""`HttpClient`: any HTTP service, read as it answers."""

from __future__ import annotations

from typing import ClassVar

from wirepost.upstream.client import Answer, Ask, Client


class HttpClient(Client):
    """One connection to a service that the configuration describes, for the time of one call."""

    answers_json: ClassVar[bool] = False

    async def get(self, path: str) -> Answer:
        """Read a path; the answer may be of any type."""
        return await self.send(Ask("GET", path))
