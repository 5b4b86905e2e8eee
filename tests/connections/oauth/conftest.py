"""An authorization server in this process, and flows that are stored in a database."""

from __future__ import annotations

import dataclasses

import pytest

from support.authorization import CLIENT, SECRET, Authority
from support.refresh_process import METHOD as ROTATING
from support.refresh_process import Process
from support.token_server import TokenServer
from wirepost.connections.oauth.endpoint import Identity, TokenEndpoint
from wirepost.connections.oauth.flows import Flows
from wirepost.connections.oauth.party import Party
from wirepost.contracts.auth import OAuth2, Revocation
from wirepost.secrets.vault import KeyRing, Vault
from wirepost.store.database import Database
from wirepost.upstream.limits import Limits
from wirepost.upstream.memory import InMemoryTransport
from wirepost.upstream.upstream import Upstream

HOST = "https://login.example.com"
METHOD = OAuth2(
    authorize_url=f"{HOST}/authorize?tenant=1",
    token_url=f"{HOST}/token",
    device_url=f"{HOST}/device",
    revocation=Revocation(f"{HOST}/revoke"),
    issuer=HOST,
    sends_issuer=True,
    help="Register it at login.example.com.",
)


@pytest.fixture
async def database(tmp_path, clock):
    database = await Database.open(tmp_path / "wirepost.db", clock)
    yield database
    await database.close()


@pytest.fixture
def flows(database, clock):
    return Flows(database, Vault(KeyRing([b"k" * 32])), clock)


@pytest.fixture
def authority():
    return Authority()


@pytest.fixture
async def party_with(authority, clock):
    """Makes a party of the authority, with another method where a test says so."""
    opened = []

    async def nothing():
        return ""

    async def secret():
        return SECRET

    def make(**changes):
        upstream = Upstream(
            "crm",
            base_url=HOST,
            credential=nothing,
            limits=Limits(requests_per_s=100, burst=100, concurrency=10),
            clock=clock,
            transport=InMemoryTransport(authority.app, clock),
        )
        opened.append(upstream)
        method = dataclasses.replace(METHOD, **changes)
        return Party(
            "crm", "Example", TokenEndpoint(method, Identity(CLIENT, secret), upstream, clock), "example"
        )

    yield make
    for upstream in opened:
        await upstream.close()


@pytest.fixture
def party(party_with):
    return party_with()


@pytest.fixture
def server():
    """A strict server with one consent."""
    return TokenServer()


@pytest.fixture
async def process_of(database, server, clock, tmp_path):
    """Makes processes that share the database and the server, with a method that a test may change."""
    made = []

    def make(**changes):
        made.append(Process(database, server, clock, tmp_path, dataclasses.replace(ROTATING, **changes)))
        return made[-1]

    yield make
    for each in made:
        await each.close()


@pytest.fixture
def process(process_of):
    return process_of()
