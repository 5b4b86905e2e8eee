"""`VertexSandbox`: the imitation's front: who asks, and what is answered at once."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, ClassVar

import orjson

from wirepost.core.clock import Clock
from wirepost.providers.vertex.sandbox.later import Later
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.google import (
    ANSWERING,
    EMBEDDING,
    Json,
    Refused,
    body_of,
    content,
    counted,
    embedded,
    limited,
    on_demand,
    streamed,
)
from wirepost.sandbox.model import tokens
from wirepost.sandbox.vendor import Request, Response, Sandbox
from wirepost.sandbox.world import SEED, World

LIFE_S = 3599
_TOKEN = re.compile(r"Bearer ya29\.[\w.-]+")
_MODEL = re.compile(
    r"/v1/projects/[^/]+/locations/[^/]+/publishers/google/models/(?P<model>[^/:]+):(?P<method>\w+)"
)
_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class VertexSandbox(Sandbox):
    """An imitation of Vertex AI for trying and testing.

    The client `sandbox` with `key` as its secret gets a token, and so does any assertion. Every project and
    location answers, and every bucket is there. Batches take virtual time.
    """

    vendor: ClassVar[str] = "vertex"
    key: ClassVar[str] = "ya29.sandbox-0123456789"

    def __init__(
        self, world: World, clock: Clock, seed: int = SEED, *, accounts: Collection[str] = ()
    ) -> None:
        super().__init__(world, clock, seed, accounts=accounts)
        self.forget()

    def forget(self) -> None:
        """Drop batches and objects."""
        self.later = Later(self.clock)

    def summary(self) -> dict[str, Any]:
        """How much there is."""
        return {
            "models": len(ANSWERING) + 1,
            "batches": len(self.later.batches),
            "objects": len(self.later.objects),
        }

    async def respond(self, request: Request, fault: Fault | None) -> Response:
        """Check, process, answer."""
        if fault is not None and fault.kind == "slow":
            await self.clock.sleep(fault.delay_s)
        try:
            if fault is not None and fault.kind == "status":
                raise on_demand(fault)
            if request.path == "/token":
                return self._token(request)
            self._admit(request)
            return self.later.respond(request) or self._answered(request)
        except Refused as refused:
            return refused.response()

    def _token(self, request: Request) -> Response:
        form = dict(request.form)
        is_client = (form.get("client_id"), form.get("client_secret")) == ("sandbox", self.key)
        if not is_client and not (form.get("grant_type") == _JWT and form.get("assertion")):
            said = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            return Response(400, orjson.dumps(said))
        return _json({"access_token": self.key, "expires_in": LIFE_S, "token_type": "Bearer"})

    def _admit(self, request: Request) -> None:
        if not _TOKEN.fullmatch(request.headers.get("authorization", "")):
            raise Refused(401, "Request had invalid authentication credentials.")
        bucket = self.buckets.get("*")
        if bucket is not None and not bucket.take():
            raise limited(max(1, round(1 / bucket.per_s)))

    def _answered(self, request: Request) -> Response:
        if (request.method, request.path) == ("GET", "/v1beta1/publishers/google/models"):
            names = [f"publishers/google/models/{name}" for name in (*ANSWERING, EMBEDDING)]
            return _json({"publisherModels": [{"name": name, "launchStage": "GA"} for name in names]})
        found = _MODEL.fullmatch(request.path)
        if found is None or request.method != "POST":
            raise Refused(404, "The requested URL was not found on this server.")
        model, body = found["model"], body_of(request)
        match found["method"]:
            case "generateContent":
                return _json(content(model, body, "sandbox"))
            case "streamGenerateContent":
                return streamed(content(model, body, "sandbox"))
            case "countTokens":
                return _json(counted(model, body))
            case "predict":
                return _json({"predictions": _predicted(model, body)})
        raise Refused(404, "The requested method was not found.")


def _predicted(model: str, body: Json) -> list[Json]:
    size = (body.get("parameters") or {}).get("outputDimensionality")
    instances = body.get("instances") or []
    if len(instances) != 1:
        raise Refused(400, "The model takes one instance at a time.")
    text = str(instances[0].get("content"))
    asked = {"content": {"parts": [{"text": text}]}, "outputDimensionality": size}
    statistics = {"token_count": tokens(text), "truncated": False}
    return [{"embeddings": {**embedded(model, asked), "statistics": statistics}}]


def _json(body: Any) -> Response:
    return Response(200, orjson.dumps(body))
