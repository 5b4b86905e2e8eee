"""What is sent to a token endpoint, and what is repeated."""

from __future__ import annotations

import base64
import dataclasses
import logging

import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from starlette.responses import JSONResponse, Response

from support.keys import pem, rsa_key
from support.token_server import CLIENT, FIRST, SECRET, TokenServer
from wirepost.connections.accounts import Tokens
from wirepost.connections.oauth.endpoint import Identity, TokenEndpoint, TokenRefused
from wirepost.contracts.auth import OAuth2, Revocation
from wirepost.core.errors import ConfigError
from wirepost.sandbox.sockets import ConnectRefused
from wirepost.upstream.limits import Limits
from wirepost.upstream.memory import InMemoryTransport
from wirepost.upstream.upstream import Upstream

HOST = "https://login.example.com"
METHOD = OAuth2(f"{HOST}/authorize", f"{HOST}/token", "Ask.", revocation=Revocation(f"{HOST}/revoke"))
ROTATING = dataclasses.replace(METHOD, rotates=True)


@pytest.fixture
def server():
    return TokenServer()


@pytest.fixture
async def endpoint_of(server, clock):
    """Makes an endpoint of the server."""
    opened = []

    async def nothing() -> str:
        return ""

    def make(method=ROTATING, *, secret=SECRET, private_key=None, client_id=CLIENT) -> TokenEndpoint:
        async def get_secret():
            return secret

        async def get_key():
            return private_key

        upstream = Upstream(
            "crm",
            base_url=HOST,
            credential=nothing,
            limits=Limits(requests_per_s=1000, burst=1000, concurrency=10, failures_to_open=1000),
            clock=clock,
            transport=InMemoryTransport(server.app, clock),
        )
        opened.append(upstream)
        return TokenEndpoint(method, Identity(client_id, get_secret, get_key), upstream, clock)

    yield make
    for upstream in opened:
        await upstream.close()


async def refused(work) -> TokenRefused:
    with pytest.raises(TokenRefused) as error:
        await work
    return error.value


async def test_a_refresh_sends_the_token_and_nothing_that_was_not_asked_for(server, endpoint_of) -> None:
    granted = await endpoint_of().refresh(FIRST[1])
    assert (granted.tokens.access, granted.tokens.refresh) == ("access-token-1", "refresh-token-1")
    assert server.asked == [
        {
            "grant_type": "refresh_token",
            "refresh_token": FIRST[1],
            "client_id": CLIENT,
            "client_secret": SECRET,
        }
    ]
    assert server.headers[0]["accept"] == "application/json"
    assert server.headers[0]["content-type"] == "application/x-www-form-urlencoded"


async def test_a_code_is_exchanged_with_its_verifier_and_redirect(server, endpoint_of) -> None:
    server.answers = [JSONResponse({"access_token": "a-token-of-the-code"})]
    method = dataclasses.replace(METHOD, token_extra={"expiring": "1"})
    found = await endpoint_of(method).exchange_code("the-code", "https://here/cb", "the-verifier")
    assert found["main"].tokens == Tokens("a-token-of-the-code")
    assert server.asked == [
        {
            "grant_type": "authorization_code",
            "code": "the-code",
            "redirect_uri": "https://here/cb",
            "code_verifier": "the-verifier",
            "expiring": "1",
            "client_id": CLIENT,
            "client_secret": SECRET,
        }
    ]


async def test_the_clock_is_read_before_the_request(server, endpoint_of, clock) -> None:
    async def slowly() -> None:
        clock.advance(10)

    server.before = slowly
    asked_at = clock.now().timestamp()
    assert (await endpoint_of().refresh(FIRST[1])).expires_at == asked_at + 3600


