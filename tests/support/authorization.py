"""A strict authorization server and its API in one small ASGI app, for odd answers at will."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "wirepost", "s%c+r:e&t/="


@dataclass
class Authority:
    """What a person decides is a method, what programs ask is the app; `reply` changes token answers."""

    issuer: str = "https://login.example.com"
    names_itself: bool = True
    reply: dict[str, Any] = field(default_factory=dict)
    failures: list[Response] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    """The forms that came to the token endpoint."""
    revoked: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    pending: int = 0
    """How often a device is told to ask again."""
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _count: int = 0

    def agree(self, url: str, **changes: str | None) -> dict[str, str]:
        """The person consents at an authorization address: the parameters that the browser brings back."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        self._count += 1
        code = f"code-{self._count}"
        self._codes[code] = asked
        return self._answer(asked, {"code": code, **changes})

    def deny(self, url: str, error: str = "access_denied", **changes: str | None) -> dict[str, str]:
        """The person says no, or something else is wrong."""
        asked = dict(parse_qsl(urlsplit(url).query))
        said = {"error": error, "error_description": "<script>alert(1)</script>", **changes}
        return self._answer(asked, said)

    def _answer(self, asked: dict[str, str], parameters: Mapping[str, str | None]) -> dict[str, str]:
        own = {"state": asked["state"], "iss": self.issuer if self.names_itself else None, **parameters}
        return {name: value for name, value in own.items() if value is not None}

    @property
    def app(self) -> Starlette:
        """The endpoints."""
        return Starlette(
            routes=[
                Route("/token", self._token, methods=["POST"]),
                Route("/device", self._device, methods=["POST"]),
                Route("/revoke", self._revoke, methods=["POST"]),
                Route("/me", self._me),
            ]
        )

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), strict_parsing=True))
        self.asked.append(form)
        if self.failures:
            return self.failures.pop(0)
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        if form["grant_type"] == "authorization_code":
            return self._redeem(form)
        if form["grant_type"].endswith("device_code"):
            if self.pending:
                self.pending -= 1
                return JSONResponse({"error": "authorization_pending"}, 400)
            return self._grant("")
        return JSONResponse({"error": "unsupported_grant_type"}, 400)

    def _redeem(self, form: dict[str, str]) -> Response:
        asked = self._codes.pop(form["code"], None)
        if asked is None or asked["redirect_uri"] != form.get("redirect_uri"):
            return JSONResponse({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if asked["code_challenge"] != base64.urlsafe_b64encode(digest).rstrip(b"=").decode():
            return JSONResponse({"error": "invalid_grant"}, 400)
        return self._grant(asked.get("nonce", ""))

    def _grant(self, nonce: str) -> Response:
        self._count += 1
        access = f"access-token-{self._count}"
        self.tokens.add(access)
        answer = {
            "access_token": access,
            "refresh_token": f"refresh-token-{self._count}",
            "token_type": "bearer",
            "expires_in": 3600,
            **({"id_token": self.id_token(nonce=nonce)} if nonce else {}),
            **self.reply,
        }
        return JSONResponse({name: value for name, value in answer.items() if value is not None})

    def id_token(self, **claims: Any) -> str:
        """A statement of who signed in; its signature is none."""
        all_claims = {"iss": self.issuer, "aud": CLIENT, "sub": "user-1", "exp": 4_000_000_000, **claims}
        parts = [{"alg": "RS256"}, all_claims]
        encoded = [
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts
        ]
        return ".".join([*encoded, "c2ln"])

    async def _device(self, request: Request) -> Response:
        return JSONResponse(
            {
                "device_code": "a-device-code",
                "user_code": "WDJB-MJHT",
                "verification_uri": "https://login.example.com/device",
                "expires_in": 60,
                "interval": 5,
                **self.reply,
            }
        )

    async def _revoke(self, request: Request) -> Response:
        if self.failures:
            return self.failures.pop(0)
        form = dict(parse_qsl((await request.body()).decode()))
        self.revoked.append(form["token"])
        self.tokens.discard(form["token"])
        return Response(status_code=200)

    async def _me(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return JSONResponse({"id": "me"}, 200 if token in self.tokens else 401)
