"""Endpoints of SageMaker behind the contract that all providers of models share."""

from __future__ import annotations

from datetime import timedelta

from wirepost.contracts.ai import Models
from wirepost.contracts.generation import Endpoint, Generation, Invocation, ModelFacts, Prompt
from wirepost.core.text import clean_line
from wirepost.providers.sagemaker.client import QUEUE_S, WORK_S, SageMakerClient
from wirepost.tools.jobs import Started
from wirepost.upstream import faults, parts, s3
from wirepost.upstream.ask import Answer, Ask
from wirepost.upstream.s3 import Place

ASYNC = "sagemaker.async"
OCTETS = "application/octet-stream"


class SageMakerModels(Models):
    """The endpoints of one account in one region: each takes a format of its own, so none takes prompts."""

    def __init__(self, client: SageMakerClient) -> None:
        self._client = client

    async def generate(self, prompt: Prompt) -> Generation:
        """Refused: an endpoint is asked in its own format."""
        del prompt
        raise self._cannot("take prompts; ask an endpoint with ai_invoke_endpoint")

    async def list_models(self) -> list[ModelFacts]:
        """The endpoints that can be asked."""
        found = await self._client.endpoints()
        return [ModelFacts(id=parts.name(each.get("EndpointName"))) for each in found]

    async def invoke(self, endpoint: Endpoint) -> Invocation:
        """Ask an endpoint in its own format."""
        answer = await self._client.invoke(endpoint.name, endpoint.payload.encode(), endpoint.content_type)
        kind = clean_line(answer.headers.get("content-type") or OCTETS, 100)
        return Invocation(body=answer.body.decode(errors="replace"), content_type=kind)

    async def submit_invocation(self, endpoint: Endpoint, *, key: str, intent: str) -> Started:
        """Put the request into the bucket and have an asynchronous endpoint answer it.

        https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html
        """
        del key  # SageMaker takes none
        bucket = self._client.bucket
        source = Place(bucket.name, f"{bucket.prefix}/{intent}/input")
        await s3.put(self._client, source, endpoint.payload.encode(), endpoint.content_type)
        answer = await self._client.invoke_later(endpoint.name, source.uri, endpoint.content_type, intent)
        longest = timedelta(seconds=QUEUE_S + WORK_S)
        return Started(
            ASYNC,
            intent,
            {"endpoint": endpoint.name, **self._locations(answer)},
            expires_at=self._client.upstream.clock.now() + longest,
        )

    def _locations(self, answer: Answer) -> dict[str, str]:
        """Where the answer will be, and where the failure would be, which some endpoints do not tell."""
        output = answer.headers.get("x-amzn-sagemaker-outputlocation", "")
        failure = answer.headers.get("x-amzn-sagemaker-failurelocation", "")
        try:
            found = {
                name: Place.of(uri).uri for name, uri in (("output", output), ("failure", failure)) if uri
            }
        except ValueError:
            found = {}
        if "output" not in found:
            raise faults.unreadable(self._client.upstream.name, Ask("POST", "/", is_write=True))
        return found
