"""`GeminiModels`: answers and vectors at once, batches, and answers in the background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

from wirepost.contracts.ai import Models
from wirepost.contracts.generation import (
    BatchItem,
    Embeddings,
    Feature,
    Generation,
    ModelFacts,
    Prompt,
    Usage,
)
from wirepost.contracts.google_models import body_of, generation_of
from wirepost.core.errors import InvalidCall
from wirepost.providers.gemini.batches import facts, started
from wirepost.providers.gemini.client import GeminiClient, Json
from wirepost.providers.gemini.interactions import interaction, interaction_body
from wirepost.tools.jobs import Started
from wirepost.upstream import faults, parts

PAGE = "1000"
MOST_PAGES = 50
BATCH_PAGE = "100"
MOST_BYTES = 20 * 1000 * 1000
"""Of requests that a batch holds itself (https://ai.google.dev/gemini-api/docs/batch-api)."""
MOST_TEXTS = 100
_METHODS: dict[str, Feature] = {
    "generateContent": "text",
    "embedContent": "embeddings",
    "batchGenerateContent": "batch",
}


class GeminiModels(Models):
    """The models of one connection."""

    def __init__(self, client: GeminiClient) -> None:
        self._client = client

    async def generate(self, prompt: Prompt) -> Generation:
        """One answer."""
        raw = await self._client.ask(f"{_path(prompt.model)}:generateContent", body_of(prompt))
        return generation_of(raw, self._client.upstream.name, prompt.model)

    async def list_models(self) -> list[ModelFacts]:
        """All pages."""
        found: list[ModelFacts] = []
        token: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = await self._client.get("models", pageSize=PAGE, **token)
            found += [_facts(row) for row in parts.rows(page.get("models"))]
            if not page.get("nextPageToken"):
                break
            token = {"pageToken": parts.name(page["nextPageToken"])}
        return found

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None) -> Embeddings:
        """Vectors, a hundred texts at a time; Gemini does not count their tokens."""
        vectors: list[list[float]] = []
        for start in range(0, len(texts), MOST_TEXTS):
            vectors += await self._vectors(texts[start : start + MOST_TEXTS], model, dimensions)
        return Embeddings(vectors, model, Usage())

    async def submit_batch(self, items: Sequence[BatchItem], *, key: str, intent: str) -> Started:
        """A batch of one model, named by the intent; raises `InvalidCall` for one that cannot be."""
        del key
        models = {item.prompt.model for item in items}
        if len(models) != 1:
            raise InvalidCall("invalid_arguments", "A batch of Gemini asks one model; make one for each")
        requests = [{"request": body_of(each.prompt), "metadata": {"key": each.custom_id}} for each in items]
        batch: Json = {"displayName": intent, "inputConfig": {"requests": {"requests": requests}}}
        body: Json = {"batch": batch}
        if len(orjson.dumps(body)) > MOST_BYTES:
            raise InvalidCall("invalid_arguments", "A batch of Gemini has at most 20 MB; make several")
        raw = await self._client.write(f"{_path(models.pop())}:batchGenerateContent", body)
        with parts.of_write(self._client.upstream.name):
            return started(raw, len(items))

    async def find_batch(self, intent: str, since: datetime) -> Started | None:
        """The batch of that name."""
        del since
        token: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = await self._client.get("batches", pageSize=BATCH_PAGE, **token)
            for row in parts.rows(page.get("operations")):
                if facts(row).get("displayName") == intent:
                    return started(row)
            if not page.get("nextPageToken"):
                return None
            token = {"pageToken": parts.name(page["nextPageToken"])}
        raise self._not_to_be_found()

    async def submit_background(self, prompt: Prompt, *, key: str, intent: str) -> Started:
        """Answered and kept until it is fetched; there is no list to find a lost one in."""
        del key, intent
        raw = await self._client.write("interactions", interaction_body(prompt))
        with parts.of_write(self._client.upstream.name):
            return interaction(raw)

    async def _vectors(self, texts: Sequence[str], model: str, dimensions: int | None) -> list[list[float]]:
        size = {} if dimensions is None else {"outputDimensionality": dimensions}
        path = _path(model)
        requests = [{"model": path, "content": {"parts": [{"text": text}]}, **size} for text in texts]
        raw = await self._client.ask(f"{path}:batchEmbedContents", {"requests": requests})
        found = parts.rows(raw.get("embeddings"))
        if len(found) != len(texts):
            raise faults.not_understood(self._client.upstream.name)
        return [parts.vector(each.get("values")) for each in found]


def _path(model: str) -> str:
    return f"models/{quote(model.removeprefix('models/'), safe='')}"


def _facts(row: Mapping[str, Any]) -> ModelFacts:
    methods = parts.words_in(row.get("supportedGenerationMethods"))
    features: list[Feature] = [ours for theirs, ours in _METHODS.items() if theirs in methods]
    return ModelFacts(
        id=parts.name(row.get("name")).removeprefix("models/"),
        input_limit=parts.number(row.get("inputTokenLimit")),
        output_limit=parts.number(row.get("outputTokenLimit")),
        features=features or None,
    )
