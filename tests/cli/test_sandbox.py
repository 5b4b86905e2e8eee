"""`wirepost sandbox`: looked into, made to fail, and put back, in a running server."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import httpx2
import pytest

from support.programs import serving
from wirepost.core.clock import Clock
from wirepost.settings.connections import default_connections
from wirepost.store.owner import DataDirectory

ONE = "connections:\n  stripe-sandbox: {provider: stripe, environment: sandbox}\n"


@pytest.fixture(autouse=True)
def one_sandbox(configure) -> None:
    """Where there is one sandbox, it need not be named."""
    configure(ONE)


def test_of_several_sandboxes_one_must_be_named(cli, configure) -> None:
    configure(ONE + "  other: {provider: stripe, environment: sandbox}\n")
    result = cli("sandbox", "show")
    assert result.code == 2
    assert "name one of stripe-sandbox, other" in result.err


@pytest.mark.slow
def test_the_sandbox_fails_on_demand_and_is_put_back(cli, server) -> None:
    assert cli("sandbox", "faults", "add", "402;match=GET /v1/balance").code == 0
    added = cli("sandbox", "faults", "add", "stripe-sandbox", "slow=1;match=POST *", "--json").json
    assert [(fault["kind"], fault["match"]) for fault in added["faults"]] == [
        ("status", "GET /v1/balance"),
        ("slow", "POST *"),
    ]
    assert "GET /v1/balance" in cli("sandbox", "faults", "list").out
    assert cli("sandbox", "faults", "clear", "stripe-sandbox", "--json").json == {"faults": []}
    nothing = cli("sandbox", "faults", "list")
    assert (nothing.out, nothing.err) == ("", "no faults: the sandbox answers as it should\n")

    refused = cli("sandbox", "faults", "add", "nonsense")
    assert refused.code == 2
    assert "kind must be one of status" in refused.err
    assert cli("sandbox", "faults", "add", "a", "b", "c").code == 2

    cli("tools", "call", "stripe_list_payments", "limit=1")
    shown = cli("sandbox", "show").out
    assert "/v1/payment_intents" in shown
    assert "payment_intents" in shown.partition("METHOD")[0], "what the sandbox holds so far"
    state = cli("sandbox", "show", "--url", server, "--json").json
    assert state["requests"]
    assert state["vendor"] == "stripe"
    assert cli("sandbox", "reset").out == "the sandbox is as it began\n"
    assert cli("sandbox", "reset", "--json").json["faults"] == []

    missing = cli("sandbox", "show", "other")
    assert missing.code == 2
    assert "There is no sandbox connection 'other'" in missing.err


@pytest.mark.slow
def test_people_press_buttons(cli, configure, request) -> None:
    others = "  till: {provider: stripe, environment: sandbox}\n"
    configure("connections:\n  slack-sandbox: {provider: slack, environment: sandbox}\n" + others)
    request.getfixturevalue("server")
    missing = cli("sandbox", "press", "Refund")
    assert missing.code == 2
    assert "no button is called 'Refund'; there are: none" in missing.err


@pytest.mark.slow
def test_every_vendor_shows_what_it_holds(cli, request) -> None:
    Path("wirepost.yaml").unlink()
    request.getfixturevalue("server")
    cli("tools", "call", "customer_get_overview", "email=anna.lindqvist@example.com")
    for name, each in default_connections().items():
        if each.environment != "sandbox":
            continue
        shown = cli("sandbox", "show", name)
        assert (shown.code, shown.err) == (0, "")
        least = 0 if each.provider in {"anthropic", "openai"} else 2  # models begin with nothing
        assert len(shown.out.partition("METHOD")[0].splitlines()) > least, name


def test_an_address_where_nobody_answers_is_told(cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    result = cli("sandbox", "show", "--url", url)
    assert result.code == 2
    assert "no server answers" in result.err
    assert "wirepost serve" in result.err


@pytest.mark.slow
async def test_a_server_on_any_port_is_found_by_its_data_directory(cli, tmp_path) -> None:
    async with serving(tmp_path / "elsewhere") as running:
        found = await asyncio.to_thread(
            cli, "sandbox", "faults", "add", "503", "--data-dir", str(tmp_path / "elsewhere"), "--json"
        )
        async with httpx2.AsyncClient(base_url=running.url) as http:
            there = (await http.get("/sandbox/stripe-sandbox/__sandbox/faults")).json()
    assert found.json == there
    assert [fault["status"] for fault in there["faults"]] == [503]


def test_without_a_server_the_answer_says_how_to_start_one(cli) -> None:
    result = cli("sandbox", "show")
    assert result.code == 2
    assert "no server runs in this data directory (start it with wirepost serve" in result.err


def test_an_owner_without_http_is_named(cli, tmp_path) -> None:
    owner = DataDirectory(tmp_path / "d")
    owner.acquire(Clock())
    try:
        result = cli("sandbox", "show", "--data-dir", str(tmp_path / "d"))
    finally:
        owner.release()
    assert result.code == 2
    assert f"process {os.getpid()} uses this data directory and serves no HTTP" in result.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "connections:\n  a: &a {provider: stripe, environment: sandbox}\n  b: *a\n",
            "there is more than one sandbox connection (name one of a, b)",
        ),
        ("connections: {a: {provider: stripe, environment: test}}", "no sandbox connection is configured"),
    ],
)
def test_a_connection_is_named_where_it_is_not_clear(cli, configure, text: str, says: str) -> None:
    configure(text)
    result = cli("sandbox", "reset")
    assert result.code == 2
    assert says in result.err


def test_an_address_that_is_none_is_misuse(cli) -> None:
    assert "--url must be an address" in cli("sandbox", "show", "--url", "localhost:1").err