async def test_a_body_may_be_json_and_the_refresh_elsewhere(server, endpoint_of) -> None:
    method = dataclasses.replace(METHOD, body="json", refresh_url=f"{HOST}/revoke")
    await refused(endpoint_of(method).refresh("a"))
    assert len(server.revoked) == 1  # it went to the other address
    server.answers = [JSONResponse({"access_token": "a-token-of-the-code"})]
    await endpoint_of(dataclasses.replace(METHOD, body="json")).exchange_code("c", "https://here/cb")
    assert server.headers[-1]["content-type"] == "application/json"


async def test_a_query_of_the_address_is_kept(server, endpoint_of) -> None:
    method = dataclasses.replace(METHOD, token_url=f"{HOST}/token?tenant=a%20b")
    await endpoint_of(method).refresh(FIRST[1])
    assert len(server.asked) == 1


async def test_http_basic_leaves_the_body_without_a_client(server, endpoint_of) -> None:
    server.answers = [JSONResponse({"access_token": "a-token"})]
    await endpoint_of(dataclasses.replace(METHOD, client_auth="basic")).client_credentials(["a", "b"])
    assert server.asked == [{"grant_type": "client_credentials", "scope": "a b"}]
    # RFC 6749 §2.3.1 and RFC 7617: both halves form-encoded, then joined and put into base64
    assert server.headers[0]["authorization"] == "Basic d2lyZXBvc3Q6cyUyNWMlMkJyJTNBZSUyNnQlMkYlM0Q="


async def test_a_secret_alone_may_be_the_user_of_http_basic(server, endpoint_of) -> None:
    server.answers = [JSONResponse({"access_token": "a-token"})]
    method = dataclasses.replace(METHOD, client_auth="basic", client_id_in_basic=False)
    await endpoint_of(method, secret="sk_test_1").client_credentials()
    assert base64.b64decode(server.headers[0]["authorization"].split()[1]) == b"sk_test_1:"


@pytest.mark.parametrize("how", ["none", "post"])
async def test_a_public_client_sends_its_id_only(server, endpoint_of, how) -> None:
    server.answers = [JSONResponse({"access_token": "a-token"})]
    await endpoint_of(dataclasses.replace(METHOD, client_auth=how), secret=None).client_credentials()
    assert server.asked == [{"grant_type": "client_credentials", "client_id": CLIENT}]


KEYS = {
    "RS256": (rsa_key(), RSAKey),
    "ES256": (ec.generate_private_key(ec.SECP256R1()), ECKey),
    "ES384": (ec.generate_private_key(ec.SECP384R1()), ECKey),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate(), OKPKey),
}


