"""What every part shares: the two outcomes of a request, and media types."""

from __future__ import annotations

import json
from typing import Any

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


class Violation(Exception):
    """The request is not one the API description allows."""

    def __init__(self, status: int, message: str, errors: list[dict] | None = None):
        super().__init__(message)
        self.status, self.message, self.errors = status, message, errors or []
        self.operation: str | None = None
        self.body: Any = None


class Reply:
    """What the client gets: an answer, possibly spoilt by a fault."""

    def __init__(
        self, status: int, body: Any = None, headers: dict | None = None, *, sse: list | None = None
    ):
        self.status, self.body, self.headers, self.sse = status, body, dict(headers or {}), sse
        self.fault = ""
        self.rewrite = ("", "")  # links to the real service become links to the mock

    def payload(self) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, str):
            return self.body.encode()
        self.headers.setdefault("Content-Type", JSON)
        text, (real, mock) = json.dumps(self.body), self.rewrite
        return (text.replace(f'"{real}/', f'"{mock}/') if real else text).encode()
