"""What token endpoints say, as vendors publish it and as servers and proxies really answer."""

from __future__ import annotations

import base64
import json
from random import SystemRandom

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import START
from support.recordings import Recording, recordings
from wirepost.connections.oauth import reply
from wirepost.connections.oauth.reply import TokenRefused
from wirepost.contracts.auth import OAuth2
from wirepost.core.redact import SECRETS
from wirepost.providers import load_provider
from wirepost.upstream.ask import Answer

METHOD = OAuth2("https://vendor.example/authorize", "https://vendor.example/token", "Ask the vendor.")
NOW = START.timestamp()
RNG = SystemRandom()


def method_of(recording: Recording) -> OAuth2:
    methods = [each for each in load_provider(recording.vendor).auth if isinstance(each, OAuth2)]
    named = recording.name.partition("-")[0]
    return next((each for each in methods if each.name == named), methods[0])


def answer(recording: Recording) -> Answer:
    return Answer(recording.status, recording.headers(NOW), recording.body)


def said(body: object, status: int = 200, **headers: str) -> Answer:
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def refusal(body: object, status: int = 200, method: OAuth2 = METHOD, **headers: str) -> TokenRefused:
    refused = reply.refusal_in(method, said(body, status, **headers), START)
    assert refused is not None
    return refused


@pytest.mark.parametrize("recording", recordings("refused"), ids=lambda each: each.id)
def test_a_refusal_that_a_vendor_publishes_is_understood(recording) -> None:
    expected = recording.told["refused"]
    refused = reply.refusal_in(method_of(recording), answer(recording), START)
    assert refused is not None
    if expected["kind"] == "pending":
        assert refused.code == "authorization_pending"
        return
    assert refused.kind == expected["kind"]
    assert expected["code"] in {None, refused.code}
    if "retry-after" in recording.told.get("headers", {}):
        assert refused.retry_after_s == float(recording.told["headers"]["retry-after"])


READ_HERE = [each for each in recordings("granted") if each.told["grant"] in {"code", "refresh", "device"}]
"""Those of other grants are read in the tests of what asks for them."""


@pytest.mark.parametrize("recording", READ_HERE, ids=lambda each: each.id)
def test_tokens_that_a_vendor_publishes_are_read(recording) -> None:
    method = method_of(recording)
    assert reply.refusal_in(method, answer(recording), START) is None
    for part, expected in recording.told["granted"].items():
        if recording.told["grant"] == "refresh":
            found = reply.refreshed_in(method, answer(recording), part, NOW, RNG)
        else:
            found = reply.granted_in(method, answer(recording), NOW, RNG)[part]
        assert (found.tokens.access, found.tokens.refresh) == (expected["access"], expected["refresh"])
        assert list(found.scopes or ()) == (expected["scopes"] or [])
        assert found.expires_at == (NOW + expected["life_s"] if expected["life_s"] else None)
        life = expected["refresh_life_s"]
        assert found.refresh_expires_at == (NOW + life if life else None)
        assert found.address == expected["address"]
        assert expected["access"] not in repr(found)


@pytest.mark.parametrize(
    ("body", "status", "kind", "code"),
    [
        ("<html>Sign in to the network</html>", 200, "retry", "http_200"),
        ("<html>Bad gateway</html>", 502, "retry", "http_502"),
        ("", 400, "bare", "http_400"),
        ("", 401, "bare", "http_401"),
        ("Bad Request", 400, "bare", "http_400"),
        (["invalid_grant"], 400, "bare", "http_400"),
        ("", 404, "config", "http_404"),
        ("", 302, "config", "http_302"),
        ({"message": "no"}, 400, "config", "http_400"),
        ({"error": "invalid_grant"}, 400, "reauth", "invalid_grant"),
        ({"error": "invalid_grant"}, 200, "reauth", "invalid_grant"),
        ({"error": "interaction_required"}, 400, "reauth", "interaction_required"),
        ({"error": "consent_required"}, 400, "reauth", "consent_required"),
        *(
            ({"error": word}, 400, "config", word)
            for word in (
                *("invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"),
                *("redirect_uri_mismatch", "invalid_target", "invalid_request", "something_new"),
            )
        ),
        ({"error": "invalid_client"}, 401, "config", "invalid_client"),
        ({"error": "temporarily_unavailable"}, 400, "retry", "temporarily_unavailable"),
        ({"error": "slow"}, 408, "retry", "slow"),
        ("", 425, "retry", "http_425"),
        ({"error": "invalid_grant"}, 429, "retry", "invalid_grant"),
        ({"error": "invalid_grant"}, 503, "retry", "invalid_grant"),
        ("", 200, "bad_success", "http_200"),
        (["a list"], 200, "bad_success", "http_200"),
    ],
)
def test_an_answer_falls_into_one_class(body, status, kind, code) -> None:
    refused = refusal(body, status)
    assert (refused.kind, refused.code, refused.status) == (kind, code, status)
    assert not refused.is_lost