@pytest.mark.parametrize("algorithm", KEYS)
async def test_an_assertion_shows_who_the_client_is_and_is_never_sent_twice(
    server, endpoint_of, clock, algorithm
) -> None:
    key, kind = KEYS[algorithm]
    method = dataclasses.replace(METHOD, client_auth="private_key_jwt", issuer=HOST)
    endpoint = endpoint_of(method, private_key=pem(key))
    server.answers = [JSONResponse({"access_token": "a-token"}) for _ in range(2)]
    await endpoint.client_credentials()
    await endpoint.client_credentials()
    ids = set()
    for form in server.asked:
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        assert "client_secret" not in form
        public = kind.import_key(
            key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
        read = jwt.decode(form["client_assertion"], public, algorithms=[algorithm])
        assert (read.header["alg"], read.claims["iss"], read.claims["sub"]) == (algorithm, CLIENT, CLIENT)
        assert read.claims["aud"] == HOST
        assert 0 < read.claims["exp"] - clock.now().timestamp() <= 180
        ids.add(read.claims["jti"])
    assert len(ids) == 2


@pytest.mark.parametrize("text", ["nonsense", pem(KEYS["RS256"][0], password=b"password")])
async def test_a_key_that_cannot_be_read_is_told_without_its_text(endpoint_of, text) -> None:
    method = dataclasses.replace(METHOD, client_auth="private_key_jwt")
    with pytest.raises(ConfigError, match="the private key cannot be read") as error:
        await endpoint_of(method, private_key=text).client_credentials()
    assert text not in str(error.value)


async def test_a_lost_answer_is_asked_for_once_more_where_the_server_forgives_it(server, endpoint_of) -> None:
    server.has_grace, server.cuts = True, 1
    method = dataclasses.replace(ROTATING, has_reuse_grace=True)
    assert (await endpoint_of(method).refresh(FIRST[1])).tokens.access == "access-token-2"
    assert server.refresh == "refresh-token-2"


async def test_behind_a_lost_answer_a_strict_server_has_ended_the_grant(server, endpoint_of) -> None:
    server.cuts = 1
    error = await refused(endpoint_of().refresh(FIRST[1]))
    assert (error.kind, error.code) == ("reauth", "rotation_lost")
    assert len(server.asked) == 2


async def test_answers_that_stay_lost_say_nothing_about_the_grant(server, endpoint_of) -> None:
    server.answers = [Response(status_code=503) for _ in range(5)]
    error = await refused(endpoint_of().refresh(FIRST[1]))
    assert (error.kind, error.is_lost, error.status) == ("retry", True, 503)
    assert len(server.asked) == 2  # no more than one repetition of what is good for one use


async def test_where_nothing_rotates_an_outage_is_outlasted(server, endpoint_of) -> None:
    server.rotates = False
    server.answers = [Response(status_code=502), Response("<html>", 200)]
    assert (await endpoint_of(METHOD).refresh(FIRST[1])).tokens.access == "access-token-1"
    assert len(server.asked) == 3


async def test_a_page_in_the_place_of_tokens_is_a_lost_answer(server, endpoint_of) -> None:
    server.answers = [Response("<html>Sign in</html>", 200)]
    assert (await endpoint_of().refresh(FIRST[1])).tokens.access == "access-token-1"


async def test_a_code_is_never_sent_twice(server, endpoint_of) -> None:
    server.answers = [Response(status_code=502)]
    error = await refused(endpoint_of().exchange_code("c", "https://here/cb", "v"))
    assert (error.kind, error.is_lost) == ("retry", True)
    assert len(server.asked) == 1


async def test_a_limit_is_told_with_its_wait(server, endpoint_of) -> None:
    server.answers = [JSONResponse({"error": "invalid_grant"}, 429, {"retry-after": "3600"})]
    error = await refused(endpoint_of().refresh(FIRST[1]))
    assert (error.kind, error.status, error.retry_after_s, error.is_lost) == ("retry", 429, 60.0, False)


async def test_a_word_for_an_outage_with_status_200_is_an_outage(server, endpoint_of) -> None:
    method = dataclasses.replace(METHOD, refusals={"internal_error": "retry"})
    server.answers = [JSONResponse({"ok": False, "error": "internal_error"}) for _ in range(9)]
    error = await refused(endpoint_of(method).refresh(FIRST[1]))
    assert (error.kind, error.code) == ("retry", "internal_error")
    assert len(server.asked) == 3
    server.answers = [JSONResponse({"error": "x"}, 425)]
    assert (await endpoint_of(method).refresh(FIRST[1])).tokens.access == "access-token-1"


@pytest.mark.parametrize("status", [400, 401])
async def test_a_refusal_without_words_is_believed_the_second_time(server, endpoint_of, status) -> None:
    server.answers = [Response(status_code=status), Response(status_code=status)]
    error = await refused(endpoint_of().refresh(FIRST[1]))
    assert (error.kind, error.code) == ("reauth", f"http_{status}")
    server.answers = [Response(status_code=status)]
    assert (await endpoint_of().refresh(FIRST[1])).tokens.access == "access-token-1"


async def test_a_second_failure_of_another_kind_is_told_as_it_is(server, endpoint_of) -> None:
    server.answers = [Response(status_code=400), JSONResponse({"error": "invalid_client"}, 401)]
    assert (await refused(endpoint_of().refresh(FIRST[1]))).kind == "config"


async def test_a_server_out_of_reach_is_no_lost_answer(endpoint_of, server, clock) -> None:
    server.answers = [ConnectRefused(), ConnectRefused(), ConnectRefused()]
    error = await refused(endpoint_of().refresh(FIRST[1]))
    assert (error.kind, error.is_lost, error.status) == ("retry", False, None)
    server.answers = [ConnectRefused()]
    assert (await endpoint_of().refresh(FIRST[1])).tokens.access == "access-token-1"


async def test_a_device_gets_a_code_and_waits_for_the_person(server, endpoint_of) -> None:
    method = dataclasses.replace(METHOD, device_url=f"{HOST}/token", device_start={"x": "y"})
    endpoint = endpoint_of(method)
    told = {"device_code": "the-device-code", "user_code": "ABCD", "verification_url": "https://go"}
    server.answers = [
        JSONResponse(told),
        JSONResponse({"error": "authorization_pending"}, 428),
        JSONResponse({"error": "slow_down"}, 400),
        JSONResponse({"access_token": "a-token"}),
    ]
    code = await endpoint.start_device(["a"])
    assert (code.user_code, code.verification_uri, code.verification_uri_complete) == (
        "ABCD",
        "https://go",
        None,
    )
    assert (code.expires_in_s, code.interval_s) == (600.0, 5.0)
    assert "the-device-code" not in repr(code)
    assert await endpoint.poll_device(code) is None
    assert (await refused(endpoint.poll_device(code))).kind == "retry"
    found = await endpoint.poll_device(code)
    assert found is not None
    assert found["main"].tokens.access == "a-token"
    assert server.asked[0] == {"x": "y", "scope": "a", "client_id": CLIENT, "client_secret": SECRET}
    assert server.asked[1]["grant_type"] == "urn:ietf:params:oauth:grant-type:device_code"
    assert server.asked[1]["device_code"] == "the-device-code"


@pytest.mark.parametrize(
    ("said", "kind"),
    [("access_denied", "reauth"), ("expired_token", "reauth"), ("invalid_client", "config")],
)
async def test_a_device_is_told_when_waiting_has_no_use(server, endpoint_of, said, kind) -> None:
    method = dataclasses.replace(METHOD, device_url=f"{HOST}/token")
    told = {"device_code": "d", "user_code": "A", "verification_uri": "https://go", "expires_in": 60}
    server.answers = [JSONResponse(told), JSONResponse({"error": said}, 400)]
    endpoint = endpoint_of(method)
    error = await refused(endpoint.poll_device(await endpoint.start_device()))
    assert (error.kind, error.code) == (kind, said)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"device_code": "d", "user_code": "A"},
        {"device_code": "d", "user_code": "A", "verification_uri": "u", "interval": "soon"},
    ],
)
async def test_an_answer_without_a_code_is_no_success(server, endpoint_of, told) -> None:
    server.answers = [JSONResponse(told)]
    endpoint = endpoint_of(dataclasses.replace(METHOD, device_url=f"{HOST}/token"))
    assert (await refused(endpoint.start_device())).kind == "bad_success"


