"""`SageMakerSandbox`: endpoints of SageMaker in memory, with the part of S3 and STS that they need."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import unquote

import orjson

from wirepost.sandbox.aws import ACCOUNT, REGION, AwsSandbox, Refused, json_answer
from wirepost.sandbox.model import answer
from wirepost.sandbox.vendor import Request, Response

REVIEWS, FAILS, STARTS, STALLS = "reviews", "fails", "starts", "stalls"
"""Endpoints: one that judges texts, and those that show what goes wrong."""
ENDPOINTS = (REVIEWS, FAILS, STARTS, STALLS)
ANSWER_S = 15.0
"""After which an asynchronous endpoint has answered."""
_PATH = re.compile(r"/endpoints/([^/]+)/(async-invocations|invocations)")
_PREFIX = "x-amzn-sagemaker-"
_SCHEMA = {"enum": ["negative", "neutral", "positive"]}


@dataclass
class Waiting:
    """A request to an asynchronous endpoint."""

    endpoint: str
    source: tuple[str, str]
    name: str
    at: datetime


class SageMakerSandbox(AwsSandbox):
    """An imitation of SageMaker's endpoints for trying and testing; later answers take virtual time."""

    vendor: ClassVar[str] = "sagemaker"

    def forget(self) -> None:
        """Drop everything that requests made."""
        super().forget()
        self.waiting: list[Waiting] = []
        self._invoked = 0

    def summary(self) -> dict[str, Any]:
        """How much there is."""
        return {"endpoints": len(ENDPOINTS), "waiting": len(self.waiting), "objects": len(self.objects)}

    def act(self, request: Request) -> Response | None:
        """Answer a request to SageMaker."""
        if request.headers.get("x-amz-target") == "SageMaker.ListEndpoints":
            return json_answer({"Endpoints": [_listed(each, self.clock.now()) for each in ENDPOINTS]})
        found = _PATH.fullmatch(request.path)
        if found is None or request.method != "POST":
            return None
        endpoint = unquote(found[1])
        if endpoint not in ENDPOINTS:
            raise Refused(400, "ValidationError", f"Endpoint {endpoint} of account {ACCOUNT} not found.")
        return (
            self._later(request, endpoint) if found[2].startswith("async") else _answered(request, endpoint)
        )

    def pass_time(self) -> None:
        """Let endpoints answer what has waited long enough."""
        due = [each for each in self.waiting if self._waited_s(each) >= ANSWER_S and each.endpoint != STALLS]
        for each in due:
            self.waiting.remove(each)
            try:
                self.objects[_place("output", each)] = _made(each.endpoint, self.objects[each.source])
            except Refused as refusal:
                self.objects[_place("failure", each)] = refusal.message.encode()

    def _waited_s(self, waiting: Waiting) -> float:
        return (self.clock.now() - waiting.at).total_seconds()

    def _later(self, request: Request, endpoint: str) -> Response:
        location = request.headers.get(f"{_PREFIX}inputlocation", "")
        bucket, _, key = location.removeprefix("s3://").partition("/")
        if (bucket, key) not in self.objects:
            raise Refused(400, "ValidationError", f"InputLocation {location} is not there")
        self._invoked += 1
        waiting = Waiting(endpoint, (bucket, key), f"{self._invoked:08x}", self.clock.now())
        self.waiting.append(waiting)
        told = {
            f"X-Amzn-SageMaker-{name}Location": "s3://" + "/".join(_place(name.lower(), waiting))
            for name in ("Output", "Failure")
        }
        inference = request.headers.get(f"{_PREFIX}inference-id") or waiting.name
        return json_answer({"InferenceId": inference}, 202, told)


def judged(content: bytes) -> bytes:
    """The mood of the texts under `inputs`, as such models answer."""
    try:
        asked = orjson.loads(content)
    except orjson.JSONDecodeError:
        asked = None
    inputs = asked.get("inputs") if isinstance(asked, dict) else None
    given = inputs if isinstance(inputs, list) else [inputs]
    texts = [each for each in given if isinstance(each, str)]
    if len(texts) < len(given):
        raise Refused(424, "ModelError", 'Received client error (400) from primary with message "no inputs"')
    labels = [orjson.loads(answer("Judge", [text], _SCHEMA).text) for text in texts]
    return orjson.dumps([{"label": label, "score": 0.8} for label in labels])


def _answered(request: Request, endpoint: str) -> Response:
    if endpoint == STARTS:
        raise Refused(429, "ModelNotReadyException", "The model is not ready")
    return Response(200, _made(endpoint, request.body))


def _made(endpoint: str, content: bytes) -> bytes:
    if endpoint == FAILS:
        raise Refused(
            424, "ModelError", "Received server error (500) from primary with message: out of memory"
        )
    return judged(content)


def _listed(name: str, now: datetime) -> dict[str, Any]:
    return {
        "EndpointName": name,
        "EndpointArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{name}",
        "CreationTime": now.timestamp(),
        "LastModifiedTime": now.timestamp(),
        "EndpointStatus": "InService",
    }


def _place(kind: str, waiting: Waiting) -> tuple[str, str]:
    """(bucket, key) of an answer or a failure."""
    name = f"{waiting.name}.out" if kind == "output" else f"{waiting.name}-error.out"
    return waiting.source[0], f"endpoints/{waiting.endpoint}/{kind}/{name}"
