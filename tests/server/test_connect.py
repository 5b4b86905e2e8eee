"""From a link to an account, page by page; and everything that must not work on the way."""

from __future__ import annotations

import asyncio

import pytest

from support.authorization import SECRET
from support.people import HERE, back, reception

EVIL = "<script>alert(1)</script>"


@pytest.fixture
async def desk(tmp_path, clock):
    async with reception(tmp_path, clock) as desk:
        yield desk


@pytest.fixture
async def window(desk):
    async with desk.window() as window:
        yield window


async def leave(desk, window, link=None):
    """Open a link and press its button: the provider's address."""
    page = await window.open(link or await desk.link())
    gone = await window.press(page, "Continue to The HTTP service")
    assert gone.status == 303, gone.text
    return gone.answer.headers["location"]


async def test_a_person_connects_an_account(desk, window) -> None:
    page = await window.open(await desk.link("crm", "shared", "deals.read"))
    assert page.status == 200
    for text in ("crm", "The HTTP service", "everybody", "contacts.write", "deals.read", "none yet"):
        assert text in page.text
    assert await desk.accounts.find("crm") is None
    gone = await window.press(page, "Continue to The HTTP service")
    url = gone.answer.headers["location"]
    assert url.startswith("https://login.example.com/authorize?")
    returned = await window.open(back(desk.authority.agree(url), "/oauth/callback/crm"))
    assert returned.answer.headers["location"] == "/oauth/done"
    assert returned.answer.headers["referrer-policy"] == "no-referrer"
    done = await window.follow(returned)
    assert "crm is connected to 127.0.0.1" in done.text
    account = await desk.accounts.find("crm")
    assert account.scopes_requested == ("contacts.read", "contacts.write", "deals.read")
    assert account.tokens.access in desk.authority.tokens
    assert desk.changed == [True]


async def finished(desk, window, answer, path="/oauth/callback/crm"):
    """What a person reads at the end."""
    returned = await window.open(back(answer, path))
    assert returned.answer.headers["location"] == "/oauth/done"
    assert "?" not in returned.answer.headers["location"]
    return await window.follow(returned)


async def test_looking_at_a_link_starts_nothing_and_uses_nothing_up(desk, window) -> None:
    link = await desk.link()
    for _ in range(3):
        page = await window.open(link)
        assert "set-cookie" not in page.answer.headers
    assert (await window.http.head(link)).status_code == 200
    assert await desk.database.read("SELECT 1 FROM flows LIMIT 1") == []
    assert len(await desk.database.read("SELECT 1 FROM links LIMIT 2")) == 1


async def test_a_link_is_good_for_one_press(desk, window) -> None:
    link = await desk.link()
    page = await window.open(link)
    await window.press(page, "Continue to The HTTP service")
    again = await window.press(page, "Continue to The HTTP service")
    assert (again.status, (await window.open(link)).status) == (410, 410)
    assert "wirepost connections open" in again.text


async def test_of_two_presses_at_once_one_goes_on(desk, window) -> None:
    page = await window.open(await desk.link())
    button = "Continue to The HTTP service"
    pressed = await asyncio.gather(window.press(page, button), window.press(page, button))
    assert sorted(each.status for each in pressed) == [303, 410]


@pytest.mark.parametrize("path", ["/connect/crm", "/connect/crm?c=", "/connect/crm?c=invented", "/connect/"])
async def test_an_invented_link_is_no_longer_good(window, path) -> None:
    assert (await window.open(path)).status == 410


async def test_a_link_is_for_its_own_connection(desk, window) -> None:
    link = await desk.link("crm")
    page = await window.open(link)
    assert (await window.open(link.replace("/crm?", "/other?"))).status == 410
    page.forms["Continue to The HTTP service"][""] = "/connect/other"
    assert (await window.press(page, "Continue to The HTTP service")).status == 410
    assert (await window.open(link)).status == 200


async def test_a_link_ends_after_ten_minutes(desk, window, clock) -> None:
    link = await desk.link()
    page = await window.open(link)
    clock.advance(600)
    assert (await window.press(page, "Continue to The HTTP service")).status == 410


@pytest.mark.parametrize("body", ["", "c=invented", "x" * 20_000, "\udcff"])
async def test_a_form_that_is_not_ours_starts_nothing(desk, window, body) -> None:
    answer = await window.http.post("/connect/crm", content=body.encode(errors="replace"))
    assert answer.status_code == 410
    assert await desk.database.read("SELECT 1 FROM flows LIMIT 1") == []


async def test_no_page_gives_anything_to_others(desk, window) -> None:
    pages = [
        await window.open(await desk.link()),
        await window.open("/oauth/done"),
        await window.open("/connections"),
    ]
    pages.append(await finished(desk, window, desk.authority.agree(await leave(desk, window))))
    for page in pages:
        headers = page.answer.headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] in {"no-referrer", "same-origin"}
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert {"script", "style", "iframe", "img"}.isdisjoint(page.tags)