async def test_not_every_provider_has_a_flow_for_devices(endpoint_of) -> None:
    with pytest.raises(ValueError, match="no consent on another device"):
        await endpoint_of().start_device()


async def test_the_refresh_token_is_given_back_first_then_the_access_token(server, endpoint_of) -> None:
    await endpoint_of().revoke(Tokens("an-access-token", "a-refresh-token"))
    assert [each["token"] for each in server.revoked] == ["a-refresh-token", "an-access-token"]
    assert server.revoked[0] == {"token": "a-refresh-token", "client_id": CLIENT, "client_secret": SECRET}


@pytest.mark.parametrize(
    "answer",
    [
        Response("<html>done</html>"),
        JSONResponse({"ok": True}),
        JSONResponse([]),
        JSONResponse({"error": "invalid_token"}, 400),
        JSONResponse({"error": "invalid_grant"}, 400),
        JSONResponse({"error": "unsupported_token_type"}, 400),
    ],
)
async def test_what_is_good_for_nothing_any_more_was_given_back(server, endpoint_of, answer) -> None:
    server.answers = [answer]
    await endpoint_of().revoke(Tokens("an-access-token"))
    assert len(server.revoked) == 1


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([Response(status_code=503)] * 3, "retry"),
        ([JSONResponse({"error": "invalid_client"}, 401)], "config"),
        ([JSONResponse({"error": "internal"})], "retry"),
        ([Response(status_code=403)], "config"),
    ],
)
async def test_a_revocation_that_failed_is_told(server, endpoint_of, answers, kind) -> None:
    method = dataclasses.replace(METHOD, refusals={"internal": "retry"})
    server.answers = list(answers)
    assert (await refused(endpoint_of(method).revoke(Tokens("an-access-token")))).kind == kind


