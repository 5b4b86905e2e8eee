"""OpenAI, and servers that speak its chat completions: answers, vectors, batches, long answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirepost.contracts.ai import Models
from wirepost.contracts.auth import ANY, ApiKey
from wirepost.contracts.provider import Probe, Provider
from wirepost.providers.openai.client import OpenAiClient
from wirepost.upstream.limits import Limits
from wirepost.webhooks.webhook import Sender

if TYPE_CHECKING:
    from wirepost.contracts.jobs import JobKind
    from wirepost.providers.openai.models import OpenAiModels
    from wirepost.sandbox.vendor import Sandbox
    from wirepost.webhooks.webhook import Webhook


async def probe(client: OpenAiClient) -> Probe:
    """List models, which every useful key may do; OpenAI does not say whose key it is."""
    await client.get("/v1/models")
    organization = client.organization
    return Probe(identity=organization or "an API key", account=organization, quota=client.scope.quota)


def models_of(client: OpenAiClient) -> OpenAiModels:
    """The account as one that has models; loaded when a call asks for it."""
    from wirepost.providers.openai.models import OpenAiModels

    return OpenAiModels(client)


def load_sandbox() -> type[Sandbox]:
    """The imitation."""
    from wirepost.providers.openai.sandbox import OpenAiSandbox

    return OpenAiSandbox


def load_webhook() -> Webhook:
    """What it tells of batches and answers that have ended."""
    from wirepost.providers.openai.webhook import WEBHOOK

    return WEBHOOK


def load_jobs() -> tuple[JobKind[Any], ...]:
    """Batches and answers in the background."""
    from wirepost.providers.openai.jobs import KINDS

    return KINDS


_LIMITS = Limits(requests_per_s=8, burst=20, concurrency=20)

PROVIDER = Provider(
    name="openai",
    title="OpenAI",
    base_url="https://api.openai.com",
    client=OpenAiClient,
    auth=(
        ApiKey(
            environments={r"[\x21-\x7e]+": ANY},
            help="Create a key of a project at platform.openai.com under API keys",
        ),
    ),
    load_sandbox=load_sandbox,
    limits={"production": _LIMITS, "test": _LIMITS, "sandbox": Limits(requests_per_s=1000, burst=1000)},
    api_versions={"v1": None},
    probe=probe,
    offers={Models: models_of},
    sender=Sender(load_webhook),
    load_jobs=load_jobs,
)
