"""An authorization server that others wrote (oidc-provider), and a person with a browser in front of it."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from typing import Any, Self
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx2
import orjson

from support.node import CLIENTS, find_node

PATIENCE_S = 30
MAX_STEPS = 20
_REDIRECTS = frozenset({301, 302, 303, 307})


class Issuer:
    """The running server: where it is, what happened there, and orders to it."""

    def __init__(self, process: Process, url: str, orders: str) -> None:
        self.process, self.url = process, url
        self._orders = orders

    async def token(self, client_id: str, secret: str, **form: str) -> dict[str, Any]:
        """What the token endpoint answers to a form from a confidential client."""
        async with httpx2.AsyncClient() as http:
            fields = {"client_id": client_id, "client_secret": secret, **form}
            answer = await http.post(f"{self.url}/token", data=fields)
        body: dict[str, Any] = answer.json()
        return body

    async def access_token(self, client_id: str, secret: str, *, resource: str, scope: str) -> str:
        """An access token for the client itself (it needs the grant client_credentials)."""
        answer = await self.token(
            client_id, secret, grant_type="client_credentials", resource=resource, scope=scope
        )
        return str(answer["access_token"])

    async def requests(self, path: str) -> int:
        """How many requests came to a path."""
        return int((await self._order("/"))["requests"].get(path, 0))

    async def events(self, name: str) -> int:
        """How often something happened, such as `grant.success refresh_token` or `grant.revoked`."""
        return int((await self._order("/"))["events"].get(name, 0))

    async def secrets(self) -> set[str]:
        """Every code, token, verifier and whatever else was given out here, or brought here to get it."""
        return set((await self._order("/"))["secrets"])

    async def end_grants(self, login: str) -> None:
        """A person takes back whatever they have agreed to."""
        await self._order("/ends", {"account": login})

    async def end_access_tokens(self, login: str) -> None:
        """The access tokens of a person are good for nothing any more, before their time."""
        await self._order("/ends", {"account": login, "tokens": True})

    async def change_keys(self, *, drop: bool = False) -> None:
        """Sign with a new key; the old one stays published unless it is dropped."""
        await self._order("/keys", {"drop": drop})

    async def change(self, **settings: Any) -> None:
        """Other settings from now on; what was issued stays."""
        await self._order("/settings", settings)

    async def fail(
        self, path: str, *, times: int = 1, status: int = 503, body: str = "", **headers: str
    ) -> None:
        """Answer the next requests to paths that begin so in another way (with no times: normally again)."""
        fault = {"path": path, "times": times, "how": "answer", "status": status, "body": body}
        await self._order("/faults", [{**fault, "headers": headers}])

    async def cut(self, path: str, *, times: int = 1) -> None:
        """Carry out the next requests to a path, and cut the connection instead of answering."""
        await self._order("/faults", [{"path": path, "times": times, "how": "cut"}])

    async def _order(self, path: str, body: object = None) -> dict[str, Any]:
        async with httpx2.AsyncClient() as http:
            answer = await http.post(f"{self._orders}{path}", json=body if body is not None else {})
        counts: dict[str, Any] = answer.json()
        return counts


@asynccontextmanager
async def issuer(**settings: Any) -> AsyncIterator[Issuer]:
    """Start the server with settings as `tests/clients/issuer.mjs` names them; it ends with the block.

    A test that uses this is marked `services("node")`.
    """
    node = find_node()
    assert node is not None
    environment = {**os.environ, "ISSUER": orjson.dumps(settings).decode()}
    process = await asyncio.create_subprocess_exec(
        node, str(CLIENTS / "issuer.mjs"), stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment
    )
    assert process.stdout is not None
    assert process.stderr is not None
    complaints = asyncio.ensure_future(process.stderr.read())
    try:
        async with asyncio.timeout(PATIENCE_S):
            line = await process.stdout.readline()
        assert line, (await complaints).decode()
        said = orjson.loads(line)
        yield Issuer(process, said["issuer"], said["orders"])
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await complaints


class Browser:
    """A person who follows every link, signs in, and agrees (or refuses)."""

    def __init__(self, login: str = "alice") -> None:
        self.login = login
        self.http = httpx2.AsyncClient()
        self.visited: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the window."""
        await self.http.aclose()

    async def go(self, address: str, *, stop_at: str, refuse: bool = False, **fields: str) -> str:
        """Follow redirects and fill in forms, until an address begins with `stop_at`; that whole address.

        `fields` fills in what else forms ask for, such as `user_code`. With nothing left to follow or to
        fill in, the last address is the answer.
        """
        typed = {"login": self.login, "password": "any", **fields}
        request: tuple[str, str, dict[str, str] | None] = ("GET", address, None)
        for _ in range(MAX_STEPS):
            method, here, form = request
            if here.startswith(stop_at):
                return here
            self.visited.append(here)
            response = await self.http.request(method, here, data=form)
            if response.status_code in _REDIRECTS:
                request = ("GET", urljoin(here, response.headers["location"]), None)
                continue
            assert response.status_code == httpx2.codes.OK, f"{here}: {response.status_code} {response.text}"
            page = _Page(response.text)
            if refuse and page.abort:
                request = ("GET", urljoin(here, page.abort), None)
                continue
            if page.action is None:
                return here
            filled = {name: typed.get(name, value) for name, value in page.fields.items()}
            request = ("POST", urljoin(here, page.action), filled)
        raise AssertionError(f"no end after {MAX_STEPS} steps: {self.visited}")


def query_of(address: str) -> Mapping[str, str]:
    """The parameters of an address."""
    return dict(parse_qsl(urlsplit(address).query))


class _Page(HTMLParser):
    """The first form of a page: its action and fields; and the link that gives up."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.abort: str | None = None
        self.fields: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember forms, their fields, and the link to give up."""
        said = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action = said.get("action", "")
        elif tag == "input" and said.get("name") and said.get("type") != "submit":
            self.fields[said["name"]] = said.get("value", "")
        elif tag == "a" and said.get("href", "").endswith("/abort"):
            self.abort = said["href"]
