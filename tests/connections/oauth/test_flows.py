"""A consent comes back once, in time, to the browser that left, from the server that was asked."""

from __future__ import annotations

import asyncio
import hashlib
from urllib.parse import parse_qsl, urlsplit

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from wirepost.connections.oauth.callback import Callback
from wirepost.connections.oauth.flows import Flows
from wirepost.connections.oauth.party import Asked
from wirepost.core.errors import ConfigError, NotConnected
from wirepost.secrets.vault import KeyRing, Tampered, Vault

HERE = "https://wirepost.example.com/oauth/callback"
COOKIE = "c" * 43
READ = Asked(("contacts.read", "contacts.write"))


def asked_in(url):
    return dict(parse_qsl(urlsplit(url).query))


class Person:
    """Goes through a flow, with one thing changed on the way back."""

    def __init__(self, flows, authority, party):
        self.flows, self.authority, self.party = flows, authority, party

    async def leave(self, asked=READ, redirect_uri=HERE, cookie=COOKIE):
        return await self.flows.begin(self.party, "anna", asked, redirect_uri, cookie)

    async def come_back(self, parameters, cookie=COOKIE, path="/oauth/callback"):
        return await self.flows.finish(Callback(path, parameters), lambda _: self.party, cookie)

    async def reason(self, parameters, **how):
        with pytest.raises(NotConnected) as refused:
            await self.come_back(parameters, **how)
        return refused.value.detail["reason"]


@pytest.fixture
def person(flows, authority, party):
    return Person(flows, authority, party)


async def rows(database):
    return await database.read("SELECT * FROM flows LIMIT 10")


async def test_the_address_asks_for_a_code_with_a_challenge_and_keeps_what_the_server_has_in_it(
    person, database
) -> None:
    url = await person.leave()
    asked = asked_in(url)
    assert url.startswith("https://login.example.com/authorize?tenant=1&")
    assert asked["response_type"] == "code"
    assert asked["redirect_uri"] == HERE
    assert asked["scope"] == "contacts.read contacts.write"
    assert len(asked["state"]) == 43, "256 bits"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert "nonce" not in asked
    (row,) = await rows(database)
    assert row[0] == hashlib.sha256(asked["state"].encode()).hexdigest()
    assert all(asked["state"] not in str(value) and COOKIE not in str(value) for value in row)


async def test_an_agreement_becomes_tokens_and_says_what_was_asked(person, authority) -> None:
    authority.reply = {"scope": "contacts.read"}
    consent = await person.come_back(authority.agree(await person.leave()))
    assert (consent.connection, consent.owner, consent.asked) == ("crm", "anna", READ)
    assert consent.granted["main"].scopes == ("contacts.read",)
    assert consent.granted["main"].tokens.access in authority.tokens
    (form,) = authority.asked
    assert form["redirect_uri"] == HERE
    assert len(form["code_verifier"]) >= 43


async def test_a_state_is_good_for_one_use(person, authority) -> None:
    answer = authority.agree(await person.leave())
    await person.come_back(answer)
    assert await person.reason(answer) == "unknown"
    assert len(authority.asked) == 1, "the code was not sent a second time"


async def test_of_two_that_come_at_once_one_goes_on(person, authority) -> None:
    answer = authority.agree(await person.leave())
    ended = await asyncio.gather(*(person.come_back(answer) for _ in range(5)), return_exceptions=True)
    assert sum(not isinstance(each, NotConnected) for each in ended) == 1


async def test_a_state_ends_after_ten_minutes_and_leaves_no_row(person, authority, clock, database) -> None:
    answer = authority.agree(await person.leave())
    clock.advance(599)
    late = authority.agree(await person.leave())
    clock.advance(1)
    assert await person.reason(answer) == "unknown"
    await person.come_back(late)
    await person.leave()
    clock.advance(600)
    await person.leave()
    assert len(await rows(database)) == 1


@pytest.mark.parametrize("state", ["", "invented", "\udcff", None])
async def test_an_invented_or_missing_state_is_for_nothing(person, authority, state) -> None:
    answer = {**authority.agree(await person.leave()), "state": state}
    assert (
        await person.reason({name: value for name, value in answer.items() if value is not None}) == "unknown"
    )


@pytest.mark.parametrize("cookie", ["", "d" * 43, None])
async def test_another_browser_cannot_finish_a_consent(person, authority, cookie) -> None:
    answer = authority.agree(await person.leave())
    assert await person.reason(answer, cookie=cookie) == "browser"
    assert await person.reason(answer) == "unknown", "and it is over"
    assert authority.asked == []


