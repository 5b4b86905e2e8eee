"""`AnthropicSandbox`: Anthropic's API in memory."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any, ClassVar

from wirepost.core.clock import Clock
from wirepost.core.times import to_rfc3339
from wirepost.providers.anthropic.sandbox.batches import KEPT, Batch
from wirepost.providers.anthropic.sandbox.messages import NAMES, message_of, model_of
from wirepost.providers.anthropic.sandbox.wire import (
    OVERLOADED,
    Json,
    Refused,
    body_of,
    error_of,
    json_answer,
    stream_of,
)
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.vendor import Request, Response, Sandbox
from wirepost.sandbox.world import SEED, World

BATCHES = "/v1/messages/batches"
LIMITED = 429
_REASONS = {429: "This request would exceed your organization's rate limit", 529: OVERLOADED}


class AnthropicSandbox(Sandbox):
    """An imitation of Anthropic for trying and testing: real messages, streams, batches, limits and errors.

    Batches take 30 seconds of the clock. The models `claude-sandbox-errored` and `claude-sandbox-expired`
    fail, or are never come to, so that a batch with some of their requests ends in part.
    """

    vendor: ClassVar[str] = "anthropic"
    key: ClassVar[str] = "sk-ant-sandbox"

    def __init__(
        self, world: World, clock: Clock, seed: int = SEED, *, accounts: Collection[str] = ()
    ) -> None:
        super().__init__(world, clock, seed, accounts=accounts)
        self.forget()

    def forget(self) -> None:
        """Drop all batches."""
        self.batches: dict[str, Batch] = {}
        self._numbered = 0

    def summary(self) -> dict[str, Any]:
        """How much there is."""
        return {"models": len(NAMES), "batches": len(self.batches)}

    async def respond(self, request: Request, fault: Fault | None) -> Response:
        """Check, process, answer; whoever does not wait for the answer has sent it all the same."""
        try:
            if fault is not None and fault.kind == "slow":
                await self.clock.sleep(fault.delay_s)
        finally:
            response = self._answer(request, fault)
        self._numbered += 1
        response.headers["request-id"] = f"req_{self._numbered:024}"
        self._tell_limit(response)
        return response

    def _answer(self, request: Request, fault: Fault | None) -> Response:
        try:
            if fault is None or fault.kind != "status":
                return self._routed(request)
            return self._failing(request, fault)
        except Refused as refused:
            response = json_answer(error_of(refused.status, refused.message), refused.status)
        if response.status == LIMITED and "*" in self.buckets:
            response.headers["retry-after"] = str(max(1, round(1 / self.buckets["*"].per_s)))
        return response

    def _failing(self, request: Request, fault: Fault) -> Response:
        if fault.is_applied:
            self._routed(request)
        message = _REASONS.get(fault.status, "Internal server error")
        response = json_answer(error_of(fault.status, message), fault.status)
        if fault.retry_after is not None:
            response.headers["retry-after"] = fault.retry_after
        return response

    def _routed(self, request: Request) -> Response:
        self._admit(request)
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["v1", "messages"]:
                params = body_of(request)
                message = message_of(params, self._numbered)
                return stream_of(message) if params.get("stream") is True else json_answer(message)
            case "GET", ["v1", "messages", "batches", name, "results"]:
                return self._results(name)
        return json_answer(self._object(request))

    def _object(self, request: Request) -> Json:
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["v1", "models"]:
                return self._page(request, [model_of(name) for name in NAMES])
            case "POST", ["v1", "messages", "batches"]:
                return self._shown(self._new_batch(body_of(request)), request)
            case "GET", ["v1", "messages", "batches"]:
                rows = [self._shown(batch, request) for batch in reversed(self.batches.values())]
                return self._page(request, rows)
            case "GET", ["v1", "messages", "batches", name]:
                return self._shown(self._batch(name), request)
            case "POST", ["v1", "messages", "batches", name, "cancel"]:
                return self._shown(self._cancelled(name), request)
        raise Refused(404, "Not found")

    def _admit(self, request: Request) -> None:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not (request.headers.get("x-api-key") or key).startswith("sk-ant-"):
            raise Refused(401, "invalid x-api-key")
        if "anthropic-version" not in request.headers:
            raise Refused(400, "anthropic-version: header is required")
        bucket = self.buckets.get("*")
        if bucket is not None and not bucket.take():
            raise Refused(LIMITED, _REASONS[LIMITED])

    def _new_batch(self, body: Json) -> Batch:
        requests = body.get("requests") or []
        if not requests:
            raise Refused(400, "requests: List should have at least 1 item after validation")
        names = [each.get("custom_id") for each in requests]
        if len(set(names)) != len(names):
            raise Refused(400, "requests: custom_id must be unique")
        batch = Batch(len(self.batches) + 1, requests, self.clock.now())
        self.batches[batch.id] = batch
        return batch

    def _batch(self, name: str) -> Batch:
        if name not in self.batches:
            raise Refused(404, f"Message batch {name} not found")
        return self.batches[name]

    def _cancelled(self, name: str) -> Batch:
        batch = self._batch(name)
        if batch.state(self.clock.now()) == "ended":
            raise Refused(400, f"Batch {name} cannot be canceled because it has finished processing.")
        batch.cancelled_at = batch.cancelled_at or self.clock.now()
        return batch

    def _results(self, name: str) -> Response:
        batch, now = self._batch(name), self.clock.now()
        if batch.state(now) != "ended":
            raise Refused(400, f"Batch {name} has no results because it has not finished processing.")
        if now >= batch.created_at + KEPT:
            raise Refused(404, f"The results of batch {name} are no longer available.")
        return Response(200, batch.lines(), content_type="application/x-jsonl")

    def _shown(self, batch: Batch, request: Request) -> Json:
        return batch.shown(self.clock.now(), f"https://{request.headers.get('host', 'api.anthropic.com')}")

    def _page(self, request: Request, rows: list[Json]) -> Json:
        query = dict(request.query)
        limit, after = query.get("limit", "20"), query.get("after_id")
        if not limit.isdecimal() or not 1 <= int(limit) <= 1000:  # noqa: PLR2004 - Anthropic's bound
            raise Refused(400, "limit: Input should be between 1 and 1000")
        names = [row["id"] for row in rows]
        start = names.index(after) + 1 if after in names else 0
        shown = rows[start : start + int(limit)]
        first, last = (shown[0]["id"], shown[-1]["id"]) if shown else (None, None)
        return {
            "data": shown,
            "has_more": start + len(shown) < len(rows),
            "first_id": first,
            "last_id": last,
        }

    def _tell_limit(self, response: Response) -> None:
        bucket = self.buckets.get("*")
        if bucket is None:
            return
        full_at = self.clock.now() + timedelta(seconds=(bucket.burst - bucket.level) / bucket.per_s)
        name = "anthropic-ratelimit-requests"
        response.headers[f"{name}-limit"] = str(int(bucket.burst))
        response.headers[f"{name}-remaining"] = str(int(bucket.level))
        response.headers[f"{name}-reset"] = to_rfc3339(full_at)
