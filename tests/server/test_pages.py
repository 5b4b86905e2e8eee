"""Health, readiness, the page that says what this is, and the vendors of the sandbox."""

from __future__ import annotations

import httpx2
import pytest

from support.running import running
from support.serving import served
from wirepost.sandbox.faults import Fault
from wirepost.server.asgi import build_asgi
from wirepost.server.mcp import build_mcp
from wirepost.settings.connections import default_connections


def over_http(app):
    transport = httpx2.ASGITransport(app=asgi_of(app))
    return httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1")


def asgi_of(app):
    return build_asgi(app, build_mcp(app.calls, secret=app.secret, version="1.2.3"))


async def test_the_first_page_says_what_this_is_and_how_to_connect(tmp_path):
    async with running(tmp_path) as wirepost, over_http(wirepost.app) as http:
        text = (await http.get("/")).text
        page = await http.get("/", headers={"accept": "text/html,*/*"})
    assert "Wirepost 1.2.3" in text
    assert "http://127.0.0.1/mcp" in text
    assert "stripe-sandbox" in text
    assert page.headers["content-type"].startswith("text/html")
    assert "http://127.0.0.1/mcp" in page.text


async def test_the_first_page_names_the_public_address(tmp_path):
    server = {"url": "https://wirepost.example.com"}
    async with running(tmp_path, server=server) as wirepost, over_http(wirepost.app) as http:
        assert "https://wirepost.example.com/mcp" in (await http.get("/")).text


async def test_health_and_readiness(tmp_path):
    async with running(tmp_path) as wirepost, over_http(wirepost.app) as http:
        health, ready = await http.get("/healthz"), await http.get("/readyz")
    assert health.json() == {"status": "ok", "version": "1.2.3"}
    count = len(default_connections())
    assert (ready.status_code, ready.json()) == (200, {"status": "ok", "store": "ok", "connections": count})


async def test_a_store_that_takes_no_writes_is_not_ready(tmp_path):
    async with running(tmp_path) as wirepost, over_http(wirepost.app) as http:
        await wirepost.app.database.close()
        ready = await http.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["status"] == "unavailable"


async def test_the_sandbox_vendor_answers_any_program_on_this_machine(tmp_path):
    async with (
        running(tmp_path) as wirepost,
        served(asgi_of(wirepost.app)) as base,
        httpx2.AsyncClient() as http,
    ):
        vendor = wirepost.app.connections.sandbox("stripe-sandbox")
        key = {"authorization": f"Bearer {vendor.key}"}
        listed = await http.get(f"{base}/sandbox/stripe-sandbox/v1/customers?limit=2", headers=key)
        refused = await http.get(f"{base}/sandbox/stripe-sandbox/v1/customers")
        unknown = await http.get(f"{base}/sandbox/nothing/v1/customers")
    assert len(listed.json()["data"]) == 2
    assert refused.status_code == 401
    assert (unknown.status_code, unknown.text) == (404, "There is no sandbox connection 'nothing'\n")


@pytest.mark.parametrize("kind", ["refused", "cut", "lost_answer"])
async def test_a_connection_to_the_sandbox_is_really_cut(tmp_path, kind):
    async with running(tmp_path) as wirepost, served(asgi_of(wirepost.app)) as base:
        vendor = wirepost.app.connections.sandbox("stripe-sandbox")
        vendor.inject(Fault.parse(kind))
        options = {"base_url": base, "headers": {"authorization": f"Bearer {vendor.key}"}}
        heads = []

        async def note(response):
            heads.append(response.status_code)

        async with httpx2.AsyncClient(**options, event_hooks={"response": [note]}) as http:
            with pytest.raises(httpx2.TransportError):
                await http.get("/sandbox/stripe-sandbox/v1/balance")
            assert heads == [], "not even the head of an answer came"
            assert (await http.get("/sandbox/stripe-sandbox/v1/balance")).status_code == 200


async def test_the_sandbox_is_closed_to_other_machines(tmp_path):
    async with running(tmp_path) as wirepost:
        transport = httpx2.ASGITransport(app=asgi_of(wirepost.app), client=("10.1.2.3", 5))
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            assert (await http.get("/sandbox/stripe-sandbox/v1/customers")).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-for": "10.1.2.3"},
        {"forwarded": "for=10.1.2.3"},
        {"x-real-ip": "10.1.2.3"},
        {"host": "wirepost.example.com"},
    ],
)
async def test_the_sandbox_is_closed_to_what_a_proxy_on_this_machine_passes_on(tmp_path, headers):
    settings = {"url": "https://wirepost.example.com"}
    async with running(tmp_path, server=settings) as wirepost:
        transport = httpx2.ASGITransport(app=asgi_of(wirepost.app), client=("127.0.0.1", 5))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8484") as http:
            path = "/sandbox/stripe-sandbox/v1/customers"
            assert (await http.get(path, headers=headers)).status_code == 403
            assert (await http.get(path)).status_code != 403
