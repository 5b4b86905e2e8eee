"""`Models`: language models, whoever serves them."""

# ruff: noqa: ARG002 - what a provider cannot do takes the same arguments

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from wirepost.core.errors import InvalidCall, OutcomeUnknown
from wirepost.tools.contract import Contract
from wirepost.tools.jobs import Started
from wirepost.tools.results import Result, Untrusted

FinishReason = Literal["stop", "length", "refused", "tool", "other"]
Feature = Literal["text", "json", "embeddings", "batch", "background", "vision"]


class Usage(Result):
    """What a request has used."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int | None = None
    cost: str | None = Field(default=None, description="Estimated, in US dollars; absent: price unknown")


@dataclass(frozen=True)
class Prompt:
    """What a model is asked. Text of outsiders stands in `data` alone, which is passed apart as data."""

    model: str
    text: str
    """The task."""
    instructions: str | None = None
    """How to answer: the system's or developer's message."""
    data: tuple[str, ...] = ()
    """Each goes into a block of its own."""
    json_schema: Mapping[str, Any] | None = None
    """The answer is JSON of this schema."""
    max_output_tokens: int = 1024


@dataclass(frozen=True)
class Generation:
    """What a model has answered."""

    text: str
    """As it came; where a schema was given, hopefully JSON."""
    finish_reason: FinishReason
    model: str
    """Which model answered, in the provider's words."""
    usage: Usage


@dataclass(frozen=True)
class Embeddings:
    """Vectors, in the order of the texts."""

    vectors: list[list[float]]
    model: str
    usage: Usage


class ModelFacts(Result):
    """A model that a connection offers."""

    id: Untrusted
    input_limit: int | None = Field(default=None, description="Tokens")
    output_limit: int | None = Field(default=None, description="Tokens")
    features: list[Feature] | None = None


@dataclass(frozen=True)
class BatchItem:
    """One request of a batch."""

    custom_id: str
    prompt: Prompt


class BatchRow(Result):
    """One row of a batch's result, the same for all providers; the order is the provider's."""

    custom_id: str
    status: Literal["ok", "failed", "cancelled", "expired"]
    text: Untrusted | None = None
    finish_reason: FinishReason | None = None
    model: str | None = None
    usage: Usage | None = None
    error: Untrusted | None = None


class Invocation(Result):
    """What an endpoint of one's own has answered."""

    body: Untrusted
    content_type: str


@dataclass(frozen=True)
class Endpoint:
    """A request to a model that is hosted under a name of its own."""

    name: str
    payload: str
    content_type: str


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
