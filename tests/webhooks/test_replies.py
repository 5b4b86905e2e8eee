"""What a handshake is answered cannot be taken for a page."""

from __future__ import annotations

import pytest

from wirepost.webhooks import replies


def test_a_challenge_is_said_back_as_text_that_no_browser_interprets() -> None:
    reply = replies.plain("<script>ä</script>")
    assert (reply.status, reply.body) == (200, "<script>ä</script>".encode())
    assert reply.content_type == "text/plain; charset=utf-8"
    assert reply.headers == {"X-Content-Type-Options": "nosniff"}


@pytest.mark.parametrize("challenge", ["", "x" * 2001])
def test_what_is_no_challenge_is_refused(challenge: str) -> None:
    assert replies.plain(challenge).status == 403


def test_a_lone_surrogate_does_not_break_the_answer() -> None:
    assert replies.plain("\ud800").body == b"?"


def test_json_is_said_to_be_json() -> None:
    reply = replies.as_json({"challenge": "ä"})
    assert (reply.body, reply.content_type) == ('{"challenge":"ä"}'.encode(), "application/json")
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
