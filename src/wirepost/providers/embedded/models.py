"""`EmbeddedModels`: vectors of texts; everything else needs a language model, which this is not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from wirepost.contracts.ai import Models
from wirepost.contracts.generation import Embeddings, Generation, ModelFacts, Prompt, Usage
from wirepost.core.errors import InvalidCall
from wirepost.providers.embedded.engine import DIMENSIONS, MODEL, TOKENS, count_tokens, vectors


class EmbeddedModels(Models):
    """One model, whatever the call names."""

    async def generate(self, prompt: Prompt) -> Generation:
        """Refused: it cannot write."""
        del prompt
        raise InvalidCall(
            "unsupported_by_provider",
            "The embedded models judge and compare texts, but do not write",
            hint="Configure a connection to a language model and name it under `ai.models`",
        )

    async def list_models(self) -> list[ModelFacts]:
        """The one that is there."""
        return [ModelFacts(id=MODEL, input_limit=TOKENS, features=["embeddings"])]

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None) -> Embeddings:
        """Vectors of length 1."""
        del model
        if dimensions not in {None, DIMENSIONS}:
            raise InvalidCall(
                "invalid_arguments",
                f"The embedded model has {DIMENSIONS} dimensions",
                fields=[{"path": "dimensions", "problem": f"must be {DIMENSIONS} or left out"}],
            )
        found = await vectors(texts)
        tokens = await asyncio.to_thread(count_tokens, texts)
        rows = [[float(each) for each in row] for row in found]
        return Embeddings(rows, MODEL, Usage(input_tokens=tokens))
