"""`wirepost connections authorize` and `open`: every way to consent, with and without a running server."""

from __future__ import annotations

import socket
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from support.authorization import Authority
from support.commands import Office, free_port, office
from support.people import back
from support.programs import serving

pytestmark = pytest.mark.slow


def redirect_in(url):
    return dict(parse_qsl(urlsplit(url).query))["redirect_uri"]


async def visit(url):
    async with httpx2.AsyncClient() as http:
        return await http.get(url)


@pytest.fixture
async def desk(tmp_path):
    async with office(tmp_path) as desk:
        yield desk


async def test_without_a_server_the_command_waits_for_the_browser(desk) -> None:
    command = await desk.begin("authorize", "crm", "--scope", "deals.read", "--json")
    url = await command.address()
    redirect = redirect_in(url)
    assert redirect.startswith("http://127.0.0.1:")
    page = await visit(f"{redirect}?{back(desk.authority.agree(url), '')[1:]}")
    assert "crm is connected" in page.text
    ended = await command.end()
    assert ended.code == 0
    assert ended.json["scopes"] == ["contacts.read", "contacts.write", "deals.read"]
    (crm, _) = (await desk.run("list", "--json")).json
    assert (crm["status"], crm["account"], crm["accounts"][0]["owner"]) == ("ready", "127.0.0.1", "shared")
    assert "access-token" not in str(crm)
    checked = await desk.run("check", "crm")
    assert (checked.code, "works as" in checked.out) == (0, True)


async def test_a_person_who_says_no_ends_the_command_with_1(desk) -> None:
    command = await desk.begin("authorize", "crm")
    url = await command.address()
    await visit(f"{redirect_in(url)}?{back(desk.authority.deny(url), '')[1:]}")
    ended = await command.end()
    assert ended.code == 1
    assert "Consent was not given" in ended.err


async def test_the_port_may_be_fixed_and_a_taken_one_is_named(tmp_path) -> None:
    port = free_port()
    async with office(tmp_path, redirect_port=port) as desk:
        command = await desk.begin("authorize", "crm")
        url = await command.address()
        assert redirect_in(url) == f"http://127.0.0.1:{port}/oauth/callback/crm"
        await visit(f"{redirect_in(url)}?{back(desk.authority.agree(url), '')[1:]}")
        assert (await command.end()).code == 0
        with socket.create_server(("127.0.0.1", port)):
            ended = await desk.run("authorize", "crm")
    assert ended.code == 2
    assert f"port {port} is taken" in ended.err
    assert "connections.crm.oauth.redirect_port" in ended.err


@pytest.mark.parametrize(("provider", "is_registered"), [("hubspot", True), ("google", False)])
async def test_a_vendor_that_registers_addresses_exactly_gets_the_server_s(
    tmp_path, provider, is_registered
) -> None:
    port, secret = free_port(), tmp_path / "client-secret"
    secret.touch(mode=0o600)
    secret.write_text("of-the-client-1")
    config = tmp_path / "wirepost.yaml"
    config.write_text(
        f"server: {{port: {port}}}\nconnections:\n  crm:\n    provider: {provider}\n    environment: test\n"
        f"    auth: oauth\n    client_id: c\n    client_secret: file:{secret}\n"
    )
    desk = Office(Authority(), config, tmp_path / "data")
    command = await desk.begin("authorize", "crm", "--no-browser")
    url = await command.address()
    redirect = urlsplit(redirect_in(url))
    assert (redirect.port == port, redirect.hostname) == (is_registered, "127.0.0.1")
    state = dict(parse_qsl(urlsplit(url).query))["state"]
    await visit(f"{redirect.geturl()}?error=access_denied&state={state}")
    assert (await command.end()).code == 1


async def test_the_address_of_the_last_page_may_be_pasted(desk) -> None:
    command = await desk.begin("authorize", "crm", "--paste")
    url = await command.address()
    answer = back(desk.authority.agree(url), redirect_in(url))
    ended = await command.end(f"{answer}\n")
    assert ended.code == 0, ended.err
    assert "crm is connected to 127.0.0.1" in ended.out
    ended = await desk.run("authorize", "crm", "--paste", typed="hello\n")
    assert (ended.code, "not the address" in ended.err) == (1, True)


async def test_a_code_for_another_device_is_shown_without_control_characters(desk) -> None:
    desk.authority.reply = {
        "interval": 1,
        "user_code": "WDJB\x1b[2J",
        "verification_uri_complete": "https://login.example.com/device?code=WDJB",
    }
    ended = await desk.run("authorize", "crm", "--device")
    assert ended.code == 0, ended.err
    assert "https://login.example.com/device" in ended.err
    assert "WDJB" in ended.err
    assert "\x1b" not in ended.err


async def test_with_a_server_the_person_goes_over_its_pages(desk) -> None:
    desk.authority.reply = {"scope": "contacts.read"}
    async with serving(desk.data, "--config", str(desk.config)) as server:
        command = await desk.begin("authorize", "crm")
        link = await command.address()
        assert link.startswith(f"{server.url}/connect/crm?c=")
        async with httpx2.AsyncClient() as http:
            headers = {"content-type": "application/x-www-form-urlencoded", "origin": server.url}
            body = f"c={link.partition('c=')[2]}"
            gone = await http.post(link.partition("?")[0], content=body, headers=headers)
            url = gone.headers["location"]
            assert redirect_in(url) == f"{server.url}/oauth/callback/crm"
            await http.get(back(desk.authority.agree(url), redirect_in(url)))
        ended = await command.end()
        assert ended.code == 0, ended.err
        assert "crm is connected" in ended.out
        assert "not granted: contacts.write" in ended.err
        opened = await desk.run("open", "--json")
        assert opened.json["url"].startswith(f"{server.url}/connect/?c=")
        page = await visit((await desk.run("open")).out.strip())
        assert "Open the connections" in page.text


async def test_what_cannot_be_done_is_said_before_anything_is_asked(desk) -> None:
    for arguments, words in (
        (("authorize", "nothing"), "there is no connection"),
        (("authorize", "play"), "takes no consent"),
        (("authorize", "crm", "--device", "--paste"), "choose one of them"),
        (("open",), "no server runs"),
    ):
        ended = await desk.run(*arguments)
        assert (ended.code, words in ended.err) == (2, True), ended.err
