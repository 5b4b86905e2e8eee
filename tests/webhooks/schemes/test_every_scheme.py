"""Whatever comes, each scheme says `Rejected` or what fits; it never fails itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.signatures import incoming, terms_with, vector, vectors, verified
from wirepost.webhooks import schemes
from wirepost.webhooks.schemes.hmacs import HmacScheme
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Scheme

ALL: Mapping[str, Scheme] = {
    name: value
    for each in iter_modules(schemes.__path__, f"{schemes.__name__}.")
    for name, value in vars(import_module(each.name)).items()
    if name.isupper() and name[0] != "_" and hasattr(type(value), "verify")
}
SETTINGS: Mapping[str, Any] = {
    "hmac": {
        "header": "X-Signature",
        "format": "t=,v1=",
        "signed": "{timestamp}{method}{url}{header:X-Id}{body}",
    },
    "jwt": {"algorithms": ["RS256", "PS256", "ES256", "EdDSA"], "audience": "a", "issuer": "i"},
}
KEYS = (
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
    "{",
    "-----BEGIN",
)
NAMES = sorted(
    {name.lower() for each in vectors().values() for name, _ in each["headers"]}
    | {each.time_header for each in ALL.values() if isinstance(each, HmacScheme) and each.time_header}
    | {header for each in ALL.values() if isinstance(each, HmacScheme) for header in each.headers}
    | {
        "x-signature",
        "x-id",
        "x-goog-channel-token",
        "x-gitlab-token",
        "x-hub-signature",
        "x-webhook-signature",
    }
)
TEXTS = (
    ["t=1,v1=a", "sha256=ff", "v0=ff", "v1,YQ==", "v1a,YQ==", "v1", "v2", "v3", "00", "YQ=="],
    ["1764061200", "2025-11-25T09:00:00Z"],
    ["Basic YTpi", "Bearer a.b.c", "Bearer eyJhbGciOiJSUzI1NiJ9.e30.YQ"],
    ["Bearer eyJhbGciOiJFUzI1NiJ9.e30.YQ", "Bearer eyJhbGciOiJFZERTQSJ9.e30.YQ"],
)
SHAPES = st.sampled_from([text for each in TEXTS for text in each])
headers = st.dictionaries(st.sampled_from(NAMES), st.text(max_size=80) | SHAPES, max_size=6)
bodies = st.binary(max_size=200) | st.sampled_from(
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b'{"value":[]}',
        b'{"value":[{"clientState":1}]}',
        b'{"signature":[]}',
        b'{"Type":"Notification"}',
    ]
)
urls = st.text(max_size=60) | st.sampled_from(
    ["https://[::1/x", "https://h:x/", "https://h:99999/", "//", "https://h/?bodySHA256="]
)


@pytest.mark.parametrize("name", ALL)
@given(body=bodies, given_headers=headers, url=urls, method=st.text(max_size=8))
async def test_any_request_is_judged(
    name: str, body: bytes, given_headers: dict[str, str], url: str, method: str
) -> None:
    request = incoming(body, given_headers, url=url, method=method)
    found = await verified(ALL[name], request, terms_with(*KEYS, token="t", **SETTINGS))
    if name != "UNSIGNED":
        assert isinstance(found, Rejected)


GENUINE = list(
    {found["provider"]: name for name, found in vectors().items() if found["expected"] == "valid"}.values()
)
"""A request of each sender."""
SIGNED_WHOLE = [
    each
    for each in GENUINE
    if vectors()[each]["provider"] not in {"jwt", "bearer", "basic", "aws_sns", "twilio"}
]
"""Those whose body is signed to the last bit; the last two sign what the body says."""
IN_HEADERS = [each for each in GENUINE if vectors()[each]["provider"] not in {"aws_sns", "jwt"}]
"""Those with a secret of the endpoint."""


@pytest.mark.parametrize("name", GENUINE)
@given(place=st.integers(0, 10_000), spoiler=st.text(max_size=3), which=st.integers(0, 20))
async def test_a_genuine_request_with_a_spoilt_header_is_judged(
    name: str, place: int, spoiler: str, which: int
) -> None:
    scheme, request, terms = vector(name)
    pairs = list(request.headers)
    header, value = pairs[which % len(pairs)]
    cut = place % (len(value) + 1)
    pairs[which % len(pairs)] = (header, value[:cut] + spoiler + value[cut + 1 :])
    found = await verified(scheme, replace(request, headers=tuple(pairs)), terms)
    assert isinstance(found, Verified | Rejected)


@pytest.mark.parametrize("name", SIGNED_WHOLE)
@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
async def test_a_body_with_one_other_bit_is_not_genuine(name: str, place: int, bit: int) -> None:
    scheme, request, terms = vector(name)
    body = bytearray(request.body)
    body[place % len(body)] ^= 1 << bit
    found = await verified(scheme, replace(request, body=bytes(body)), terms)
    assert isinstance(found, Rejected)


@pytest.mark.parametrize("name", IN_HEADERS)
async def test_a_signature_header_that_comes_twice_is_refused(name: str) -> None:
    scheme, request, terms = vector(name)
    signed = [pair for pair in request.headers if "sign" in pair[0] or "hmac" in pair[0] or "auth" in pair[0]]
    assert signed
    twice = replace(request, headers=(*request.headers, *signed))
    found = await verified(scheme, twice, terms)
    assert isinstance(found, Rejected)
    assert (found.check, found.status) == ("malformed_header", 400)


@pytest.mark.parametrize("name", IN_HEADERS)
async def test_no_scheme_takes_an_empty_secret(name: str) -> None:
    scheme, request, terms = vector(name)
    empty = replace(terms, secrets=[replace(each, value="") for each in terms.secrets])
    found = await verified(scheme, request, empty)
    assert isinstance(found, Rejected)
    assert found.check == "empty_secret"


@pytest.mark.parametrize("name", GENUINE)
async def test_a_secret_never_stands_in_what_is_told(name: str) -> None:
    scheme, request, terms = vector(name)
    canaries = terms_with(
        "canary-3f9c1b", token="canary-77a0d2", **terms.settings.model_dump(exclude_defaults=True)
    )
    found = await verified(scheme, request, canaries)
    assert "canary" not in repr(found) + str(found) + repr(canaries) + repr(scheme)
