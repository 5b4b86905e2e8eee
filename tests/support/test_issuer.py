"""The authorization server of the tests does what tests rely on."""

from __future__ import annotations

import base64
import hashlib

import httpx2
import pytest

from support.issuer import Browser, issuer, query_of

pytestmark = pytest.mark.services("node")

RESOURCE = "http://127.0.0.1:8000/mcp"
BACK = "http://127.0.0.1:8000/oauth/callback"
WEB = {
    "client_id": "web",
    "client_secret": "web-secret",
    "redirect_uris": [BACK],
    "response_types": ["code"],
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "scope": "openid offline_access crm.read crm.write",
}
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def authorize(url: str) -> str:
    """The address that asks for a code."""
    query = {
        "client_id": "web",
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "openid offline_access crm.read",
        "resource": RESOURCE,
        "prompt": "consent",
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return str(httpx2.URL(f"{url}/auth", params=query))


async def test_a_person_signs_in_agrees_and_the_tokens_rotate_until_one_is_used_twice() -> None:
    async with issuer(clients=[WEB], resources=[RESOURCE]) as server:
        person = Browser()
        back = query_of(await person.go(authorize(server.url), stop_at=BACK))
        await person.close()
        assert back["state"] == "s1"
        assert back["iss"] == server.url

        first = await server.token(
            *("web", "web-secret"),
            grant_type="authorization_code",
            code=back["code"],
            redirect_uri=BACK,
            code_verifier=VERIFIER,
        )
        assert first["scope"].split() == ["crm.read"]
        refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        second = await server.token("web", "web-secret", **refresh)
        assert second["refresh_token"] != first["refresh_token"]

        again = await server.token("web", "web-secret", **refresh)
        assert again["error"] == "invalid_grant"
        assert await server.events("grant.success refresh_token") == 1
        assert await server.events("grant.error refresh_token") == 1
        assert await server.events("grant.revoked") == 1


async def test_a_person_refuses() -> None:
    async with issuer(clients=[WEB], resources=[RESOURCE]) as server:
        person = Browser()
        back = query_of(await person.go(authorize(server.url), stop_at=BACK, refuse=True))
        await person.close()
        assert back["error"] == "access_denied"


async def test_a_device_is_let_in_by_its_code() -> None:
    device = {
        "client_id": "tv",
        "token_endpoint_auth_method": "none",
        "redirect_uris": [],
        "response_types": [],
        "grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
    }
    async with issuer(clients=[device], resources=[RESOURCE]) as server, httpx2.AsyncClient() as http:
        form = {"client_id": "tv", "scope": "openid crm.read", "resource": RESOURCE}
        asked = (await http.post(f"{server.url}/device/auth", data=form)).json()
        poll = {
            "client_id": "tv",
            "grant_type": device["grant_types"][0],
            "device_code": asked["device_code"],
        }
        assert (await http.post(f"{server.url}/token", data=poll)).json()["error"] == "authorization_pending"

        person = Browser()
        await person.go(asked["verification_uri"], stop_at="nowhere", user_code=asked["user_code"])
        await person.close()
        assert "access_token" in (await http.post(f"{server.url}/token", data=poll)).json()


async def test_answers_are_cut_replaced_and_signed_with_other_keys_on_demand() -> None:
    async with issuer(clients=[WEB], resources=[RESOURCE]) as server, httpx2.AsyncClient() as http:
        before = {key["kid"] for key in (await http.get(f"{server.url}/jwks")).json()["keys"]}
        await server.change_keys()
        assert before < {key["kid"] for key in (await http.get(f"{server.url}/jwks")).json()["keys"]}
        await server.change_keys(drop=True)
        assert not before & {key["kid"] for key in (await http.get(f"{server.url}/jwks")).json()["keys"]}

        await server.fail("/jwks", status=502, body="<html>")
        assert (await http.get(f"{server.url}/jwks")).status_code == 502
        assert (await http.get(f"{server.url}/jwks")).status_code == 200

        await server.cut("/token")
        with pytest.raises(httpx2.RemoteProtocolError):
            await server.access_token("web", "web-secret", resource=RESOURCE, scope="crm.read")
        assert await server.events("grant.success client_credentials") == 1
        assert await server.requests("/token") == 1


async def test_tokens_are_opaque_where_that_is_asked_for() -> None:
    async with issuer(clients=[WEB], resources=[RESOURCE], format="opaque") as server:
        token = await server.access_token("web", "web-secret", resource=RESOURCE, scope="crm.read")
        assert "." not in token
        await server.change(format="jwt")
        token = await server.access_token("web", "web-secret", resource=RESOURCE, scope="crm.read")
        assert token.count(".") == 2
