"""Hugging Face: models behind its router, and jobs on its machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirepost.contracts.ai import Models
from wirepost.contracts.auth import ANY, ApiKey
from wirepost.contracts.provider import Probe, Provider
from wirepost.core.text import clean_line
from wirepost.providers.huggingface.client import HuggingFaceClient
from wirepost.providers.huggingface.models import HuggingFaceModels
from wirepost.upstream.limits import Limits

if TYPE_CHECKING:
    from wirepost.contracts.jobs import JobKind
    from wirepost.sandbox.vendor import Sandbox


async def probe(client: HuggingFaceClient) -> Probe:
    """Read whose token it is."""
    found = await client.hub("GET", "/api/whoami-v2")
    name = clean_line(str(found.get("name")), 100)
    return Probe(identity=name, account=name, account_id=str(found.get("id") or "") or None)


def load_sandbox() -> type[Sandbox]:
    """The imitation."""
    from wirepost.providers.huggingface.sandbox import HuggingFaceSandbox

    return HuggingFaceSandbox


def load_jobs() -> tuple[JobKind[Any], ...]:
    """Jobs on its machines."""
    from wirepost.providers.huggingface.jobs import KINDS

    return KINDS


_LIMITS = Limits(requests_per_s=5, burst=10, concurrency=10)

PROVIDER = Provider(
    name="huggingface",
    title="Hugging Face",
    base_url="https://router.huggingface.co",
    client=HuggingFaceClient,
    auth=(
        ApiKey(
            environments={r"hf_\w+": ANY},
            help="Create a token at huggingface.co/settings/tokens that may call inference providers, "
            "and write jobs where they are used",
        ),
    ),
    load_sandbox=load_sandbox,
    limits={"production": _LIMITS, "test": _LIMITS, "sandbox": Limits(requests_per_s=1000, burst=1000)},
    api_versions={"v1": None},
    probe=probe,
    offers={Models: HuggingFaceModels},
    load_jobs=load_jobs,
)
