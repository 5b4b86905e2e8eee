"""The pages of people stand beside everything else that the server serves."""

from __future__ import annotations

import httpx2
import pytest

from support.running import running
from wirepost.server.asgi import build_asgi
from wirepost.server.mcp import build_mcp


@pytest.fixture
async def http(tmp_path):
    async with running(tmp_path) as wirepost:
        wirepost.app.links.address = "http://127.0.0.1"
        asgi = build_asgi(wirepost.app, build_mcp(wirepost.app.calls, secret=b"s" * 32, version="1"))
        transport = httpx2.ASGITransport(app=asgi)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            yield http


async def test_the_list_shows_the_connections_of_the_server(http) -> None:
    page = await http.get("/connections")
    assert page.status_code == 200
    assert "stripe-sandbox" in page.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/connect/crm"),
        ("POST", "/oauth/callback"),
        ("POST", "/oauth/callback/crm"),
        ("POST", "/oauth/done"),
        ("GET", "/connections/crm/remove"),
        ("GET", "/connections/crm/connect"),
        ("GET", "/connections/leave"),
        ("POST", "/connections"),
    ],
)
async def test_each_page_takes_its_own_method_only(http, method, path) -> None:
    assert (await http.request(method, path)).status_code == 405


@pytest.mark.parametrize(
    "headers", [{"host": "evil.example"}, {"origin": "https://evil.example"}, {"origin": "null"}]
)
async def test_other_sites_reach_no_page(http, headers) -> None:
    for path in ("/connections/leave", "/connections/crm/remove", "/connect/crm"):
        assert (await http.post(path, headers=headers)).status_code in {403, 421}
