"""Who may call: real processes, a real authorization server, and the official client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)

from support.issuer import Browser, Issuer, issuer, query_of
from support.programs import Served, serving
from support.running import settings_for
from support.serving import served
from support.worlds import world_at
from wirepost.app import App, build_app
from wirepost.cli.remote import Remote
from wirepost.server.asgi import build_asgi
from wirepost.server.auth.caller_tokens import all_tokens, create, revoke
from wirepost.server.mcp import build_mcp

ERAS = ("auto", "legacy")
PARTS = ("read", "write", "money", "danger")
SCOPES = [f"{toolset}.{part}" for toolset in ("connection", "crm", "stripe") for part in PARTS]
ROBOT: dict[str, Any] = {
    "client_id": "robot",
    "client_secret": "robot-secret",
    "redirect_uris": [],
    "response_types": [],
    "grant_types": ["client_credentials"],
}
TOOLS = {"preset": None, "toolsets": ["connection", "crm", "stripe"]}
BACK = "http://127.0.0.1:3999/callback"


@asynccontextmanager
async def wirepost(tmp_path: Path, authority: Issuer, **auth: str) -> AsyncIterator[Served]:
    """`wirepost serve` that believes this issuer, which in turn knows its address."""
    options = {"mode": "oauth", "issuer": authority.url, **auth}
    lines = "".join(f"    {name}: {value}\n" for name, value in options.items())
    tools = "connection, crm, stripe"
    config = tmp_path / "wirepost.yaml"
    config.write_text(f"server:\n  auth:\n{lines}tools: {{preset: null, toolsets: [{tools}]}}\n")
    async with serving(tmp_path / "data", "--config", str(config)) as server:
        await authority.change(resources=[f"{server.url}/mcp"])
        yield server


class Kept:
    """What the official client remembers."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None
        self.granted: list[str] = []

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens
        self.granted.append(tokens.scope or "")

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Person:
    """Signs in and agrees wherever the official client sends the browser."""

    def __init__(self, browser: Browser) -> None:
        self.browser, self.kept = browser, Kept()
        self.asked: list[str] = []
        self._back: dict[str, str] = {}

    def provider(self, url: str) -> OAuthClientProvider:
        metadata = OAuthClientMetadata.model_validate(
            {"redirect_uris": [BACK], "client_name": "official", "token_endpoint_auth_method": "none"}
        )
        return OAuthClientProvider(f"{url}/mcp", metadata, self.kept, self._leave, self._come_back)

    async def _leave(self, address: str) -> None:
        self.asked.append(query_of(address)["scope"])
        self._back = dict(query_of(await self.browser.go(address, stop_at=BACK)))

    async def _come_back(self) -> AuthorizationCodeResult:
        back = self._back
        assert "code" in back, (back, self.asked)
        return AuthorizationCodeResult(code=back["code"], state=back["state"], iss=back.get("iss"))


@asynccontextmanager
async def calling(url: str, auth: Any, era: str) -> AsyncIterator[Client]:
    """The official client over HTTP."""
    headers = None if isinstance(auth, OAuthClientProvider) else {"Authorization": f"Bearer {auth}"}
    oauth = auth if isinstance(auth, OAuthClientProvider) else None
    async with (
        httpx2.AsyncClient(auth=oauth, headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=era) as client,
    ):
        yield client


EDITOR = {
    "client_id": "editor",
    "application_type": "native",
    "token_endpoint_auth_method": "none",
    "redirect_uris": [BACK],
    "response_types": ["code"],
    "grant_types": ["authorization_code", "refresh_token"],
}
REFUND = {"payment": "pi_none", "intent": "refund", "mode": "preview"}


