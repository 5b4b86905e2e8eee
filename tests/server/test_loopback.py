"""A browser comes back to this machine where no server runs."""

from __future__ import annotations

import asyncio
import socket

import httpx2
import pytest

from support.people import back, reception
from wirepost.core.errors import ConfigError, NotConnected
from wirepost.server.loopback import listen, wait_for_browser


@pytest.fixture
async def desk(tmp_path, clock):
    async with reception(tmp_path, clock) as desk:
        yield desk


class Command:
    """What waits, and the address where it does."""

    def __init__(self, desk):
        self.endpoint = listen("crm", None)
        self.address = f"http://127.0.0.1:{self.endpoint.getsockname()[1]}"
        self.connecting = desk.connecting

    async def begin(self):
        return await self.connecting.begin("crm", "shared", (), self.address, None)

    def wait(self, within_s=30.0):
        finish = lambda callback: self.connecting.finish(callback, None)  # noqa: E731
        return asyncio.create_task(wait_for_browser(self.endpoint, finish, within_s=within_s))


async def test_the_browser_brings_the_answer_and_sees_a_page_with_style(desk) -> None:
    command = Command(desk)
    answer = desk.authority.agree(await command.begin())
    waiting = command.wait()
    async with httpx2.AsyncClient(base_url=command.address) as http:
        style = await http.get("/style.css")
        page = await http.get(back(answer, "/oauth/callback/crm"))
    assert style.status_code == 200
    assert "crm is connected to 127.0.0.1" in page.text
    assert (await waiting).account.account_label == "127.0.0.1"
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.1", int(command.address.rpartition(":")[2]))


async def test_what_ends_the_consent_ends_the_wait(desk) -> None:
    command = Command(desk)
    answer = desk.authority.deny(await command.begin())
    waiting = command.wait()
    async with httpx2.AsyncClient(base_url=command.address) as http:
        page = await http.get(back(answer, "/oauth/callback/crm"))
    assert page.status_code == 400
    with pytest.raises(NotConnected, match="not given"):
        await waiting


async def test_strangers_do_not_end_the_wait(desk) -> None:
    command = Command(desk)
    url = await command.begin()
    waiting = command.wait()
    async with httpx2.AsyncClient(base_url=command.address) as http:
        assert (await http.get("/oauth/callback?state=invented&code=x")).status_code == 400
        assert (await http.get("/favicon.ico")).status_code == 404
        answer = back(desk.authority.agree(url), "/oauth/callback/crm")
        assert (await http.get(answer)).status_code == 200
    assert (await waiting).account.connection == "crm"


async def test_nobody_is_waited_for_forever(desk) -> None:
    command = Command(desk)
    with pytest.raises(TimeoutError):
        await command.wait(within_s=0.0)


def test_a_taken_port_is_named_with_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError) as refused:
            listen("crm", port)
    assert str(port) in refused.value.message
    assert refused.value.key == "connections.crm.oauth.redirect_port"
