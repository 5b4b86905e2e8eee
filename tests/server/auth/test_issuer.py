"""What an issuer says of itself: when it is asked, what is believed, and what holds while it is silent."""

from __future__ import annotations

import asyncio

import httpx2
import jwt
import pytest

from support.keys import rsa_key
from wirepost.server.auth.issuer import Issuer
from wirepost.server.auth.verified import CannotTell

NAME = "https://login.example.com"
KEYS_AT = "https://keys.example.com/jwks?p=1"


def key(kid: str | None = None, size: int = 2048, **more: object) -> dict[str, object]:
    private = rsa_key(kid or "own", size)
    shown = jwt.get_algorithm_by_name("RS256").to_jwk(private.public_key(), as_dict=True)
    return {**shown, **({} if kid is None else {"kid": kid}), **more}


FIRST, SECOND = key("first"), key("second")


class Server:
    """Answers with documents by address, and remembers what it was asked."""

    def __init__(self, name: str = NAME, **metadata: object) -> None:
        self.documents: dict[str, object] = {
            f"{name}/.well-known/openid-configuration": {"issuer": name, "jwks_uri": KEYS_AT, **metadata},
            KEYS_AT: {"keys": [FIRST]},
        }
        self.headers: dict[str, str] = {}
        self.is_down = False
        self.asked: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(str(request.url))
        if self.is_down:
            return httpx2.Response(503)
        document = self.documents.get(str(request.url))
        return (
            httpx2.Response(404)
            if document is None
            else httpx2.Response(200, json=document, headers=self.headers)
        )

    @property
    def keys_asked(self) -> int:
        return self.asked.count(KEYS_AT)

    def issuer(self, clock, name: str = NAME) -> Issuer:
        return Issuer(name, clock, transport=httpx2.MockTransport(self))


async def test_keys_are_fetched_once_by_many_who_need_them_at_once(clock) -> None:
    server = Server()
    issuer = server.issuer(clock)
    found = await asyncio.gather(*(issuer.key("first") for _ in range(20)))
    assert {each.kid for each in found} == {"first"}
    assert server.keys_asked == 1
    await issuer.close()


@pytest.mark.parametrize(
    ("cache_control", "lives"),
    [
        ("", 300),
        ("max-age=10", 300),
        ("public, max-age=3600", 3600),
        ('no-transform, MAX-AGE="600"', 600),
        ("max-age=99999999", 86400),
    ],
)
async def test_keys_live_as_long_as_the_issuer_says_within_bounds(clock, cache_control, lives) -> None:
    server = Server()
    server.headers = {"cache-control": cache_control}
    issuer = server.issuer(clock)
    await issuer.key("first")
    clock.advance(lives - 1)
    await issuer.key("first")
    assert server.keys_asked == 1
    clock.advance(1)
    await issuer.key("first")
    assert server.keys_asked == 2


async def test_a_key_that_is_not_known_is_looked_for_every_thirty_seconds(clock) -> None:
    server = Server()
    issuer = server.issuer(clock)
    assert await issuer.key("first")
    server.documents[KEYS_AT] = {"keys": [SECOND, FIRST]}
    assert (await issuer.key("second")).kid == "second"
    assert server.keys_asked == 2
    for _ in range(5):
        assert await issuer.key("third") is None
    assert server.keys_asked == 2
    clock.advance(30)
    assert await issuer.key("third") is None
    assert server.keys_asked == 3


async def test_old_keys_serve_for_a_day_while_the_issuer_is_silent(clock) -> None:
    server = Server()
    issuer = server.issuer(clock)
    await issuer.key("first")
    server.is_down = True
    clock.advance(300)
    assert await issuer.key("first")
    asked = len(server.asked)
    assert await issuer.key("first")
    assert len(server.asked) == asked
    with pytest.raises(CannotTell):
        await issuer.key("second")
    clock.advance(86400 - 400)
    assert await issuer.key("first")
    clock.advance(400)
    with pytest.raises(CannotTell):
        await issuer.key("first")
    server.is_down = False
    clock.advance(60)
    assert await issuer.key("first")


