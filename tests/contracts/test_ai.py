"""A provider of models that only answers at once refuses everything else by name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wirepost.contracts.ai import Models
from wirepost.contracts.generation import Endpoint, Generation, ModelFacts, Prompt, Usage
from wirepost.core.errors import CallError

NOW = datetime(2026, 7, 28, tzinfo=UTC)
PROMPT = Prompt(model="m", text="Hello")
ENDPOINT = Endpoint(name="e", payload="{}", content_type="application/json")


class Plain(Models):
    """Answers, and can do nothing else."""

    async def generate(self, prompt: Prompt) -> Generation:
        return Generation(text="Hi", finish_reason="stop", model=prompt.model, usage=Usage())

    async def list_models(self) -> list[ModelFacts]:
        return []


BESIDES = {
    "embed": lambda models: models.embed(["a"], model="m", dimensions=None),
    "batch": lambda models: models.submit_batch([], key="k", intent="i"),
    "background": lambda models: models.submit_background(PROMPT, key="k", intent="i"),
    "invoke": lambda models: models.invoke(ENDPOINT),
    "invocation": lambda models: models.submit_invocation(ENDPOINT, key="k", intent="i"),
}
LOST = {
    "batch": lambda models: models.find_batch("i", NOW),
    "background": lambda models: models.find_background("i", NOW),
    "invocation": lambda models: models.find_invocation("i", NOW),
}


@pytest.mark.parametrize("what", BESIDES)
async def test_what_a_provider_cannot_do_is_refused(what) -> None:
    with pytest.raises(CallError) as refused:
        await BESIDES[what](Plain())
    assert refused.value.code == "unsupported_by_provider"


@pytest.mark.parametrize("what", LOST)
async def test_a_provider_that_cannot_look_for_what_was_lost_never_says_that_there_is_nothing(what) -> None:
    with pytest.raises(CallError) as unknown:
        await LOST[what](Plain())
    assert unknown.value.code == "outcome_unknown"
