"""Twilio's signature over the address and a form's fields, however either of them is written."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.signatures import incoming, request_of, terms_with, vectors, verdict, verified
from wirepost.webhooks.schemes.twilio import TWILIO
from wirepost.webhooks.verdict import Verified

URL = "https://hooks.example.com/webhooks/twilio"


def signed(body: bytes, url: str = URL, sent_to: str = "") -> object:
    return incoming(body, TWILIO.sign({}, body, url, "k", 0), url=sent_to or url)


@pytest.mark.parametrize("name", ["twilio-001", "twilio-006", "twilio-007"])
def test_a_signature_is_made_as_it_was_published(name: str) -> None:
    request = request_of(vectors()[name])
    made = TWILIO.sign({}, request.body, request.url, vectors()[name]["secrets"][0], 0)
    assert made == {"x-twilio-signature": request.required("x-twilio-signature")}


@pytest.mark.parametrize(
    ("url", "sent_to"),
    [
        ("https://h.example.com/x", "https://h.example.com:443/x"),
        ("https://h.example.com:443/x", "https://h.example.com/x"),
        ("http://h.example.com:80/x", "http://h.example.com/x"),
        ("https://h.example.com/x?a=:8443", "https://h.example.com:8443/x?a=:8443"),
        ("https://[::1]/x", "https://[::1]:8443/x"),
    ],
)
async def test_the_port_may_be_there_or_not(url: str, sent_to: str) -> None:
    assert await verdict(TWILIO, signed(b"A=1", url, sent_to), terms_with("k")) == "valid"


@pytest.mark.parametrize(
    "sent_to", ["http://h.example.com/x", "https://h.example.com:8080/x", "https://h.example.com/x?"]
)
async def test_another_address_is_not_the_signed_one(sent_to: str) -> None:
    request = signed(b"A=1", "https://h.example.com:443/x", sent_to)
    assert await verdict(TWILIO, request, terms_with("k")) == "invalid:signature_mismatch"


async def test_what_is_signed_of_a_form_is_told_in_one_way_however_it_is_written() -> None:
    ways = [b"A=1&B=+&C=%C3%A9", b"C=%c3%a9&B=%20&A=1&A=1"]
    found = [await verified(TWILIO, signed(way), terms_with("k")) for way in ways]
    assert found[0] == found[1]
    assert isinstance(found[0], Verified)
    assert found[0].signed == URL.encode() + b"A1B C\xc3\xa9"
    assert found[0].is_id_signed is False


async def test_a_body_that_is_no_form_is_signed_by_its_hash_in_the_address() -> None:
    body = b'{"MessageSid":"SM1"}'
    url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    request = signed(body, url)
    assert await verdict(TWILIO, request, terms_with("k")) == "valid"
    other = incoming(b'{"MessageSid":"SM2"}', dict(request.headers), url=url)
    assert await verdict(TWILIO, other, terms_with("k")) == "invalid:signature_mismatch"


async def test_a_form_of_very_many_fields_is_not_read() -> None:
    body = b"&".join(b"a%d=1" % number for number in range(1001))
    request = incoming(body, {"X-Twilio-Signature": "AAAA"}, url=URL)
    assert await verdict(TWILIO, request, terms_with("k")) == "invalid:malformed_body"


fields = st.dictionaries(
    st.text("abcXYZ09", min_size=1, max_size=5),
    st.text("abc019", min_size=1, max_size=5),
    min_size=1,
    max_size=5,
)


@given(fields, st.data())
async def test_any_other_value_of_a_field_is_not_genuine(form: dict[str, str], pick: st.DataObject) -> None:
    request = signed("&".join(f"{name}={value}" for name, value in form.items()).encode())
    changed = pick.draw(st.sampled_from(sorted(form)))
    other = {**form, changed: form[changed] + "x"}
    body = "&".join(f"{name}={value}" for name, value in other.items()).encode()
    forged = incoming(body, dict(request.headers), url=URL)
    assert await verdict(TWILIO, forged, terms_with("k")) == "invalid:signature_mismatch"


@pytest.mark.parametrize("url", ["https://h:x/", "https://h.example.com:99999/", "https://[::1/x"])
async def test_an_address_that_is_none_is_malformed(url: str) -> None:
    request = incoming(b"A=1", {"X-Twilio-Signature": "AAAA"}, url=url)
    assert await verdict(TWILIO, request, terms_with("k")) == "invalid:malformed_header"