async def test_whoever_gives_up_does_not_end_the_fetch_for_others(clock) -> None:
    server, gate, asked = Server(), asyncio.Event(), asyncio.Event()

    async def slow(request: httpx2.Request) -> httpx2.Response:
        asked.set()
        await gate.wait()
        return server(request)

    issuer = Issuer(NAME, clock, transport=httpx2.MockTransport(slow))
    first, second = (asyncio.ensure_future(issuer.key("first")) for _ in range(2))
    await asked.wait()
    first.cancel()
    gate.set()
    assert (await second).kid == "first"
    assert server.keys_asked == 1


async def test_closing_ends_a_fetch_under_way(clock) -> None:
    asked = asyncio.Event()

    async def never(request: httpx2.Request) -> httpx2.Response:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError(request)

    issuer = Issuer(NAME, clock, transport=httpx2.MockTransport(never))
    waiting = asyncio.ensure_future(issuer.key("first"))
    await asked.wait()
    await issuer.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize(
    "place",
    [
        "/realms/a/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/realms/a",
        "/.well-known/openid-configuration/realms/a",
    ],
)
async def test_an_issuer_with_a_path_is_found_at_each_of_three_places(clock, place) -> None:
    name = f"{NAME}/realms/a"
    server = Server()
    server.documents[f"{NAME}{place}"] = {"issuer": name, "jwks_uri": KEYS_AT}
    del server.documents[f"{NAME}/.well-known/openid-configuration"]
    assert await server.issuer(clock, name).key("first")


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": f"{NAME}/"},
        {"issuer": None},
        {"jwks_uri": "http://keys.example.com/jwks"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"introspection_endpoint": "http://login.example.com/introspect"},
    ],
)
async def test_a_description_that_cannot_be_trusted_is_not_used(clock, caplog, metadata) -> None:
    with pytest.raises(CannotTell):
        await Server(**metadata).issuer(clock).key("first")
    assert NAME in caplog.text


@pytest.mark.parametrize(
    "document",
    [
        {"keys": []},
        {"keys": "none"},
        [],
        {"keys": [key("first", use="enc")]},
        {"keys": [key("first", key_ops=["encrypt"])]},
        {"keys": [key("first", 1024)]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "first"}]},
        {"keys": [{"kty": "RSA", "n": "!" * 400, "e": "AQAB", "kid": "first"}, "no key"]},
        {"keys": [{"kty": "EC", "crv": "P-256", "kid": "first"}]},
        {"keys": [FIRST], "padding": "x" * 256 * 1024},
    ],
)
async def test_keys_that_cannot_sign_tokens_are_no_keys(clock, document) -> None:
    server = Server()
    server.documents[KEYS_AT] = document
    with pytest.raises(CannotTell):
        await server.issuer(clock).key("first")


async def test_a_key_without_a_name_serves_where_it_is_the_only_one(clock) -> None:
    server = Server()
    server.documents[KEYS_AT] = {"keys": [key()]}
    issuer = server.issuer(clock)
    assert await issuer.key(None)
    server.documents[KEYS_AT] = {"keys": [key(), SECOND]}
    clock.advance(300)
    assert await issuer.key(None) is None


async def test_nothing_is_where_the_description_should_be(clock) -> None:
    server = Server()
    server.documents.clear()
    with pytest.raises(CannotTell):
        await server.issuer(clock).metadata()


async def test_a_description_that_is_refused_is_not_looked_for_elsewhere(clock) -> None:
    asked = []

    def refuse(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(400)

    with pytest.raises(CannotTell):
        await Issuer(f"{NAME}/a", clock, transport=httpx2.MockTransport(refuse)).metadata()
    assert len(asked) == 1