async def test_without_a_way_to_revoke_nothing_is_sent(server, endpoint_of) -> None:
    await endpoint_of(dataclasses.replace(METHOD, revocation=None)).revoke(Tokens("a", "b"))
    assert not server.revoked


@pytest.mark.parametrize(
    ("revocation", "sent", "authorization"),
    [
        # Slack: the token of the request is the one that ends
        (Revocation(f"{HOST}/revoke", parameter="", authenticates="token"), {}, "Bearer an-access-token"),
        # Google: it stands in the form
        (Revocation(f"{HOST}/revoke", authenticates="token"), {"token": "an-access-token"}, None),
        # Stripe: the account is named by its id
        (
            Revocation(
                f"{HOST}/revoke",
                parameter="",
                authenticates="basic",
                parameters={"client_id": "{client_id}", "stripe_user_id": "{account}"},
            ),
            {"client_id": CLIENT, "stripe_user_id": "acct_1"},
            "Basic",
        ),
        (
            Revocation(f"{HOST}/revoke?a=b", method="GET", authenticates="token"),
            {"a": "b", "token": "an-access-token"},
            None,
        ),
        (
            Revocation(f"{HOST}/revoke", method="DELETE", parameter="", authenticates="token"),
            {},
            "Bearer an-access-token",
        ),
    ],
)
async def test_vendors_want_tokens_back_in_their_own_ways(
    server, endpoint_of, revocation, sent, authorization
) -> None:
    endpoint = endpoint_of(dataclasses.replace(METHOD, revocation=revocation))
    await endpoint.revoke(Tokens("an-access-token"), "acct_1")
    assert server.revoked == [sent]
    said = server.headers[0].get("authorization")
    assert said is None if authorization is None else said.startswith(authorization)


async def test_a_revocation_may_be_json_at_an_address_of_the_client(server, endpoint_of, clock) -> None:
    revocation = Revocation(
        f"{HOST}/revoke", method="DELETE", parameter="access_token", authenticates="basic", body="json"
    )
    server.answers = [Response(status_code=404)]  # GitHub: the token is not known
    await endpoint_of(dataclasses.replace(METHOD, revocation=revocation)).revoke(
        Tokens("an-access-token", "r")
    )
    assert len(server.headers) == 1  # refresh tokens are not its business
    assert server.headers[0]["content-type"] == "application/json"


async def test_a_token_that_may_not_revoke_itself_is_dead_already(server, endpoint_of) -> None:
    revocation = Revocation(f"{HOST}/revoke", parameter="", authenticates="token")
    server.answers = [Response(status_code=401)]
    await endpoint_of(dataclasses.replace(METHOD, revocation=revocation)).revoke(Tokens("an-access-token"))


async def test_no_secret_is_said_anywhere(server, endpoint_of, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers = [
        JSONResponse({"error": "invalid_grant", "error_description": f"{SECRET} {FIRST[1]}"}, 400)
    ]
    endpoint = endpoint_of()
    error = await refused(endpoint.refresh(FIRST[1]))
    said = f"{caplog.text} {error} {error.words} {endpoint!r} {endpoint.identity!r}"
    assert SECRET not in said
    assert orjson.dumps(error.words).decode().count("[redacted]") >= 1
