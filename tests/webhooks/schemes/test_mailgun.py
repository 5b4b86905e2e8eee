"""Mailgun's signature inside the payload covers a time and a token only, which is what is told as signed."""

from __future__ import annotations

import hashlib
import hmac
import json
from urllib.parse import urlencode

import pytest

from support.signatures import NOW, incoming, terms_with, verdict, verified
from wirepost.webhooks.schemes.mailgun import MAILGUN
from wirepost.webhooks.verdict import Verified

TOKEN = "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"
TIME = str(int(NOW))
SIGNATURE = {
    "timestamp": TIME,
    "token": TOKEN,
    "signature": hmac.new(b"key-1", f"{TIME}{TOKEN}".encode(), hashlib.sha256).hexdigest(),
}


def payload(**changed: object) -> bytes:
    return json.dumps({"signature": {**SIGNATURE, **changed}, "event-data": {"id": "ev_1"}}).encode()


async def test_a_payload_is_genuine_in_json_and_as_a_form() -> None:
    expected = Verified("signature", "mailgun-sha256", "1", NOW, signed=f"{TIME}{TOKEN}".encode())
    for body in (
        payload(),
        payload(timestamp=int(TIME)),
        urlencode({**SIGNATURE, "event": "opened"}).encode(),
    ):
        assert await verified(MAILGUN, incoming(body), terms_with("new", "key-1")) == expected


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"token": "other"}, "signature_mismatch"),
        ({"timestamp": str(int(NOW) + 1)}, "signature_mismatch"),
        ({"signature": "é\u20ac"}, "signature_mismatch"),
        ({"timestamp": "1e9"}, "bad_timestamp"),
        ({"timestamp": True}, "malformed_body"),
        ({"token": None}, "malformed_body"),
        ({"signature": ["x"]}, "malformed_body"),
    ],
)
async def test_what_is_changed_is_refused(changed: dict[str, object], said: str) -> None:
    assert await verdict(MAILGUN, incoming(payload(**changed)), terms_with("key-1")) == f"invalid:{said}"


async def test_a_token_is_taken_within_the_window_only() -> None:
    terms = terms_with("key-1")
    assert await verdict(MAILGUN, incoming(payload(), now=NOW + 301), terms) == "invalid:timestamp_too_old"
    assert await verdict(MAILGUN, incoming(payload(), now=NOW - 301), terms) == "invalid:timestamp_too_new"


@pytest.mark.parametrize(
    "body", [b"{}", b'{"signature":[]}', b"{", b"\xff", b"a&b", b"&".join([b"a=1"] * 1001)]
)
async def test_a_body_without_a_signature_is_malformed(body: bytes) -> None:
    assert await verdict(MAILGUN, incoming(body), terms_with("key-1")) == "invalid:malformed_body"


async def test_an_empty_body_is_told_apart() -> None:
    assert await verdict(MAILGUN, incoming(b""), terms_with("key-1")) == "invalid:missing_body"
