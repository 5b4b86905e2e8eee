"""Findings about connections, against an HTTP server that plays the provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from support.clock import ManualClock
from support.serving import served
from wirepost.cli.findings.connections import connections
from wirepost.cli.findings.finding import Finding
from wirepost.settings import Settings

TEST_KEY = "sk_test_" + "51Abcdefghijklmnop"
LIVE_KEY = "sk_live_" + "51Abcdefghijklmnop"


@asynccontextmanager
async def provider(answer: Callable[[], Response]) -> AsyncIterator[str]:
    async def balance(_: Request) -> Response:
        return answer()

    async with served(Starlette(routes=[Route("/v1/balance", balance)]), date_header=False) as url:
        yield url


async def look(
    clock: ManualClock,
    *,
    is_offline: bool = False,
    data_dir: str | None = None,
    server: dict[str, Any] | None = None,
    **options: Any,
) -> list[Finding]:
    given: dict[str, Any] = {"connections": {"shop": {"provider": "stripe", **options}}}
    given |= {"data_dir": data_dir} if data_dir else {}
    settings = Settings.model_validate(given | ({"server": server} if server else {}))
    return [each async for each in connections(settings, clock, lambda _: None, is_offline=is_offline)]


def key_file(tmp_path: Path, key: str = TEST_KEY) -> str:
    file = tmp_path / "key"
    file.write_text(key)
    file.chmod(0o600)
    return f"file:{file}"


async def test_a_provider_that_answers_is_fine(clock, tmp_path: Path) -> None:
    def answer() -> Response:
        return JSONResponse(
            {"object": "balance"}, headers={"Date": format_datetime(clock.now(), usegmt=True)}
        )

    async with provider(answer) as url:
        found = await look(clock, environment="test", key=key_file(tmp_path), base_url=url)
    assert [each.status for each in found] == ["ok", "ok"]
    assert "Stripe test answers in" in found[0].what
    assert found[1].what == "shop: the clocks agree"


@pytest.mark.parametrize(("off_s", "direction"), [(120, "behind"), (-120, "ahead of")])
async def test_a_clock_that_is_off_is_a_warning(clock, tmp_path: Path, off_s: int, direction: str) -> None:
    def answer() -> Response:
        theirs = clock.now() + timedelta(seconds=off_s)
        return JSONResponse({}, headers={"Date": format_datetime(theirs, usegmt=True)})

    async with provider(answer) as url:
        found = await look(clock, environment="test", key=key_file(tmp_path), base_url=url)
    assert found[1].status == "warning"
    assert direction in found[1].what


async def test_without_a_date_nothing_is_said_about_clocks(clock, tmp_path: Path) -> None:
    async with provider(lambda: JSONResponse({})) as url:
        found = await look(clock, environment="test", key=key_file(tmp_path), base_url=url)
    assert [each.status for each in found] == ["ok"]


@pytest.mark.parametrize("status", [401, 403, 400, 500])
async def test_a_provider_that_refuses_is_an_error_without_the_key(
    clock, tmp_path: Path, status: int
) -> None:
    error = {"error": {"type": "invalid_request_error", "message": f"Invalid API Key: {TEST_KEY}"}}
    async with provider(lambda: JSONResponse(error, status_code=status)) as url:
        found = await look(clock, environment="test", key=key_file(tmp_path), base_url=url)
    assert [each.status for each in found] == ["error"]
    assert TEST_KEY not in str(found)


async def test_a_provider_that_is_not_there_is_an_error(clock, tmp_path: Path) -> None:
    async with provider(lambda: JSONResponse({})) as url:
        pass
    found = await look(clock, environment="test", key=key_file(tmp_path), base_url=url)
    assert [each.status for each in found] == ["error"]


async def test_what_is_missing_or_wrong_is_not_asked(clock, tmp_path: Path) -> None:
    missing = await look(clock, environment="test", key="env:NOT_SET_ANYWHERE")
    assert missing[0].fix == "export NOT_SET_ANYWHERE=…"
    none = await look(clock, environment="test")
    assert "no key is configured" in none[0].what
    wrong = await look(clock, environment="test", key=key_file(tmp_path, LIVE_KEY))
    assert "belongs to production" in wrong[0].what
    assert {each.status for each in (*missing, *none, *wrong)} == {"error"}


OAUTH = {"provider": "hubspot", "environment": "test", "auth": "oauth", "client_id": "app_1"}


async def test_an_account_that_nobody_connected_is_named_with_the_command_for_it(clock, tmp_path) -> None:
    found = await look(clock, data_dir=str(tmp_path / "data"), **OAUTH)
    assert [each.status for each in found] == ["error"]
    assert "No account is connected to shop" in found[0].what
    assert found[0].why == "its calls answer not_connected"
    assert "wirepost connections authorize shop" in (found[0].fix or "")


async def test_accounts_without_a_key_to_open_them_are_an_error(clock, tmp_path) -> None:
    server = {"url": "https://wirepost.example.com"}
    found = await look(clock, data_dir=str(tmp_path / "data"), server=server, **OAUTH)
    assert [each.status for each in found] == ["error"]
    assert "secrets.keys" in found[0].what


async def test_the_sandbox_needs_nothing(clock) -> None:
    assert [each.status for each in await look(clock, environment="sandbox")] == ["ok"]


async def test_offline_nobody_is_asked(clock, tmp_path: Path) -> None:
    found = await look(clock, is_offline=True, environment="test", key=key_file(tmp_path))
    assert [each.status for each in found] == ["skipped"]


async def test_a_key_everybody_may_read_is_a_warning(clock, tmp_path: Path) -> None:
    key = key_file(tmp_path)
    (tmp_path / "key").chmod(0o644)
    found = await look(clock, is_offline=True, environment="test", key=key)
    assert found[0].status == "warning"
    assert found[0].fix == f"chmod 600 {tmp_path}/key"
