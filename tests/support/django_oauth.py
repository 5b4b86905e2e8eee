"""A second authorization server that others wrote (django-oauth-toolkit), with one consent given already."""

from __future__ import annotations

import os
from asyncio import create_subprocess_exec, timeout
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import orjson

from support.clients import find_python
from support.node import CLIENTS
from wirepost.connections.accounts import Tokens

PATIENCE_S = 50
CLIENT, SECRET = "web", "s%c+r:e&t/="
FIRST = Tokens("first-access", "first-refresh")
"""Of the consent."""


@dataclass(frozen=True)
class DjangoServer:
    """The running server."""

    url: str

    async def answers(self, path: str, status: int) -> int:
        """How often a path was answered with a status."""
        async with httpx2.AsyncClient() as http:
            counts: dict[str, int] = (await http.get(f"{self.url}/counts")).json()
        return counts.get(f"{path} {status}", 0)


@asynccontextmanager
async def django_server(folder: Path, **settings: Any) -> AsyncIterator[DjangoServer]:
    """Start it with settings as `tests/clients/django_oauth.py` names them; it ends with the block.

    A test that uses this is marked `services("django-oauth")`.
    """
    python = find_python("django-oauth")
    assert python is not None
    environment = {**os.environ, "ISSUER": orjson.dumps({"folder": str(folder), **settings}).decode()}
    process = await create_subprocess_exec(
        python, str(CLIENTS / "django_oauth.py"), stdin=PIPE, stdout=PIPE, env=environment
    )
    assert process.stdout is not None
    try:
        async with timeout(PATIENCE_S):
            line = await process.stdout.readline()
        assert line, "the server did not start"
        yield DjangoServer(orjson.loads(line)["url"])
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