async def test_what_was_begun_at_the_command_line_is_not_finished_in_a_browser(person, authority) -> None:
    url = await person.leave(cookie=None)
    callback = Callback("/oauth/callback", authority.agree(url))
    assert await person.flows.is_from_elsewhere(callback)
    await person.come_back(callback.parameters, cookie=None)
    assert not await person.flows.is_from_elsewhere(callback)
    assert await person.reason(authority.agree(await person.leave(cookie=None)), cookie="") == "browser"


@pytest.mark.parametrize("answer", ["agree", "deny"])
@pytest.mark.parametrize("iss", ["https://login.example.com/", "https://evil.example", "", None])
async def test_an_answer_of_another_server_is_refused_also_when_it_is_an_error(
    person, authority, answer, iss
) -> None:
    back = getattr(authority, answer)(await person.leave(), iss=iss)
    assert await person.reason(back) == "sender"
    assert authority.asked == []


async def test_a_server_that_need_not_name_itself_has_an_address_of_its_own(
    flows, authority, party_with
) -> None:
    person = Person(flows, authority, party_with(sends_issuer=False))
    assert person.party.callback == "/oauth/callback/example"
    own = f"{HERE}/example"
    authority.names_itself = False
    await person.come_back(
        authority.agree(await person.leave(redirect_uri=own)), path="/oauth/callback/example"
    )
    answer = authority.agree(await person.leave(redirect_uri=own))
    assert await person.reason(answer, path="/oauth/callback/other") == "sender"
    answer = authority.agree(await person.leave(redirect_uri=own), iss="https://evil.example")
    assert await person.reason(answer, path="/oauth/callback/example") == "sender"


@pytest.mark.parametrize(
    ("path", "reason"), [("/oauth/callback/example", None), ("/oauth/callback", "sender")]
)
async def test_a_name_that_nobody_knows_is_believed_only_at_an_own_address(
    flows, authority, party_with, path, reason
) -> None:
    person = Person(flows, authority, party_with(issuer=None, sends_issuer=False))
    answer = authority.agree(await person.leave(redirect_uri=f"https://wirepost.example.com{path}"))
    if reason is None:
        await person.come_back(answer, path=path)
    else:
        assert await person.reason(answer, path=path) == reason


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/oauth/callback", None),
        ("/wirepost/oauth/callback", None),
        ("/callback/oauth", "sender"),
        ("/oauth/callback/example", "sender"),
        ("callback", "sender"),
        ("", "sender"),
    ],
)
async def test_a_proxy_may_take_off_the_beginning_of_the_path(person, authority, path, reason) -> None:
    url = await person.leave(redirect_uri="https://example.com/wirepost/oauth/callback")
    if reason is None:
        await person.come_back(authority.agree(url), path=path)
    else:
        assert await person.reason(authority.agree(url), path=path) == reason


async def test_a_server_that_was_configured_anew_meanwhile_is_another_one(
    person, authority, party_with
) -> None:
    answer = authority.agree(await person.leave())
    person.party = party_with(token_url="https://login.example.com/other")
    assert await person.reason(answer) == "sender"


@pytest.mark.parametrize(
    ("error", "reason", "code"),
    [
        ("access_denied", "denied", None),
        ("invalid_scope", "error", "invalid_scope"),
        ("<script>", "error", None),
    ],
)
async def test_an_error_is_told_in_our_words_and_gets_no_token(
    person, authority, error, reason, code
) -> None:
    back = authority.deny(await person.leave(), error)
    with pytest.raises(NotConnected) as refused:
        await person.come_back(back)
    assert refused.value.detail["reason"] == reason
    assert refused.value.provider_code == code
    assert "script" not in str(refused.value.payload())
    assert authority.asked == [], "a denied consent asks for no token, least of all one of the app itself"


async def test_neither_code_nor_error_is_an_error(person, authority) -> None:
    back = authority.agree(await person.leave(), code="")
    assert await person.reason(back) == "error"


