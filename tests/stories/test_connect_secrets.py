"""No secret is readable anywhere: every flow runs, and then whatever was said and kept is looked through."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import httpx2
import orjson
import pytest

from support.canaries import Talkative, files_in, put_aws_secret, traces
from support.gate import SCOPES, Office, calling, office, portal_of
from support.issuer import query_of
from support.postgres import address_in, ask
from support.programs import Served
from support.secret_stores import AWS_KEY, new_age_key, secrets_manager, sops, vault
from support.services import FINDERS
from support.serving import served as listening
from support.stand_in import ERAS

pytestmark = [pytest.mark.services("node"), pytest.mark.slow, pytest.mark.timeout(600)]

_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
MODERN = ERAS[0]
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
SEARCH = {"object": "contact", "text": "an"}
ROBOT = {
    "client_id": "robot",
    "client_secret": f"robot-{token_urlsafe(24)}",
    "redirect_uris": [],
    "response_types": [],
    "grant_types": ["client_credentials"],
    "token_endpoint_auth_method": "client_secret_post",
}


@dataclass
class Evidence:
    """What was said where, and what should be in none of it."""

    secrets: set[str] = field(default_factory=set)
    shown_once: set[str] = field(default_factory=set)
    """Links and callers' tokens, which are for the eyes of one person."""
    said: dict[str, bytes] = field(default_factory=dict)
    results: list[bytes] = field(default_factory=list)

    async def call(
        self, url: str, tool: str, token: str | None = None, /, **arguments: Any
    ) -> dict[str, Any]:
        """A call, whose result is kept."""
        async with calling(url, MODERN, token) as client:
            result = await client.call_tool(tool, arguments)
            self.results.append(orjson.dumps(result.model_dump(mode="json")))
        envelope: dict[str, Any] = result.structured_content
        link = envelope.get("error", {}).get("connect_url")
        if link:
            self.shown_once.add(query_of(link)["c"])
        return envelope


def kept(directory: Path, name: str, text: str) -> str:
    """A reference to a secret in a file."""
    file = directory / name
    file.touch(mode=0o600)
    file.write_text(text)
    return f"file:{file}"


@dataclass
class Stores:
    """References to secrets that are kept elsewhere, as far as the programs are there."""

    references: dict[str, str] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)
    settings: dict[str, Any] = field(default_factory=dict)

    def new(self) -> str:
        self.values.add(value := f"canary-{token_urlsafe(24)}")
        return value


@pytest.fixture
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stores]:
    found = Stores()
    with ExitStack() as stack:
        if FINDERS["openbao"]():
            bao = stack.enter_context(vault())
            bao.put("shop", key=found.new())
            token = bao.token("root")
            found.values.add(token)
            reference = kept(tmp_path, "vault-token", token)
            found.settings["vault"] = {"address": bao.url, "token": reference}
            found.references["vault"] = "vault:secret/data/shop#key"
        if FINDERS["moto"]():
            url = stack.enter_context(secrets_manager())
            put_aws_secret(url, "shop", key=found.new())
            found.values.add(AWS_KEY[1])
            found.settings["aws"] = {
                "region": "eu-central-1",
                "endpoint": url,
                "access_key_id": kept(tmp_path, "aws-id", AWS_KEY[0]),
                "secret_access_key": kept(tmp_path, "aws-key", AWS_KEY[1]),
            }
            found.references["aws"] = "aws-sm:shop#key"
        if FINDERS["sops"]():
            key, recipient = new_age_key()
            found.values.add(key)
            monkeypatch.setenv("PATH", f"{sops().parent}{os.pathsep}{os.environ['PATH']}")
            monkeypatch.setenv("HOME", str(tmp_path))
            (tmp_path / ".config" / "sops" / "age").mkdir(parents=True)
            kept(tmp_path / ".config" / "sops" / "age", "keys.txt", key)
            (tmp_path / "plain.json").write_text(f'{{"key": "{found.new()}"}}')
            command = ["sops", "encrypt", "--age", recipient, str(tmp_path / "plain.json")]
            made = subprocess.run(command, check=True, capture_output=True)
            (tmp_path / "shop.json").write_bytes(made.stdout)
            found.references["sops"] = f"sops:{tmp_path / 'shop.json'}#key"
        yield found


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services("postgres"))])
def place(request: pytest.FixtureRequest) -> str | None:
    """The schema of PostgreSQL, where it is the store."""
    return str(request.getfixturevalue("schema")) if request.param == "postgres" else None