def test_a_page_that_is_no_json_is_no_reason_to_ask_a_person() -> None:
    assert refusal("<h1>invalid_grant</h1>", 500).kind == "retry"


@pytest.mark.parametrize(
    ("told", "waits"),
    [("7", 7.0), ("86400", 60.0), ("Wed, 25 Nov 2026 10:00:30 GMT", 30.0), ("soon", None)],
)
def test_the_wait_that_is_asked_for_is_kept_up_to_a_minute(told, waits) -> None:
    assert refusal({"error": "slow_down"}, 429, retry_after=told).retry_after_s == waits


def test_the_words_of_a_refusal_hold_no_secret() -> None:
    SECRETS.add("refresh-token-of-a-person")
    refused = refusal(
        {"error": "invalid_grant", "error_description": "refresh-token-of-a-person is \x00 dead"}, 400
    )
    assert refused.words == "[redacted] is dead"
    assert "refresh-token" not in repr(refused)


def test_without_a_description_the_word_itself_is_shown() -> None:
    assert refusal({"error": "invalid_grant"}, 400).words == "invalid_grant"
    assert refusal("", 400).words == "status 400 without a reason"


def granted(body: dict[str, object], method: OAuth2 = METHOD) -> reply.Granted:
    return reply.granted_in(method, said({"access_token": "an-access-token", **body}), NOW, RNG)["main"]


@pytest.mark.parametrize(
    ("told", "life_s"),
    [(3600, 3600), ("3600", 3600), (3600.5, 3600.5), ("1800.0", 1800), (30, 30)],
)
def test_a_lifetime_is_read_as_number_or_text(told, life_s) -> None:
    assert granted({"expires_in": told}).expires_at == NOW + life_s


@pytest.mark.parametrize("told", [0, -1, "0", "soon", "", True, [], {}, "nan", "inf", "1e400"])
def test_a_lifetime_that_is_none_is_a_bad_success(told) -> None:
    with pytest.raises(TokenRefused) as refused:
        granted({"expires_in": told})
    assert (refused.value.kind, refused.value.code) == ("bad_success", "bad_lifetime")


def test_a_lifetime_in_milliseconds_is_declared() -> None:
    method = OAuth2("", "", "", expires_unit_s=0.001)
    assert granted({"expires_in": 3600_000}, method).expires_at == NOW + 3600


def jwt(**claims: object) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("token", "life_s"),
    [
        (jwt(exp=NOW + 600), 600),
        (jwt(exp=NOW + 1200, iat=NOW + 600), 600),  # the server's clock is ahead; the life is the same
        (jwt(exp=NOW - 5), 7200),
        (jwt(sub="somebody"), 7200),
        (jwt(exp="never"), 7200),
        ("a.b.c", 7200),
        ("a.WzFd.c", 7200),  # a list
        ("opaque", 7200),
    ],
)
def test_without_a_lifetime_the_token_itself_is_asked_then_the_declaration(token, life_s) -> None:
    method = OAuth2("", "", "", lifetime_s=7200)
    assert granted({"access_token": token}, method).expires_at == NOW + life_s


