"""Amazon SageMaker: models at endpoints of one's own in an AWS account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirepost.contracts.ai import Models
from wirepost.contracts.auth import Signature
from wirepost.contracts.provider import Probe, Provider
from wirepost.core.text import clean_line
from wirepost.providers.sagemaker.client import SageMakerClient
from wirepost.upstream.aws import LIMITS

if TYPE_CHECKING:
    from wirepost.contracts.jobs import JobKind
    from wirepost.providers.sagemaker.models import SageMakerModels
    from wirepost.providers.sagemaker.sandbox import SageMakerSandbox


async def probe(client: SageMakerClient) -> Probe:
    """Ask whose access key it is, which needs no permission."""
    who = await client.identity()
    return Probe(identity=clean_line(who.arn, 200), account=who.account, account_id=who.account)


def models_of(client: SageMakerClient) -> SageMakerModels:
    """The account as one that has endpoints; loaded when a call asks for it."""
    from wirepost.providers.sagemaker.models import SageMakerModels

    return SageMakerModels(client)


def load_sandbox() -> type[SageMakerSandbox]:
    """The imitation of the vendor."""
    from wirepost.providers.sagemaker.sandbox import SageMakerSandbox

    return SageMakerSandbox


def load_jobs() -> tuple[JobKind[Any], ...]:
    """Answers that come later."""
    from wirepost.providers.sagemaker.jobs import JOBS

    return JOBS


PROVIDER = Provider(
    name="sagemaker",
    title="Amazon SageMaker",
    base_url="https://runtime.sagemaker.{region}.amazonaws.com",
    client=SageMakerClient,
    auth=(
        Signature(
            help="Name region and access key under `sigv4` of the connection, best a temporary one of a role",
            service="sagemaker",
        ),
    ),
    load_sandbox=load_sandbox,
    # What an endpoint takes depends on its instances; SageMaker itself names no limit.
    limits=LIMITS,
    api_versions={},
    probe=probe,
    offers={Models: models_of},
    load_jobs=load_jobs,
)
