"""HubSpot as an app of many people's accounts: the sandbox, behind access tokens that an issuer knows.

And everything in front of it as people have it: the program `wirepost`, its server, clients and browsers.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import orjson
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from support.issuer import Browser, Issuer, issuer
from support.programs import Served, serving, start
from support.serving import served
from support.worlds import world_at
from wirepost.core.clock import Clock
from wirepost.providers.hubspot.sandbox import HubSpotSandbox
from wirepost.providers.hubspot.sandbox.own_objects import PORTAL

SCOPES = (
    "oauth",
    "crm.objects.contacts.read",
    "crm.objects.companies.read",
    "crm.objects.deals.read",
    "crm.objects.owners.read",
    "tickets",
)
CLIENT_SECRET = "gate-client-secret-5f0c1b9d77"
APP: dict[str, Any] = {
    "client_id": "wirepost-app",
    "client_secret": CLIENT_SECRET,
    "application_type": "native",  # any port of the loopback address
    "token_endpoint_auth_method": "client_secret_post",
    "redirect_uris": ["http://127.0.0.1/oauth/callback/crm"],
    "response_types": ["code"],
    "grant_types": [
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
    ],
    "scope": " ".join(("openid", "offline_access", *SCOPES)),
}
"""The app as it is registered at the issuer."""
KEEPER = {
    "client_id": "gate",
    "client_secret": "gate-keeper-secret",
    "redirect_uris": [],
    "response_types": [],
    "grant_types": [],
}
"""The resource server, which may ask the issuer about tokens."""
_EXPIRED = {
    "status": "error",
    "message": "The OAuth token used to make this call expired or was revoked.",
    "category": "EXPIRED_AUTHENTICATION",
}


class Gate:
    """Lets requests through to the sandbox as the account of the person whose token they bring."""

    def __init__(self, authority: Issuer) -> None:
        self._authority = authority
        clock = Clock()
        self.sandbox = HubSpotSandbox(world_at(clock.now()), clock)
        transport = httpx2.ASGITransport(app=self.sandbox.app)
        self._inside = httpx2.AsyncClient(transport=transport, base_url="http://hubspot.invalid")
        self.tokens: list[str] = []
        """Whatever somebody came here with, in order."""
        self.answered: Counter[str] = Counter()
        """Person → requests that were answered."""
        self.refused = 0
        self.app = Starlette(routes=[Route("/{path:path}", self._pass, methods=["GET", "POST", "PATCH"])])

    def settings(self, client_secret: str, **more: Any) -> dict[str, Any]:
        """The connection to it, but for `base_url`; `client_secret` is a reference."""
        at = self._authority.url
        return {
            "provider": "hubspot",
            "environment": "test",
            "auth": "oauth",
            "client_id": APP["client_id"],
            "client_secret": client_secret,
            "limits": {"requests_per_s": 1000, "burst": 1000, "concurrency": 100},
            "oauth": {
                "authorize_url": f"{at}/auth",
                "token_url": f"{at}/token",
                "device_url": f"{at}/device/auth",
                "revoke_url": f"{at}/token/revocation",
                "issuer": at,
                "rotates": True,
            },
            **more,
        }

    async def knows(self, token: str) -> str | None:
        """Whose token it is, as long as it is good."""
        fields = {"client_id": KEEPER["client_id"], "client_secret": KEEPER["client_secret"], "token": token}
        async with httpx2.AsyncClient() as http:
            answer = await http.post(f"{self._authority.url}/token/introspection", data=fields)
        said = answer.json()
        return str(said["sub"]) if said.get("active") else None

    async def close(self) -> None:
        """Nobody comes any more."""
        await self._inside.aclose()

    async def _pass(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.tokens.append(token)
        login = await self.knows(token)
        if login is None:
            self.refused += 1
            return JSONResponse(_EXPIRED, 401)
        headers = {"authorization": f"Bearer {self.sandbox.key}"}
        if "content-type" in request.headers:
            headers["content-type"] = request.headers["content-type"]
        target = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
        answer = await self._inside.request(
            request.method, target, content=await request.body(), headers=headers
        )
        self.answered[login] += 1
        body = answer.content.replace(str(PORTAL).encode(), portal_of(login).encode())
        return Response(body, answer.status_code, media_type=answer.headers.get("content-type"))


def portal_of(login: str) -> str:
    """The number of a person's HubSpot account."""
    return str(int.from_bytes(login.encode()[:3]) + 1_000_000)