def test_a_told_lifetime_counts_more_than_the_token() -> None:
    assert granted({"access_token": jwt(exp=NOW + 600), "expires_in": 60}).expires_at == NOW + 60


def test_nothing_is_known_of_an_opaque_token_without_a_lifetime() -> None:
    found = granted({})
    assert (found.expires_at, found.refresh_at, found.refresh_expires_at) == (None, None, None)


@given(life=st.floats(0.1, 1e8), rng=st.randoms())
def test_a_token_is_renewed_between_a_third_of_its_life_and_its_end(life, rng) -> None:
    at = reply.refresh_at(0.0, life, rng)
    assert 0.4 * life < at < life
    assert at <= max(life - 300, life / 2)


@pytest.mark.parametrize("name", ["refresh_token_expires_in", "refresh_expires_in"])
def test_the_life_of_a_refresh_token_is_read_where_it_is_told(name) -> None:
    assert granted({name: "86400"}).refresh_expires_at == NOW + 86400
    assert granted({name: 0}).refresh_expires_at is None  # Keycloak's word for no end


@pytest.mark.parametrize(
    ("told", "scopes"),
    [
        ("read write", ("read", "write")),
        ("read,write", ("read", "write")),
        (["read", "write", 7], ("read", "write")),
        ("", None),
        ([], None),
        (None, None),
        (7, None),
    ],
)
def test_scopes_come_as_text_or_list(told, scopes) -> None:
    assert granted({"scope": told}).scopes == scopes


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": "a", "refresh_token": {"a": 1}},
        {"access_token": {"token": "a"}},
    ],
)
def test_a_success_without_a_token_is_no_success(body) -> None:
    with pytest.raises(TokenRefused) as refused:
        reply.granted_in(METHOD, said(body), NOW, RNG)
    assert refused.value.kind == "bad_success"


def test_a_refresh_that_brings_the_token_of_another_part_is_no_success() -> None:
    method = OAuth2("", "", "", parts={"main": (), "user": ("authed_user",)})
    with pytest.raises(TokenRefused):
        reply.refreshed_in(method, said({"authed_user": {"access_token": "a"}}), "main", NOW, RNG)


def test_parts_lie_where_the_declaration_says() -> None:
    method = OAuth2("", "", "", parts={"main": ("data", "token")})
    body = {"data": {"token": {"access_token": "deep"}}}
    assert reply.granted_in(method, said(body), NOW, RNG)["main"].tokens.access == "deep"
    with pytest.raises(TokenRefused):
        reply.granted_in(method, said({"data": "token"}), NOW, RNG)


@pytest.mark.parametrize(
    "told",
    [
        *("http://acme.example", "ftp://acme.example", "https://", "https://[", "//acme.example", 7),
        *("https://user:pass@acme.example", "https://acme.example?x=1", "http://127.0.0.1:8000"),
        "https://acme.example#x",
    ],
)
def test_an_address_that_a_token_must_not_be_sent_to_is_not_believed(told) -> None:
    method = OAuth2("", "https://vendor.example/token", "", address_at="instance_url")
    with pytest.raises(TokenRefused) as refused:
        granted({"instance_url": told}, method)
    assert refused.value.code == "bad_address"


def test_a_server_on_this_machine_may_lead_to_this_machine() -> None:
    method = OAuth2("", "http://127.0.0.1:9/token", "", address_at="instance_url")
    assert granted({"instance_url": "http://localhost:8/"}, method).address == "http://localhost:8"
    assert granted({}, method).address is None


def test_tokens_are_secret_from_the_moment_they_are_read() -> None:
    granted(
        {"access_token": "access-secret-1", "refresh_token": "refresh-secret-1", "id_token": "id-secret-1"}
    )
    assert "secret-1" not in SECRETS.text("access-secret-1 refresh-secret-1 id-secret-1")


@pytest.mark.parametrize("kind", ["bot", "user", "N_A", None, 7])
def test_a_token_is_taken_whatever_its_type_is_called(kind) -> None:
    assert granted({"token_type": kind}).tokens.access == "an-access-token"
