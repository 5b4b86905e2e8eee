"""What vendors answer at their token endpoints, as they publish it, and what each answer comes to mean."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest

from support.clock import ManualClock
from support.recordings import Recording, recordings
from wirepost.connections.accounts import Tokens
from wirepost.connections.oauth.endpoint import DeviceCode, Granted, Identity, TokenEndpoint, TokenRefused
from wirepost.connections.oauth.method import method_for, origin_of
from wirepost.contracts.auth import AppInstallation, OAuth2
from wirepost.providers import load_provider, provider_names
from wirepost.settings import ConnectionSettings
from wirepost.upstream.limits import Limits
from wirepost.upstream.upstream import Upstream

ADDRESSES = {"shopify": "https://acme.myshopify.com", "salesforce": "https://acme.my.salesforce.com"}
SECRET = "s%c+r:e&t"
CONNECTED = (OAuth2, AppInstallation)
VENDORS = sorted(
    name
    for name in provider_names()
    if name != "http" and any(isinstance(each, CONNECTED) for each in load_provider(name).auth)
)
"""Where people connect accounts; what only signs for its tokens (Vertex AI) is proven in its own folder."""


@dataclass
class Wire:
    """A vendor's endpoints that answer one recording, and what was sent to them."""

    method: OAuth2
    clock: ManualClock
    answer: Recording | None = None
    sent: list[httpx2.Request] = field(default_factory=list)

    def respond(self, request: httpx2.Request) -> httpx2.Response:
        self.sent.append(request)
        if self.answer is None:
            return httpx2.Response(200)
        headers = self.answer.headers(self.clock.now().timestamp())
        return httpx2.Response(self.answer.status, headers=headers, content=self.answer.body)

    @property
    def endpoint(self) -> TokenEndpoint:
        async def nothing() -> str:
            return ""

        async def secret() -> str:
            return SECRET

        upstream = Upstream(
            "acme",
            base_url=origin_of(self.method.token_url),
            credential=nothing,
            limits=Limits(1000, 1000, 100),
            clock=self.clock,
            transport=httpx2.MockTransport(self.respond),
        )
        return TokenEndpoint(self.method, Identity("client", secret), upstream, self.clock)

    @property
    def form(self) -> dict[str, str]:
        """The fields of the only request."""
        (request,) = self.sent
        return dict(parse_qsl(request.content.decode()))


def wire(vendor: str, clock: ManualClock, answer: Recording | None = None, way: str = "oauth") -> Wire:
    way = (answer.told.get("way") if answer else None) or way
    settings = ConnectionSettings.model_validate(
        {"provider": vendor, "environment": "test", "auth": way, "base_url": ADDRESSES.get(vendor)}
    )
    return Wire(method_for(load_provider(vendor), settings), clock, answer)


async def asked(endpoint: TokenEndpoint, told: dict[str, Any]) -> Any:
    """Ask for what the recording is an answer to."""
    device = DeviceCode("device", "CODE", "https://vendor.example/device", None, 900, 5)
    match told["grant"]:
        case "code":
            return await endpoint.exchange_code("code", "https://wirepost.example/oauth/callback", "verifier")
        case "refresh":
            part = told.get("part", "main")
            return {part: await endpoint.refresh("old", part)}
        case "client_credentials":
            return {"main": await endpoint.client_credentials()}
        case "device":
            return await endpoint.poll_device(device)
        case "device_start":
            return await endpoint.start_device(["a", "b"])
    raise AssertionError(told["grant"])


def shown(granted: Granted, now: float) -> dict[str, Any]:
    """A grant in the words of the recordings."""

    def left(at: float | None) -> float | None:
        return None if at is None else at - now

    return {
        "access": granted.tokens.access,
        "refresh": granted.tokens.refresh,
        "scopes": None if granted.scopes is None else list(granted.scopes),
        "life_s": left(granted.expires_at),
        "refresh_life_s": left(granted.refresh_expires_at),
        "address": granted.address,
    }


@pytest.mark.parametrize("answer", recordings("granted"), ids=lambda answer: answer.id)
async def test_tokens_are_found_with_scopes_times_and_address(answer: Recording, clock: ManualClock) -> None:
    now = clock.now().timestamp()
    found = await asked(wire(answer.vendor, clock, answer).endpoint, answer.told)
    assert {part: shown(granted, now) for part, granted in found.items()} == answer.told["granted"]
    for granted in found.values():
        assert (granted.refresh_at is None) == (granted.expires_at is None)
        assert granted.refresh_at is None or now < granted.refresh_at < granted.expires_at
    if "account" in answer.told:
        method = wire(answer.vendor, clock, answer).method
        assert found["main"].reply[method.account_at] == answer.told["account"]
    if "asked" in answer.told:
        assert set(found["main"].scopes) < set(answer.told["asked"])


@pytest.mark.parametrize("answer", recordings("refused"), ids=lambda answer: answer.id)
async def test_a_refusal_says_who_can_help(answer: Recording, clock: ManualClock) -> None:
    expected = answer.told["refused"]
    ask = asked(wire(answer.vendor, clock, answer).endpoint, answer.told)
    if expected["kind"] == "pending":
        assert await ask is None
        return
    with pytest.raises(TokenRefused) as refused:
        await ask
    assert refused.value.kind == expected["kind"]
    assert expected["code"] in {None, refused.value.code}
    assert refused.value.retry_after_s == pytest.approx(answer.told.get("retry_after_s"))
    assert "<" not in refused.value.words


