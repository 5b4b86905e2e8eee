"""`HuggingFaceSandbox`: the router and the jobs of Hugging Face in memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

import orjson

from wirepost.core.clock import Clock
from wirepost.sandbox.chunks import chunked
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.model import answer, vector
from wirepost.sandbox.vendor import Request, Response, Sandbox
from wirepost.sandbox.world import SEED, World

MODELS = ("meta-llama/Llama-3.3-70B-Instruct", "Qwen/Qwen3-32B")
USER = "nordlicht"
SCHEDULED_S, RUN_S = 5.0, 20.0
_TOKEN = re.compile(r"Bearer hf_\w+")
_DIMENSIONS = 64
_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
"""The only form that `huggingface_hub` 2.4.0 reads."""
Json = dict[str, Any]


class Refused(Exception):
    """A refusal."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}


class HuggingFaceSandbox(Sandbox):
    """An imitation of Hugging Face: chat, vectors, classification, and jobs that take half a minute.

    Any token of the form `hf_…` is accepted. A job whose command holds `exit 1` fails.
    """

    vendor: ClassVar[str] = "huggingface"
    key: ClassVar[str] = "hf_sandbox"

    def __init__(self, world: World, clock: Clock, seed: int = SEED, *, accounts: Any = ()) -> None:
        super().__init__(world, clock, seed, accounts=accounts)
        self.forget()

    def forget(self) -> None:
        """Drop all jobs."""
        self._jobs: dict[str, Json] = {}

    def summary(self) -> dict[str, Any]:
        """How many jobs there are."""
        return {"jobs": len(self._jobs)}

    async def respond(self, request: Request, fault: Fault | None) -> Response:
        """Check, process, answer."""
        try:
            if fault is not None and fault.kind == "slow":
                await self.clock.sleep(fault.delay_s)
            self._check(request, fault)
            return self._answered(request)
        except Refused as refusal:
            return Response(refusal.status, orjson.dumps({"error": refusal.message}), refusal.headers)

    def _check(self, request: Request, fault: Fault | None) -> None:
        if not _TOKEN.fullmatch(request.headers.get("authorization", "")):
            raise Refused(401, "Invalid username or password.")
        bucket = self.buckets.get("*")
        if bucket is not None and not bucket.take():
            raise Refused(429, "Too many requests", {"retry-after": str(max(1, round(1 / bucket.per_s)))})
        if fault is not None and fault.kind == "status":
            wait = {"retry-after": fault.retry_after} if fault.retry_after else {}
            raise Refused(fault.status, "The sandbox was told to refuse this request", wait)

    def _answered(self, request: Request) -> Response:
        path = request.path
        for beginning, act in self._routes.items():
            if path.startswith(beginning):
                return act(request)
        raise Refused(404, f"There is nothing at {path}")

    @property
    def _routes(self) -> dict[str, Callable[[Request], Response]]:
        return {
            "/v1/chat/completions": self._chat,
            "/v1/models": lambda _: _json({"object": "list", "data": [{"id": name} for name in MODELS]}),
            "/hf-inference/models/": self._task,
            "/api/whoami-v2": lambda _: _json({"type": "user", "id": "sandbox", "name": USER}),
            f"/api/jobs/{USER}": self._job_request,
        }

    def _chat(self, request: Request) -> Response:
        body = _body(request)
        if body.get("model", "").partition(":")[0] not in MODELS:
            raise Refused(404, f"The requested model '{body.get('model')}' does not exist")
        texts = [
            part["text"] if isinstance(part, dict) else part
            for each in body["messages"]
            if each["role"] == "user"
            for part in (each["content"] if isinstance(each["content"], list) else [each["content"]])
        ]
        schema = ((body.get("response_format") or {}).get("json_schema") or {}).get("schema")
        reply = answer(texts[0], texts[1:], schema, body.get("max_tokens") or 1024)
        end = "length" if reply.is_cut else "stop"
        shared = {
            "id": "chatcmpl-sandbox",
            "created": int(self.clock.now().timestamp()),
            "model": body["model"],
            "system_fingerprint": "sandbox",
        }
        usage = {
            "prompt_tokens": reply.input_tokens,
            "completion_tokens": reply.output_tokens,
            "total_tokens": reply.input_tokens + reply.output_tokens,
        }
        if body.get("stream"):
            wants_usage = (body.get("stream_options") or {}).get("include_usage")
            return chunked(shared, reply.text, end, usage if wants_usage else None)
        message = {"role": "assistant", "content": reply.text}
        choices = [{"index": 0, "message": message, "finish_reason": end}]
        return _json({**shared, "object": "chat.completion", "choices": choices, "usage": usage})

    def _task(self, request: Request) -> Response:
        text = _body(request).get("inputs")
        if not isinstance(text, str):
            raise Refused(400, "inputs must be a text")
        if request.path.endswith("/pipeline/feature-extraction"):
            return _json(vector(text, _DIMENSIONS))
        mood = orjson.loads(answer("mood", [text], {"enum": ["negative", "neutral", "positive"]}).text)
        return _json([{"label": mood, "score": 0.9}])

    def _job_request(self, request: Request) -> Response:
        parts = request.path.removeprefix(f"/api/jobs/{USER}").strip("/").split("/")
        if not parts[0]:
            if request.method == "POST":
                return _json(self._started(_body(request)))
            name, _, value = dict(request.query).get("label", "").partition("=")
            jobs = [self._shown(each) for each in self._jobs]
            return _json([each for each in jobs if not name or each.get("labels", {}).get(name) == value])
        job = self._shown(parts[0])
        if parts[1:] == ["logs"]:
            lines = ["===== Job started", " ".join(job["command"])]
            events = [orjson.dumps({"data": line, "timestamp": job["createdAt"]}).decode() for line in lines]
            text = "".join(f"data: {event}\n\n" for event in events)
            return Response(200, text.encode(), content_type="text/event-stream")
        if parts[1:] == ["cancel"] and request.method == "POST":
            if job["status"]["stage"] in {"SCHEDULING", "RUNNING"}:
                self._jobs[parts[0]]["stopped"] = "CANCELED"
            job = self._shown(parts[0])
        return _json(job)

    def _started(self, spec: Json) -> Json:
        job_id = f"{len(self._jobs) + 1:024x}"
        created = self.clock.now().strftime(_MOMENT)
        self._jobs[job_id] = {**spec, "id": job_id, "createdAt": created, "at": self.clock.monotonic()}
        return self._shown(job_id)

    def _shown(self, job_id: str) -> Json:
        if job_id not in self._jobs:
            raise Refused(404, "Job not found")
        job = self._jobs[job_id]
        age = self.clock.monotonic() - job["at"]
        stage = job.get("stopped") or ("SCHEDULING" if age < SCHEDULED_S else "RUNNING")
        message = None
        if "stopped" not in job and age >= SCHEDULED_S + RUN_S:
            is_bad = "exit 1" in " ".join(job["command"])
            stage, message = ("ERROR", "Job failed with exit code: 1") if is_bad else ("COMPLETED", None)
        shown = {name: value for name, value in job.items() if name not in {"at", "stopped"}}
        return {
            **shown,
            "status": {"stage": stage, "message": message},
            "owner": {"id": "sandbox", "name": USER, "type": "user"},
        }


def _body(request: Request) -> Json:
    try:
        body = orjson.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "The body is no JSON object")
    return body


def _json(body: Any) -> Response:
    return Response(200, orjson.dumps(body))