@pytest.mark.parametrize("is_signed", [True, False])
async def test_the_vendor_may_sign_what_the_browser_brings(flows, authority, party_with, is_signed) -> None:
    seen = []

    def verify(parameters, secret, host):
        seen.append((parameters["code"], secret, host))
        return is_signed

    person = Person(flows, authority, party_with(verify_callback=verify))
    back = authority.agree(await person.leave())
    if is_signed:
        await person.come_back(back)
    else:
        assert await person.reason(back) == "sender"
        assert authority.asked == []
    assert seen == [(back["code"], "s%c+r:e&t/=", "login.example.com")]


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (JSONResponse({"error": "invalid_grant"}, 400), "Open a new link and consent again"),
        (JSONResponse({"error": "invalid_client"}, 401), "An operator must correct"),
        (PlainTextResponse("<html>", 502), "in a minute"),
    ],
)
async def test_a_code_that_gives_no_token_says_who_can_help(person, authority, answer, hint) -> None:
    authority.failures = [answer] * 5
    with pytest.raises(NotConnected) as refused:
        await person.come_back(authority.agree(await person.leave()))
    assert refused.value.detail["reason"] == "exchange"
    assert hint in refused.value.hint
    assert len(authority.asked) == 1, "a code is sent once"


async def test_a_statement_of_who_signed_in_is_for_this_consent(person, authority) -> None:
    url = await person.leave(asked=Asked(("openid",)))
    assert len(asked_in(url)["nonce"]) >= 20
    consent = await person.come_back(authority.agree(url))
    assert consent.identity["sub"] == "user-1"


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"aud": "somebody"},
        {"aud": ["somebody"]},
        {"iss": "https://evil.example"},
        {"exp": 0},
        {"exp": "soon"},
        {"exp": None},
        None,
    ],
)
async def test_another_statement_is_refused(person, authority, claims) -> None:
    url = await person.leave(asked=Asked(("openid",)))
    nonce = asked_in(url)["nonce"]
    authority.reply = {
        "id_token": authority.id_token(**{"nonce": nonce, **claims}) if claims else "x.bm90IGpzb24.y"
    }
    assert await person.reason(authority.agree(url)) == "identity"


@pytest.mark.parametrize("token", [None, "", "x", "x.W10.y"])
async def test_no_statement_is_none(person, authority, token) -> None:
    authority.reply = {"id_token": token}
    assert await person.reason(authority.agree(await person.leave(asked=Asked(("openid",))))) == "identity"


async def test_several_audiences_may_include_us(person, authority) -> None:
    url = await person.leave(asked=Asked(("openid",)))
    authority.reply = {"id_token": authority.id_token(nonce=asked_in(url)["nonce"], aud=["x", "wirepost"])}
    assert (await person.come_back(authority.agree(url))).identity["sub"] == "user-1"


async def test_separators_parameters_and_extras_are_the_vendors(flows, authority, party_with) -> None:
    party = party_with(
        scope_separator=",",
        user_scope_parameter="user_scope",
        authorize_extra={"access_type": "offline"},
        has_pkce=False,
    )
    asked = asked_in(await Person(flows, authority, party).leave(Asked(("a", "b"), ("search",))))
    assert (asked["scope"], asked["user_scope"], asked["access_type"]) == ("a,b", "search", "offline")
    assert "code_challenge" not in asked
    other = party_with(scope_parameter="optional_scope", user_scope_parameter="user_scope")
    asked = asked_in(await Person(flows, authority, other).leave(Asked(("a",))))
    assert asked["optional_scope"] == "a"
    assert {"scope", "user_scope"}.isdisjoint(asked)
    assert "scope" not in asked_in(await Person(flows, authority, party_with()).leave(Asked()))


@pytest.mark.parametrize("address", ["http://wirepost.example.com/oauth/callback", "ftp://x/"])
async def test_a_browser_comes_back_over_https_or_to_this_machine(person, database, address) -> None:
    with pytest.raises(ConfigError) as refused:
        await person.leave(redirect_uri=address)
    assert refused.value.key == "server.url"
    assert await rows(database) == []
    await person.leave(redirect_uri="http://127.0.0.1:8484/oauth/callback")


async def test_a_flow_that_was_copied_to_another_row_cannot_be_opened(person, authority, database) -> None:
    mine, other = asked_in(await person.leave())["state"], asked_in(await person.leave())["state"]
    hashes = [hashlib.sha256(state.encode()).hexdigest() for state in (mine, other)]

    async def swap(tx):
        (row,) = await tx.execute("SELECT details FROM flows WHERE state_hash = ?", hashes[1])
        await tx.execute("UPDATE flows SET details = ? WHERE state_hash = ?", row[0], hashes[0])

    await database.write(swap)
    with pytest.raises(Tampered):
        await person.come_back({"state": mine, "code": "x", "iss": authority.issuer})


async def test_another_server_on_the_same_store_can_finish_it(person, authority, database, clock) -> None:
    answer = authority.agree(await person.leave())
    person.flows = Flows(database, Vault(KeyRing([b"n" * 32, b"k" * 32])), clock)
    await person.come_back(answer)
