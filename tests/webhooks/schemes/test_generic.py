"""A signature that the settings describe."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from support.signatures import NOW, incoming, terms_with, verdict, verified
from wirepost.settings.webhooks import HmacSettings
from wirepost.webhooks.schemes.generic import HMAC, scheme_of
from wirepost.webhooks.verdict import Verified

BODY = b'{"id":7}'
URL = "https://hooks.example.com/webhooks/shop?x=1"


@pytest.mark.parametrize(
    ("described", "content"),
    [
        ({}, BODY),
        ({"algorithm": "sha384", "encoding": "base64", "prefix": "v9="}, BODY),
        ({"signed": "{method}{url}{body}"}, b"POST" + URL.encode() + BODY),
        ({"signed": "{header:X-Id}|{body}"}, b"id_1|" + BODY),
        (
            {"signed": "{timestamp}.{body}", "timestamp_header": "X-Time", "timestamp_unit": "ms"},
            b"1764061200000." + BODY,
        ),
        ({"signed": "{body}:{header:x-time}", "timestamp_header": "X-Time"}, BODY + b":1764061200"),
        (
            {"signed": "{timestamp}{body}", "timestamp_header": "X-Time", "timestamp_unit": "iso"},
            b"2025-11-25T09:00:00Z" + BODY,
        ),
    ],
)
async def test_each_template_is_what_is_signed(described: dict[str, str], content: bytes) -> None:
    settings = {"header": "X-Signature", **described}
    times = {"s": "1764061200", "ms": "1764061200000", "iso": "2025-11-25T09:00:00Z"}
    raw = hmac.new(b"k", content, getattr(hashlib, described.get("algorithm", "sha256"))).digest()
    written = base64.b64encode(raw).decode() if described.get("encoding") == "base64" else raw.hex()
    headers = {
        "X-Signature": described.get("prefix", "") + written,
        "X-Id": "id_1",
        "X-Time": times[described.get("timestamp_unit", "s")],
    }
    terms = terms_with("k", hmac=settings)
    assert await verdict(HMAC, incoming(BODY, headers, url=URL), terms) == "valid"
    assert await verdict(HMAC, incoming(BODY + b" ", headers, url=URL), terms) == "invalid:signature_mismatch"
    if "timestamp_header" in described:
        late = incoming(BODY, headers, url=URL, now=NOW + 301)
        assert await verdict(HMAC, late, terms) == "invalid:timestamp_too_old"


@pytest.mark.parametrize(
    ("described", "is_id_signed"),
    [
        ({}, False),
        ({"id_pointer": "/id"}, True),
        ({"id_header": "X-Id"}, False),
        ({"id_header": "X-Id", "signed": "{header:x-id}.{body}"}, True),
        ({"id_header": "X-Id", "id_pointer": "/id"}, False),
    ],
)
async def test_an_id_counts_as_signed_where_it_is(described: dict[str, str], is_id_signed) -> None:
    place = {name: value for name, value in described.items() if name != "signed"}
    settings = {"header": "X-Signature", "signed": described.get("signed", "{body}")}
    made = scheme_of(HmacSettings(**settings)).sign({"X-Id": "1"}, BODY, URL, "k", NOW)
    found = await verified(HMAC, incoming(BODY, made, url=URL), terms_with("k", hmac=settings, **place))
    assert found == Verified("signature", "hmac-sha256", "0", is_id_signed=is_id_signed)


async def test_without_a_description_nothing_is_taken() -> None:
    assert await verdict(HMAC, incoming(BODY), terms_with("k")) == "invalid:no_supported_scheme"


async def test_a_header_that_is_signed_must_be_there() -> None:
    terms = terms_with("k", hmac={"header": "X-Signature", "signed": "{header:X-Id}{body}"})
    assert await verdict(HMAC, incoming(BODY, {"X-Signature": "00"}), terms) == "invalid:missing_header"
