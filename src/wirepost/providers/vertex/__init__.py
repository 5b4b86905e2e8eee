"""Vertex AI: Google's models in a project of Google Cloud, with a service account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirepost.contracts.ai import Models
from wirepost.contracts.auth import ANY, TokenExchange
from wirepost.contracts.provider import Probe, Provider
from wirepost.providers.vertex.client import API_VERSION, VertexClient
from wirepost.upstream.google import LIMITS

if TYPE_CHECKING:
    from wirepost.contracts.jobs import JobKind
    from wirepost.providers.vertex.models import VertexModels
    from wirepost.providers.vertex.sandbox import VertexSandbox
    from wirepost.settings import ConnectionSettings

TOKENS = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""https://developers.google.com/identity/protocols/oauth2/service-account"""


async def probe(client: VertexClient) -> Probe:
    """List one model, which shows that the account may ask; it does not tell whose it is."""
    await client.list_page(size=1)
    return Probe(identity="a service account", account=client.project, account_id=client.project)


def models_of(client: VertexClient) -> VertexModels:
    """The project as one that has models; loaded when a call asks for it."""
    from wirepost.providers.vertex.models import VertexModels

    return VertexModels(client)


def load_sandbox() -> type[VertexSandbox]:
    """The imitation."""
    from wirepost.providers.vertex.sandbox import VertexSandbox

    return VertexSandbox


def load_jobs() -> tuple[JobKind[Any], ...]:
    """Batches, whose requests and answers are in a bucket."""
    from wirepost.providers.vertex.batches import KINDS

    return KINDS


def address_of(settings: ConnectionSettings) -> str:
    """Each region has a host of its own, and so has what is global.

    https://docs.cloud.google.com/vertex-ai/generative-ai/docs/learn/locations
    """
    location = settings.vertex.location if settings.vertex else "global"
    if location in {"eu", "us"}:  # of several regions
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{'' if location == 'global' else f'{location}-'}aiplatform.googleapis.com"


PROVIDER = Provider(
    name="vertex",
    title="Vertex AI",
    base_url="https://aiplatform.googleapis.com",
    address_of=address_of,
    client=VertexClient,
    auth=(
        TokenExchange(
            path="/token",
            url=TOKENS,
            audience=lambda _address: TOKENS,
            environment_of=lambda _address: ANY,
            own_claims={"scope": SCOPE},
            help="Create a service account with the role Vertex AI User, and a key for it: client_id is its "
            "client_email, private_key is its private_key",
        ),
    ),
    load_sandbox=load_sandbox,
    limits=LIMITS,
    api_versions={API_VERSION: None},
    probe=probe,
    offers={Models: models_of},
    load_jobs=load_jobs,
)