def connections(there: Office, stores: Stores, directory: Path, service: str) -> dict[str, Any]:
    """One connection for each way in."""
    plain = {"provider": "http", "environment": "test", "base_url": service, "check": "/me"}
    key = f"canary-{token_urlsafe(24)}"
    stores.values.add(key)
    robot = {
        "auth": "exchange",
        "client_id": ROBOT["client_id"],
        "client_secret": kept(directory, "robot-secret", ROBOT["client_secret"]),
        "oauth": {"token_url": f"{there.authority.url}/token", "client_auth": "post"},
    }
    keyed = {"file": kept(directory, "key", key), **stores.references}
    return {
        "robot": {**plain, **robot},
        **{f"by-{name}": {**plain, "key": reference} for name, reference in keyed.items()},
    }


@asynccontextmanager
async def everything(
    directory: Path, stores: Stores, place: str | None
) -> AsyncIterator[tuple[Office, Talkative]]:
    """The office with its other services."""
    kek = base64.b64encode(os.urandom(32)).decode()
    stores.values.add(kek)
    config: dict[str, Any] = {
        "secrets": {**stores.settings, "keys": [kept(directory, "kek", kek)]},
        "logging": {"level": "debug"},
        **({"store": {"url": address_in(place)}} if place else {}),
    }
    service = Talkative()
    async with (
        office(directory, clients=[ROBOT], **config) as there,
        listening(service.app) as address,
    ):
        there.change(
            lambda known: known["connections"].update(connections(there, stores, directory, address))
        )
        yield there, service


async def test_no_secret_is_readable_anywhere(tmp_path: Path, stores: Stores, place: str | None) -> None:
    found = Evidence()
    async with everything(tmp_path, stores, place) as (there, service):
        there.change(lambda known: known.update(server={"auth": {"mode": "static"}}))
        made = await there.wirepost("tokens", "create", "alice", "--json")
        there.ran.remove(made)
        token = made.json["token"]
        found.secrets.add(token)
        async with there.serving() as served:
            await _code_refresh_and_refusals(there, found, served, token)
            await _other_credentials(there, found, service, served.url, token)
            await _commands(there, found, served)
            found.said["files while it runs"] = b"\0".join(files_in(there.data).values())
            await _removed(there, found, served, token)
        found.said["log of the server with tokens"] = bytes(served.written)
        inbound = {"mode": "oauth", "issuer": there.authority.url}
        there.change(lambda known: known.update(server={"auth": inbound}))
        async with there.serving() as served:
            await _inbound(there, found, served)
        found.said["log of the server with an issuer"] = bytes(served.written)
        await _collect(there, found, stores, service)
        _keep_rest(there, found, place)
        for ended in (
            *("success authorization_code", "success refresh_token", "success client_credentials"),
            *(f"success {DEVICE}", "error refresh_token"),
        ):
            assert await there.authority.events(f"grant.{ended}") > 0, ended
    assert len(found.secrets) > 25
    _judge(there, found)


async def _code_refresh_and_refusals(there: Office, found: Evidence, served: Served, token: str) -> None:
    alice = there.person("alice")
    error = (await found.call(served.url, "crm_search_records", token, **SEARCH))["error"]
    assert portal_of("alice") in await alice.connect(error["connect_url"])
    assert "data" in await found.call(served.url, "crm_search_records", token, **SEARCH)
    await there.authority.end_grants("alice")
    checked = await found.call(served.url, "connection_check", token, connection="crm")
    assert checked["error"]["code"] == "auth_expired"
    asked = {"connection": "crm", "intent": "again"}
    error = (await found.call(served.url, "connection_authorize", token, **asked))["error"]
    assert portal_of("alice") in await alice.connect(error["connect_url"])
    await there.authority.end_access_tokens("alice")
    assert "data" in await found.call(served.url, "crm_search_records", token, **SEARCH)
    async with httpx2.AsyncClient() as http:
        wrong = await http.post(f"{served.url}/mcp", headers={"Authorization": f"Bearer {token}x"}, json={})
        found.secrets.add(f"{token}x")
        found.results.append(f"{wrong.headers}{wrong.text}".encode())


async def _other_credentials(
    there: Office, found: Evidence, service: Talkative, url: str, token: str
) -> None:
    """Keys, references and client credentials: taken first, and refused afterwards, credential and all."""
    names = [name for name in there.connections if name != "crm"]
    for service.refuses in (False, True):
        for name in names:
            envelope = await found.call(url, "connection_check", token, connection=name)
            assert ("error" in envelope) is service.refuses, (name, envelope)


