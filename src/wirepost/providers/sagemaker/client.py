"""`SageMakerClient`: endpoints of Amazon SageMaker: asked at once, asked for later, listed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from wirepost.upstream import parts
from wirepost.upstream.ask import Answer
from wirepost.upstream.aws import AwsClient, Party

RUNTIME = Party("runtime.sagemaker", "sagemaker")
CONTROL = Party("api.sagemaker", "sagemaker")
MODEL_S = 60.0
"""How long SageMaker lets an endpoint take for one answer."""
QUEUE_S = 21_600
"""Seconds a request may wait before its model begins: the most that SageMaker allows."""
WORK_S = 3_600
"""Seconds the model may then take: the most as well."""
_PREFIX = "X-Amzn-SageMaker-"


class SageMakerClient(AwsClient):
    """One account in one region for the time of one call.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Runtime.html
    """

    async def invoke(self, endpoint: str, content: bytes, content_type: str) -> Answer:
        """Ask an endpoint; what it does with the request nobody knows, so it is sent once."""
        path = f"/endpoints/{quote(endpoint, safe='')}/invocations"
        return await self.ask(
            RUNTIME,
            "POST",
            path,
            content=content,
            content_type=content_type,
            is_write=True,
            timeout_s=MODEL_S,
        )

    async def invoke_later(self, endpoint: str, source: str, content_type: str, name: str) -> Answer:
        """Have an endpoint answer what is at `s3://…`; `name` is carried by the request."""
        given = {
            "InputLocation": source,
            "Content-Type": content_type,
            "Inference-Id": name,
            "RequestTTLSeconds": str(QUEUE_S),
            "InvocationTimeoutSeconds": str(WORK_S),
        }
        headers = {f"{_PREFIX}{header}": value for header, value in given.items()}
        path = f"/endpoints/{quote(endpoint, safe='')}/async-invocations"
        return await self.ask(RUNTIME, "POST", path, headers=headers, is_write=True)

    async def endpoints(self) -> list[Mapping[str, Any]]:
        """The first hundred endpoints that can be asked.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListEndpoints.html
        """
        answer = await self.read(
            CONTROL,
            "POST",
            "/",
            content=orjson.dumps({"StatusEquals": "InService", "MaxResults": 100}),
            content_type="application/x-amz-json-1.1",
            headers={"X-Amz-Target": "SageMaker.ListEndpoints"},
        )
        return parts.rows(answer.get("Endpoints"))
