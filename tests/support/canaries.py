"""Looking for secrets wherever something is said or kept."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import httpx2
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from support.secret_stores import AWS_KEY


def traces(secrets: Iterable[str], said: str | bytes) -> list[str]:
    """Which secrets are in something: as they are, in an address, in JSON, or in base64."""
    where = said.encode() if isinstance(said, str) else said
    return sorted(secret for secret in secrets if any(form in where for form in _forms(secret)))


def files_in(directory: Path) -> dict[str, bytes]:
    """Whatever is kept in a directory, with what the database has not moved to its place yet."""
    return {file.name: file.read_bytes() for file in directory.rglob("*") if file.is_file()}


class Talkative:
    """A service that repeats the credential it was given when it refuses it, in words and headers."""

    def __init__(self) -> None:
        self.given: set[str] = set()
        self.refuses = False
        self.app = Starlette(routes=[Route("/me", self._answer)])

    async def _answer(self, request: Request) -> Response:
        given = request.headers.get("authorization", "")
        self.given.add(given.removeprefix("Bearer "))
        if not self.refuses:
            return JSONResponse({"ok": True})
        words = f"no access with {given}"
        return JSONResponse({"error": words, "message": words}, 403, {"X-Request-Id": given[-60:]})


def put_aws_secret(url: str, name: str, **fields: str) -> None:
    """A secret at moto, which looks at no signature."""
    scope = f"{AWS_KEY[0]}/20261125/eu-central-1/secretsmanager/aws4_request"
    headers = {
        "X-Amz-Target": "secretsmanager.CreateSecret",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    }
    body = {"Name": name, "SecretString": orjson.dumps(fields).decode(), "ClientRequestToken": "1" * 32}
    answer = httpx2.post(url, headers=headers, content=orjson.dumps(body))
    assert answer.is_success, answer.text


def _forms(secret: str) -> set[bytes]:
    plain = secret.encode()
    in_json = orjson.dumps(secret)[1:-1]
    return {plain, quote(secret, safe="").encode(), in_json, base64.b64encode(plain).rstrip(b"=")}
