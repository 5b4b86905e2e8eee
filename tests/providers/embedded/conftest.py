"""The embedded models, reached as a call reaches them."""

from __future__ import annotations

import pytest

from wirepost.connections.connections import Connection
from wirepost.contracts.ai import Models
from wirepost.contracts.analysis import Analysis
from wirepost.providers import load_provider
from wirepost.settings import ConnectionSettings
from wirepost.upstream.scope import Scope


@pytest.fixture
def connection(clock):
    settings = ConnectionSettings(provider="embedded", environment="production")
    return Connection("embedded", load_provider("embedded"), settings, clock, world=lambda: None)


@pytest.fixture
async def analysis(connection, clock):
    return await connection.api(Analysis, Scope(deadline=clock.monotonic() + 30), "anna")


@pytest.fixture
async def models(connection, clock):
    return await connection.api(Models, Scope(deadline=clock.monotonic() + 30), "anna")