async def _commands(there: Office, found: Evidence, served: Served) -> None:
    """A consent by a code on another device, one that is pasted; and whatever else commands print."""
    alice = there.person("alice")

    async def on_device(address: str) -> str:
        await alice.go(address, stop_at="the end")
        return ""

    async def elsewhere(address: str) -> str:
        return await alice.go(address, stop_at="http://127.0.0.1:8484/oauth/callback")

    here = re.escape(there.authority.url)
    way = ("connections", "authorize", "crm", "--json")
    device = await there.wirepost(*way, "--device", follow=rf"{here}/device\?\S+", by=on_device)
    assert device.code == 0, device.err
    pasted = await there.wirepost(*way, "--paste", follow=rf"{here}/auth\?\S+", by=elsewhere)
    assert pasted.code == 0, pasted.err
    link = await there.wirepost("connections", "open")
    found.shown_once |= {query_of(link.out.strip())["c"]}
    operator = there.person("operator")
    await operator.go(link.out.strip(), stop_at=f"{served.url}/connections")
    assert portal_of("alice") in await operator.look(f"{served.url}/connections")
    for command in (
        *("connections list", "connections check", "doctor", "audit list", "tools list --json"),
        *("config check", "tokens list"),
    ):
        await there.wirepost(*command.split())


async def _removed(there: Office, found: Evidence, served: Served, token: str) -> None:
    """The account is given back at last; whoever asks then gets a new link."""
    removed = await there.wirepost("connections", "remove", "crm", "--keep-entry", "--yes")
    assert removed.code == 0, removed.err
    assert await there.authority.requests("/token/revocation") > 0
    error = (await found.call(served.url, "crm_search_records", token, **SEARCH))["error"]
    assert error["code"] == "not_connected"


async def _inbound(there: Office, found: Evidence, served: Served) -> None:
    """A caller with an access token of the issuer, and one with a token that is none."""
    await there.authority.change(
        resources=[f"{served.url}/mcp"], scopes=[*SCOPES, "crm.read", "connection.read"]
    )
    token = await there.authority.access_token(
        ROBOT["client_id"],
        ROBOT["client_secret"],
        resource=f"{served.url}/mcp",
        scope="crm.read connection.read",
    )
    found.secrets.add(token)
    await found.call(served.url, "crm_search_records", token, **SEARCH)
    await found.call(served.url, "connection_list", token)
    bad = f"{token[:-9]}AAAAAAAAA"
    found.secrets.add(bad)
    async with httpx2.AsyncClient() as http:
        wrong = await http.post(f"{served.url}/mcp", headers={"Authorization": f"Bearer {bad}"}, json={})
        assert wrong.status_code == 401
        found.results.append(f"{wrong.headers}{wrong.text}".encode())


async def _collect(there: Office, found: Evidence, stores: Stores, service: Talkative) -> None:
    """What was really given out, from those who gave it or got it."""
    issued = await there.authority.secrets()
    assert set(there.gate.tokens) <= issued
    assert stores.values & service.given, "the references were used"
    found.secrets |= issued | stores.values | service.given | {ROBOT["client_secret"]}
    for page in (page for person in there.people for page in person.seen):
        found.shown_once |= {value for name, value in query_of(page.url).items() if name == "c"}
    found.secrets = {secret for secret in found.secrets if len(secret) >= 8}


def _keep_rest(there: Office, found: Evidence, place: str | None) -> None:
    found.said["files"] = b"\0".join(files_in(there.data).values())
    if place:
        found.said["rows"] = repr([ask(f"TABLE {name}", place) for (name,) in ask(_TABLES, place)]).encode()
    for index, ran in enumerate(there.ran):
        found.said[f"command {index}"] = f"{ran.out}\n{ran.err}".encode()


def _judge(there: Office, found: Evidence) -> None:
    """Links may be in what one person gets; on the way to the provider and back, what OAuth puts there."""
    everywhere = found.secrets | found.shown_once
    for where, said in found.said.items():
        hidden = everywhere
        if where.startswith("command"):
            hidden = found.secrets - _in_addresses(said)
        assert traces(hidden, said) == [], where
    for result in found.results:
        assert traces(found.secrets, result) == []
    for page in (page for person in there.people for page in person.seen):
        if page.url.startswith(there.authority.url):
            continue
        headers = {name: value for name, value in page.headers.items() if name != "location"}
        assert traces(found.secrets, f"{headers}{page.text}") == [], page.url
        led = query_of(page.headers.get("location", ""))
        assert {name for name, value in led.items() if value in found.secrets} <= {"state", "nonce"}


def _in_addresses(said: bytes) -> set[str]:
    """What commands print for the person who is to go there."""
    found = re.findall(r"https?://\S+", said.decode())
    return {
        value for address in found for name, value in query_of(address).items() if name in {"state", "nonce"}
    }
