"""Amazon Bedrock: language models of several makers in an AWS account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirepost.contracts.ai import Models
from wirepost.contracts.auth import Signature
from wirepost.contracts.provider import Probe, Provider
from wirepost.core.text import clean_line
from wirepost.providers.bedrock.client import BedrockClient
from wirepost.upstream.aws import LIMITS

if TYPE_CHECKING:
    from wirepost.contracts.jobs import JobKind
    from wirepost.providers.bedrock.models import BedrockModels
    from wirepost.providers.bedrock.sandbox import BedrockSandbox


async def probe(client: BedrockClient) -> Probe:
    """Ask whose access key it is, and read the models, which needs `bedrock:ListFoundationModels`."""
    who = await client.identity()
    await client.models()
    return Probe(identity=clean_line(who.arn, 200), account=who.account, account_id=who.account)


def models_of(client: BedrockClient) -> BedrockModels:
    """The account as one that has models; loaded when a call asks for it."""
    from wirepost.providers.bedrock.models import BedrockModels

    return BedrockModels(client)


def load_sandbox() -> type[BedrockSandbox]:
    """The imitation of the vendor."""
    from wirepost.providers.bedrock.sandbox import BedrockSandbox

    return BedrockSandbox


def load_jobs() -> tuple[JobKind[Any], ...]:
    """Batches, and invocations whose answers go to the bucket."""
    from wirepost.providers.bedrock.jobs import JOBS

    return JOBS


PROVIDER = Provider(
    name="bedrock",
    title="Amazon Bedrock",
    base_url="https://bedrock-runtime.{region}.amazonaws.com",
    client=BedrockClient,
    auth=(
        Signature(
            help="Name region and access key under `sigv4` of the connection, best a temporary one of a role",
            service="bedrock",
        ),
    ),
    load_sandbox=load_sandbox,
    # Quotas are an account's and differ by model: https://docs.aws.amazon.com/bedrock/latest/userguide/quotas.html
    limits=LIMITS,
    api_versions={},
    probe=probe,
    offers={Models: models_of},
    load_jobs=load_jobs,
)
