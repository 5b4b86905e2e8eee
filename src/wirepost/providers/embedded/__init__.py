"""Embedded models: analysis and vectors of texts on this machine, without an account or a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirepost.contracts.ai import Models
from wirepost.contracts.analysis import Analysis
from wirepost.contracts.auth import Open
from wirepost.contracts.provider import Probe, Provider
from wirepost.providers.embedded.client import EmbeddedClient
from wirepost.upstream.limits import Limits

if TYPE_CHECKING:
    from wirepost.providers.embedded.analysis import EmbeddedAnalysis
    from wirepost.providers.embedded.models import EmbeddedModels


async def probe(client: EmbeddedClient) -> Probe:
    """Look whether the model is installed, without loading it. Raises `Unavailable`."""
    del client
    from wirepost.providers.embedded.engine import MODEL, check_installed

    check_installed()
    return Probe(identity=MODEL, account="this machine")


def _models(client: EmbeddedClient) -> EmbeddedModels:
    del client
    from wirepost.providers.embedded.models import EmbeddedModels

    return EmbeddedModels()


def _analysis(client: EmbeddedClient) -> EmbeddedAnalysis:
    del client
    from wirepost.providers.embedded.analysis import EmbeddedAnalysis

    return EmbeddedAnalysis()


PROVIDER = Provider(
    name="embedded",
    title="Embedded models",
    base_url="",
    client=EmbeddedClient,
    auth=(Open(help="Nothing is needed: the models are on this machine"),),
    load_sandbox=None,
    limits={"production": Limits(), "test": Limits()},
    api_versions={},
    probe=probe,
    offers={Models: _models, Analysis: _analysis},
)
