"""Signatures by a shared secret: what is signed, how it is written, when it is too old."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import replace

import pytest

from support.signatures import BY_SENDER, NOW, incoming, request_of, terms_with, vectors, verdict, verified
from wirepost.webhooks.schemes.hmacs import (
    ASANA,
    DROPBOX,
    GITHUB,
    LINEAR,
    META,
    SHOPIFY,
    SLACK,
    SQUARE,
    STRIPE,
    TRELLO,
    TWITCH,
    TWITTER,
    XERO,
    ZENDESK,
    ZOOM,
    HmacScheme,
)
from wirepost.webhooks.verdict import Verified

BODY = b'{"id":"evt_1"}'
URL = "https://hooks.example.com/webhooks/x?a=1"


def mac(algorithm: str, secret: str, *parts: bytes) -> bytes:
    """The digest by another way of the standard library than the code uses."""
    made = hmac.new(secret.encode(), digestmod=getattr(hashlib, algorithm))
    for part in parts:
        made.update(part)
    return made.digest()


SIGNABLE = [
    name
    for name, each in vectors().items()
    if each["expected"] == "valid"
    and isinstance(BY_SENDER.get(each["provider"]), HmacScheme)
    and len(each["secrets"]) == 1
    and str(each["headers"]).count("v1=") <= 1
]


@pytest.mark.parametrize("name", SIGNABLE)
def test_a_signature_is_made_as_it_was_published(name: str) -> None:
    found = vectors()[name]
    scheme, request = BY_SENDER[found["provider"]], request_of(found)
    assert isinstance(scheme, HmacScheme)
    header = next(each for each in scheme.headers if request.header(each))
    time = re.search(r"[0-9]+", request.header(scheme.time_header or "") or "") or re.search(
        r"(?<=t=)[0-9]+", request.required(header)
    )
    at = float(time[0]) if time else found["now"]
    plain = {key: value for key, value in request.headers if key not in scheme.headers}
    signed = scheme.sign(plain, request.body, request.url, found["secrets"][0], at)
    expected = request.required(header)
    if expected.startswith("v1="):  # published with its members in another order
        expected = ",".join(reversed(expected.split(",")))
    assert signed[scheme.headers[0]] == expected


@pytest.mark.parametrize(
    ("scheme", "secret", "headers", "signed"),
    [
        (ZENDESK, "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==", {}, b"2025-11-25T09:00:00Z" + BODY),
        (ASANA, "s", {}, BODY),
        (DROPBOX, "s", {}, BODY),
        (XERO, "s", {}, BODY),
        (TRELLO, "s", {}, BODY + URL.encode()),
        (TWITCH, "s", {"twitch-eventsub-message-id": "m"}, b"m2025-11-25T09:00:00Z" + BODY),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
async def test_what_vendors_describe_is_signed(
    scheme: HmacScheme, secret: str, headers, signed: bytes
) -> None:
    made = scheme.sign(headers, BODY, URL, secret, NOW)
    raw = mac(scheme.algorithm, secret, signed)
    written = raw.hex() if scheme.encoding == "hex" else base64.b64encode(raw).decode()
    assert made[scheme.headers[0]] == scheme.prefix + written
    request = incoming(BODY, made, url=URL)
    assert await verdict(scheme, request, terms_with(secret)) == "valid"
    assert await verdict(scheme, request, terms_with("other")) == "invalid:signature_mismatch"


async def test_twitch_signs_id_time_and_body() -> None:
    """The example of its documents, with nanoseconds in the time."""
    body = (
        b'{"challenge":"pogchamp-kappa-360noscope-vohiyo","subscription":{"id":"f1c2a387-161a-49f9-a165-0f21d7a4e1c4",'
        b'"status":"webhook_callback_verification_pending","type":"channel.follow","version":"1","cost":1,'
        b'"condition":{"broadcaster_user_id":"12826"},"transport":{"method":"webhook",'
        b'"callback":"https://example.com/webhooks/callback"},"created_at":"2019-11-16T10:11:12.634234626Z"}}'
    )
    headers = {
        "Twitch-Eventsub-Message-Id": "e76c6bd4-55c9-4987-8304-da1588d8988b",
        "Twitch-Eventsub-Message-Timestamp": "2019-11-16T10:11:12.634234626Z",
        "Twitch-Eventsub-Message-Signature": "sha256="
        "1d99ef80ad95e0aa3c07ca9bfb83cc22b3f2caa84424feb17d2bd84f0d3bc2ff",
    }
    request, terms = incoming(body, headers, now=1573899072), terms_with("s3cre77890ab")
    assert await verdict(TWITCH, request, terms) == "valid"
    other = incoming(body, {**headers, "Twitch-Eventsub-Message-Id": "other"}, now=1573899072)
    assert await verdict(TWITCH, other, terms) == "invalid:signature_mismatch"


@pytest.mark.parametrize(
    ("scheme", "is_id_signed"),
    [
        (STRIPE, True), (SLACK, True), (ZOOM, True), (META, True), (TWITTER, True), (SQUARE, True),
        (ZENDESK, True), (TWITCH, True), (TRELLO, True),
        (GITHUB, False), (SHOPIFY, False), (LINEAR, False),
    ],
    ids=lambda value: getattr(value, "name", ""),
)  # fmt: skip
async def test_it_is_told_whether_the_id_is_among_what_is_signed(scheme: HmacScheme, is_id_signed) -> None:
    body = json.dumps({"id": 1, "webhookTimestamp": int(NOW * 1000)}).encode()
    made = scheme.sign({"twitch-eventsub-message-id": "m"}, body, URL, "k", NOW)
    found = await verified(scheme, incoming(body, made, url=URL), terms_with("k"))
    assert isinstance(found, Verified)
    assert (found.by, found.scheme, found.secret, found.is_id_signed) == (
        "signature",
        scheme.name,
        "0",
        is_id_signed,
    )


@pytest.mark.parametrize("scheme", [STRIPE, SLACK, ZOOM, ZENDESK], ids=lambda each: each.name)
async def test_the_time_counts_in_both_directions_and_only_under_a_signature(scheme: HmacScheme) -> None:
    request = incoming(BODY, scheme.sign({}, BODY, URL, "k", NOW))
    found = await verified(scheme, request, terms_with("k"))
    assert isinstance(found, Verified)
    assert found.signed_at == NOW
    assert (
        await verdict(scheme, replace(request, now=NOW + 301), terms_with("k")) == "invalid:timestamp_too_old"
    )
    assert (
        await verdict(scheme, replace(request, now=NOW - 301), terms_with("k")) == "invalid:timestamp_too_new"
    )
    forged = replace(request, now=NOW + 301, body=BODY + b" ")
    assert await verdict(scheme, forged, terms_with("k")) == "invalid:signature_mismatch"


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (int(NOW * 1000), "valid"),
        (int(NOW * 1000) - 61_000, "invalid:timestamp_too_old"),
        (int(NOW * 1000) + 61_000, "invalid:timestamp_too_new"),
        (str(int(NOW * 1000)), "invalid:bad_timestamp"),
        (NOW * 1000 + 0.5, "invalid:bad_timestamp"),
        (True, "invalid:bad_timestamp"),
        (-1, "invalid:bad_timestamp"),
        (10**30, "invalid:bad_timestamp"),
    ],
)
async def test_the_time_of_linear_is_in_the_body(member: object, said: str) -> None:
    body = json.dumps({"webhookTimestamp": member}).encode()
    request = incoming(body, LINEAR.sign({}, body, URL, "k", NOW))
    assert await verdict(LINEAR, request, replace(terms_with("k"), tolerance_s=60)) == said


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b'"webhookTimestamp"', b"\xff"])
async def test_a_body_without_the_time_is_refused_though_it_is_signed(body: bytes) -> None:
    request = incoming(body, LINEAR.sign({}, body, URL, "k", NOW))
    assert await verdict(LINEAR, request, terms_with("k")) == "invalid:malformed_body"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("t=1764061200,v1={}", "valid"),
        ("t=1764061200, v1={}", "valid"),
        ("t=1764061200,v0=00,v1={},v2=00", "valid"),
        ("t=1764061200,t=1764061200,v1={}", "invalid:malformed_header"),
        ("v1={}", "invalid:malformed_header"),
        ("t=1764061200", "invalid:no_supported_scheme"),
        ("t=1764061200,v1", "invalid:signature_mismatch"),
        ("t=1764061200,v1=é", "invalid:signature_mismatch"),
        ("t=1764061200,v1=€", "invalid:malformed_header"),
        ("t=1_764_061_200,v1={}", "invalid:bad_timestamp"),
        ("t=1764061200.0,v1={}", "invalid:bad_timestamp"),
    ],
)
async def test_a_list_of_signatures_is_read_strictly(header: str, said: str) -> None:
    signature = mac("sha256", "k", b"1764061200.", BODY).hex()
    request = incoming(BODY, {"Stripe-Signature": header.format(signature)})
    assert await verdict(STRIPE, request, terms_with("k")) == said


async def test_hex_may_be_written_in_capitals() -> None:
    signature = mac("sha256", "k", BODY).hex().upper()
    request = incoming(BODY, {"X-Hub-Signature-256": f"sha256={signature}"})
    assert await verdict(GITHUB, request, terms_with("k")) == "valid"


async def test_either_family_of_headers_does() -> None:
    signature = base64.b64encode(mac("sha256", "k", BODY)).decode()
    for name in ("X-Shopify-Hmac-Sha256", "Shopify-Hmac-Sha256"):
        assert await verdict(SHOPIFY, incoming(BODY, {name: signature}), terms_with("k")) == "valid"


async def test_the_secret_that_fitted_is_named_and_any_active_one_does() -> None:
    request = incoming(BODY, GITHUB.sign({}, BODY, URL, "old", NOW))
    found = await verified(GITHUB, request, terms_with("new", "old"))
    assert isinstance(found, Verified)
    assert found.secret == "1"
    assert await verdict(GITHUB, request, terms_with("new")) == "invalid:signature_mismatch"


async def test_a_large_body_is_verified_like_a_small_one() -> None:
    body = b"x" * (1024 * 1024)
    request = incoming(body, SLACK.sign({}, body, URL, "k", NOW))
    assert await verdict(SLACK, request, terms_with("k")) == "valid"
    assert (
        await verdict(SLACK, replace(request, body=body[:-1] + b"y"), terms_with("k"))
        == "invalid:signature_mismatch"
    )
