"""Vectors on this machine, and what is refused."""

from __future__ import annotations

import pytest

from wirepost.contracts.generation import Prompt
from wirepost.core.errors import InvalidCall


async def test_vectors_of_like_texts_are_near(models):
    found = await models.embed(
        ["a red apple", "una manzana roja", "the tax office"], model="", dimensions=None
    )
    apple, manzana, office = found.vectors
    assert len(apple) == 384
    assert sum(x * x for x in apple) == pytest.approx(1, abs=1e-3)
    near, far = (sum(x * y for x, y in zip(apple, other, strict=True)) for other in (manzana, office))
    assert near > far
    assert found.usage.input_tokens > 0


async def test_other_dimensions_are_refused(models):
    with pytest.raises(InvalidCall, match="384"):
        await models.embed(["a"], model="", dimensions=100)


async def test_it_does_not_write(models):
    with pytest.raises(InvalidCall) as refused:
        await models.generate(Prompt(model="", text="Write a poem"))
    assert refused.value.code == "unsupported_by_provider"
    assert "ai.models" in refused.value.hint


async def test_it_lists_its_model(models):
    (only,) = await models.list_models()
    assert (only.id, only.features) == ("multilingual-e5-small", ["embeddings"])
