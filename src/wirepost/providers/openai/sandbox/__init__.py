"""`OpenAiSandbox`: OpenAI's HTTP API in memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from wirepost.core.clock import Clock
from wirepost.providers.openai.sandbox import answers
from wirepost.providers.openai.sandbox.batches import Batches
from wirepost.providers.openai.sandbox.streams import streamed
from wirepost.providers.openai.sandbox.wire import MODELS, Refused, epoch, listed
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.vendor import Request, Response, Sandbox
from wirepost.sandbox.world import SEED, World

_WRONG = "invalid_request_error"
_KEY = re.compile(r"Bearer sk-[\w-]+")
_BACKGROUND_S = 10.0
"""So long an answer in the background takes."""
Json = dict[str, Any]


class OpenAiSandbox(Sandbox):
    """An imitation of OpenAI for trying and testing: real paths, forms, streams, errors, slow batches.

    Any key of the form `sk-…` is accepted. A batch is answered within half a minute of the clock; a request
    in it for a model that does not exist fails as it would at OpenAI. Requests for `sandbox-never` are never
    answered, so their batch expires.
    """

    vendor: ClassVar[str] = "openai"
    key: ClassVar[str] = "sk-sandbox"

    def __init__(self, world: World, clock: Clock, seed: int = SEED, *, accounts: Any = ()) -> None:
        super().__init__(world, clock, seed, accounts=accounts)
        self.forget()

    def forget(self) -> None:
        """Drop everything that requests changed."""
        self._numbered = 0
        self._responses: dict[str, Json] = {}
        self._batches = Batches(self.clock, self.new_id)

    def new_id(self, prefix: str) -> str:
        """An id that is the same in each run."""
        self._numbered += 1
        return f"{prefix}_sandbox{self._numbered:06}"

    def summary(self) -> dict[str, Any]:
        """How much is kept."""
        return {"responses": len(self._responses), **self._batches.sizes()}

    async def respond(self, request: Request, fault: Fault | None) -> Response:
        """Check, process, answer."""
        try:
            if fault is not None and fault.kind == "slow":
                await self.clock.sleep(fault.delay_s)
            self._check(request, fault)
            response = self._answered(request)
            if fault is not None and fault.kind == "status":
                raise _on_demand(fault)
        except Refused as refusal:
            response = refusal.response()
        self._numbered += 1
        response.headers["x-request-id"] = f"req_sandbox{self._numbered:06}"
        response.headers["openai-organization"] = "nordlicht-shop"
        response.headers["openai-version"] = "2020-10-01"
        return response

    def _check(self, request: Request, fault: Fault | None) -> None:
        if not _KEY.fullmatch(request.headers.get("authorization", "")):
            raise Refused(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")
        bucket = self.buckets.get("*")
        if bucket is not None and not bucket.take():
            wait = str(max(1, round(1 / bucket.per_s)))
            raise Refused(
                429,
                "Rate limit reached for requests",
                "requests",
                "rate_limit_exceeded",
                {
                    "retry-after": wait,
                    "x-ratelimit-remaining-requests": "0",
                    "x-ratelimit-reset-requests": f"{wait}s",
                },
            )
        if fault is not None and fault.kind == "status" and not fault.is_applied:
            raise _on_demand(fault)

    def _answered(self, request: Request) -> Response:
        name, *rest = request.path.removeprefix("/v1/").split("/")
        act = self._routes.get((request.method, name, len(rest)))
        if act is None or not request.path.startswith("/v1/"):
            raise Refused(
                404, f"Invalid URL ({request.method} {request.path})", "invalid_request_error", None
            )
        return act(request, rest)

    @property
    def _routes(self) -> dict[tuple[str, str, int], Callable[[Request, list[str]], Response]]:
        """Method, first word of the path, how many follow → what is done."""
        batches = self._batches

        def batch(request: Request, rest: list[str]) -> Response:
            return batches.answered(request.method, rest, request)

        return {
            ("GET", "models", 0): lambda *_: listed([_model(name) for name in MODELS]),
            ("POST", "responses", 0): lambda request, _: self._respond_to(answers.body_of(request)),
            ("GET", "responses", 1): lambda _, rest: answers.json_response(self._response(rest[0])),
            ("POST", "responses", 2): lambda _, rest: answers.json_response(self._cancelled(rest[0])),
            ("POST", "chat", 1): lambda request, _: answers.chat(
                answers.body_of(request), self.new_id("chatcmpl"), epoch(self.clock)
            ),
            ("POST", "embeddings", 0): lambda request, _: answers.embeddings(answers.body_of(request)),
            ("POST", "files", 0): lambda request, _: answers.json_response(batches.stored(request)),
            ("GET", "files", 2): lambda _, rest: Response(
                200, batches.content(rest[0]), content_type="application/octet-stream"
            ),
            **dict.fromkeys([("POST", "batches", 0), ("GET", "batches", 0)], batch),
            **dict.fromkeys([("GET", "batches", 1), ("POST", "batches", 2)], batch),
        }

    def _respond_to(self, body: Json) -> Response:
        found = answers.response(body, self.new_id("resp"), epoch(self.clock))
        if not body.get("background"):
            return streamed(found) if body.get("stream") else answers.json_response(found)
        if body.get("store") is False:
            raise Refused(400, "background requires store", "invalid_request_error", "invalid_value")
        self._responses[found["id"]] = {**found, "due_at": self.clock.monotonic() + _BACKGROUND_S}
        return answers.json_response(self._response(found["id"]))

    def _response(self, response_id: str) -> Json:
        kept = self._responses.get(response_id)
        if kept is None:
            raise Refused(404, f"Response with id '{response_id}' not found.", "invalid_request_error", None)
        shown = {name: value for name, value in kept.items() if name != "due_at"}
        left_s = kept["due_at"] - self.clock.monotonic()
        if shown["status"] == "cancelled" or left_s <= 0:
            return shown
        status = "queued" if left_s > _BACKGROUND_S / 2 else "in_progress"
        del shown["usage"]
        return {**shown, "status": status, "output": [], "incomplete_details": None}

    def _cancelled(self, response_id: str) -> Json:
        shown = self._response(response_id)
        if shown["status"] in {"queued", "in_progress"}:
            self._responses[response_id] = {**shown, "status": "cancelled", "due_at": 0.0}
        return self._response(response_id)


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": 0, "owned_by": "sandbox"}


def _on_demand(fault: Fault) -> Refused:
    headers = {"retry-after": fault.retry_after} if fault.retry_after else {}
    kinds = {429: ("requests", "rate_limit_exceeded"), 503: ("server_error", None)}
    kind, code = kinds.get(fault.status, ("server_error", None))
    return Refused(fault.status, "The sandbox was told to refuse this request.", kind, code, headers)
