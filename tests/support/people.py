"""The pages that people see, over real parts and an authorization server in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
from starlette.applications import Starlette

from support.authorization import CLIENT, SECRET, Authority
from support.serving import served
from wirepost.calls.approvals import Approvals
from wirepost.connections.accounts import Account, Accounts
from wirepost.connections.connections import Connection, Connections
from wirepost.connections.oauth.connecting import Connecting
from wirepost.connections.oauth.flows import Flows
from wirepost.connections.oauth.links import Links
from wirepost.connections.oauth.party import Party
from wirepost.connections.oauth.refresh import Refresher
from wirepost.core.clock import Clock
from wirepost.jobs.files import Files
from wirepost.jobs.jobs import Jobs
from wirepost.providers import load_provider
from wirepost.secrets.vault import KeyRing, Vault
from wirepost.server.people import people_routes
from wirepost.settings import ConnectionSettings
from wirepost.store.database import Database
from wirepost.store.leases import Leases
from wirepost.store.signals import Signals

HERE = "http://127.0.0.1:8484"


class Page(HTMLParser):
    """An answer as a person sees it."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__(convert_charrefs=True)
        self.answer, self.status = answer, answer.status_code
        self.text = ""
        self.forms: dict[str, dict[str, str]] = {}
        """Label of the button → address (under "") and hidden fields."""
        self.tags: list[str] = []
        self._form: dict[str, str] = {}
        self._in_button = False
        if "html" in answer.headers.get("content-type", ""):
            self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms and their fields."""
        self.tags.append(tag)
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            assert given["method"] == "post"
            self._form = {"": given["action"]}
        elif tag == "input":
            self._form[given["name"]] = given["value"]
        elif tag == "button":
            self._in_button, self._label = True, given.get("aria-label")

    def handle_data(self, data: str) -> None:
        """Note what can be read."""
        self.text += f"{data} "
        if self._in_button:
            self.forms[self._label or data] = self._form

    def handle_endtag(self, tag: str) -> None:
        """A button's label ends with it."""
        if tag == "button":
            self._in_button = False


class Window:
    """A browser that keeps cookies, sends what its forms hold, and follows nothing by itself."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    async def open(self, path: str, **options: Any) -> Page:
        """Open an address."""
        return Page(await self.http.get(path, **options))

    async def press(self, page: Page, label: str, **changes: str) -> Page:
        """Press the button of a form; `changes` replaces fields."""
        fields = {**page.forms[label], **changes}
        action = fields.pop("")
        headers = {"content-type": "application/x-www-form-urlencoded", "origin": HERE}
        return Page(await self.http.post(action, content=urlencode(fields), headers=headers))

    async def follow(self, page: Page) -> Page:
        """Go where a page leads."""
        assert page.status == httpx2.codes.SEE_OTHER, page.text
        return await self.open(page.answer.headers["location"])


@dataclass
class Reception:
    """A server's pages, what stands behind them, and the provider's side."""

    authority: Authority
    accounts: Accounts
    links: Links
    connecting: Connecting
    connections: Connections
    database: Database
    asgi: Starlette
    jobs: Jobs
    approvals: Approvals
    changed: list[bool] = field(default_factory=list)

    @asynccontextmanager
    async def window(self, client: str = "127.0.0.1") -> AsyncIterator[Window]:
        """A new browser."""
        transport = httpx2.ASGITransport(app=self.asgi, client=(client, 40000))
        address = self.links.address or HERE
        async with httpx2.AsyncClient(transport=transport, base_url=address) as http:
            yield Window(http)

    async def link(self, connection: str = "crm", owner: str = "shared", *scopes: str) -> str:
        """A fresh link, as the path of its address."""
        made = await self.links.create(connection, owner, scopes)
        assert made is not None
        parts = urlsplit(made.url)
        return f"{parts.path}?{parts.query}"


def back(parameters: dict[str, str], path: str = "/oauth/callback") -> str:
    """The address to which a provider sends a browser."""
    return f"{path}?{urlencode(parameters)}"


@asynccontextmanager
async def reception(
    directory: Path,
    clock: Clock,
    connections: dict[str, dict[str, Any]] | None = None,
    *,
    auth: str = "none",
    party: Callable[[], Awaitable[Party]] | None = None,
) -> AsyncIterator[Reception]:
    """Pages for a connection `crm` at the authority, and for those that are given."""
    async with AsyncExitStack() as stack:
        authority = Authority()
        base = await stack.enter_async_context(served(authority.app))
        secret = directory / "client-secret"
        secret.touch(mode=0o600)
        secret.write_text(SECRET)
        crm = {
            "provider": "http",
            "environment": "test",
            "auth": "oauth",
            "client_id": CLIENT,
            "client_secret": f"file:{secret}",
            "base_url": base,
            "check": "/me",
            "scopes": ["contacts.read", "contacts.write"],
            "oauth": {
                "authorize_url": "https://login.example.com/authorize",
                "token_url": f"{base}/token",
                "device_url": f"{base}/device",
                "revoke_url": f"{base}/revoke",
                "issuer": authority.issuer,
            },
        }
        settings = {
            name: ConnectionSettings.model_validate({**crm, **each} if "provider" not in each else each)
            for name, each in {"crm": {}, **(connections or {})}.items()
        }
        database = await Database.open(directory / "wirepost.db", clock)
        stack.push_async_callback(database.close)
        vault = Vault(KeyRing([b"k" * 32]))
        accounts = Accounts(database, clock, vault)
        links = Links(database, clock, HERE)
        known = Connections(
            {
                name: Connection(name, load_provider(each.provider), each, clock, _no_world)
                for name, each in settings.items()
            }
        )
        stack.push_async_callback(known.close)
        refresher = Refresher(accounts, Leases(database, clock), clock)
        stack.push_async_callback(refresher.close)
        known.use(refresher)
        refresher = Refresher(accounts, Leases(database, clock), clock)
        known.use(refresher)
        changed: list[bool] = []

        async def on_change(event: str, account: Account) -> None:
            changed.append(True)

        connecting = Connecting(known, Flows(database, vault, clock), refresher, on_change=on_change)
        mode = SimpleNamespace(server=SimpleNamespace(auth=SimpleNamespace(mode=auth)))
        jobs = Jobs(database, Signals(), clock, Files(database, clock))
        approvals = Approvals(jobs, clock, 3600)
        app = SimpleNamespace(
            links=links,
            secret=b"s" * 32,
            clock=clock,
            connecting=connecting,
            settings=mode,
            long_work=SimpleNamespace(approvals=approvals),
        )
        asgi = Starlette(routes=people_routes(app, party))  # type: ignore[arg-type]
        yield Reception(
            authority, accounts, links, connecting, known, database, asgi, jobs, approvals, changed
        )


def _no_world() -> Any:
    raise AssertionError("nothing here needs the sandbox")
