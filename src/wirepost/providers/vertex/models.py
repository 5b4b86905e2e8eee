"""`VertexModels`: answers and vectors at once, and batches through a bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wirepost.contracts.ai import Models
from wirepost.contracts.generation import BatchItem, Embeddings, Generation, ModelFacts, Prompt, Usage
from wirepost.contracts.google_models import body_of, generation_of, usage_of
from wirepost.core.errors import InvalidCall
from wirepost.providers.vertex import storage
from wirepost.providers.vertex.batches import lines_of, started
from wirepost.providers.vertex.client import VertexClient, model_name
from wirepost.providers.vertex.storage import Place
from wirepost.tools.jobs import Started
from wirepost.upstream import faults, parts
from wirepost.upstream.google import Json

PAGE = 100
LINES = "application/jsonl"
MOST_PAGES = 50
MOST_TEXTS = 5
"""Of one request: 250 are allowed, but no more than 20,000 tokens together, and a text has up to 2,048.

https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
"""
PREDICTING = "gemini-embedding-001"
"""The only Gemini model for vectors that `predict` asks, one text at a time; later ones have a method."""


class VertexModels(Models):
    """Google's models, in one project."""

    def __init__(self, client: VertexClient) -> None:
        self._client = client

    async def generate(self, prompt: Prompt) -> Generation:
        """One answer."""
        raw = await self._client.ask_model(prompt.model, "generateContent", body_of(prompt))
        return generation_of(raw, self._client.upstream.name, prompt.model)

    async def list_models(self) -> list[ModelFacts]:
        """Google's models; which of them answer in a location Vertex does not tell."""
        found: list[ModelFacts] = []
        token: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._client.list_page(size=PAGE, token=token)
            rows = parts.rows(page.get("publisherModels"))
            found += [ModelFacts(id=parts.name(row.get("name")).rpartition("/")[2]) for row in rows]
            if not page.get("nextPageToken"):
                break
            token = parts.name(page["nextPageToken"])
        return found

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None) -> Embeddings:
        """Vectors, as many texts at a time as the model takes."""
        if model.startswith("gemini") and model != PREDICTING:
            return await self._embed_each(texts, model, dimensions)
        size = 1 if model == PREDICTING else MOST_TEXTS
        vectors: list[list[float]] = []
        tokens = 0
        for start in range(0, len(texts), size):
            for each in await self._embedded(texts[start : start + size], model, dimensions):
                vectors.append(parts.vector(each.get("values")))
                tokens += _tokens(parts.mapping(each.get("statistics")).get("token_count"))
        return Embeddings(vectors, model, Usage(input_tokens=tokens))

    async def _embed_each(self, texts: Sequence[str], model: str, dimensions: int | None) -> Embeddings:
        size: Json = {} if dimensions is None else {"outputDimensionality": dimensions}
        vectors, tokens = [], 0
        for text in texts:
            body: Json = {"content": {"parts": [{"text": text}]}, **size}
            raw = await self._client.ask_model(model, "embedContent", body)
            vectors.append(parts.vector(parts.needed(raw.get("embedding")).get("values")))
            tokens += usage_of(raw.get("usageMetadata")).input_tokens
        return Embeddings(vectors, model, Usage(input_tokens=tokens))

    async def submit_batch(self, items: Sequence[BatchItem], *, key: str, intent: str) -> Started:
        """Put the requests into the bucket and have them answered; what was put stays there.

        Raises `InvalidCall` for a batch that cannot be. The job is named by the intent.
        """
        del key
        models = {item.prompt.model for item in items}
        if len(models) != 1:
            raise InvalidCall("invalid_arguments", "A batch of Vertex AI asks one model; make one for each")
        bucket = self._client.bucket
        folder = Place(bucket.name, f"{bucket.prefix}/{intent}")
        source = Place(bucket.name, f"{folder.name}/input.jsonl")
        await storage.put(self._client, source, lines_of(items), LINES)
        body: Json = {
            "displayName": intent,
            "model": model_name(models.pop()),
            "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": [source.uri]}},
            "outputConfig": {
                "predictionsFormat": "jsonl",
                "gcsDestination": {"outputUriPrefix": f"{folder.uri}/output/"},
            },
        }
        raw = await self._client.write(f"{self._client.parent}/batchPredictionJobs", body)
        with parts.of_write(self._client.upstream.name):
            return started(raw, len(items))

    async def find_batch(self, intent: str, since: datetime) -> Started | None:
        """The batch of that name."""
        del since
        token: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            query = {"filter": f'display_name="{intent}"', **token}
            page = await self._client.get(f"{self._client.parent}/batchPredictionJobs", **query)
            for row in parts.rows(page.get("batchPredictionJobs")):
                if row.get("displayName") == intent:
                    return started(row)
            if not page.get("nextPageToken"):
                return None
            token = {"pageToken": parts.name(page["nextPageToken"])}
        raise self._not_to_be_found()

    async def _embedded(
        self, texts: Sequence[str], model: str, dimensions: int | None
    ) -> list[Mapping[str, Any]]:
        body: Json = {"instances": [{"content": text} for text in texts]}
        if dimensions is not None:
            body["parameters"] = {"outputDimensionality": dimensions}
        raw = await self._client.ask_model(model, "predict", body)
        found = [parts.needed(each.get("embeddings")) for each in parts.rows(raw.get("predictions"))]
        if len(found) != len(texts):
            raise faults.not_understood(self._client.upstream.name)
        return found


def _tokens(value: Any) -> int:
    """Vertex writes this count as a number with a decimal point."""
    return parts.count(int(value) if isinstance(value, float) and value.is_integer() else value)
