"""Values that senders repeat are compared as they are, wherever they stand."""

from __future__ import annotations

import pytest

from support.signatures import NOW, incoming, request_of, terms_with, vectors, verdict, verified
from wirepost.webhooks.schemes.standard import sign_standard
from wirepost.webhooks.schemes.tokens import (
    API_KEY,
    BASIC,
    BEARER,
    GITLAB,
    GOOGLE_CHANNEL,
    GRAPH,
    UNSIGNED,
    is_token,
)
from wirepost.webhooks.verdict import Verified


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("Bearer t0ken", "valid"),
        ("bEARER t0ken", "valid"),
        ("Bearer  t0ken ", "valid"),
        ("Bearer T0ken", "invalid:signature_mismatch"),
        ("Bearer ", "invalid:signature_mismatch"),
        ("Bearer t0kené", "invalid:signature_mismatch"),
        ("t0ken", "invalid:malformed_header"),
        ("Basic t0ken", "invalid:malformed_header"),
        ("", "invalid:missing_header"),
    ],
)
async def test_a_bearer_token_is_the_secret_behind_the_word(value: str, said: str) -> None:
    request = incoming(headers={"Authorization": value})
    assert await verdict(BEARER, request, terms_with("new", "t0ken")) == said


async def test_nothing_of_a_request_with_a_token_is_signed() -> None:
    found = await verified(BEARER, incoming(headers={"Authorization": "Bearer t"}), terms_with("new", "t"))
    assert found == Verified("token", "bearer", "1")


async def test_a_token_in_the_address_is_no_token() -> None:
    request = incoming(url="https://h.example.com/x?access_token=t&token=t")
    assert await verdict(BEARER, request, terms_with("t")) == "invalid:missing_header"


async def test_a_key_can_stand_alone_in_a_header_of_its_own() -> None:
    terms = terms_with("k3y", token_header="X-API-Key")
    assert await verdict(BEARER, incoming(headers={"x-api-key": "k3y"}), terms) == "valid"
    assert (
        await verdict(BEARER, incoming(headers={"Authorization": "Bearer k3y"}), terms)
        == "invalid:missing_header"
    )
    assert await verdict(API_KEY, incoming(headers={"Authorization": "k3y"}), terms_with("k3y")) == "valid"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "valid"),
        ("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ", "valid"),
        ("Basic QWxhZGRpbjpvcGVu", "invalid:signature_mismatch"),
        ("Basic QWxhZGRpbg==", "invalid:malformed_header"),  # no colon
        ("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "invalid:malformed_header"),
    ],
)
async def test_user_and_password_are_the_secret(value: str, said: str) -> None:
    request = incoming(headers={"Authorization": value})
    assert await verdict(BASIC, request, terms_with("Aladdin:open sesame")) == said


async def test_user_and_password_are_utf_8_and_may_hold_colons() -> None:
    secret = "test:123£:4"  # RFC 7617, 2.1, with a colon more
    made = BASIC.sign({}, b"", "", secret, NOW)
    assert await verdict(BASIC, incoming(headers=made), terms_with(secret)) == "valid"
    assert BASIC.sign({}, b"", "", "test:123£", NOW) == {"authorization": "Basic dGVzdDoxMjPCow=="}


@pytest.mark.parametrize("scheme", [BEARER, GITLAB, API_KEY], ids=lambda each: each.name)
async def test_what_is_sent_for_a_sender_is_taken_from_it(scheme) -> None:
    made = scheme.sign({"X-Other": "1"}, b"{}", "https://h.example.com", "k", NOW)
    assert await verdict(scheme, incoming(headers=made), terms_with("k")) == "valid"


async def test_gitlab_sends_a_token_or_signs() -> None:
    secret = vectors()["standard_webhooks-001"]["secrets"][0]
    request = request_of(vectors()["standard_webhooks-001"])
    found = await verified(GITLAB, request, terms_with("t0ken", secret))
    assert isinstance(found, Verified)
    assert (found.by, found.scheme, found.secret, found.is_id_signed) == (
        "signature",
        "standard-v1",
        "1",
        True,
    )
    token = incoming(headers={"X-Gitlab-Token": "t0ken"})
    assert await verified(GITLAB, token, terms_with("t0ken", secret)) == Verified(
        "token", "gitlab-token", "0"
    )


async def test_a_token_of_gitlab_does_not_help_where_a_signature_fails() -> None:
    made = sign_standard("whsec_AAAA", "m", NOW, b"{}")
    request = incoming(headers={**made, "X-Gitlab-Token": "t0ken"})
    assert await verdict(GITLAB, request, terms_with("t0ken")) == "invalid:signature_mismatch"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"value":[{"clientState":"s3cr3t"},{"clientState":"s3cr3t"}]}', "valid"),
        (b'{"value":[{"clientState":"s3cr3t"},{"clientState":"other"}]}', "invalid:signature_mismatch"),
        (b'{"value":[]}', "invalid:signature_mismatch"),
        (b'{"value":[{"clientState":"s3cr3t"},{}]}', "invalid:malformed_body"),
        (b'{"value":[{"clientState":null}]}', "invalid:malformed_body"),
        (b'{"value":{"clientState":"s3cr3t"}}', "invalid:malformed_body"),
        (b"", "invalid:malformed_body"),
    ],
)
async def test_every_notification_of_graph_repeats_the_client_state(body: bytes, said: str) -> None:
    assert await verdict(GRAPH, incoming(body), terms_with(token="s3cr3t")) == said


async def test_google_repeats_the_token_of_the_channel() -> None:
    terms, header = terms_with(token="t=1"), "X-Goog-Channel-Token"
    assert await verdict(GOOGLE_CHANNEL, incoming(headers={header: "t=1"}), terms) == "valid"
    assert (
        await verdict(GOOGLE_CHANNEL, incoming(headers={header: "t=2"}), terms)
        == "invalid:signature_mismatch"
    )
    assert await verdict(GOOGLE_CHANNEL, incoming(), terms) == "invalid:missing_header"


@pytest.mark.parametrize("token", [None, ""])
async def test_without_a_token_nothing_is_taken(token: str | None) -> None:
    terms = terms_with(token=token)
    assert await verdict(GRAPH, incoming(b'{"value":[{"clientState":""}]}'), terms) == "invalid:empty_secret"
    assert (
        await verdict(GOOGLE_CHANNEL, incoming(headers={"X-Goog-Channel-Token": "x"}), terms)
        == "invalid:empty_secret"
    )
    assert not is_token(terms, "")
    assert not is_token(terms, None)


def test_a_token_in_a_handshake_is_compared_as_it_is() -> None:
    terms = terms_with(token="meatyhamhock")
    assert is_token(terms, "meatyhamhock")
    assert not any(is_token(terms, each) for each in ("meatyhamhoc", "Meatyhamhock", "", None, "\ud800", "é"))


async def test_what_is_not_signed_says_so() -> None:
    assert await verified(UNSIGNED, incoming(b"\xff"), terms_with()) == Verified("none", "none")
