"""A token in the header `Authorization`: signed where the endpoint says so, otherwise one of its secrets."""

from __future__ import annotations

from support.signatures import incoming, terms_with, vector, verdict
from wirepost.webhooks.schemes.authorization import AUTHORIZATION, MONDAY


async def test_one_of_the_secrets_lets_it_in() -> None:
    request = incoming(b"{}", {"Authorization": "Bearer mF_9.B5f-4.1JqM"})
    assert await verdict(AUTHORIZATION, request, terms_with("mF_9.B5f-4.1JqM")) == "valid"
    assert await verdict(AUTHORIZATION, request, terms_with("other")) == "invalid:signature_mismatch"
    assert await verdict(AUTHORIZATION, request, terms_with()) == "invalid:empty_secret"


async def test_where_tokens_are_signed_a_secret_does_not_do() -> None:
    _, request, terms = vector("jwt-006")
    assert await verdict(AUTHORIZATION, request, terms) == "valid"
    plain = incoming(b"{}", {"Authorization": f"Bearer {terms.secrets[0].value}"}, now=request.now)
    assert (await verdict(AUTHORIZATION, plain, terms)).startswith("invalid:")


async def test_monday_signs_with_a_shared_secret_and_no_other_algorithm() -> None:
    _, request, terms = vector("jwt-006")
    secret = terms.secrets[0].value
    assert await verdict(MONDAY, request, terms_with(secret)) == "valid"
    assert await verdict(MONDAY, request, terms_with("other")) == "invalid:signature_mismatch"
    unsigned = "eyJhbGciOiJub25lIn0.eyJleHAiOjE3MDAwMDAzMDB9."
    refused = incoming(b"{}", {"Authorization": unsigned}, now=request.now)
    assert (await verdict(MONDAY, refused, terms_with(secret))).startswith("invalid:")
