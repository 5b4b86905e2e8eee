"""Gemini: Google's models with a key of the Gemini API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirepost.contracts.ai import Models
from wirepost.contracts.auth import ANY, ApiKey
from wirepost.contracts.provider import Probe, Provider
from wirepost.providers.gemini.client import API_VERSION, GeminiClient
from wirepost.upstream.google import LIMITS

if TYPE_CHECKING:
    from wirepost.contracts.jobs import JobKind
    from wirepost.providers.gemini.models import GeminiModels
    from wirepost.sandbox.vendor import Sandbox


async def probe(client: GeminiClient) -> Probe:
    """List one model; a key does not tell whose it is."""
    await client.get("models", pageSize="1")
    return Probe(identity="a key")


def models_of(client: GeminiClient) -> GeminiModels:
    """The account as one that has models; loaded when a call asks for it."""
    from wirepost.providers.gemini.models import GeminiModels

    return GeminiModels(client)


def load_sandbox() -> type[Sandbox]:
    """The imitation."""
    from wirepost.providers.gemini.sandbox import GeminiSandbox

    return GeminiSandbox


def load_jobs() -> tuple[JobKind[Any], ...]:
    """Batches and answers in the background."""
    from wirepost.providers.gemini import batches, interactions

    return batches.KINDS + interactions.KINDS


PROVIDER = Provider(
    name="gemini",
    title="Gemini",
    base_url="https://generativelanguage.googleapis.com",
    client=GeminiClient,
    auth=(
        ApiKey(
            environments={r"[\w.-]{20,}": ANY},
            help="Create a key at https://aistudio.google.com/apikey",
            header="x-goog-api-key",
            form="{}",
        ),
    ),
    load_sandbox=load_sandbox,
    limits=LIMITS,
    api_versions={API_VERSION: None},
    probe=probe,
    offers={Models: models_of},
    load_jobs=load_jobs,
)
