"""A person consents at each vendor, which answers as it publishes; the account is known afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from support.clock import ManualClock
from support.people import reception
from support.recordings import Recording, recordings
from support.serving import served
from wirepost.connections.oauth.callback import Callback
from wirepost.core.errors import NotConnected
from wirepost.providers.shopify.oauth import signature

SHOP = {
    "shop": {
        "id": "gid://shopify/Shop/1",
        "name": "Acme",
        "myshopifyDomain": "127.0.0.1",
        "plan": {"partnerDevelopment": True},
    },
    "currentAppInstallation": {
        "app": {"title": "Wirepost"},
        "accessScopes": [{"handle": "read_products"}, {"handle": "write_products"}],
    },
}
API: dict[str, dict[str, Any]] = {
    "github": {"/user": {"login": "octocat", "id": 1}},
    "google": {"/oauth2/v3/userinfo": {"sub": "107", "email": "jsmith@example.com"}},
    "hubspot": {
        "/account-info/2026-09/details": {
            "portalId": 62515,
            "accountType": "DEVELOPER_TEST",
            "uiDomain": "app.hubspot.com",
        }
    },
    "shopify": {"/admin/api/2026-10/graphql.json": {"data": SHOP}},
    "slack": {
        "/auth.test": {
            "ok": True,
            "team": "Slack Softball Team",
            "team_id": "T9TK3CUKW",
            "user_id": "U0KRQLJ9H",
        }
    },
    "stripe": {"/v1/balance": {"object": "balance", "livemode": False}},
}
"""What each vendor's API says to who asks whose account it is."""
KNOWN = {
    ("github", "app-user-code"): ("1", "octocat", ("repo", "read:org")),
    ("google", "code-with-less-than-asked"): (
        "107",
        "jsmith@example.com",
        ("https://www.googleapis.com/auth/calendar.readonly",),
    ),
    ("hubspot", "code"): (
        "62515",
        "62515",
        ("oauth", "crm.objects.contacts.write", "crm.objects.contacts.read"),
    ),
    ("shopify", "code"): ("127.0.0.1", "Acme", ("read_products", "write_products")),
    ("slack", "code"): ("T9TK3CUKW", "Slack Softball Team", ("commands", "incoming-webhook")),
    ("stripe", "connect-code"): ("acct_1032D82eZvKYlo2C", "acct_1032D82eZvKYlo2C", ("read_write",)),
    ("stripe", "apps-code"): ("acct_1032D82eZvKYlo2C", "acct_1032D82eZvKYlo2C", ("stripe_apps",)),
}
"""Vendor and recording → id of the account, its name, and what was granted."""


class Vendor:
    """A token endpoint that answers one recording, and the API behind it."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.credentials: set[str] = set()
        self.revoked: list[str] = []
        self.app = Starlette(routes=[Route("/{path:path}", self.answer, methods=["GET", "POST", "DELETE"])])

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        if path in {"/token", "/admin/oauth/access_token"}:
            return Response(self.recording.body, media_type="application/json")
        found = API[self.recording.vendor].get(path)
        if found is None:
            self.revoked.append((await request.body()).decode())
            return JSONResponse({"ok": True})
        own = request.headers.get("x-shopify-access-token")
        self.credentials.add(own or request.headers["authorization"].removeprefix("Bearer "))
        return JSONResponse(found)


def connection(recording: Recording, address: str, secret: Path) -> dict[str, Any]:
    own_host = recording.vendor == "shopify"
    return {
        "provider": recording.vendor,
        "environment": "test",
        "auth": recording.told.get("way", "oauth"),
        "client_id": "client",
        "client_secret": f"file:{secret}",
        "base_url": address,
        "scopes": recording.told.get("asked"),
        "oauth": {} if own_host else {"token_url": f"{address}/token", "revoke_url": f"{address}/revoke"},
        "user_scopes": ["chat:write"] if recording.vendor == "slack" else [],
    }


def callback(sent: str, *, host: str | None = None, **changes: str) -> Callback:
    """The browser as it comes back from where it was sent."""
    asked = dict(parse_qsl(urlsplit(sent).query))
    parameters = {"code": "the-code", "state": asked["state"]}
    if host is not None:
        parameters = {**parameters, "shop": host, "timestamp": "1337178173"}
        parameters["hmac"] = signature(parameters, "the-client-secret")
    path = urlsplit(asked["redirect_uri"]).path
    return Callback.of(path, urlencode({**parameters, **changes}))


@pytest.mark.parametrize(
    ("recording", "known"),
    [
        pytest.param(recording, KNOWN[recording.vendor, recording.name], id=recording.id)
        for recording in recordings("granted")
        if (recording.vendor, recording.name) in KNOWN
    ],
)
async def test_an_account_is_connected_known_and_given_back(
    tmp_path: Path, clock: ManualClock, recording: Recording, known: tuple[str, str, tuple[str, ...]]
) -> None:
    vendor, secret = Vendor(recording), tmp_path / "the-secret"
    secret.touch(mode=0o600)
    secret.write_text("the-client-secret")
    async with served(vendor.app) as address:
        name = "acme"
        settings = {name: connection(recording, address, secret)}
        async with reception(tmp_path, clock, settings) as desk:
            sent = await desk.connecting.begin(name, "shared", (), "https://wirepost.example", "the-cookie")
            host = urlsplit(address).hostname if recording.vendor == "shopify" else None
            done = await desk.connecting.finish(callback(sent, host=host), "the-cookie")
            account = done.account
            assert (account.account_key, account.account_label) == known[:2]
            assert set(account.scopes_granted or ()) == set(known[2])
            main = recording.told["granted"]["main"]
            assert vendor.credentials == {main["access"]}
            user = await desk.accounts.find(name, "shared", "user")
            assert (user is not None) == ("user" in recording.told["granted"])
            assert await desk.connecting.remove(name, "shared") is None
            assert await desk.accounts.find(name, "shared") is None
    if recording.told.get("way") == "connect":
        assert "stripe_user_id=acct_1032D82eZvKYlo2C" in vendor.revoked[0]


async def test_a_redirect_that_the_shop_did_not_sign_stores_nothing(
    tmp_path: Path, clock: ManualClock
) -> None:
    (recording,) = (each for each in recordings("granted", "shopify") if each.name == "code")
    vendor, secret = Vendor(recording), tmp_path / "the-secret"
    secret.touch(mode=0o600)
    secret.write_text("the-client-secret")
    async with (
        served(vendor.app) as address,
        reception(tmp_path, clock, {"acme": connection(recording, address, secret)}) as desk,
    ):
        host = urlsplit(address).hostname
        for change in ({"timestamp": "1337178174"}, {"hmac": "0" * 64}, {"shop": "evil.myshopify.com"}):
            sent = await desk.connecting.begin("acme", "shared", (), "https://wirepost.example", "c")
            with pytest.raises(NotConnected):
                await desk.connecting.finish(callback(sent, host=host, **change), "c")
        assert await desk.accounts.find("acme", "shared") is None
    assert vendor.credentials == set()
