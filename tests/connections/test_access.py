"""Whose account a call uses, and where its token may go."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from support.sample_vendor import SAMPLE, connection_settings
from support.samples import SampleClient
from support.serving import served
from support.token_server import CLIENT, FIRST, SECRET, TokenServer
from support.worlds import world_at
from wirepost.connections.accounts import SHARED, USER, Account, Accounts, Tokens
from wirepost.connections.connections import Connection
from wirepost.connections.oauth.refresh import Refresher
from wirepost.connections.oauth.reply import Granted
from wirepost.contracts.auth import ApiKey, OAuth2
from wirepost.contracts.provider import Probe
from wirepost.core.errors import ConfigError, NotConnected, Rejected
from wirepost.secrets.resolve import Secrets
from wirepost.secrets.vault import KeyRing, Vault
from wirepost.settings import SecretSettings
from wirepost.store.database import Database
from wirepost.store.leases import Leases
from wirepost.upstream.ask import Ask
from wirepost.upstream.scope import Scope

READ = Ask("GET", "/notes")


@pytest.fixture
def server():
    return TokenServer()


@pytest.fixture
async def refresher(tmp_path, clock):
    database = await Database.open(tmp_path / "wirepost.db", clock)
    refresher = Refresher(
        Accounts(database, clock, Vault(KeyRing([b"k" * 32]))), Leases(database, clock), clock
    )
    yield refresher
    await refresher.close()
    await database.close()


@pytest.fixture
async def connect(server, refresher, clock, monkeypatch):
    """Makes a connection to the server by consent."""
    monkeypatch.setenv("CLIENT_SECRET", SECRET)
    opened = []

    async with served(server.app) as address:

        async def probe(client: SampleClient) -> Probe:
            await client.send(READ)
            return Probe(identity="somebody")

        def make(*, has_store=True, base_url=None, method=(), **options) -> Connection:
            declared = {
                "authorize_url": f"{address}/authorize",
                "token_url": f"{address}/token",
                "help": "Ask.",
                "rotates": True,
                "parts": {"main": (), "user": ("authed_user",)},
                **dict(method),
            }
            provider = dataclasses.replace(SAMPLE, auth=(OAuth2(**declared),), probe=probe)
            given = {
                "client_id": CLIENT,
                "client_secret": "env:CLIENT_SECRET",
                "base_url": base_url or address,
                **options,
            }
            settings = connection_settings("test", **given)
            made = Connection("crm", provider, settings, clock, lambda: world_at(clock.now()))
            made.refresher = refresher if has_store else None
            made.secrets = Secrets(SecretSettings(), clock)
            opened.append(made)
            return made

        yield make
        for each in opened:
            await each.close()


async def read(connection: Connection, caller: str = "anna", ask: Ask = READ) -> None:
    access = await connection.access(caller)
    await access.client(Scope(connection.clock.monotonic() + 60)).send(ask)


async def test_a_call_goes_with_the_token_of_the_account(connect, server, refresher) -> None:
    await refresher.accounts.put(Account("crm", tokens=Tokens(*FIRST)))
    connection = connect()
    await read(connection)
    assert server.used == [FIRST[0]]
    assert repr((await connection.access("anna")).credential) == "OAuthCredential(crm, shared, main)"


async def test_a_token_that_the_api_refuses_is_renewed_once_and_the_call_repeated(
    connect, server, refresher
) -> None:
    await refresher.accounts.put(Account("crm", tokens=Tokens(*FIRST)))
    server.access = set()
    connection = connect()
    await asyncio.gather(*(read(connection) for _ in range(10)))
    assert len(server.asked) == 1
    assert set(server.used) == {FIRST[0], "access-token-1"}


async def test_a_token_that_is_refused_again_at_once_ends_the_consent(connect, server, refresher) -> None:
    await refresher.accounts.put(Account("crm", tokens=Tokens(*FIRST)))
    server.access = set()

    async def spoil() -> None:
        server.access = set()

    connection = connect()
    server.more = {"access_token": "never-good"}
    with pytest.raises(NotConnected) as error:
        await read(connection)
    assert error.value.code == "auth_expired"
    with pytest.raises(NotConnected) as error:
        await read(connection)
    assert error.value.provider_code == "refused_again"
    assert len(server.asked) == 1


async def test_each_caller_uses_their_own_account_before_the_shared_one(connect, server, refresher) -> None:
    server.access = {"annas", "all"}
    connection = connect(owner="caller")
    with pytest.raises(NotConnected, match="No account is connected"):
        await read(connection, "anna")
    await refresher.accounts.put(Account("crm", tokens=Tokens("all")))
    await read(connection, "anna")
    await refresher.accounts.put(Account("crm", "anna", tokens=Tokens("annas")))
    await read(connection, "anna")
    await read(connection, "berta")
    await refresher.accounts.retire("crm", "anna")
    await read(connection, "anna")
    assert server.used == ["all", "annas", "all", "all"]


async def test_a_shared_connection_never_uses_what_one_caller_connected(connect, server, refresher) -> None:
    server.access = {"annas", "all"}
    await refresher.accounts.put(Account("crm", "anna", tokens=Tokens("annas")))
    await refresher.accounts.put(Account("crm", tokens=Tokens("all")))
    await read(connect(), "anna")
    assert server.used == ["all"]


async def test_owners_share_no_connections_and_idle_ones_are_closed(
    connect, server, refresher, clock
) -> None:
    server.access = {"annas", "all"}
    connection = connect(owner="caller")
    await refresher.accounts.put(Account("crm", tokens=Tokens("all")))
    await refresher.accounts.put(Account("crm", "anna", tokens=Tokens("annas")))
    annas, ours = await connection.access("anna"), await connection.access("berta")
    assert annas.upstream is not ours.upstream
    assert ours is connection.shared
    clock.advance(1800)
    await read(connection, "anna")
    clock.advance(1801)
    await connection.close_idle()
    assert await connection.access("anna") is annas
    assert connection.shared is not ours
    await connection.forget("nobody")


async def test_a_token_goes_to_the_address_of_its_account(connect, server, refresher) -> None:
    async with served(server.app) as elsewhere:
        await refresher.accounts.put(Account("crm", tokens=Tokens(*FIRST), address=elsewhere))
        connection = connect(base_url="http://127.0.0.1:9")
        await read(connection)
        assert connection.shared.upstream.address == elsewhere
    assert server.used == [FIRST[0]]


async def test_a_token_never_goes_to_another_host(connect, server, refresher) -> None:
    heard = []

    async def listen(request: Request) -> Response:
        heard.append(request.headers)
        return JSONResponse([])

    async with served(Starlette(routes=[Route("/notes", listen)])) as foreign:
        await refresher.accounts.put(Account("crm", tokens=Tokens(*FIRST)))
        ask = Ask("GET", "/notes", origin=foreign, has_credential=True)
        with pytest.raises(Rejected, match="not known to be the vendor's"):
            await read(connect(), ask=ask)
    assert not heard


async def test_a_vendor_may_want_the_token_in_a_header_of_its_own(refresher, clock, monkeypatch) -> None:
    heard = []

    async def listen(request: Request) -> Response:
        heard.append((request.headers.get("x-access-token"), request.headers.get("authorization")))
        return JSONResponse([], 401 if len(heard) == 1 else 200)

    async def refresh(request: Request) -> Response:
        return JSONResponse({"access_token": "second-token"})

    routes = [Route("/notes", listen), Route("/token", refresh, methods=["POST"])]
    async with served(Starlette(routes=routes)) as address:
        method = OAuth2("", f"{address}/token", "Ask.", header="X-Access-Token", form="key {}")
        method = dataclasses.replace(method, authorize_url=address)
        settings = connection_settings("test", client_id=CLIENT, base_url=address)
        provider = dataclasses.replace(SAMPLE, auth=(method,))
        connection = Connection("crm", provider, settings, clock, lambda: world_at(clock.now()))
        connection.refresher = refresher
        await refresher.accounts.put(Account("crm", tokens=Tokens(*FIRST)))
        await read(connection)
        await connection.close()
    assert heard == [(f"key {FIRST[0]}", None), ("key second-token", None)]


async def test_a_second_token_acts_as_the_user(connect, server, refresher) -> None:
    server.access = {"users"}
    await refresher.accounts.put(Account("crm", tokens=Tokens(*FIRST)))
    await refresher.accounts.put(Account("crm", part=USER, tokens=Tokens("users")))
    assert connect().shared.user_credential is None
    await read(connect(user_scopes=["search"]), ask=Ask("GET", "/notes", as_user=True))
    assert server.used == ["users"]


async def test_a_token_of_the_user_is_renewed_too(connect, server, refresher) -> None:
    await refresher.accounts.put(Account("crm", part=USER, tokens=Tokens(*FIRST)))
    server.access = set()
    await read(connect(user_scopes=["search"]), ask=Ask("GET", "/notes", as_user=True))
    assert server.used == [FIRST[0], "access-token-1"]


@pytest.mark.parametrize(
    ("options", "says"),
    [({"client_id": None}, "no client_id"), ({"client_secret": "env:SURELY_NOT_SET"}, "SURELY_NOT_SET")],
)
async def test_what_the_operator_has_left_out_is_told(connect, options, says) -> None:
    connection = connect(**options)
    assert says in (connection.shared.credential.problem or "")
    assert connection.shared.credential.status == "not_connected"
    assert connection.shared.credential.address is None


async def test_without_a_client_nobody_is_led_to_consent(connect, refresher) -> None:
    await refresher.accounts.put(Account("crm", tokens=Tokens(*FIRST)))
    with pytest.raises(NotConnected, match="no client_id is configured") as error:
        await read(connect(client_id=None))
    assert error.value.detail == {"connection": "crm"}


async def test_without_a_store_nobody_is_connected(connect) -> None:
    with pytest.raises(NotConnected, match="kept by the running server"):
        await read(connect(has_store=False, owner="caller"))


async def test_a_fresh_token_tells_whose_it_is_before_it_is_stored(connect, server, refresher) -> None:
    server.access = {"fresh-token"}
    probe = await connect().probe(Granted(Tokens("fresh-token")))
    assert probe.identity == "somebody"
    assert server.used == ["fresh-token"]
    with pytest.raises(NotConnected):
        await connect().probe(Granted(Tokens("stale-token")))


async def test_a_sandbox_takes_no_consent(clock) -> None:
    key = ApiKey({}, help="Ask.")
    provider = dataclasses.replace(SAMPLE, auth=(key, OAuth2("https://a", "https://b", "Ask.")))
    settings = connection_settings("sandbox", auth="oauth")
    connection = Connection("crm", provider, settings, clock, lambda: world_at(clock.now()))
    with pytest.raises(ConfigError, match="a sandbox takes no consent"):
        connection.shared.credential.check()


async def test_a_client_secret_that_was_replaced_is_looked_up_again(
    connect, server, refresher, monkeypatch, clock
) -> None:
    await refresher.accounts.put(Account("crm", tokens=Tokens(*FIRST), refresh_at=1.0, expires_at=1.0))
    monkeypatch.setenv("CLIENT_SECRET", "the-one-before")
    connection = connect()
    endpoint = connection.endpoint()
    assert await endpoint.identity.secret() == "the-one-before"
    monkeypatch.setenv("CLIENT_SECRET", SECRET)
    assert await endpoint.identity.secret() == "the-one-before"  # it is remembered for a while
    await read(connection)
    assert [each["client_secret"] for each in server.asked] == ["the-one-before", SECRET]


async def test_a_private_key_is_read_when_it_is_needed(connect, tmp_path) -> None:
    (tmp_path / "key.pem").write_text("-----BEGIN\nKEY")
    (tmp_path / "key.pem").chmod(0o600)
    connection = connect(private_key=f"file:{tmp_path}/key.pem", client_secret=None)
    identity = connection.endpoint().identity
    assert await identity.private_key() == "-----BEGIN\nKEY"
    assert await identity.secret() is None
    identity.forget("nothing")
    assert not await identity.has_new_secret()
    assert connection.shared.credential.problem is None
    assert await connect().endpoint().identity.private_key() is None


def test_all_callers_share_one_name() -> None:
    assert SHARED == "shared"
