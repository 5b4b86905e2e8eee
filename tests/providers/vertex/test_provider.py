"""Set-up of Vertex AI: addresses, what is missing, and tokens of a service account."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from support.clock import ManualClock
from support.keys import pem, rsa_key
from support.running import running
from support.serving import served
from wirepost.connections.connections import Connection
from wirepost.core.errors import CallError, NotConnected, Unavailable
from wirepost.providers.vertex import PROVIDER, probe
from wirepost.settings import ConnectionSettings
from wirepost.upstream.scope import Scope

KEY = rsa_key()
PEM = pem(KEY)
EMAIL = "wirepost@acme-ai.iam.gserviceaccount.com"


def connection(clock: ManualClock, **options: object) -> Connection:
    given = {"provider": "vertex", "environment": "production", "vertex": {"project": "acme-ai"}}
    settings = ConnectionSettings.model_validate({**given, **options})
    return Connection("vertex", PROVIDER, settings, clock, world=lambda: None)  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize(
    ("vertex", "address"),
    # https://docs.cloud.google.com/vertex-ai/generative-ai/docs/learn/locations
    [
        ({"project": "acme-ai"}, "https://aiplatform.googleapis.com"),
        (
            {"project": "acme-ai", "location": "europe-west3"},
            "https://europe-west3-aiplatform.googleapis.com",
        ),
    ],
)
def test_each_location_has_its_address(clock: ManualClock, vertex: dict[str, str], address: str) -> None:
    assert connection(clock, vertex=vertex).configured_address == address


def test_project_and_location_are_asked_for() -> None:
    with pytest.raises(ValidationError, match="name project and location there"):
        ConnectionSettings.model_validate({"provider": "vertex", "environment": "production"})


def test_what_is_missing_is_said(clock: ManualClock, tmp_path: Path) -> None:
    assert connection(clock).shared.credential.problem == "no client_id is configured"
    without = connection(clock, client_id=EMAIL).shared.credential.problem
    assert without == "neither client_secret nor private_key is configured"
    key = tmp_path / "key.pem"
    key.touch(mode=0o600)
    key.write_text(PEM)
    assert connection(clock, client_id=EMAIL, private_key=f"file:{key}").shared.credential.problem is None


# https://developers.google.com/identity/protocols/oauth2/service-account#httprest
async def test_a_service_account_signs_for_its_token(clock: ManualClock, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.touch(mode=0o600)
    key.write_text(PEM)
    asked: list[dict[str, str]] = []
    seen: list[str] = []

    async def token(request: Request) -> Response:
        asked.append({name: str(value) for name, value in (await request.form()).items()})
        return JSONResponse({"access_token": "ya29.made-up", "expires_in": 3599, "token_type": "Bearer"})

    async def models(request: Request) -> Response:
        seen.append(request.headers["authorization"])
        return JSONResponse({"publisherModels": []})

    app = Starlette(
        routes=[
            Route("/token", token, methods=["POST"]),
            Route("/v1beta1/publishers/google/models", models),
        ]
    )
    async with served(app) as base:
        made = connection(
            clock,
            client_id=EMAIL,
            private_key=f"file:{key}",
            base_url=base,
            oauth={"token_url": f"{base}/token", "audience": "https://oauth2.googleapis.com/token"},
        )
        try:
            found = await probe(made.shared.client(Scope(clock.monotonic() + 45)))
        finally:
            await made.close()
    assert (found.account, seen) == ("acme-ai", ["Bearer ya29.made-up"])
    (form,) = asked
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    head, body, signature = form["assertion"].split(".")
    public = KEY.public_key()
    public.verify(decoded(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(decoded(head))["alg"] == "RS256"
    claims = json.loads(decoded(body))
    assert claims["iss"] == EMAIL
    assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
    assert claims["aud"] == "https://oauth2.googleapis.com/token"
    assert 0 < claims["exp"] - claims["iat"] <= 3600
    assert "sub" not in claims


@pytest.mark.parametrize(
    ("answer", "family", "words"),
    # https://developers.google.com/identity/protocols/oauth2/service-account#error-codes
    [
        (
            (400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}),
            NotConnected,
            "JWT",
        ),
        ((401, {"error": "unauthorized_client"}), NotConnected, "unauthorized_client"),
        ((503, {}), Unavailable, ""),
    ],
)
async def test_a_refused_signature_is_told_and_an_outage_passes(
    clock: ManualClock,
    tmp_path: Path,
    answer: tuple[int, dict[str, str]],
    family: type[CallError],
    words: str,
) -> None:
    status, body = answer
    key = tmp_path / "key.pem"
    key.touch(mode=0o600)
    key.write_text(PEM)

    async def token(_request: Request) -> Response:
        return JSONResponse(body, status_code=status)

    async with served(Starlette(routes=[Route("/token", token, methods=["POST"])])) as base:
        given = {"base_url": base, "oauth": {"token_url": f"{base}/token"}}
        made = connection(clock, client_id=EMAIL, private_key=f"file:{key}", **given)
        try:
            with pytest.raises(family) as refused:
                await probe(made.shared.client(Scope(clock.monotonic() + 45)))
        finally:
            await made.close()
    told = f"{refused.value} {refused.value.provider_code}"
    assert words in told
    assert "PRIVATE KEY" not in told


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


async def test_agents_ask_it_like_any_other(tmp_path: Path, clock: ManualClock) -> None:
    connections = {"vertex": {"provider": "vertex", "environment": "sandbox"}}
    alias = {"connection": "vertex", "model": "gemini-2.5-flash"}
    async with running(
        tmp_path, clock, connections=connections, ai={"models": {"default": alias}}
    ) as wirepost:
        judged = await wirepost.ok("ai_analyze_text", task="sentiment", text="Broken and late")
        assert judged["data"]["items"][0]["label"] == "negative"
        listed = await wirepost.ok("ai_list_models", connection="vertex")
        assert {"id": "gemini-2.5-pro"} in listed["data"]["records"]
        sandbox = wirepost.app.connections.sandbox("vertex")
        assert sandbox is not None
        assert [each.path for each in sandbox.requests].count("/token") == 1


async def test_the_sandbox_gives_no_token_to_anybody_else(clock: ManualClock) -> None:
    sandbox = PROVIDER.sandbox(None, clock)  # type: ignore[arg-type]
    transport = httpx2.ASGITransport(sandbox.app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://vertex.invalid") as client:
        refused = await client.post("/token", data={"grant_type": "client_credentials"})
        nowhere = await client.get("/v1/nothing", headers={"authorization": "Bearer ya29.x"})
        unknown = await client.get("/v1beta1/publishers/google/models")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert (nowhere.status_code, unknown.status_code) == (404, 401)
