"""The list of accounts: who sees it, what it tells, and that only its own forms change anything."""

from __future__ import annotations

import dataclasses

import pytest
from starlette.responses import JSONResponse

from support.people import back, reception
from wirepost.calls.caller import LOCAL
from wirepost.connections.accounts import Account, Tokens
from wirepost.server.browser import Session

NOW = 1_800_000_000.0
MINE = {"mine": {"owner": "caller"}}
SHOP = {"shop": {"provider": "stripe", "environment": "test", "key": "env:SURELY_NOT_SET"}}
SANDBOX = {"play": {"provider": "stripe", "environment": "sandbox"}}


@pytest.fixture
async def desk(tmp_path, clock):
    async with reception(tmp_path, clock, {**MINE, **SHOP, **SANDBOX}) as desk:
        desk.connections.by_name["play"].world = lambda: None
        yield desk


@pytest.fixture
async def window(desk):
    async with desk.window() as window:
        yield window


def account(connection="crm", owner="shared", **changes):
    tokens = Tokens("an-access-token-of-the-account", "a-refresh-token-of-the-account")
    return dataclasses.replace(
        Account(connection, owner),
        **{
            "account_label": "Acme",
            "account_key": "62515",
            "scopes_requested": ("contacts.read", "contacts.write"),
            "scopes_granted": ("contacts.read",),
            "tokens": tokens,
            "connected_at": NOW,
            "expires_at": NOW + 60,
            **changes,
        },
    )


async def as_caller(desk, window, caller, *, is_operator=False):
    """Let a window be somebody in particular."""
    from starlette.responses import Response

    from wirepost.core.signing import Signer
    from wirepost.server.browser import Browsers

    browsers = Browsers(Signer(b"s" * 32), desk.connections.by_name["crm"].clock, lambda: desk.links.address)
    response = Response()
    browsers.keep_session(response, browsers.new_session(caller, is_operator=is_operator))
    name, _, value = response.headers["set-cookie"].split(";")[0].partition("=")
    window.http.cookies.set(name, value, domain=window.http.base_url.host)


async def test_on_this_machine_everything_is_seen_and_each_thing_says_what_to_do(desk, window) -> None:
    await desk.accounts.put(account())
    page = await window.open("/connections")
    for text in ("Acme", "contacts.read", "Not granted", "contacts.write", "2027-01-15 08:00 UTC"):
        assert text in page.text
    assert "connections.shop.key" in page.text
    assert "SURELY_NOT_SET" in page.text
    assert "mine, for you" in page.text
    assert "mine, for everybody" in page.text
    assert "an-access-token" not in page.answer.text
    assert "Connect again: crm" in page.forms
    assert "Remove the account of crm" in page.forms


async def test_a_session_lasts_eight_hours(desk, clock) -> None:
    desk.links.address = "https://wirepost.example.com"
    async with desk.window() as window:
        await as_caller(desk, window, "local", is_operator=True)
        assert (await window.open("/connections")).status == 200
        clock.advance(8 * 3600)
        assert (await window.open("/connections")).status == 403


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("https://wirepost.example.com", "127.0.0.1"),
        ("http://127.0.0.1:8484", "10.0.0.7"),
        ("http://127.0.0.1:8484", "testclient"),
    ],
)
async def test_elsewhere_nobody_sees_it_without_a_link(desk, address, client) -> None:
    desk.links.address = address
    async with desk.window(client) as window:
        page = await window.open("/connections")
    assert page.status == 403
    assert "wirepost connections open" in page.text
    assert "crm" not in page.text


async def test_a_link_lets_one_browser_in(desk) -> None:
    desk.links.address = "https://wirepost.example.com"
    link = await desk.link("", LOCAL.id)
    async with desk.window() as window, desk.window() as other:
        page = await window.open(link)
        assert "Open the connections" in page.forms
        entered = await window.press(page, "Open the connections")
        assert entered.answer.headers["set-cookie"].startswith("__Host-wirepost-session=")
        assert "Acme" not in (await window.follow(entered)).text
        assert (await other.press(page, "Open the connections")).status == 410
        assert (await other.open("/connections")).status == 403


async def test_a_changed_or_foreign_cookie_is_none(desk) -> None:
    desk.links.address = "https://wirepost.example.com"
    async with desk.window() as window:
        await as_caller(desk, window, "anna")
        (cookie,) = window.http.cookies.jar
        window.http.cookies.clear()
        window.http.cookies.set(cookie.name, cookie.value[:-2] + "xx", domain=cookie.domain)
        assert (await window.open("/connections")).status == 403


