"""Where callers sign in, browsers do so as well, and a link is for the person whose agent asked for it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import pytest

from support.authorization import CLIENT, SECRET, Authority
from support.people import back, reception
from support.serving import served
from wirepost.connections.oauth.endpoint import Identity, TokenEndpoint
from wirepost.connections.oauth.party import Party
from wirepost.contracts.auth import OAuth2
from wirepost.core.errors import Unavailable
from wirepost.upstream.limits import Limits
from wirepost.upstream.upstream import Upstream

ISSUER = "https://idp.example.com"
ANNA = f"{ISSUER}|anna"
MINE = {"mine": {"owner": "caller"}}


class Idp(Authority):
    """The callers' issuer."""

    def sign_in(self, url, sub, **changes):
        nonce = dict(parse_qsl(urlsplit(url).query))["nonce"]
        self.reply = {"id_token": self.id_token(nonce=nonce, sub=sub)}
        return back(self.agree(url, **changes), "/oauth/sign-in")


@asynccontextmanager
async def signing(tmp_path, clock):
    """A desk whose callers come from an issuer at which we have a client."""
    idp = Idp(issuer=ISSUER)

    async def nothing():
        return ""

    async def secret():
        return SECRET

    async with served(idp.app) as base:
        limits = Limits(requests_per_s=100, burst=100, concurrency=10)
        upstream = Upstream("idp", base_url=base, credential=nothing, limits=limits, clock=clock)
        method = OAuth2(f"{ISSUER}/authorize", f"{base}/token", help="", issuer=ISSUER, sends_issuer=True)

        async def party():
            return Party(
                "", "The issuer", TokenEndpoint(method, Identity(CLIENT, secret), upstream, clock), ""
            )

        async with reception(tmp_path, clock, MINE, auth="oauth", party=party) as desk:
            desk.links.address = "https://wirepost.example.com"
            yield desk, idp
        await upstream.close()


@pytest.fixture
async def both(tmp_path, clock):
    async with signing(tmp_path, clock) as both:
        yield both


async def test_a_browser_signs_in_and_sees_its_own_accounts(both) -> None:
    desk, idp = both
    async with desk.window() as window:
        gone = await window.open("/connections")
        url = gone.answer.headers["location"]
        asked = dict(parse_qsl(urlsplit(url).query))
        assert url.startswith(f"{ISSUER}/authorize?")
        assert asked["scope"] == "openid"
        assert asked["redirect_uri"] == "https://wirepost.example.com/oauth/sign-in"
        entered = await window.open(idp.sign_in(url, "anna"))
        assert entered.answer.headers["location"] == "/connections"
        page = await window.follow(entered)
        assert "mine, for you" in page.text
        assert "An operator connects this account" in page.text


async def test_a_link_is_for_the_person_whose_agent_asked(both) -> None:
    desk, idp = both
    link = await desk.link("mine", ANNA)
    async with desk.window() as window:
        gone = await window.open(link)
        page = await window.follow(await window.open(idp.sign_in(gone.answer.headers["location"], "anna")))
        assert f"only {ANNA}" in page.text
        assert (await window.press(page, "Continue to The HTTP service")).status == 303
    link = await desk.link("mine", ANNA)
    async with desk.window() as window:
        gone = await window.open(link)
        refused = await window.follow(await window.open(idp.sign_in(gone.answer.headers["location"], "bert")))
        assert refused.status == 403
        assert f"{ISSUER}|bert" in refused.text
        page.forms["Continue to The HTTP service"]["c"] = link.partition("c=")[2]
        assert (await window.press(page, "Continue to The HTTP service")).status == 403
    assert await desk.database.read("SELECT 1 FROM links LIMIT 1") == [(1,)], "and is still good for her"


async def test_a_shared_account_is_connected_by_somebody_who_signed_in(both) -> None:
    desk, idp = both
    link = await desk.link("crm")
    async with desk.window() as window:
        gone = await window.open(link)
        assert gone.status == 303
        page = await window.follow(await window.open(idp.sign_in(gone.answer.headers["location"], "bert")))
        assert "everybody" in page.text


async def test_an_operator_with_a_link_need_not_sign_in(both) -> None:
    desk, _ = both
    link = await desk.link("", "local")
    async with desk.window() as window:
        assert "Open the connections" in (await window.open(link)).forms


@pytest.mark.parametrize(
    "change", [{"iss": "https://evil.example"}, {"state": "x"}, {"error": "access_denied"}]
)
async def test_a_spoiled_answer_signs_nobody_in(both, change) -> None:
    desk, idp = both
    async with desk.window() as window:
        gone = await window.open("/connections")
        page = await window.open(idp.sign_in(gone.answer.headers["location"], "anna", **change))
        assert page.status == 403
        assert (await window.open("/connections")).status == 303


async def test_another_browser_cannot_be_signed_in_as_somebody(both) -> None:
    desk, idp = both
    async with desk.window() as window, desk.window() as victim:
        gone = await window.open("/connections")
        page = await victim.open(idp.sign_in(gone.answer.headers["location"], "anna"))
        assert page.status == 403
        assert "session" not in page.answer.headers.get("set-cookie", "")


async def test_the_end_of_an_account_consent_signs_nobody_in_and_the_other_way_round(both) -> None:
    desk, idp = both
    async with desk.window() as window:
        gone = await window.open("/connections")
        await window.open(idp.sign_in(gone.answer.headers["location"], "anna"))
        page = await window.open("/connections")
        gone = await window.press(page, "Connect: mine")
        answer = desk.authority.agree(gone.answer.headers["location"])
        assert (await window.open(back(answer, "/oauth/sign-in"))).status == 403
        window.http.cookies.delete("__Host-wirepost-session")
        gone = await window.open("/connections")
        wrong = idp.sign_in(gone.answer.headers["location"], "anna").replace(
            "/oauth/sign-in", "/oauth/callback"
        )
        done = await window.follow(await window.open(wrong))
    assert "Nothing was connected" in done.text
    assert await desk.accounts.everyone() == []


async def test_after_signing_in_a_browser_goes_nowhere_else(both) -> None:
    desk, idp = both
    async with desk.window() as window:
        gone = await window.open("/connections")
        window.http.cookies.delete("__Host-wirepost-notice-after")
        entered = await window.open(idp.sign_in(gone.answer.headers["location"], "anna"))
        assert entered.answer.headers["location"] == "/connections"


async def test_without_a_client_at_the_issuer_links_for_one_caller_are_closed(tmp_path, clock) -> None:
    async with reception(tmp_path, clock, MINE, auth="oauth") as desk, desk.window() as window:
        closed = await window.open(await desk.link("mine", ANNA))
        assert closed.status == 403
        assert "server.auth.client_id" in closed.text
        assert (await window.open("/connections")).status == 403
        assert (await window.open(await desk.link("crm"))).status == 200
        assert (await window.open("/oauth/sign-in?state=x")).status == 403


async def test_an_issuer_that_does_not_answer_is_said(tmp_path, clock) -> None:
    async def party():
        raise Unavailable("upstream_unavailable", "The issuer does not answer")

    async with (
        reception(tmp_path, clock, auth="oauth", party=party) as desk,
        desk.window() as window,
    ):
        page = await window.open("/connections")
    assert page.status == 503
    assert "does not answer" in page.text


async def test_in_mode_static_a_link_is_enough_and_nothing_else_is(tmp_path, clock) -> None:
    async with reception(tmp_path, clock, MINE, auth="static") as desk, desk.window() as window:
        assert (await window.open(await desk.link("mine", "token:ci"))).status == 200
        assert (await window.open("/connections")).status == 403
