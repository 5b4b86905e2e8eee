"""`Models`: language models, whoever serves them."""

# ruff: noqa: ARG002 - what a provider cannot do takes the same arguments

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from wirepost.core.errors import InvalidCall, OutcomeUnknown
from wirepost.tools.contract import Contract

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from wirepost.contracts.generation import (
        BatchItem,
        Embeddings,
        Endpoint,
        Generation,
        Invocation,
        ModelFacts,
        Prompt,
    )
    from wirepost.tools.jobs import Started


class Models(Contract):
    """One provider of models. What it cannot do is refused as `unsupported_by_provider`.

    Every method raises `CallError`. `key` is the idempotency key, `intent` the id that is stored in what is
    created, where the provider has a place for it; `find_…` looks for it by reading after a lost answer.
    """

    @abstractmethod
    async def generate(self, prompt: Prompt) -> Generation:
        """Answer at once."""

    @abstractmethod
    async def list_models(self) -> list[ModelFacts]:
        """What can be asked."""

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None) -> Embeddings:
        """Vectors of texts."""
        raise self._cannot("embed texts")

    async def submit_batch(self, items: Sequence[BatchItem], *, key: str, intent: str) -> Started:
        """Have many requests answered within hours; ids are unique."""
        raise self._cannot("take batches")

    async def find_batch(self, intent: str, since: datetime) -> Started | None:
        """The batch of an attempt whose answer was lost; `None` only where there is certainly none."""
        raise self._not_to_be_found()

    async def submit_background(self, prompt: Prompt, *, key: str, intent: str) -> Started:
        """Have one request answered while nobody waits."""
        raise self._cannot("answer in the background")

    async def find_background(self, intent: str, since: datetime) -> Started | None:
        """The same for `submit_background`."""
        raise self._not_to_be_found()

    async def invoke(self, endpoint: Endpoint) -> Invocation:
        """Ask a hosted model in its own format."""
        raise self._cannot("ask endpoints")

    async def submit_invocation(self, endpoint: Endpoint, *, key: str, intent: str) -> Started:
        """The same, answered later."""
        raise self._cannot("ask endpoints in the background")

    async def find_invocation(self, intent: str, since: datetime) -> Started | None:
        """The same for `submit_invocation`."""
        raise self._not_to_be_found()

    def _not_to_be_found(self) -> OutcomeUnknown:
        """Without a list to look in, a repetition might be paid for twice."""
        return OutcomeUnknown(
            "outcome_unknown",
            "Whether the earlier attempt started a job cannot be found out by reading",
            hint="Look at the provider; then use a new intent",
        )

    def _cannot(self, what: str) -> InvalidCall:
        return InvalidCall("unsupported_by_provider", f"This provider cannot {what}")