async def test_connecting_from_the_list_goes_the_same_way(desk, window) -> None:
    page = await window.open("/connections")
    gone = await window.press(page, "Connect: crm")
    answer = desk.authority.agree(gone.answer.headers["location"])
    done = await window.follow(await window.open(back(answer, "/oauth/callback/crm")))
    assert "is connected" in done.text
    assert "All connections" in done.text
    assert "Connect again: crm" in (await window.open("/connections")).forms


async def test_removing_gives_the_tokens_back_and_forgets_the_account(desk, window) -> None:
    await desk.accounts.put(account())
    page = await window.open("/connections")
    listed = await window.follow(await window.press(page, "Remove the account of crm"))
    assert desk.authority.revoked == ["a-refresh-token-of-the-account", "an-access-token-of-the-account"]
    assert await desk.accounts.find("crm") is None
    assert "Connect: crm" in listed.forms


async def test_what_the_provider_does_not_take_back_is_used_by_nobody_all_the_same(desk, window) -> None:
    await desk.accounts.put(account())
    desk.authority.failures = [JSONResponse({"error": "server_error"}, 503)] * 9
    page = await window.open("/connections")
    told = await window.press(page, "Remove the account of crm")
    assert told.status == 200
    assert "tried again" in told.text
    assert (await desk.accounts.find("crm")).state == "revoking"


@pytest.mark.parametrize("button", ["Connect again: crm", "Remove the account of crm", "Leave these pages"])
@pytest.mark.parametrize("token", ["", "0" * 32])
async def test_a_form_of_another_site_changes_nothing(desk, window, button, token) -> None:
    await desk.accounts.put(account())
    page = await window.open("/connections")
    assert (await window.press(page, button, token=token)).status == 403
    async with desk.window() as other:
        assert (await other.press(page, button)).status == 403, "nor does one of another session"
    assert (await desk.accounts.find("crm")).state == "active"
    assert await desk.database.read("SELECT 1 FROM flows LIMIT 1") == []


async def test_a_caller_changes_their_own_account_and_not_the_shared_one(desk) -> None:
    desk.links.address = "https://wirepost.example.com"
    await desk.accounts.put(account())
    await desk.accounts.put(account("mine", "anna", account_label="Anna's"))
    await desk.accounts.put(account("mine", "bert", account_label="Bert's"))
    async with desk.window() as window:
        await as_caller(desk, window, "anna")
        page = await window.open("/connections")
        assert "Anna's" in page.text
        assert "Bert's" not in page.text
        assert "mine, for everybody" not in page.text
        assert "An operator connects this account" in page.text
        assert "Connect again: crm" not in page.forms
        own = dict(page.forms["Remove the account of mine"])
        for action, owner in (("/connections/crm/remove", "shared"), ("/connections/mine/remove", "shared")):
            page.forms["x"] = {**own, "": action, "for": owner}
            assert (await window.press(page, "x")).status == 403
        page.forms["x"] = {**own, "": "/connections/nothing/remove"}
        assert (await window.press(page, "x")).status == 403
        page.forms["x"] = {**own, "": "/connections/crm/connect", "for": "own"}
        assert (await window.press(page, "x")).status == 403
        await window.press(page, "Remove the account of mine")
    left = [each.place for each in await desk.accounts.everyone()]
    assert left == [("crm", "shared", "main"), ("mine", "bert", "main")]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"state": "needs_reauth", "reason": "refresh_token_revoked"}, "Must be connected again"),
        ({"state": "degraded", "reason": "outage"}, "its last renewal failed"),
        ({"tokens": Tokens("an-access-token-without-refresh")}, "Ends"),
        ({"refresh_expires_at": NOW}, "Must be renewed by"),
        ({"scopes_granted": ()}, "nothing"),
        ({"account_label": None}, "62515"),
        ({"account_label": None, "account_key": None, "scopes_granted": None, "connected_at": None}, "Ready"),
    ],
)
async def test_each_state_is_told(desk, window, changes, text) -> None:
    await desk.accounts.put(account(**changes))
    page = await window.open("/connections")
    assert text in page.text
    assert changes.get("reason", "") in page.text


async def test_whoever_leaves_is_seen_no_more(desk) -> None:
    desk.links.address = "https://wirepost.example.com"
    async with desk.window() as window:
        await as_caller(desk, window, "anna", is_operator=True)
        page = await window.open("/connections")
        left = await window.press(page, "Leave these pages")
        assert "You have left" in left.text
        assert (await window.open("/connections")).status == 403


async def test_without_connections_the_page_says_so(desk, window) -> None:
    desk.connections.by_name.clear()
    assert "No connection is configured" in (await window.open("/connections")).text


async def test_the_style_sheet_is_served(window) -> None:
    answer = await window.http.get("/style.css")
    assert answer.headers["content-type"].startswith("text/css")


def test_a_session_shows_no_cookie() -> None:
    assert "secret" not in repr(Session("anna", is_operator=False, form_token="t", cookie="secret"))
