"""What `Models` are asked and answer: prompts, generations, embeddings, batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

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
