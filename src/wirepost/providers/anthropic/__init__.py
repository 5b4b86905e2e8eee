"""Anthropic: Claude models, asked one by one or in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirepost.contracts.ai import Models
from wirepost.contracts.auth import ANY, ApiKey
from wirepost.contracts.provider import Probe, Provider
from wirepost.providers.anthropic.client import API_VERSION, AnthropicClient
from wirepost.upstream.limits import Limits

if TYPE_CHECKING:
    from wirepost.contracts.jobs import JobKind
    from wirepost.providers.anthropic.models import AnthropicModels
    from wirepost.providers.anthropic.sandbox import AnthropicSandbox


async def probe(client: AnthropicClient) -> Probe:
    """List one model; a key does not tell whose it is."""
    await client.get("/v1/models", limit="1")
    return Probe(identity="a key", quota=client.scope.quota)


def models_of(client: AnthropicClient) -> AnthropicModels:
    """The account as one that has models; loaded when a call asks for it."""
    from wirepost.providers.anthropic.models import AnthropicModels

    return AnthropicModels(client)


def load_sandbox() -> type[AnthropicSandbox]:
    """The imitation of the vendor."""
    from wirepost.providers.anthropic.sandbox import AnthropicSandbox

    return AnthropicSandbox


def load_jobs() -> tuple[JobKind[Any], ...]:
    """The kinds of its jobs."""
    from wirepost.providers.anthropic.batches import KINDS

    return KINDS


PROVIDER = Provider(
    name="anthropic",
    title="Anthropic",
    base_url="https://api.anthropic.com",
    client=AnthropicClient,
    auth=(
        ApiKey(
            environments={r"sk-ant-[\w-]+": ANY},
            help="Create a key at https://platform.claude.com/settings/keys",
            header="x-api-key",
            form="{}",
        ),
    ),
    load_sandbox=load_sandbox,
    # https://platform.claude.com/docs/en/api/rate-limits: 50 requests a minute in the first tier; the answers
    # tell what an account really has.
    limits={
        "production": Limits(requests_per_s=5, burst=50, concurrency=20),
        "test": Limits(requests_per_s=5, burst=50, concurrency=20),
        "sandbox": Limits(requests_per_s=1000, burst=1000, concurrency=100),
    },
    api_versions={API_VERSION: None},
    probe=probe,
    offers={Models: models_of},
    load_jobs=load_jobs,
)
