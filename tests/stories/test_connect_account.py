"""A person connects an account at an authorization server that others wrote: in a browser, on a device."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import httpx2
import pytest

from support import django_oauth
from support.browser import browser
from support.django_oauth import django_server
from support.issuer import Browser, issuer, query_of
from support.running import running
from support.serving import served
from wirepost.app import build_app
from wirepost.calls.caller import LOCAL
from wirepost.connections.check import check
from wirepost.connections.oauth.callback import Callback
from wirepost.core.errors import NotConnected
from wirepost.server.asgi import build_asgi
from wirepost.server.mcp import build_mcp

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SECRET = "s%c+r:e&t/="
NARROW = {"width": 320, "height": 640}


@asynccontextmanager
async def office(tmp_path, **connection):
    """A server with a connection `crm` at oidc-provider, which knows it as a client."""
    async with issuer() as provider:
        crm = {
            **connection_to(provider.url, write_secret(tmp_path), "wirepost"),
            "scopes": ["openid", "offline_access"],
            "oauth": {
                "authorize_url": f"{provider.url}/auth",
                "token_url": f"{provider.url}/token",
                "device_url": f"{provider.url}/device/auth",
                "revoke_url": f"{provider.url}/token/revocation",
                "issuer": provider.url,
            },
            **connection,
        }
        async with running(tmp_path, connections={"crm": crm}) as wirepost:
            asgi = build_asgi(wirepost.app, build_mcp(wirepost.app.calls, secret=b"s" * 32, version="1"))
            async with served(asgi) as base:
                wirepost.app.links.address = base
                await provider.change(clients=[client(f"{base}/oauth/callback/crm")])
                yield wirepost.app, provider


def write_secret(folder):
    secret = folder / "client-secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET)
    return secret


def connection_to(url, secret, client_id):
    return {
        "provider": "http",
        "environment": "test",
        "auth": "oauth",
        "client_id": client_id,
        "client_secret": f"file:{secret}",
        "base_url": url,
        "check": "/me",
    }


def client(redirect_uri):
    return {
        "client_id": "wirepost",
        "client_secret": SECRET,
        "token_endpoint_auth_method": "client_secret_post",
        "redirect_uris": [redirect_uri],
        "response_types": ["code"],
        "grant_types": [
            "authorization_code",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
    }


async def check_page(window) -> None:
    """What holds for each of our pages, whatever it shows."""
    seen = await window.do("look")
    assert seen["lang"] == "en"
    assert (seen["scripts"], seen["handlers"]) == (0, 0)
    assert seen["overflow"] <= 0, "nothing is wider than the window"
    assert await window.do("accessibility") == []


async def sign_in_and_agree(window) -> None:
    """What a person does at oidc-provider, by keyboard."""
    await window.tab_to("login")
    await window.do("type", text="anna")
    await window.tab_to("password")
    await window.do("type", text="any")
    await window.do("follow")
    await window.tab_to("Continue")
    await window.do("follow")


@pytest.mark.services("chromium", "node")
async def test_from_the_link_to_the_list_by_keyboard_on_a_small_screen(tmp_path) -> None:
    async with office(tmp_path) as (app, provider), browser(tmp_path) as window:
        await window.do("size", **NARROW)
        await connect_by_keyboard(app, window)
        account = await app.accounts.find("crm")
        assert (account.state, account.account_key) == ("active", "anna")
        assert account.tokens.refresh
        await read_the_list(app, window)
        text = (await window.do("look"))["text"]
        assert "Ready" in text
        assert account.tokens.access not in text
        await window.tab_to("Remove…")
        await window.do("press", key="Enter")
        await window.tab_to("Remove the account")
        await window.do("follow")
        assert "Not connected" in (await window.do("look"))["text"]
        assert await provider.requests("/token/revocation") == 2
        assert await app.accounts.find("crm") is None
        complaints = await window.do("complaints")
        assert not [each for each in complaints if "Security Policy" in each]


async def connect_by_keyboard(app, window) -> None:
    link = await app.links.create("crm", "shared")
    page = await window.do("goto", url=link.url)
    assert page["headers"]["cache-control"] == "no-store"
    await check_page(window)
    focused = await window.tab_to("Continue to The HTTP service")
    assert focused["outline"] == "solid 3px", "the focus is seen"
    await window.do("follow")
    await sign_in_and_agree(window)
    done = await window.do("look")
    assert done["url"].endswith("/oauth/done"), "no code and no state in the address"
    assert "crm is connected to" in done["text"]
    await check_page(window)
    hops = [hop for hop in await window.do("seen") if "/oauth/callback" in hop["url"]]
    assert {hop["headers"]["referrer-policy"] for hop in hops} == {"no-referrer"}


async def read_the_list(app, window) -> None:
    """In the light and in the dark."""
    listed = await window.do("goto", url=f"{app.links.address}/connections")
    assert listed["status"] == 200
    for is_dark in (True, False):
        await window.do("dark", on=is_dark)
        await check_page(window)


@pytest.mark.services("chromium", "node")
async def test_a_person_who_says_no_is_told_so_and_nothing_is_stored(tmp_path) -> None:
    async with office(tmp_path) as (app, _), browser(tmp_path) as window:
        link = await app.links.create("crm", "shared")
        await window.do("goto", url=link.url)
        await window.tab_to("Continue to The HTTP service")
        await window.do("follow")
        await window.tab_to("[ Cancel ]")
        await window.do("follow")
        assert "Consent was not given" in (await window.do("look"))["text"]
        await check_page(window)
        assert await app.accounts.everyone() == []


@pytest.mark.services("node")
async def test_a_connected_account_is_renewed_and_survives_a_restart(tmp_path) -> None:
    async with office(tmp_path) as (app, provider):
        await consent(app)
        access = await app.connections.by_name["crm"].access(LOCAL.id)
        first = await access.credential.header()
        access.credential.forget(first)
        second = await access.credential.header()
        assert second != first
        assert await provider.events("grant.success refresh_token") == 1
        settings = app.settings
        await app.close()
        again = await build_app(settings)
        try:
            checked = await check(again.connections.by_name["crm"])
            assert checked.probe.identity
        finally:
            await again.close()


async def consent(app, login="alice"):
    """Without our pages: the way of `wirepost connections authorize --paste`."""
    url = await app.connecting.begin("crm", "shared", (), app.links.address, None)
    person = Browser(login)
    try:
        ended = await person.go(url, stop_at=app.links.address)
    finally:
        await person.close()
    return await app.connecting.finish(Callback.of_url(ended), None)


@pytest.mark.services("node")
async def test_another_account_is_refused_and_the_first_one_goes_on(tmp_path) -> None:
    async with office(tmp_path) as (app, _):
        await consent(app, "anna")
        with pytest.raises(NotConnected) as refused:
            await consent(app, "bert")
        assert refused.value.detail["reason"] == "another_account"
        assert (await app.accounts.find("crm")).account_key == "anna"
        assert (await check(app.connections.by_name["crm"])).probe.identity


@pytest.mark.services("node")
async def test_a_code_is_typed_on_another_device(tmp_path) -> None:
    async with office(tmp_path) as (app, _):
        shown = asyncio.Queue()
        waiting = asyncio.create_task(app.connecting.by_device("crm", "shared", (), shown.put_nowait))
        code = await shown.get()
        person = Browser("anna")
        try:
            await person.go(code.verification_uri, stop_at="http://nowhere", user_code=code.user_code)
        finally:
            await person.close()
        connected = await waiting
        assert connected.account.account_label
        assert (await check(app.connections.by_name["crm"])).probe.identity


@pytest.mark.services("node")
async def test_a_code_cannot_be_used_with_another_redirect_address(tmp_path) -> None:
    async with office(tmp_path) as (app, _):
        url = await app.connecting.begin("crm", "shared", (), app.links.address, None)
        person = Browser()
        try:
            ended = await person.go(url, stop_at=app.links.address)
        finally:
            await person.close()
        with pytest.raises(NotConnected) as refused:
            await app.connecting.finish(
                Callback.of_url(ended.replace("/callback/crm", "/callback/other")), None
            )
        assert refused.value.detail["reason"] == "sender"


@pytest.mark.services("django-oauth")
async def test_a_second_server_of_others_agrees(tmp_path) -> None:
    here = "https://wirepost.example.com"
    async with django_server(tmp_path, redirect_uri=f"{here}/oauth/callback/crm") as server:
        crm = {
            **connection_to(server.url, write_secret(tmp_path), django_oauth.CLIENT),
            "scopes": ["read"],
            "oauth": {
                "authorize_url": f"{server.url}/authorize",
                "token_url": f"{server.url}/token",
                "revoke_url": f"{server.url}/token/revocation",
            },
        }
        async with running(tmp_path, connections={"crm": crm}) as wirepost, httpx2.AsyncClient() as http:
            app = wirepost.app
            url = await app.connecting.begin("crm", "shared", (), here, None)
            ended = (await http.get(url)).headers["location"]
            assert "iss" not in query_of(ended)
            connected = await app.connecting.finish(Callback.of_url(ended), None)
            assert connected.account.scopes_granted == ("read",)
            assert (await check(app.connections.by_name["crm"])).probe.identity
            with pytest.raises(NotConnected):
                await app.connecting.finish(Callback.of_url(ended), None)
            assert await app.connecting.remove("crm", "shared") is None
        assert await server.answers("/token", 200) == 1
        assert await server.answers("/token/revocation", 200) == 2


@pytest.mark.services("node")
async def test_where_callers_sign_in_a_browser_does_so_at_the_same_issuer(tmp_path) -> None:
    async with issuer() as provider:
        auth = {
            "mode": "oauth",
            "issuer": provider.url,
            "client_id": "wirepost",
            "client_secret": f"file:{write_secret(tmp_path)}",
        }
        crm = {
            **connection_to(provider.url, tmp_path / "client-secret", "wirepost"),
            "owner": "caller",
            "oauth": {"authorize_url": f"{provider.url}/auth", "token_url": f"{provider.url}/token"},
        }
        async with running(tmp_path, connections={"crm": crm}, server={"auth": auth}) as wirepost:
            app = wirepost.app
            asgi = build_asgi(app, build_mcp(app.calls, secret=b"s" * 32, version="1"))
            async with served(asgi) as base, httpx2.AsyncClient(base_url=base) as window:
                app.links.address = base
                await provider.change(clients=[client(f"{base}/oauth/sign-in")])
                link = await app.links.create("crm", f"{provider.url}|anna")
                page = await signed_in(window, link.url, base, "anna")
                assert "Continue to The HTTP service" in page.text
                window.cookies.clear()
                page = await signed_in(window, link.url, base, "bert")
                assert page.status_code == 403
                assert f"{provider.url}|bert" in page.text
                listed = await window.get("/connections")
                assert "crm, for you" in listed.text


async def signed_in(window, url, base, login):
    """Open an address of ours that sends a person to sign in first."""
    gone = await window.get(url)
    person = Browser(login)
    try:
        ended = await person.go(gone.headers["location"], stop_at=f"{base}/oauth/sign-in")
    finally:
        await person.close()
    entered = await window.get(ended)
    assert entered.status_code == 303, entered.text
    return await window.get(entered.headers["location"])