@pytest.mark.parametrize("answer", recordings("device_start"), ids=lambda answer: answer.id)
async def test_a_device_gets_a_code_to_show(answer: Recording, clock: ManualClock) -> None:
    vendor = wire(answer.vendor, clock, answer)
    code = await asked(vendor.endpoint, answer.told)
    assert code.user_code == answer.told["body"]["user_code"]
    assert code.interval_s == 5
    assert code.verification_uri.startswith("https://")
    assert vendor.form["client_id"] == "client"
    assert vendor.form["scope"] == "a b"
    assert vendor.form.get("response_type") == ("device_code" if answer.vendor == "salesforce" else None)


# Where each vendor documents its endpoints stands in the module of its declaration.
ADDRESSED = {
    ("github", "oauth"): "https://github.com/login/oauth/access_token",
    ("google", "oauth"): "https://oauth2.googleapis.com/token",
    ("hubspot", "oauth"): "https://api.hubapi.com/oauth/2026-09/token",
    ("salesforce", "oauth"): "https://acme.my.salesforce.com/services/oauth2/token",
    ("shopify", "oauth"): "https://acme.myshopify.com/admin/oauth/access_token",
    ("slack", "oauth"): "https://slack.com/api/oauth.v2.access",
    ("stripe", "connect"): "https://connect.stripe.com/oauth/token",
    ("stripe", "apps"): "https://api.stripe.com/v1/oauth/token",
}


@pytest.mark.parametrize(("vendor", "way"), ADDRESSED)
async def test_a_code_goes_to_the_vendor_s_own_endpoint_as_the_vendor_wants_it(vendor, way, clock) -> None:
    (answer,) = [
        each
        for each in recordings("granted", vendor)
        if each.told.get("way", "oauth") == way and each.told["grant"] == "code"
    ][:1]
    vendor_wire = wire(vendor, clock, answer, way)
    await asked(vendor_wire.endpoint, answer.told)
    (request,), form = vendor_wire.sent, vendor_wire.form
    assert str(request.url) == ADDRESSED[vendor, way]
    assert request.headers["accept"] == "application/json"  # GitHub answers in a form without it
    assert form["grant_type"] == "authorization_code"
    if (vendor, way) == ("stripe", "apps"):
        told = request.headers["authorization"].removeprefix("Basic ")
        assert (
            base64.b64decode(told).decode() == f"{SECRET}:"
        )  # the secret key is the user, without a password
        assert "client_secret" not in form
    else:
        assert (form["client_id"], form["client_secret"]) == ("client", SECRET)
        assert "authorization" not in request.headers
    assert form.get("expiring") == ("1" if vendor == "shopify" else None)


REVOKED = {
    ("github", "oauth"): ("DELETE", "https://api.github.com/applications/client/token", "access"),
    ("google", "oauth"): ("POST", "https://oauth2.googleapis.com/revoke", "refresh"),
    ("hubspot", "oauth"): ("POST", "https://api.hubapi.com/oauth/2026-09/token/revoke", "refresh"),
    ("salesforce", "oauth"): ("POST", "https://acme.my.salesforce.com/services/oauth2/revoke", "refresh"),
    ("shopify", "oauth"): (
        "DELETE",
        "https://acme.myshopify.com/admin/api_permissions/current.json",
        "access",
    ),
    ("slack", "oauth"): ("POST", "https://slack.com/api/auth.revoke", "access"),
    ("stripe", "connect"): ("POST", "https://connect.stripe.com/oauth/deauthorize", "acct_1"),
}
"""Where a grant is given back, and what names it in the first request."""


@pytest.mark.parametrize(("vendor", "way"), REVOKED)
async def test_a_grant_is_given_back_as_the_vendor_wants_it(vendor, way, clock) -> None:
    vendor_wire = wire(vendor, clock, way=way)
    await vendor_wire.endpoint.revoke(Tokens("the-access-token", "the-refresh-token"), "acct_1")
    first, method, url, named = vendor_wire.sent[0], *REVOKED[vendor, way]
    assert (first.method, str(first.url)) == (method, url)
    said = f"{first.content.decode()} {dict(first.headers)}"
    assert ("the-refresh-token" in said) is (named == "refresh")
    assert ("the-access-token" in said) is (named == "access")
    if named == "acct_1":
        assert "stripe_user_id=acct_1" in said
    if vendor == "shopify":
        assert first.headers["x-shopify-access-token"] == "the-access-token"


def test_every_vendor_is_known_by_tokens_and_by_each_kind_of_refusal() -> None:
    for vendor in VENDORS:
        grants = {each.told["grant"] for each in recordings("granted", vendor)}
        assert {"code", "refresh"} <= grants, vendor
        kinds = {each.told["refused"]["kind"] for each in recordings("refused", vendor)}
        assert {"reauth", "config", "retry"} <= kinds, vendor


async def test_many_refusals_at_once_do_not_mix(clock: ManualClock) -> None:
    answers = recordings("refused", "slack")
    asks = [asked(wire("slack", clock, each).endpoint, each.told) for each in answers]
    found = await asyncio.gather(*asks, return_exceptions=True)
    assert [each.kind for each in found] == [each.told["refused"]["kind"] for each in answers]  # type: ignore[union-attr]
