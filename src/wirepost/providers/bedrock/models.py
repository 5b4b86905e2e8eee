"""Bedrock's models behind the contract that all providers share."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from wirepost.contracts.ai import Models
from wirepost.contracts.generation import (
    BatchItem,
    Embeddings,
    Endpoint,
    Feature,
    Generation,
    Invocation,
    ModelFacts,
    Prompt,
    Usage,
)
from wirepost.core.errors import InvalidCall, NotConnected
from wirepost.core.text import clean_line
from wirepost.core.times import CLOCKS
from wirepost.providers.bedrock.client import BedrockClient, token
from wirepost.providers.bedrock.converse import body_of, generation_of
from wirepost.tools.jobs import Started
from wirepost.upstream import parts, s3
from wirepost.upstream.s3 import Place

BATCH, ASYNC = "bedrock.batch", "bedrock.async"
INPUT = "input.jsonl"
LINES = "application/jsonl"
_FEATURES: Mapping[str, tuple[Feature, ...]] = {"TEXT": ("text", "json"), "EMBEDDING": ("embeddings",)}


class BedrockModels(Models):
    """The models of one account in one region."""

    def __init__(self, client: BedrockClient) -> None:
        self._client = client

    async def generate(self, prompt: Prompt) -> Generation:
        """Answer at once."""
        answer = await self._client.converse(prompt.model, body_of(prompt))
        return generation_of(answer, prompt.model)

    async def list_models(self) -> list[ModelFacts]:
        """Foundation models that can be asked for text or vectors; profiles of one's own are not listed."""
        found = [_facts(each) for each in await self._client.models()]
        return [each for each in found if each.features]

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None) -> Embeddings:
        """Vectors by a model of Amazon Titan, which takes one text at a time."""
        if ".titan-embed-text" not in f".{model}":
            raise InvalidCall("unsupported_by_provider", "Vectors come from models amazon.titan-embed-text-…")
        answers = await asyncio.gather(*(self._vector(text, model, dimensions) for text in texts))
        tokens = sum(parts.count(each.get("inputTextTokenCount")) for each in answers)
        vectors = [parts.vector(each.get("embedding")) for each in answers]
        return Embeddings(vectors, model, Usage(input_tokens=tokens))

    async def submit_batch(self, items: Sequence[BatchItem], *, key: str, intent: str) -> Started:
        """Put the requests into the bucket and have them answered; what was put stays there.

        https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference.html
        """
        bucket = self._client.bucket
        if bucket.role is None:
            raise NotConnected(
                "not_connected",
                "The connection names no role with which Bedrock reads and writes the bucket",
                hint="An operator names it as `bucket.role` of the connection",
            )
        folder = Place(bucket.name, f"{bucket.prefix}/{token(intent)}")
        source, target = Place(bucket.name, f"{folder.key}/{INPUT}"), f"{folder.uri}/output/"
        lines = (
            orjson.dumps({"recordId": each.custom_id, "modelInput": body_of(each.prompt)}) for each in items
        )
        await s3.put(self._client, source, b"\n".join(lines) + b"\n", LINES)
        body = {
            "jobName": job_name(intent),
            "roleArn": bucket.role,
            "modelId": items[0].prompt.model,
            "modelInvocationType": "Converse",
            "inputDataConfig": {"s3InputDataConfig": {"s3Uri": source.uri, "s3InputFormat": "JSONL"}},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": target}},
        }
        arn = await self._client.create_job(body, key)
        return _batch(arn, target, len(items))

    async def find_batch(self, intent: str, since: datetime) -> Started | None:
        """The batch whose job carries the intent in its name."""
        moment = (since - CLOCKS).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        name = job_name(intent)
        for each in await self._client.jobs_named(name, moment):
            if each.get("jobName") == name:
                return _batch(parts.name(each.get("jobArn")), output_of(each), None)
        return None

    async def invoke(self, endpoint: Endpoint) -> Invocation:
        """Ask a model in its own form."""
        answer = await self._client.invoke(endpoint.name, endpoint.payload.encode(), endpoint.content_type)
        kind = clean_line(answer.headers.get("content-type") or "application/octet-stream", 100)
        return Invocation(body=answer.body.decode(errors="replace"), content_type=kind)

    async def submit_invocation(self, endpoint: Endpoint, *, key: str, intent: str) -> Started:
        """Ask a model whose answer goes to the bucket, such as one that makes films.

        https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_StartAsyncInvoke.html
        """
        try:
            asked = orjson.loads(endpoint.payload)
        except ValueError:
            raise InvalidCall("invalid_arguments", "Bedrock takes JSON as payload") from None
        bucket = self._client.bucket
        target = Place(bucket.name, f"{bucket.prefix}/{token(intent)}")
        body = {
            "modelId": endpoint.name,
            "modelInput": asked,
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": target.uri}},
        }
        arn = await self._client.start_invocation(body, key)
        return Started(ASYNC, arn, {"output": target.uri}, "running")

    async def _vector(self, text: str, model: str, dimensions: int | None) -> Mapping[str, Any]:
        """https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html."""
        asked = {"inputText": text} | ({"dimensions": dimensions} if dimensions else {})
        return parts.parsed((await self._client.invoke(model, orjson.dumps(asked))).body)


def job_name(intent: str) -> str:
    """What a batch is called, so that it is found again."""
    return f"wirepost-{token(intent)}"


def output_of(job: Mapping[str, Any]) -> str:
    """Where a job or an invocation writes (`s3://…`); empty where it does not say."""
    config = parts.mapping(job.get("outputDataConfig"))
    return parts.text(parts.mapping(config.get("s3OutputDataConfig")).get("s3Uri"))


def _batch(arn: str, target: str, total: int | None) -> Started:
    return Started(BATCH, arn.rpartition("/")[2], {"output": target}, "queued", total=total)


def _facts(model: Mapping[str, Any]) -> ModelFacts:
    """What Bedrock tells of a model; it does not tell limits."""
    modalities = parts.words_in(model.get("outputModalities"))
    features = [each for name, fits in _FEATURES.items() if name in modalities for each in fits]
    if features and "IMAGE" in parts.words_in(model.get("inputModalities")):
        features.append("vision")
    return ModelFacts(id=parts.name(model.get("modelId")), features=features)
