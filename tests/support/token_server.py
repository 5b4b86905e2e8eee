"""A strict authorization server with its API: a refresh token is good for one use, or the grant ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wirepost.sandbox.sockets import ConnectionCut

CLIENT, SECRET = "wirepost", "s%c+r:e&t/="
FIRST = ("access-token-0", "refresh-token-0")
"""What a person's consent gave before the test begins."""


@dataclass
class TokenServer:
    """What it does is set by its fields; `answers` go first, before anything is carried out."""

    rotates: bool = True
    has_grace: bool = False
    life: Any = 3600
    more: dict[str, Any] = field(default_factory=dict)
    """Further fields of answers; `None` takes one out."""
    answers: list[Response | Exception] = field(default_factory=list)
    cuts: int = 0
    """So many answers are cut after they were carried out."""
    before: Callable[[], Awaitable[None]] | None = None
    """Awaited while a refresh is carried out."""
    access: set[str] = field(default_factory=lambda: {FIRST[0]})
    refresh: str | None = FIRST[1]
    """The newest; `None`: the grant has ended."""
    asked: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    """Of the requests to the token endpoint."""
    revoked: list[dict[str, str]] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    """What the API was asked with."""
    count: int = 0

    @property
    def app(self) -> Starlette:
        """Token endpoint, revocation and one resource."""
        return Starlette(
            routes=[
                Route("/token", self._token, methods=["POST"]),
                Route("/revoke", self._revoke, methods=["GET", "POST", "DELETE"]),
                Route("/notes", self._notes),
            ]
        )

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        self.asked.append(form)
        self.headers.append(dict(request.headers))
        if self.answers:
            return self._next_answer()
        answer = await self._refresh(form)
        if self.cuts:
            self.cuts -= 1
            raise ConnectionCut
        return answer

    async def _refresh(self, form: dict[str, str]) -> Response:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        given = form.get("refresh_token")
        is_previous = given == f"refresh-token-{self.count - 1}"
        if self.refresh is None or (given != self.refresh and not (self.has_grace and is_previous)):
            self.end()  # the whole family, as RFC 9700 4.14.2 wants
            return JSONResponse({"error": "invalid_grant", "error_description": "the grant has ended"}, 400)
        self.count += 1
        if self.before:
            await self.before()
        access = f"access-token-{self.count}"
        self.access = {access}
        answer = {"access_token": access, "token_type": "bearer", "expires_in": self.life}
        if self.rotates:
            self.refresh = answer["refresh_token"] = f"refresh-token-{self.count}"
        told = {**answer, **self.more}
        return JSONResponse({name: value for name, value in told.items() if value is not None})

    def end(self) -> None:
        """The grant ends, with all its tokens."""
        self.refresh = None
        self.access.clear()

    async def _revoke(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        self.revoked.append({**dict(request.query_params), **form})
        self.headers.append(dict(request.headers))
        return self._next_answer() if self.answers else Response()

    def _next_answer(self) -> Response:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _notes(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.used.append(token)
        if token not in self.access:
            return JSONResponse({"error": "invalid_token"}, 401)
        return JSONResponse([])