async def test_the_cookie_is_plain_only_on_this_machine(desk, window) -> None:
    page = await window.open(await desk.link())
    gone = await window.press(page, "Continue to The HTTP service")
    cookie = gone.answer.headers["set-cookie"]
    assert cookie.startswith("wirepost-consent=")
    for part in ("HttpOnly", "Path=/", "SameSite=lax", "Max-Age=600"):
        assert part in cookie
    assert "Secure" not in cookie
    desk.links.address = "https://wirepost.example.com"
    page = await window.open(await desk.link())
    gone = await window.press(page, "Continue to The HTTP service")
    cookie = gone.answer.headers["set-cookie"]
    assert cookie.startswith("__Host-wirepost-consent=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    assert (
        "redirect_uri=https%3A%2F%2Fwirepost.example.com%2Foauth%2Fcallback%2Fcrm"
        in gone.answer.headers["location"]
    )


async def test_the_host_header_decides_nothing(desk, window) -> None:
    page = await window.open(await desk.link())
    fields = dict(page.forms["Continue to The HTTP service"])
    answer = await window.http.post(
        fields.pop(""),
        content=f"c={fields['c']}",
        headers={"host": "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "https"},
    )
    assert "evil" not in answer.headers["location"]
    assert "redirect_uri=http%3A%2F%2F127.0.0.1%3A8484%2F" in answer.headers["location"]


async def test_an_address_without_encryption_connects_nothing(desk, window) -> None:
    desk.links.address = "http://wirepost.example.com"
    page = await window.open(await desk.link())
    refused = await window.press(page, "Continue to The HTTP service")
    assert refused.status == 400
    assert "https only" in refused.text


async def test_another_browser_cannot_finish_it(desk, window) -> None:
    answer = desk.authority.agree(await leave(desk, window))
    async with desk.window() as other:
        page = await finished(desk, other, answer)
    assert "another browser" in page.text
    assert await desk.accounts.find("crm") is None
    assert "not under way" in (await finished(desk, window, answer)).text


async def test_two_consents_of_one_browser_both_end_well(desk, window) -> None:
    urls = [await leave(desk, window), await leave(desk, window)]
    for url in urls:
        assert "is connected" in (await finished(desk, window, desk.authority.agree(url))).text


async def test_a_consent_that_was_denied_is_told_without_the_providers_words(desk, window) -> None:
    page = await finished(desk, window, desk.authority.deny(await leave(desk, window)))
    assert "Nothing was connected" in page.text
    assert "Consent was not given" in page.text
    assert "alert(1)" not in page.answer.text
    assert await desk.accounts.find("crm") is None


@pytest.mark.parametrize(
    "change",
    [{"iss": "https://evil.example"}, {"state": "invented"}, {"code": "invented"}, {"error": EVIL}],
)
async def test_a_spoiled_answer_connects_nothing_and_shows_nothing_of_itself(desk, window, change) -> None:
    answer = {**desk.authority.agree(await leave(desk, window)), **change}
    page = await finished(desk, window, answer)
    assert "Nothing was connected" in page.text
    for value in change.values():
        assert value not in page.answer.text
    assert await desk.accounts.find("crm") is None


async def test_a_callback_cannot_be_used_twice(desk, window) -> None:
    answer = desk.authority.agree(await leave(desk, window))
    await finished(desk, window, answer)
    before = await desk.accounts.find("crm")
    assert "not under way" in (await finished(desk, window, answer)).text
    assert await desk.accounts.find("crm") == before


async def test_what_was_not_granted_is_told(desk, window) -> None:
    desk.authority.reply = {"scope": "contacts.read"}
    page = await finished(desk, window, desk.authority.agree(await leave(desk, window)))
    assert "Not granted: contacts.write" in page.text
    assert (await desk.accounts.find("crm")).scopes_granted == ("contacts.read",)


async def test_names_from_outside_are_text(tmp_path, clock) -> None:
    openid = {"scopes": ["openid", EVIL.replace(" ", "")]}
    async with reception(tmp_path, clock, {"crm": openid}) as desk, desk.window() as window:
        page = await window.open(await desk.link())
        assert EVIL in page.text
        assert EVIL not in page.answer.text
        url = await leave(desk, window)
        nonce = dict(part.split("=") for part in url.split("?")[1].split("&"))["nonce"]
        desk.authority.reply = {"id_token": desk.authority.id_token(nonce=nonce, email=EVIL)}
        done = await finished(desk, window, desk.authority.agree(url))
        listed = await window.open("/connections")
    for page in (done, listed):
        assert EVIL in page.text
        assert EVIL not in page.answer.text


async def test_another_account_under_the_same_name_is_refused_with_both_names(tmp_path, clock) -> None:
    async with reception(tmp_path, clock, {"crm": {"scopes": ["openid"]}}) as desk, desk.window() as window:

        async def connect(sub):
            url = await leave(desk, window)
            nonce = dict(part.split("=") for part in url.split("?")[1].split("&"))["nonce"]
            claims = {"nonce": nonce, "sub": sub, "email": f"{sub}@example.com"}
            desk.authority.reply = {"id_token": desk.authority.id_token(**claims)}
            return await finished(desk, window, desk.authority.agree(url))

        await connect("anna")
        first = await desk.accounts.find("crm")
        other = await connect("bert")
        assert "anna@example.com" in other.text
        assert "bert@example.com" in other.text
        assert await desk.accounts.find("crm") == first
        again = await connect("anna")
        second = await desk.accounts.find("crm")
    assert "is connected to anna@example.com" in again.text
    assert (second.id, second.account_key) == (first.id, "anna")
    assert second.tokens != first.tokens
    assert second.generation == first.generation + 1


async def test_a_second_link_asks_for_what_was_asked_before_as_well(desk, window) -> None:
    await finished(
        desk, window, desk.authority.agree(await leave(desk, window, await desk.link("crm", "shared", "a")))
    )
    page = await window.open(await desk.link("crm", "shared", "b"))
    for scope in ("contacts.read", "a", "b"):
        assert f" {scope} " in page.text
    assert "127.0.0.1" in page.text, "the account that is there"


async def test_what_the_command_line_waits_for_is_left_to_it(desk, window) -> None:
    url = await desk.connecting.begin("crm", "shared", (), HERE, None)
    answer = desk.authority.agree(url)
    page = await window.open(back(answer, "/oauth/callback/crm"))
    assert page.status == 200
    assert "wirepost connections authorize" in page.text
    assert len(await desk.database.read("SELECT 1 FROM flows LIMIT 2")) == 1


async def test_a_token_that_the_api_refuses_connects_nothing(desk, window) -> None:
    url = await leave(desk, window)
    desk.authority.reply = {"access_token": "unknown-to-the-api"}
    page = await finished(desk, window, desk.authority.agree(url))
    assert "Nothing was connected" in page.text
    assert await desk.accounts.find("crm") is None


async def test_a_connection_with_a_key_says_what_to_set_and_asks_for_no_secret(tmp_path, clock) -> None:
    shop = {"provider": "stripe", "environment": "test", "key": "env:SURELY_NOT_SET"}
    async with reception(tmp_path, clock, {"shop": shop}) as desk, desk.window() as window:
        page = await window.open(await desk.link("shop"))
    assert "connections.shop.key" in page.text
    assert "env:NAME" in page.text
    assert page.forms == {}
    assert "input" not in page.tags


async def test_a_link_to_a_connection_that_is_gone_is_explained(desk, window) -> None:
    page = await window.open(await desk.link("gone"))
    assert page.status == 400
    assert "no connection" in page.text


async def test_the_end_is_told_once_and_only_to_the_browser_it_belongs_to(desk, window, clock) -> None:
    await finished(desk, window, desk.authority.agree(await leave(desk, window)))
    async with desk.window() as other:
        assert "Nothing to tell" in (await other.open("/oauth/done")).text
    clock.advance(121)
    assert "Nothing to tell" in (await window.open("/oauth/done")).text


async def test_no_secret_of_a_consent_is_readable_anywhere(tmp_path, clock, caplog) -> None:
    caplog.set_level("DEBUG")
    said = []
    async with reception(tmp_path, clock) as desk, desk.window() as window:
        page = await window.open(await desk.link())
        said += [page.answer.text, *page.answer.headers.values()]
        gone = await window.press(page, "Continue to The HTTP service")
        url = gone.answer.headers["location"]
        answer = desk.authority.agree(url)
        returned = await window.open(back(answer, "/oauth/callback/crm"))
        said += returned.answer.headers.values()
        for shown in (await window.follow(returned), await window.open("/connections")):
            said += [shown.answer.text, *shown.answer.headers.values()]
        (form,) = desk.authority.asked
        account = await desk.accounts.find("crm")
        canaries = [
            *(account.tokens.access, account.tokens.refresh, SECRET),
            *(answer["code"], answer["state"], form["code_verifier"]),
        ]
        stored = b"".join(file.read_bytes() for file in tmp_path.glob("wirepost.db*")).decode("latin-1")
    told = "".join((*said, stored, caplog.text, *(repr(record.__dict__) for record in caplog.records)))
    assert "crm" in told
    assert [canary for canary in canaries if canary in told] == []
