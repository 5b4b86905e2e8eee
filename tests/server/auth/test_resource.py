"""This server as a protected resource."""

from __future__ import annotations

from types import SimpleNamespace

import httpx2
import pytest
from starlette.applications import Starlette

from wirepost.server.auth.resource import Resource
from wirepost.settings import AuthSettings
from wirepost.tools.catalog import Catalog, ToolList

CATALOG = Catalog(
    ToolList(
        tuple(
            SimpleNamespace(name=name, toolset=name.partition("_")[0], risk=risk)
            for name, risk in [("crm_get", "R"), ("crm_update", "W1"), ("stripe_refund", "W3")]
        )
    )
)


def resource(address: str = "https://wirepost.example.com", **auth: str) -> Resource:
    settings = AuthSettings.model_validate({"mode": "oauth", "issuer": "https://i.example", **auth})
    return Resource(settings, CATALOG, lambda: address)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://Wirepost.Example.com", "https://wirepost.example.com/mcp"),
        ("https://example.com/Wirepost/", "https://example.com/Wirepost/mcp"),
        ("http://127.0.0.1:8484", "http://127.0.0.1:8484/mcp"),
        ("http://[::1]:8484", "http://[::1]:8484/mcp"),
    ],
)
def test_it_is_what_people_type(address, url) -> None:
    assert resource(address).url == url


def test_scopes_are_those_of_the_tools() -> None:
    assert resource().scopes == {"crm.read", "crm.write", "stripe.money"}
    assert resource().initial_scopes == resource().scopes
    assert resource(initial_scopes="minimal").initial_scopes == {"crm.read"}
    assert resource().needed(frozenset({"crm_update", "stripe_refund", "no_tool"})) == {
        "crm.write",
        "stripe.money",
    }


async def test_its_document_says_all_that_a_client_needs() -> None:
    app = Starlette(routes=resource().routes())
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="https://wirepost.example.com"
    ) as http:
        for path in ("", "/mcp"):
            said = (await http.get(f"/.well-known/oauth-protected-resource{path}")).json()
            assert said == {
                "resource": "https://wirepost.example.com/mcp",
                "authorization_servers": ["https://i.example"],
                "scopes_supported": ["crm.read", "crm.write", "stripe.money"],
                "bearer_methods_supported": ["header"],
                "resource_name": "Wirepost",
            }
        nothing = await http.get("/.well-known/oauth-authorization-server/mcp")
        assert (nothing.status_code, nothing.json()["error"]) == (404, "not_found")


def test_without_an_issuer_there_is_no_document() -> None:
    assert resource(mode="static").metadata_url is None
