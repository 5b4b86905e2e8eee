"""`Access`: what every request to an MCP endpoint passes where callers must show who they are."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.datastructures import Headers, QueryParams
from starlette.responses import JSONResponse, Response

from wirepost.calls.caller import LOCAL
from wirepost.core.redact import SECRETS
from wirepost.server.auth.operations import called_tools
from wirepost.server.auth.verified import CannotTell, Refused, TooMany, Verified, Verifier
from wirepost.server.identity import CALLER
from wirepost.tools.scopes import implied

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from wirepost.server.auth.resource import Resource

LONGEST_TOKEN = 16 * 1024
_FORM = "application/x-www-form-urlencoded"
_TOKEN = re.compile(r"[\w.~+/-]+=*", re.ASCII)
"""RFC 6750, 2.1."""

log = logging.getLogger(__name__)


class Open:
    """Where nobody is asked: whoever comes is the person who owns this machine account."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through."""
        scope[CALLER] = LOCAL
        await self._app(scope, receive, send)


class Access:
    """Verifies the token of each request once, and refuses calls that its scopes do not allow (RFC 6750).

    Whoever gets past it is in the request's scope: as `Caller` for us, and for the SDK, which binds sessions
    to it. Calls check the scopes again, as some requests cannot be read here.
    """

    def __init__(self, app: ASGIApp, verifier: Verifier, resource: Resource, max_body: int) -> None:
        self._app, self._verifier, self._resource, self._max_body = app, verifier, resource, max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        found = await self._verified(scope)
        if isinstance(found, Response):
            await found(scope, receive, send)
            return
        caller = found.caller
        if caller.scopes is not None:
            tools, receive = await called_tools(scope, receive, self._max_body)
            needed = self._resource.needed(tools)
            if not needed <= implied(caller.scopes):
                log.info("%s lacks one of %s", caller.id, " ".join(sorted(needed)))
                await self._insufficient(tools, needed, caller.scopes)(scope, receive, send)
                return
        scope[CALLER] = caller
        scope["user"] = AuthenticatedUser(_for_sdk(found))
        await self._app(scope, receive, send)

    async def _verified(self, scope: Scope) -> Verified | Response:
        """Whose request it is, or the answer to it."""
        token, client = self._token_in(scope), scope.get("client")
        if isinstance(token, Response):
            return token
        try:
            return await self._verifier.verify(token, client[0] if client else "")
        except Refused as refused:
            return self._refusal(401, "invalid_token", str(refused))
        except CannotTell as cannot:
            log.warning("a token could not be checked: %s", cannot)
            return _later(
                503, "temporarily_unavailable", "The token cannot be checked now", cannot.retry_after_s
            )
        except TooMany as too_many:
            return _later(429, "too_many_requests", str(too_many), too_many.retry_after_s)

    def _token_in(self, scope: Scope) -> str | Response:
        headers = Headers(scope=scope)
        given = headers.getlist("authorization")
        in_query = "access_token" in QueryParams(scope.get("query_string", b""))
        if len(given) > 1 or in_query or headers.get("content-type", "").startswith(_FORM):
            return self._refusal(400, "invalid_request", "Send one token, in the Authorization header")
        scheme, _, token = given[0].partition(" ") if given else ("", "", "")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return self._refusal(401)
        if len(token) > LONGEST_TOKEN or not _TOKEN.fullmatch(token):
            return self._refusal(401, "invalid_token", "The token has not the form of one")
        return token

    def _refusal(self, status: int, error: str = "", description: str = "") -> Response:
        return self._challenge(status, error, description, self._resource.initial_scopes)

    def _insufficient(self, tools: frozenset[str], needed: frozenset[str], held: frozenset[str]) -> Response:
        """Names all that the caller should have then, as a new token replaces the old one."""
        lacking = needed - implied(held)
        description = f"{', '.join(sorted(tools))[:200]} needs {' '.join(sorted(lacking))}"
        return self._challenge(
            HTTPStatus.FORBIDDEN, "insufficient_scope", description, needed | (held & self._resource.scopes)
        )

    def _challenge(self, status: int, error: str, description: str, scopes: frozenset[str]) -> Response:
        """Says what is wrong, where to get a token, and for what to ask there (RFC 9728, 5.1)."""
        parts = {
            "error": error,
            "error_description": description,
            "resource_metadata": self._resource.metadata_url,
            "scope": " ".join(sorted(scopes)) if error != "invalid_request" else None,
        }
        if not self._resource.metadata_url and error != "insufficient_scope":
            parts["scope"] = None  # nobody can be asked for it
        shown = ", ".join(f'{name}="{_quoted(value)}"' for name, value in parts.items() if value)
        headers = {"WWW-Authenticate": f"Bearer {shown}".strip(), "Cache-Control": "no-store"}
        body = {"error": error or "unauthorized", "error_description": description or "A token is needed"}
        return JSONResponse(body, status, headers)


def _later(status: int, error: str, description: str, retry_after_s: int) -> Response:
    headers = {"Retry-After": str(retry_after_s), "Cache-Control": "no-store"}
    return JSONResponse({"error": error, "error_description": description}, status, headers)


def _for_sdk(found: Verified) -> AccessToken:
    """Whose session it is, without the token itself, which nobody needs any more."""
    return AccessToken(
        token="",
        client_id=found.client_id,
        scopes=sorted(found.caller.scopes or ()),
        subject=found.subject,
        claims={"iss": found.issuer},
    )


def _quoted(value: str) -> str:
    """What may stand between quotation marks in a header (RFC 9110, 5.6.4)."""
    plain = "".join(letter for letter in SECRETS.text(value) if letter.isascii() and letter.isprintable())
    return plain.replace("\\", "\\\\").replace('"', '\\"')
