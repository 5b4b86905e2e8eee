"""`BedrockClient`: Amazon Bedrock's two services, as far as the contract of models needs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from wirepost.upstream import parts
from wirepost.upstream.ask import Answer
from wirepost.upstream.aws import AwsClient, Party

CONTROL = Party("bedrock", "bedrock")
RUNTIME = Party("bedrock-runtime", "bedrock")
JSON = "application/json"
MODEL_S = 60.0
"""How long a model may take for one answer."""

Json = dict[str, Any]


class BedrockClient(AwsClient):
    """One account in one region for the time of one call.

    https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations.html
    """

    async def converse(self, model: str, body: Json) -> Json:
        """Ask a model in the form that all of them share."""
        path = f"/model/{quote(model, safe='')}/converse"
        return await self.read(
            RUNTIME, "POST", path, content=orjson.dumps(body), content_type=JSON, timeout_s=MODEL_S
        )

    async def invoke(self, model: str, content: bytes, content_type: str = JSON) -> Answer:
        """Ask a model in its own form."""
        path = f"/model/{quote(model, safe='')}/invoke"
        return await self.ask(
            RUNTIME, "POST", path, content=content, content_type=content_type, timeout_s=MODEL_S
        )

    async def models(self) -> list[Mapping[str, Any]]:
        """The foundation models of the region."""
        return parts.rows((await self.read(CONTROL, "GET", "/foundation-models")).get("modelSummaries"))

    async def create_job(self, body: Json, key: str) -> str:
        """Start a batch; the ARN of its job."""
        made = await self._write(CONTROL, "/model-invocation-job", body, key)
        with parts.of_write(self.upstream.name):
            return parts.name(made.get("jobArn"))

    async def job(self, job_id: str) -> Json:
        """How a batch stands."""
        return await self.read(CONTROL, "GET", f"/model-invocation-job/{quote(job_id, safe='')}")

    async def jobs_named(self, name: str, since: str) -> list[Mapping[str, Any]]:
        """Batches with this in their names that were submitted after a time (ISO 8601)."""
        query = (("nameContains", name), ("submitTimeAfter", since))
        answer = await self.read(CONTROL, "GET", "/model-invocation-jobs", query=query)
        return parts.rows(answer.get("invocationJobSummaries"))

    async def stop_job(self, job_id: str) -> None:
        """Ask a batch to stop."""
        path = f"/model-invocation-job/{quote(job_id, safe='')}/stop"
        await self.ask(CONTROL, "POST", path, is_write=True, key=job_id)

    async def start_invocation(self, body: Json, key: str) -> str:
        """Ask a model whose answer goes to the bucket; the ARN of the invocation."""
        made = await self._write(RUNTIME, "/async-invoke", body, key)
        with parts.of_write(self.upstream.name):
            return parts.name(made.get("invocationArn"))

    async def invocation(self, arn: str) -> Json:
        """How such an invocation stands."""
        return await self.read(RUNTIME, "GET", f"/async-invoke/{quote(arn, safe='')}")

    async def _write(self, party: Party, path: str, body: Json, key: str) -> Json:
        content = orjson.dumps({**body, "clientRequestToken": token(key)})
        return await self.read(
            party, "POST", path, content=content, content_type=JSON, key=key, is_write=True
        )


def token(text: str) -> str:
    """An id of ours as Bedrock takes it in tokens and names: letters, digits and hyphens."""
    return text.replace("_", "-")
