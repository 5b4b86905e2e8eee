"""`GeminiSandbox`: Gemini's API in memory."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, ClassVar

import orjson

from wirepost.core.clock import Clock
from wirepost.providers.gemini.sandbox.later import Batch, Interaction
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.google import (
    MODELS,
    Json,
    Refused,
    body_of,
    check_model,
    content,
    counted,
    embedded,
    limited,
    on_demand,
    streamed,
)
from wirepost.sandbox.vendor import Request, Response, Sandbox
from wirepost.sandbox.world import SEED, World

PAGE = 50
_KEY = re.compile(r"AIza[\w-]+")
_PATH = re.compile(r"/v1(?:beta)?/(.+)")


class GeminiSandbox(Sandbox):
    """An imitation of Gemini for trying and testing: real answers, streams, batches, limits and errors.

    Any key that begins with `AIza` is accepted. Batches take 30 seconds of the clock, answers in the
    background ten; those of `gemini-sandbox-fails` fail, those of `gemini-sandbox-never` never come.
    """

    vendor: ClassVar[str] = "gemini"
    key: ClassVar[str] = "AIza-sandbox-0123456789"

    def __init__(
        self, world: World, clock: Clock, seed: int = SEED, *, accounts: Collection[str] = ()
    ) -> None:
        super().__init__(world, clock, seed, accounts=accounts)
        self.forget()

    def forget(self) -> None:
        """Drop all batches and interactions."""
        self._numbered = 0
        self._batches: dict[str, Batch] = {}
        self._interactions: dict[str, Interaction] = {}

    def summary(self) -> dict[str, Any]:
        """How much there is."""
        return {
            "models": len(MODELS),
            "batches": len(self._batches),
            "interactions": len(self._interactions),
        }

    async def respond(self, request: Request, fault: Fault | None) -> Response:
        """Check, process, answer."""
        if fault is not None and fault.kind == "slow":
            await self.clock.sleep(fault.delay_s)
        try:
            self._admit(request)
            if fault is None or fault.kind != "status":
                return self._answered(request)
            if fault.is_applied:
                self._answered(request)
            raise on_demand(fault)
        except Refused as refused:
            return refused.response()

    def _admit(self, request: Request) -> None:
        key = request.headers.get("x-goog-api-key")
        if key is None:
            raise Refused(403, "Method doesn't allow unregistered callers. Please use API Key.")
        if not _KEY.fullmatch(key):
            reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
            raise Refused(400, "API key not valid. Please pass a valid API key.", [reason])
        bucket = self.buckets.get("*")
        if bucket is not None and not bucket.take():
            raise limited(max(1, round(1 / bucket.per_s)))

    def _answered(self, request: Request) -> Response:
        found = _PATH.fullmatch(request.path)
        match request.method, (found[1] if found else "").split("/"):
            case "POST", ["models", target]:
                return self._asked(request, *target.rpartition(":")[::2])
            case method, ["batches" | "interactions", *_] as parts:
                return _json(self._later(request, method, parts))
            case "GET", ["models"]:
                return _json(_page(request, "models", list(MODELS)))
            case "GET", ["models", name]:
                for each in MODELS:
                    if each["name"] == f"models/{name}":
                        return _json(each)
        raise _missing()

    def _asked(self, request: Request, model: str, method: str) -> Response:
        body = body_of(request)
        match method:
            case "generateContent":
                return _json(content(model, body, self._new_id()))
            case "streamGenerateContent":
                return streamed(content(model, body, self._new_id()))
            case "countTokens":
                return _json(counted(model, body))
            case "embedContent":
                return _json({"embedding": embedded(model, body)})
            case "batchEmbedContents":
                return _json({"embeddings": [embedded(model, each) for each in body.get("requests") or []]})
            case "batchGenerateContent":
                return _json(self._new_batch(check_model(model), body.get("batch") or {}))
        raise _missing()

    def _later(self, request: Request, method: str, parts: list[str]) -> Json:
        now = self.clock.now()
        match method, parts:
            case "GET", ["batches"]:
                rows = [batch.shown(now) for batch in reversed(self._batches.values())]
                return _page(request, "operations", rows)
            case "GET", ["batches", name]:
                return self._batch(name).shown(now)
            case "POST", ["batches", target] if target.endswith(":cancel"):
                return self._cancel(self._batch(target.removesuffix(":cancel")))
            case "POST", ["interactions"]:
                made = Interaction(self._new_id(), body_of(request), now)
                self._interactions[made.id] = made
                return made.shown(now)
            case "GET", ["interactions", name]:
                return self._interaction(name).shown(now)
            case "POST", ["interactions", name, "cancel"]:
                return self._stop(self._interaction(name))
        raise _missing()

    def _new_batch(self, model: str, batch: Json) -> Json:
        requests = ((batch.get("inputConfig") or {}).get("requests") or {}).get("requests") or []
        if not requests:
            raise Refused(400, "The batch has no requests.")
        name = self._new_id()
        made = Batch(f"batches/{name}", model, str(batch.get("displayName")), requests, self.clock.now())
        self._batches[name] = made
        return made.shown(self.clock.now())

    def _batch(self, name: str) -> Batch:
        if name not in self._batches:
            raise _missing()
        return self._batches[name]

    def _cancel(self, batch: Batch) -> Json:
        if batch.is_over(self.clock.now()):
            raise Refused(400, "The batch is over and cannot be cancelled.")
        batch.cancelled_at = batch.cancelled_at or self.clock.now()
        return {}

    def _interaction(self, name: str) -> Interaction:
        if name not in self._interactions:
            raise _missing()
        return self._interactions[name]

    def _stop(self, interaction: Interaction) -> Json:
        if interaction.state(self.clock.now()) in {"queued", "in_progress"}:
            interaction.is_cancelled = True
        return interaction.shown(self.clock.now())

    def _new_id(self) -> str:
        self._numbered += 1
        return f"sandbox{self._numbered:06}"


def _json(body: Json) -> Response:
    return Response(200, orjson.dumps(body))


def _page(request: Request, name: str, rows: list[Json]) -> Json:
    query = dict(request.query)
    size, token = query.get("pageSize", str(PAGE)), query.get("pageToken", "0")
    if not size.isdecimal() or not token.isdecimal():
        raise Refused(400, "pageSize and pageToken must be those of a list.")
    end = int(token) + int(size)
    following = {"nextPageToken": str(end)} if end < len(rows) else {}
    return {name: rows[int(token) : end], **following}


def _missing() -> Refused:
    return Refused(404, "Requested entity was not found.")
