"""HubSpot's three versions: the third alone counts where it is there, and signs the address as decoded."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace

import pytest

from support.signatures import NOW, incoming, request_of, terms_with, vectors, verdict, verified
from wirepost.webhooks.schemes.hubspot import HUBSPOT
from wirepost.webhooks.verdict import Verified

BODY = b'[{"eventId":1}]'
URL = "https://hooks.example.com/webhooks/hubspot"
V1 = {
    "X-HubSpot-Signature-Version": "v1",
    "X-HubSpot-Signature": hashlib.sha256(b"k" + BODY).hexdigest(),
}


@pytest.mark.parametrize("name", ["hubspot-009", "hubspot-015", "hubspot-018", "hubspot-019", "hubspot-026"])
def test_version_3_is_signed_as_it_was_published(name: str) -> None:
    request = request_of(vectors()[name])
    at = int(request.required("x-hubspot-request-timestamp")) / 1000
    made = HUBSPOT.sign({}, request.body, request.url, vectors()[name]["secrets"][0], at)
    for header, value in made.items():
        assert value == request.required(header)


async def test_what_stays_encoded_is_signed_as_it_is() -> None:
    url = f"{URL}?a=%20%26%3d%3A%2f&b=%25"
    content = b"POST" + f"{URL}?a=%20%26%3d:/&b=%25".encode() + BODY + str(int(NOW * 1000)).encode()
    signature = base64.b64encode(hmac.new(b"k", content, hashlib.sha256).digest()).decode()
    assert HUBSPOT.sign({}, BODY, url, "k", NOW)["x-hubspot-signature-v3"] == signature


async def test_an_older_version_does_not_help_where_the_third_fails() -> None:
    assert await verdict(HUBSPOT, incoming(BODY, V1, url=URL), terms_with("k")) == "valid"
    forged = {**V1, "X-HubSpot-Signature-v3": "AAAA", "X-HubSpot-Request-Timestamp": str(int(NOW * 1000))}
    request = incoming(BODY, forged, url=URL)
    assert await verdict(HUBSPOT, request, terms_with("k")) == "invalid:signature_mismatch"
    empty = incoming(BODY, {**V1, "X-HubSpot-Signature-v3": ""}, url=URL)
    assert await verdict(HUBSPOT, empty, terms_with("k")) == "invalid:missing_header"


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("v2", "signature_mismatch"),
        ("v3", "unsupported_version"),
        ("", "missing_header"),
        ("v1 ", "unsupported_version"),
    ],
)
async def test_the_version_that_is_named_is_the_one_that_is_checked(version: str, said: str) -> None:
    request = incoming(BODY, {**V1, "X-HubSpot-Signature-Version": version}, url=URL)
    assert await verdict(HUBSPOT, request, terms_with("k")) == f"invalid:{said}"


async def test_version_3_holds_for_five_minutes_in_both_directions() -> None:
    request = incoming(BODY, HUBSPOT.sign({}, BODY, URL, "k", NOW), url=URL)
    found = await verified(HUBSPOT, request, terms_with("new", "k"))
    assert found == Verified("signature", "hubspot-v3", "1", NOW, is_id_signed=True)
    for now, said in ((NOW + 301, "timestamp_too_old"), (NOW - 301, "timestamp_too_new")):
        assert await verdict(HUBSPOT, replace(request, now=now), terms_with("k")) == f"invalid:{said}"
    other = replace(request, method="PUT", now=NOW + 301)
    assert await verdict(HUBSPOT, other, terms_with("k")) == "invalid:signature_mismatch"