@pytest.mark.services("node")
@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("era", ERAS)
async def test_the_official_client_finds_the_issuer_registers_and_calls(tmp_path: Path, era: str) -> None:
    async with (
        Browser() as browser,
        issuer(scopes=SCOPES) as authority,
        wirepost(tmp_path, authority) as server,
    ):
        person = Person(browser)
        async with calling(server.url, person.provider(server.url), era) as client:
            assert "stripe_create_refund" in await names(client)
            assert not (await client.call_tool("stripe_list_payments", {"limit": 1})).is_error
            answer = await client.call_tool("stripe_create_refund", REFUND)
            assert answer.structured_content["error"]["code"] == "not_found"
        assert len(person.asked) == 1
        assert {"connection.read", "crm.danger", "stripe.money"} <= set(person.asked[0].split())
        assert await authority.events("registration_create.success") == 1
        assert await authority.requests("/jwks") == 1

        # A token that may less than the client could have: the next call asks for more, and is repeated.
        assert person.kept.tokens is not None
        async with httpx2.AsyncClient() as http:
            form = {
                "client_id": person.kept.client and person.kept.client.client_id,
                "grant_type": "refresh_token",
                "refresh_token": person.kept.tokens.refresh_token,
                "scope": "connection.read stripe.read",
            }
            narrower = (await http.post(f"{authority.url}/token", data=form)).json()
        person.kept.tokens = OAuthToken.model_validate(narrower)
        async with calling(server.url, person.provider(server.url), era) as client:
            assert "stripe_create_refund" not in await names(client)
            answer = await client.call_tool("stripe_create_refund", REFUND)
            assert answer.structured_content["error"]["code"] == "not_found"
        assert {"connection.read", "stripe.read", "stripe.money"} <= set(person.asked[1].split())
        assert await authority.events("registration_create.success") == 1


