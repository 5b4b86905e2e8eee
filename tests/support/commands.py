"""Commands about accounts, run as programs, with the authorization server in this process."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.authorization import CLIENT, SECRET, Authority
from support.programs import PATIENCE_S, start
from support.serving import served

_ADDRESS = re.compile(r"https?://\S+")


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


@dataclass
class Running:
    """A command that waits for a person."""

    process: Process
    said: str = ""

    async def address(self) -> str:
        """The next address that it prints."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            while True:
                line = (await self.process.stderr.readline()).decode()
                assert line, f"it ended: {self.said}"
                self.said += line
                found = _ADDRESS.search(line)
                if found:
                    return found[0]

    async def end(self, typed: str = "") -> Ended:
        """Type something, and wait for the end."""
        async with asyncio.timeout(PATIENCE_S):
            out, err = await self.process.communicate(typed.encode())
        assert self.process.returncode is not None
        return Ended(self.process.returncode, out.decode(), self.said + err.decode())


@dataclass
class Office:
    """A configuration with the connections `crm` (OAuth) and `play` (sandbox)."""

    authority: Authority
    config: Path
    data: Path

    async def begin(self, *arguments: str) -> Running:
        """Start `wirepost connections …`."""
        where = ("--config", str(self.config))
        return Running(await start("connections", *arguments, *where, WIREPOST__DATA_DIR=str(self.data)))

    async def run(self, *arguments: str, typed: str = "") -> Ended:
        """Run `wirepost connections …` to its end."""
        return await (await self.begin(*arguments)).end(typed)


@asynccontextmanager
async def office(directory: Path, **oauth: Any) -> AsyncIterator[Office]:
    """An office in a directory; `oauth` adds to the settings of the consent."""
    authority = Authority()
    secret = directory / "client-secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET)
    async with served(authority.app) as base:
        more = "".join(f"      {name}: {json.dumps(value)}\n" for name, value in oauth.items())
        config = directory / "wirepost.yaml"
        config.write_text(f"""\
# where we are
connections:
  # the customers
  crm:
    provider: http
    environment: test
    auth: oauth
    client_id: {CLIENT}
    client_secret: file:{secret}
    base_url: {base}
    check: /me
    scopes: [contacts.read, contacts.write]
    oauth:
      authorize_url: https://login.example.com/authorize
      token_url: {base}/token
      device_url: {base}/device
      revoke_url: {base}/revoke
      issuer: {authority.issuer}
{more}  play:
    provider: stripe
    environment: sandbox
""")
        yield Office(authority, config, directory / "data")


def free_port() -> int:
    """A port that nobody has at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
