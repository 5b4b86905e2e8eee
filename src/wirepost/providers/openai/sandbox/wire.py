"""What the parts of the sandbox share: models, refusals, lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from wirepost.core.clock import Clock
from wirepost.sandbox.vendor import Response

NEVER = "sandbox-never"
"""Requests for it are never answered."""
MODELS = ("gpt-5", "gpt-5-mini", "text-embedding-3-small", "text-embedding-3-large", NEVER)

Json = dict[str, Any]


class Refused(Exception):
    """A refusal in OpenAI's form."""

    def __init__(
        self,
        status: int,
        message: str,
        kind: str,
        code: str | None,
        headers: Mapping[str, str] | None = None,
        *,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.headers = status, dict(headers or {})
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}

    def response(self) -> Response:
        """As it is sent."""
        return Response(self.status, orjson.dumps(self.body), self.headers)


def check_model(name: Any) -> str:
    """The model of a request; refused where there is no such."""
    if name not in MODELS:
        message = f"The model `{name}` does not exist or you do not have access to it."
        raise Refused(404, message, "invalid_request_error", "model_not_found")
    return str(name)


def epoch(clock: Clock) -> int:
    """Now, in whole seconds."""
    return int(clock.now().timestamp())


def listed(rows: Sequence[Json], *, has_more: bool = False) -> Response:
    """A list."""
    ends = {"first_id": rows[0]["id"], "last_id": rows[-1]["id"]} if rows else {}
    return Response(200, orjson.dumps({"object": "list", "data": rows, "has_more": has_more, **ends}))
