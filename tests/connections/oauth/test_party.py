"""Whom a consent is asked of, and at which address the answer must come back."""

from __future__ import annotations

import pytest

from wirepost.connections.oauth.party import Asked, Question, authorization_url


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"sends_issuer": True}, "/oauth/callback"),
        ({"sends_issuer": False}, "/oauth/callback/example"),
        ({"sends_issuer": True, "own_callback": True}, "/oauth/callback/example"),
    ],
)
def test_servers_that_do_not_name_themselves_are_told_apart_by_the_address(party_with, changes, path) -> None:
    assert party_with(**changes).callback == path


def test_each_question_has_secrets_of_its_own(party) -> None:
    asked = Asked(("openid",))
    first, second = (
        Question.to(party, asked, "https://wirepost.example.com/oauth/callback") for _ in range(2)
    )
    assert first.verifier != second.verifier
    assert first.nonce != second.nonce
    assert 43 <= len(first.verifier) <= 128, "RFC 7636 §4.1"


def test_a_challenge_is_never_left_out_silently(party) -> None:
    question = Question.to(party, Asked(), "https://wirepost.example.com/oauth/callback")
    assert "code_challenge=" in authorization_url(party, question, "state")
    assert question.verifier not in authorization_url(party, question, "state")