@dataclass
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed for programs."""
        return orjson.loads(self.out)


@dataclass
class Seen:
    """A page, or an answer on the way to one, as a browser got it."""

    url: str
    status: int
    headers: httpx2.Headers
    text: str


class Person(Browser):
    """Somebody with a browser, who keeps what it was shown."""

    def __init__(self, login: str) -> None:
        super().__init__(login)
        self.seen: list[Seen] = []
        self.http.event_hooks["response"].append(self._see)
        self.http.timeout = httpx2.Timeout(30)

    async def connect(self, url: str) -> str:
        """Open a link, press on, sign in and agree; what the last page says."""
        await self.go(url, stop_at="the end")
        return self.seen[-1].text

    async def look(self, url: str) -> str:
        """Open a page; what it says."""
        await self.http.get(url)
        return self.seen[-1].text

    async def _see(self, response: httpx2.Response) -> None:
        await response.aread()
        self.seen.append(Seen(str(response.url), response.status_code, response.headers, response.text))


@dataclass
class Office:
    """A machine with Wirepost on it, and the two servers that it speaks to."""

    authority: Issuer
    gate: Gate
    config: Path
    data: Path
    people: list[Person] = field(default_factory=list)
    ran: list[Ran] = field(default_factory=list)

    def change(self, work: Callable[[dict[str, Any]], None]) -> None:
        """Write the configuration anew, for what starts from now on."""
        known = orjson.loads(self.config.read_bytes())
        work(known)
        self.config.write_bytes(orjson.dumps(known))

    @property
    def connections(self) -> list[str]:
        """The names in the configuration."""
        return list(orjson.loads(self.config.read_bytes())["connections"])

    def person(self, login: str) -> Person:
        """Somebody new."""
        self.people.append(Person(login))
        return self.people[-1]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Served]:
        """The server, until the block ends."""
        async with serving(self.data, "--config", str(self.config)) as running:
            yield running

    async def wirepost(
        self, *arguments: str, follow: str = "", by: Callable[[str], Awaitable[str]] | None = None
    ) -> Ran:
        """Run a command to its end.

        Where it prints an address that matches `follow`, somebody goes there (`by`) and types the answer.
        """
        given = ("--config", str(self.config), "--data-dir", str(self.data))
        process = await start(*arguments, *given)
        assert process.stderr is not None
        err, typed = b"", ""
        while by and (line := await process.stderr.readline()):
            err += line
            found = re.search(follow, line.decode())
            if found:
                typed = await by(found[0])
                break
        out, rest = await process.communicate(f"{typed}\n".encode())
        self.ran.append(Ran(process.returncode or 0, out.decode(), (err + rest).decode()))
        return self.ran[-1]

    async def refreshes(self) -> int:
        """How often new tokens were given for a refresh token."""
        return await self.authority.events("grant.success refresh_token")

    async def wait_until_ended(self, token: str) -> None:
        """Until an access token has come to its end, by the issuer's whole seconds and by our fractions."""
        async with asyncio.timeout(30):
            while await self.gate.knows(token):
                pass
            time = asyncio.get_running_loop().time
            ended = time()
            while time() < ended + 1:
                await self.gate.knows(token)


@asynccontextmanager
async def office(
    directory: Path, *, lifetimes: dict[str, int] | None = None, **config: Any
) -> AsyncIterator[Office]:
    """The servers, and a configuration file with the connection `crm`, which `connection` changes."""
    secret = directory / "client-secret"
    secret.touch(mode=0o600)
    secret.write_text(CLIENT_SECRET)
    more, clients = config.pop("connection", {}), [APP, KEEPER, *config.pop("clients", ())]
    async with issuer(clients=clients, scopes=list(SCOPES), lifetimes=lifetimes or {}) as authority:
        gate = Gate(authority)
        async with served(gate.app) as address:
            file = directory / "wirepost.yaml"
            crm = gate.settings(f"file:{secret}", base_url=address, **more)
            tools = {"preset": None, "toolsets": ["connection", "crm"]}
            file.write_bytes(
                orjson.dumps({"tools": tools, "connections": {"crm": crm}, **config})
            )  # JSON is YAML
            there = Office(authority, gate, file, directory / "data")
            try:
                yield there
            finally:
                for person in there.people:
                    await person.close()
                await gate.close()


@asynccontextmanager
async def calling(url: str, era: str, token: str | None = None, **options: Any) -> AsyncIterator[Client]:
    """The official client over HTTP; `elicitation_callback` is how it asks a person."""
    headers = {"Authorization": f"Bearer {token}"} if token else None
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=era, **options) as client,
    ):
        yield client