@pytest.mark.services("node")
@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("form", ["jwt", "opaque"])
async def test_a_client_that_is_known_to_the_issuer_begins_with_little(tmp_path: Path, form: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text(ROBOT["client_secret"])
    secret.chmod(0o600)
    own = {"client_id": "robot", "client_secret": f"file:{secret}"}
    async with (
        Browser() as browser,
        issuer(scopes=SCOPES, clients=[EDITOR, ROBOT], format=form) as authority,
        wirepost(tmp_path, authority, initial_scopes="minimal", **own) as server,
    ):
        person = Person(browser)
        person.kept.client = OAuthClientInformationFull.model_validate({**EDITOR, "issuer": authority.url})
        async with calling(server.url, person.provider(server.url), "auto") as client:
            await client.call_tool("stripe_list_payments", {"limit": 1})
            assert "stripe.money" not in person.asked[0]
            answer = await client.call_tool("stripe_create_refund", REFUND)
            assert answer.structured_content["error"]["code"] == "not_found"
            assert "stripe.money" in person.asked[1]
        assert bool(await authority.requests("/token/introspection")) is (form == "opaque")


async def names(client: Client) -> set[str]:
    """The tools that are listed."""
    return {tool.name for tool in (await client.list_tools()).tools}


@asynccontextmanager
async def in_process(tmp_path: Path, **auth: Any) -> AsyncIterator[tuple[str, App]]:
    """A whole server in this process; its address."""
    settings = settings_for(tmp_path, server={"auth": auth}, tools=TOOLS)
    app = await build_app(settings)
    world = world_at(app.clock.now())
    for connection in app.connections.by_name.values():
        connection.world = lambda: world
    try:
        mcp = build_mcp(app.calls, secret=app.secret, version="1.2.3", clock=app.clock)
        async with served(build_asgi(app, mcp), lifespan="on") as url:
            app.links.address = url
            yield url, app
    finally:
        await app.close()


async def post(
    url: str, body: object, token: str | None = None, path: str = "/mcp", **headers: str
) -> httpx2.Response:
    """One bare request, as no client of ours would send it."""
    sent = {"accept": "application/json, text/event-stream", **headers}
    if token:
        sent["authorization"] = f"Bearer {token}"
    async with httpx2.AsyncClient(timeout=30) as http:
        return await http.post(url + path, json=body, headers=sent)


INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


def call(name: str, number: int = 1, **arguments: Any) -> dict[str, Any]:
    """A call as the handshake era writes it."""
    params = {"name": name, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


async def token_for(app: App, name: str, *scopes: str) -> str:
    """A token of the server's own."""
    return await create(app.database, app.clock.now().timestamp(), name, scopes or None, None)


@pytest.mark.services("node")
async def test_an_issuer_may_be_down_for_a_while_and_change_its_keys(tmp_path: Path) -> None:
    async with issuer(scopes=SCOPES, clients=[ROBOT]) as authority:

        async def token(scope: str = "stripe.read", resource: str | None = None) -> str:
            wanted = resource or f"{url}/mcp"
            return await authority.access_token("robot", "robot-secret", resource=wanted, scope=scope)

        async with in_process(tmp_path, mode="oauth", issuer=authority.url) as (url, _):
            await authority.change(resources=[f"{url}/mcp", f"{url}/mcp/", f"{url}/other"])
            await authority.fail("/.well-known", times=1000)
            early = await token()
            answer = await post(url, INITIALIZE, early)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
            await authority.fail("/.well-known", times=0)

            assert (await post(url, INITIALIZE, early)).status_code == 200
            assert (await post(url, INITIALIZE, await token(resource=f"{url}/mcp/"))).status_code == 200
            wrong = await post(url, INITIALIZE, await token(resource=f"{url}/other"))
            assert wrong.status_code == 401
            assert "another resource" in wrong.headers["www-authenticate"]

            await authority.change_keys()
            assert (await post(url, INITIALIZE, await token())).status_code == 200
            assert (await post(url, INITIALIZE, early)).status_code == 200
            assert await authority.requests("/jwks") == 2


@pytest.mark.services("node")
async def test_discovery_is_where_clients_look_for_it(tmp_path: Path) -> None:
    async with (
        in_process(tmp_path, mode="oauth", issuer="https://login.example.com/") as (url, _),
        httpx2.AsyncClient() as http,
    ):
        for path in ("", "/mcp"):
            found = await http.get(
                f"{url}/.well-known/oauth-protected-resource{path}",
                headers={"origin": "https://inspector.example.com"},
            )
            assert found.status_code == 200
            assert found.headers["access-control-allow-origin"] == "*"
            assert found.headers["cache-control"] == "max-age=300"
            said = found.json()
            assert said["resource"] == f"{url}/mcp"
            assert said["authorization_servers"] == ["https://login.example.com/"]
            assert said["bearer_methods_supported"] == ["header"]
            assert {"crm.read", "stripe.money"} <= set(said["scopes_supported"])
            assert not {"offline_access", "openid", "admin"} & set(said["scopes_supported"])
        await no_documents(http, url, *ELSEWHERE)


ELSEWHERE = (
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/mcp",
    "/.well-known/openid-configuration",
    "/register",
    "/authorize",
    "/token",
)
PROTECTED = ("/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp")


async def no_documents(http: httpx2.AsyncClient, url: str, *paths: str) -> None:
    """Each address says in JSON that nothing is there."""
    for path in paths:
        for answer in (await http.get(url + path), await http.post(url + path)):
            assert answer.status_code in {404, 405}, path
            assert answer.status_code == 405 or answer.json()["error"] == "not_found"


@pytest.mark.parametrize("mode", ["none", "static"])
async def test_without_an_issuer_there_is_nothing_to_discover(tmp_path: Path, mode: str) -> None:
    async with in_process(tmp_path, mode=mode) as (url, app), httpx2.AsyncClient() as http:
        await no_documents(http, url, *ELSEWHERE, *PROTECTED)
        answer = await post(url, INITIALIZE)
        if mode == "none":
            assert answer.status_code == 200
            assert "Connections" in (await http.get(url)).text
            return
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert (await post(url, INITIALIZE, await token_for(app, "alice"))).status_code == 200
        assert "Connections" not in (await http.get(url)).text
        for path in ("/healthz", "/readyz"):
            assert (await http.get(url + path)).status_code == 200


@pytest.mark.parametrize("era", ERAS)
async def test_a_token_sees_and_calls_what_its_scopes_allow(tmp_path: Path, era: str) -> None:
    async with in_process(tmp_path, mode="static") as (url, app):
        token = await token_for(app, "reader", "stripe.read", "connection.read")
        async with calling(url, token, era) as client:
            assert "stripe_list_payments" in await names(client)
            assert "stripe_create_refund" not in await names(client)
            assert not (await client.call_tool("stripe_list_payments", {"limit": 1})).is_error
        rows = await app.database.read("SELECT record FROM audit ORDER BY seq DESC LIMIT 1")
        (reader,) = await all_tokens(app.database)
        assert f'"caller":"token:{reader.id}"' in str(rows[0][0])


@pytest.mark.parametrize("name", ["stripe_create_refund", "crm_update_records"])
async def test_a_batch_with_one_forbidden_call_is_refused_as_a_whole(tmp_path: Path, name: str) -> None:
    async with in_process(tmp_path, mode="static") as (url, app):
        token = await token_for(app, "reader", "stripe.read")
        batch = [call("stripe_get_balance"), call(name, 2)]
        answer = await post(url, batch, token)
        assert answer.status_code == 403
        assert answer.json()["error"] == "insufficient_scope"
        modern = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": name}
        assert (await post(url, call(name), token, **modern)).status_code == 403
        assert await app.database.read("SELECT 1 FROM audit LIMIT 1") == []


async def test_a_header_that_hides_the_tool_does_not_help(tmp_path: Path) -> None:
    async with in_process(tmp_path, mode="static") as (url, app):
        token = await token_for(app, "reader", "stripe.read")
        hidden = call("stripe_create_refund", payment="pi_1")
        for name in ("stripe_get_balance", ""):
            headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": name}
            answer = await post(url, hidden, token, **headers)
            assert answer.status_code == 400, answer.text
        assert await app.database.read("SELECT 1 FROM audit LIMIT 1") == []


async def test_the_older_stream_asks_for_a_token_at_both_of_its_ends(tmp_path: Path) -> None:
    async with in_process(tmp_path, mode="static") as (url, app), httpx2.AsyncClient() as http:
        assert (await http.get(f"{url}/sse")).status_code == 401
        assert (await post(url, INITIALIZE, path="/messages/?session_id=1")).status_code == 401
        reader, other = await token_for(app, "reader", "stripe.read"), await token_for(app, "other")
        headers = {"Authorization": f"Bearer {reader}"}
        endpoint = []
        stream = sse_client(f"{url}/sse", headers, on_session_created=endpoint.append)
        async with Client(stream, mode="legacy") as client:
            assert "stripe_create_refund" not in await names(client)
            assert not (await client.call_tool("stripe_get_balance", {})).is_error
            path = f"/messages/?session_id={endpoint[0]}"
            refused = await post(url, call("stripe_create_refund", 7), reader, path=path)
            assert refused.status_code == 403
            assert (await post(url, call("stripe_get_balance", 8), other, path=path)).status_code == 404


async def test_a_session_belongs_to_the_caller_who_began_it(tmp_path: Path) -> None:
    async with in_process(tmp_path, mode="static") as (url, app):
        alice, bob = await token_for(app, "alice"), await token_for(app, "bob")
        began = await post(url, INITIALIZE, alice)
        session = {"mcp-session-id": began.headers["mcp-session-id"], "mcp-protocol-version": "2025-11-25"}
        ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        assert (await post(url, ready, alice, **session)).status_code == 202
        asked = call("stripe_get_balance", 2)
        assert (await post(url, asked, bob, **session)).status_code == 404
        assert (await post(url, asked, None, **session)).status_code == 401
        assert (await post(url, asked, alice, **session)).status_code == 200
        await revoke(app.database, app.clock.now().timestamp(), "alice")
        assert (await post(url, asked, "wpt_none", **session)).status_code == 401


async def test_a_plan_a_page_and_an_action_belong_to_one_caller(tmp_path: Path) -> None:
    async with in_process(tmp_path, mode="static") as (url, app):
        alice, bob = await token_for(app, "alice"), await token_for(app, "bob")
        async with calling(url, alice, "auto") as hers, calling(url, bob, "auto") as his:

            async def ask(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
                found = (await client.call_tool(name, arguments)).structured_content
                assert found is not None
                return found

            page = await ask(hers, "stripe_list_payments", limit=2)
            stolen = await ask(his, "stripe_list_payments", limit=2, cursor=page["page"]["next_cursor"])
            assert stolen["error"]["code"] == "invalid_arguments"

            paid = next(each for each in page["data"]["records"] if each["status"] == "succeeded")
            refund = {"payment": paid["id"], "intent": "one", "reason": "asked for"}
            plan = await ask(hers, "stripe_create_refund", **refund, mode="preview")
            token = plan["data"]["confirmation"]
            stolen = await ask(his, "stripe_create_refund", **refund, confirmation=token)
            assert stolen["error"]["code"] == "confirmation_mismatch"
            done = await ask(hers, "stripe_create_refund", **refund, confirmation=token)
            again = await ask(hers, "stripe_create_refund", **refund)
            assert again["data"]["id"] == done["data"]["id"]
            other = await ask(his, "stripe_create_refund", **refund)
            assert other["error"]["code"] == "conflict"  # with the payment, which is refunded already


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"host": "evil.example.com"}, 421), ({"origin": "https://evil.example.com"}, 403)],
)
async def test_a_page_that_uses_another_name_is_refused_with_a_good_token_too(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    async with in_process(tmp_path, mode="static") as (url, app):
        token = await token_for(app, "alice")
        assert (await post(url, INITIALIZE, token, **headers)).status_code == status


@pytest.mark.slow
async def test_programs_of_this_account_need_no_token(tmp_path: Path) -> None:
    config = tmp_path / "wirepost.yaml"
    config.write_text("server: {auth: {mode: static}}\n")
    async with serving(tmp_path / "data", "--config", str(config)) as server:
        with Remote(server.directory.socket_path) as local:
            assert local.request("tools/list", {})["tools"]
            local.request("tools/call", {"name": "connection_list", "arguments": {}})
        assert (await post(server.url, INITIALIZE)).status_code == 401
