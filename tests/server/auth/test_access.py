"""What callers are told before their request is served."""

from __future__ import annotations

from types import SimpleNamespace

import httpx2
import pytest

from wirepost.calls.caller import LOCAL, Caller
from wirepost.server.auth.access import LONGEST_TOKEN, Access, Open
from wirepost.server.auth.resource import Resource
from wirepost.server.auth.verified import CannotTell, Refused, TooMany, Verified
from wirepost.server.identity import CALLER
from wirepost.settings import AuthSettings
from wirepost.tools.catalog import Catalog, ToolList

ADDRESS = "https://Wirepost.Example.com/"
META = "https://wirepost.example.com/.well-known/oauth-protected-resource/mcp"
TOOLS = [("crm_get_records", "R"), ("crm_update_records", "W2"), ("stripe_create_refund", "W3")]
CATALOG = Catalog(
    ToolList(
        tuple(SimpleNamespace(name=name, toolset=name.partition("_")[0], risk=risk) for name, risk in TOOLS)
    )
)


class Tokens:
    """Knows tokens by the scopes they stand for."""

    async def verify(self, token: str, address: str) -> Verified:
        failures = {
            "bad": Refused('The access token "expired"\n'),
            "down": CannotTell("the issuer is silent", 7),
            "many": TooMany(42),
        }
        if token in failures:
            raise failures[token]
        scopes = None if token == "all" else frozenset(token.split("/"))
        return Verified(Caller(f"me@{address}", scopes), "https://i.example", "me", "editor")


async def app(scope, receive, send) -> None:
    """Tells who came, and with which body."""
    body = (await receive())["body"]
    user = scope.get("user")
    said = repr((scope[CALLER].id, body, user and (user.access_token.subject, user.access_token.token)))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": said.encode()})


async def ask(token: str | None = None, body: object = None, path: str = "/mcp", mode: str = "oauth", **more):
    settings = AuthSettings(mode=mode, issuer="https://i.example", **more.pop("settings", {}))
    access = Access(app, Tokens(), Resource(settings, CATALOG, lambda: ADDRESS), 10_000)
    headers = more.pop("headers", {} if token is None else {"authorization": f"Bearer {token}"})
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(access, client=("192.0.2.7", 1)), base_url="http://here"
    ) as http:
        return await http.post(path, json=body, headers=headers, **more)


def call(*names: str) -> object:
    calls = [{"method": "tools/call", "params": {"name": name}} for name in names]
    return calls[0] if len(calls) == 1 else calls


async def test_a_good_token_lets_in_and_goes_no_further() -> None:
    answer = await ask("crm.read", call("crm_get_records"))
    assert answer.status_code == 200
    assert "me@192.0.2.7" in answer.text
    assert "crm_get_records" in answer.text
    assert "('me', '')" in answer.text


async def test_without_a_token_a_client_learns_where_to_get_one_and_for_what() -> None:
    answer = await ask()
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == (
        f'Bearer resource_metadata="{META}", scope="crm.read crm.write stripe.money"'
    )
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"


async def test_a_client_may_be_told_to_begin_with_little() -> None:
    answer = await ask(settings={"initial_scopes": "minimal"})
    assert answer.headers["www-authenticate"].endswith('scope="crm.read"')


@pytest.mark.parametrize("value", ["Basic YTpi", "Bearer", "Bearer ", "DPoP abc", "", "wpt_x"])
async def test_another_credential_is_none(value) -> None:
    answer = await ask(headers={"authorization": value})
    assert answer.status_code == 401
    assert "error=" not in answer.headers["www-authenticate"]


async def test_a_bad_token_is_told_so_in_a_header_that_cannot_be_broken() -> None:
    answer = await ask("bad")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert 'error_description="The access token \\"expired\\""' in answer.headers["www-authenticate"]
    assert answer.json()["error"] == "invalid_token"


@pytest.mark.parametrize("token", ["a b", "a,b", "ä", "x" * (LONGEST_TOKEN + 1), "a\tb"])
async def test_what_has_not_the_form_of_a_token_is_not_looked_up(token) -> None:
    answer = await ask(headers={"authorization": f"Bearer {token}".encode()})
    assert answer.status_code == 401
    assert answer.json()["error_description"] == "The token has not the form of one"


@pytest.mark.parametrize(
    "request_",
    [
        {"headers": [("authorization", "Bearer all"), ("authorization", "Bearer all")]},
        {"path": "/mcp?access_token=all"},
        {"path": "/mcp?access_token=all", "headers": {"authorization": "Bearer all"}},
        {"headers": {"content-type": "application/x-www-form-urlencoded", "authorization": "Bearer all"}},
    ],
)
async def test_two_credentials_or_one_elsewhere_are_refused(request_) -> None:
    answer = await ask(**request_)
    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("token", "names", "scope"),
    [
        ("crm.read", ["crm_update_records"], "crm.read crm.write"),
        ("crm.read/openid/offline_access", ["crm_update_records"], "crm.read crm.write"),
        ("crm.read", ["crm_get_records", "stripe_create_refund"], "crm.read stripe.money"),
        ("openid", ["crm_get_records"], "crm.read"),
    ],
)
async def test_a_missing_scope_is_named_with_all_that_the_next_token_needs(token, names, scope) -> None:
    answer = await ask(token, call(*names))
    assert answer.status_code == 403
    challenge = answer.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert f'scope="{scope}"' in challenge
    assert f'resource_metadata="{META}"' in challenge
    assert names[-1] in answer.json()["error_description"]


@pytest.mark.parametrize(
    ("token", "name"),
    [("crm.write", "crm_get_records"), ("all", "stripe_create_refund"), ("crm.read", "no_such_tool")],
)
async def test_a_larger_scope_is_enough_and_an_unknown_tool_is_the_calls_to_refuse(token, name) -> None:
    assert (await ask(token, call(name))).status_code == 200


@pytest.mark.parametrize(("token", "status", "wait"), [("down", 503, "7"), ("many", 429, "42")])
async def test_what_is_no_fault_of_the_token_is_no_401(token, status, wait) -> None:
    answer = await ask(token)
    assert answer.status_code == status
    assert answer.headers["retry-after"] == wait
    assert "www-authenticate" not in answer.headers


async def test_where_there_is_no_issuer_nobody_is_sent_to_one() -> None:
    assert (await ask(mode="static")).headers["www-authenticate"] == "Bearer"
    challenge = (await ask("bad", mode="static")).headers["www-authenticate"]
    assert challenge.startswith('Bearer error="invalid_token"')
    assert "resource_metadata" not in challenge
    assert "scope" not in challenge
    forbidden = await ask("crm.read", call("crm_update_records"), mode="static")
    assert 'scope="crm.read crm.write"' in forbidden.headers["www-authenticate"]


async def test_where_nobody_is_asked_the_owner_of_the_machine_calls() -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(Open(app)), base_url="http://here") as http:
        assert repr(LOCAL.id) in (await http.post("/mcp")).text
