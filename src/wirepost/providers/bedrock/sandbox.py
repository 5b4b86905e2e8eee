"""`BedrockSandbox`: Amazon Bedrock in memory, with the part of S3 and STS that it needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import unquote

import orjson

from wirepost.core.clock import Clock
from wirepost.sandbox.aws import ACCOUNT, REGION, AwsSandbox, Refused, json_answer, json_of
from wirepost.sandbox.model import answer, vector
from wirepost.sandbox.vendor import Request, Response
from wirepost.sandbox.world import SEED, World

TEXT = "amazon.nova-lite-v1:0"
TITAN = "amazon.titan-embed-text-v2:0"
FILM = "amazon.nova-reel-v1:1"
FAILS, HALVES, STALLS = "sandbox.fails-v1:0", "sandbox.halves-v1:0", "sandbox.stalls-v1:0"
"""Models that show what goes wrong: all fails, every second record fails, nothing ends."""
MODELS: Mapping[str, tuple[str, list[str]]] = {
    TEXT: ("Amazon", ["TEXT"]),
    "anthropic.claude-haiku-4-5-20251001-v1:0": ("Anthropic", ["TEXT"]),
    TITAN: ("Amazon", ["EMBEDDING"]),
    FILM: ("Amazon", ["VIDEO"]),
    FAILS: ("Sandbox", ["TEXT"]),
    HALVES: ("Sandbox", ["TEXT"]),
    STALLS: ("Sandbox", ["TEXT"]),
}
STEPS = (
    (0.0, "Submitted"),
    (2.0, "Validating"),
    (5.0, "Scheduled"),
    (10.0, "InProgress"),
    (30.0, "Completed"),
)
"""Seconds after the start → state of a batch."""
FILM_S = 20.0
DAY_H = 24
DIMENSIONS = 1024
_ENDED = frozenset({"Completed", "PartiallyCompleted", "Failed", "Stopped", "Expired"})
_CONVERSE = frozenset({"messages", "system", "inferenceConfig", "toolConfig", "additionalModelRequestFields"})

Json = dict[str, Any]


@dataclass
class Job:
    """A batch or an invocation."""

    id: str
    arn: str
    asked: Json
    at: datetime
    status: str
    ended: datetime | None = None
    message: str | None = None
    counts: dict[str, int] = field(default_factory=dict)


class BedrockSandbox(AwsSandbox):
    """An imitation of Bedrock for trying and testing; batches take virtual time.

    `least_records` is how many a batch must have, which is 100 at the real one.
    """

    vendor: ClassVar[str] = "bedrock"

    def __init__(
        self,
        world: World,
        clock: Clock,
        seed: int = SEED,
        *,
        accounts: Collection[str] = (),
        least_records: int = 1,
        hides_absent: bool = False,
    ) -> None:
        super().__init__(world, clock, seed, accounts=accounts, hides_absent=hides_absent)
        self.least_records = least_records

    def forget(self) -> None:
        """Drop everything that requests made."""
        super().forget()
        self.batches: dict[str, Job] = {}
        self.invocations: dict[str, Job] = {}

    def summary(self) -> dict[str, Any]:
        """How much there is."""
        return {
            "batches": len(self.batches),
            "invocations": len(self.invocations),
            "objects": len(self.objects),
        }

    def act(self, request: Request) -> Response | None:
        """Answer a request to Bedrock."""
        for method, pattern, act in _ROUTES:
            found = re.fullmatch(pattern, request.path)
            if found is not None and method == request.method:
                return json_answer(act(self, request, *(unquote(part) for part in found.groups())))
        return None

    def pass_time(self) -> None:
        """Let batches and invocations come to where they should be."""
        now = self.clock.now()
        for job in self.batches.values():
            self._advance(job, (now - job.at).total_seconds())
        for job in self.invocations.values():
            if job.status == "InProgress" and (now - job.at).total_seconds() >= FILM_S:
                self._finish_invocation(job)

    def models(self, _request: Request) -> Json:
        """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html."""
        rows = [
            {
                "modelArn": f"arn:aws:bedrock:{REGION}::foundation-model/{name}",
                "modelId": name,
                "modelName": name,
                "providerName": maker,
                "inputModalities": ["TEXT"],
                "outputModalities": made,
                "modelLifecycle": {"status": "ACTIVE"},
            }
            for name, (maker, made) in MODELS.items()
            if maker != "Sandbox"
        ]
        return {"modelSummaries": rows}

    def converse(self, request: Request, model: str) -> Json:
        """One answer."""
        _check_model(model)
        if model == FAILS:
            raise Refused(424, "ModelErrorException", "The model failed, as it always does")
        return conversed(json_of(request))

    def invoke(self, request: Request, model: str) -> Json:
        """A vector of Titan."""
        _check_model(model)
        text, dimensions = json_of(request).get("inputText"), json_of(request).get("dimensions", DIMENSIONS)
        if model != TITAN or not isinstance(text, str) or dimensions not in {256, 512, DIMENSIONS}:
            raise Refused(400, "ValidationException", "Malformed input request, please reformat your input")
        return {"embedding": vector(text, dimensions), "inputTextTokenCount": max(1, len(text) // 4)}

    def create_job(self, request: Request) -> Json:
        """A batch; the same token brings the same one."""
        asked = json_of(request)
        for name in ("jobName", "roleArn", "modelId", "inputDataConfig", "outputDataConfig"):
            if not asked.get(name):
                raise Refused(400, "ValidationException", f"{name} is required")
        _check_model(asked["modelId"])
        known = _with_token(self.batches, asked)
        if known is None:
            job_id = f"{len(self.batches) + 1:012x}"
            arn = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:model-invocation-job/{job_id}"
            known = self.batches[job_id] = Job(job_id, arn, asked, self.clock.now(), "Submitted")
        return {"jobArn": known.arn}

    def job(self, _request: Request, name: str) -> Json:
        """One batch."""
        return _shown(self._batch(name))

    def jobs(self, request: Request) -> Json:
        """Batches by name and time."""
        query = dict(request.query)
        since = datetime.fromisoformat(query.get("submitTimeAfter", "1970-01-01T00:00:00Z"))
        fitting = (
            each
            for each in self.batches.values()
            if query.get("nameContains", "") in each.asked["jobName"] and each.at >= since.astimezone(UTC)
        )
        return {"invocationJobSummaries": [_shown(each) for each in fitting]}

    def stop_job(self, _request: Request, name: str) -> Json:
        """Stopping takes a while."""
        job = self._batch(name)
        if job.status in _ENDED:
            raise Refused(400, "ConflictException", f"The job is in state {job.status}")
        job.status, job.at = "Stopping", self.clock.now()
        return {}

    def start_invocation(self, request: Request) -> Json:
        """An answer that goes to the bucket."""
        asked = json_of(request)
        if asked.get("modelId") not in {FILM, FAILS} or not isinstance(asked.get("modelInput"), dict):
            raise Refused(400, "ValidationException", "The model does not support asynchronous invocation")
        known = _with_token(self.invocations, asked)
        if known is None:
            arn = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:async-invoke/{len(self.invocations) + 1:012x}"
            known = Job(arn.rpartition("/")[2], arn, asked, self.clock.now(), "InProgress")
            self.invocations[arn] = known
        return {"invocationArn": known.arn}

    def invocation(self, _request: Request, arn: str) -> Json:
        """One invocation; where it writes is a folder of its own."""
        job = self.invocations.get(arn)
        if job is None:
            raise Refused(400, "ValidationException", "Invocation ARN is invalid")
        shown = {
            "invocationArn": arn,
            "modelArn": f"arn:aws:bedrock:{REGION}::foundation-model/{job.asked['modelId']}",
            "clientRequestToken": job.asked.get("clientRequestToken"),
            "status": job.status,
            "failureMessage": job.message,
            "submitTime": _iso(job.at),
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": f"{_target(job)}/{job.id}"}},
        }
        return {name: value for name, value in shown.items() if value is not None}

    def _batch(self, name: str) -> Job:
        job = self.batches.get(name.rpartition("/")[2])
        if job is None:
            raise Refused(404, "ResourceNotFoundException", "Could not find the model invocation job")
        return job

    def _advance(self, job: Job, seconds: float) -> None:
        if job.status in _ENDED:
            return
        if job.status == "Stopping":
            self._end(job, "Stopped" if seconds >= STEPS[1][0] else "Stopping")
            return
        status = [state for after, state in STEPS if seconds >= after][-1]
        if job.asked["modelId"] == STALLS and status == "Completed":
            hours = job.asked.get("timeoutDurationInHours", DAY_H)
            status = "Expired" if seconds >= hours * 3600 else "InProgress"
        if status == "Completed":
            self._finish_batch(job)
        else:
            self._end(job, status)

    def _finish_batch(self, job: Job) -> None:
        bucket, source = _split(job.asked["inputDataConfig"]["s3InputDataConfig"]["s3Uri"])
        records = [orjson.loads(line) for line in self.objects.get((bucket, source), b"").splitlines()]
        if len(records) < self.least_records:
            job.message = f"The input has {len(records)} records; at least {self.least_records} are needed"
            self._end(job, "Failed")
            return
        if job.asked["modelId"] == FAILS:
            job.message = "The model failed, as it always does"
            self._end(job, "Failed")
            return
        every = 2 if job.asked["modelId"] == HALVES else 0
        rows = list(_answered(records, every))
        errors = sum("error" in row for row in rows)
        target_bucket, folder = _split(_target(job))
        name = f"{folder.rstrip('/')}/{job.id}/{source.rpartition('/')[2]}.out"
        self.objects[target_bucket, name] = b"".join(orjson.dumps(row) + b"\n" for row in rows)
        job.counts = {
            "totalRecordCount": len(rows),
            "processedRecordCount": len(rows),
            "successRecordCount": len(rows) - errors,
            "errorRecordCount": errors,
        }
        manifest = f"{folder.rstrip('/')}/{job.id}/manifest.json.out"
        self.objects[target_bucket, manifest] = orjson.dumps(job.counts)
        self._end(job, "Completed")

    def _finish_invocation(self, job: Job) -> None:
        if job.asked["modelId"] == FAILS:
            job.message = "The model failed, as it always does"
            self._end(job, "Failed")
            return
        bucket, folder = _split(_target(job))
        self.objects[bucket, f"{folder}/{job.id}/output.mp4"] = b"\x00\x00\x00\x18ftypmp42"
        self.objects[bucket, f"{folder}/{job.id}/manifest.json"] = b'{"taskType":"TEXT_VIDEO"}'
        self._end(job, "Completed")

    def _end(self, job: Job, status: str) -> None:
        job.status = status
        if status in _ENDED:
            job.ended = self.clock.now()


def conversed(asked: Json) -> Json:
    """What a model answers; raises `Refused` for what is no request."""
    unknown = sorted(set(asked) - _CONVERSE)
    if unknown:
        raise Refused(400, "ValidationException", f"extraneous key [{unknown[0]}] is not permitted")
    texts = [part["text"] for message in asked.get("messages") or [] for part in message["content"]]
    if not texts or not all(texts):
        raise Refused(400, "ValidationException", "The text field in the ContentBlock object is blank")
    tools = asked.get("toolConfig", {}).get("tools", [])
    schema = tools[0]["toolSpec"]["inputSchema"]["json"] if tools else None
    most = asked.get("inferenceConfig", {}).get("maxTokens", DIMENSIONS)
    reply = answer(texts[0], texts[1:], schema, most)
    content: Json = {"text": reply.text}
    reason = "max_tokens" if reply.is_cut else "end_turn"
    if tools and not reply.is_cut:
        name = tools[0]["toolSpec"]["name"]
        content = {"toolUse": {"toolUseId": "tooluse_1", "name": name, "input": orjson.loads(reply.text)}}
        reason = "tool_use"
    used = {"inputTokens": reply.input_tokens, "outputTokens": reply.output_tokens}
    return {
        "output": {"message": {"role": "assistant", "content": [content]}},
        "stopReason": reason,
        "usage": {**used, "totalTokens": sum(used.values())},
        "metrics": {"latencyMs": 250},
    }


def _answered(records: list[Json], every: int) -> Iterator[Json]:
    for number, record in enumerate(records, 1):
        try:
            if every and number % every == 0:
                raise Refused(500, "InternalServerException", "The model failed on this record")  # noqa: TRY301
            yield {**record, "modelOutput": conversed(record["modelInput"])}
        except Refused as refusal:
            yield {**record, "error": {"errorCode": refusal.status, "errorMessage": refusal.message}}


def _check_model(name: str) -> None:
    if name not in MODELS:
        raise Refused(400, "ValidationException", "The provided model identifier is invalid.")


def _with_token(jobs: Mapping[str, Job], asked: Json) -> Job | None:
    token = asked.get("clientRequestToken")
    return next((each for each in jobs.values() if token and each.asked["clientRequestToken"] == token), None)


def _shown(job: Job) -> Json:
    shown = {
        **job.asked,
        "jobArn": job.arn,
        "status": job.status,
        "message": job.message,
        "submitTime": _iso(job.at),
        "endTime": _iso(job.ended) if job.ended else None,
        "jobExpirationTime": _iso(job.at + timedelta(hours=job.asked.get("timeoutDurationInHours", DAY_H))),
        **job.counts,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _target(job: Job) -> str:
    return str(job.asked["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"])


def _split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_ROUTES: tuple[tuple[str, str, Callable[..., Json]], ...] = (
    ("GET", "/foundation-models", BedrockSandbox.models),
    ("POST", "/model/([^/]+)/converse", BedrockSandbox.converse),
    ("POST", "/model/([^/]+)/invoke", BedrockSandbox.invoke),
    ("POST", "/model-invocation-job", BedrockSandbox.create_job),
    ("GET", "/model-invocation-jobs", BedrockSandbox.jobs),
    ("GET", "/model-invocation-job/(.+)", BedrockSandbox.job),
    ("POST", "/model-invocation-job/(.+)/stop", BedrockSandbox.stop_job),
    ("POST", "/async-invoke", BedrockSandbox.start_invocation),
    ("GET", "/async-invoke/(.+)", BedrockSandbox.invocation),
)
