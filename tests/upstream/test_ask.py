"""Requests and answers as values."""

from __future__ import annotations

import pytest

from wirepost.upstream.ask import Answer, Ask


@pytest.mark.parametrize(
    ("ask", "may_repeat"),
    [
        (Ask("GET", "/x"), True),
        (Ask("POST", "/search"), True),
        (Ask("POST", "/x", is_write=True), False),
        (Ask("POST", "/x", is_write=True, key="k"), True),
    ],
)
def test_reads_and_keyed_writes_may_be_repeated(ask, may_repeat):
    assert ask.may_repeat is may_repeat


def test_a_body_is_parsed_once():
    answer = Answer(200, {}, b'{"a": [1]}')
    assert answer.json() == {"a": [1]}
    assert answer.json() is answer.json()


def test_no_body_is_no_value_and_anything_else_must_be_json():
    assert Answer(204, {}, b"").json() is None
    with pytest.raises(ValueError, match="unexpected"):
        Answer(200, {}, b"<html>").json()


def test_contents_do_not_show_in_logs():
    ask = Ask("POST", "/x", content=b"card=4242", headers={"X-Secret": "hidden"})
    answer = Answer(200, {"set-cookie": "hidden"}, b'{"client_secret": "hidden"}')
    assert "hidden" not in repr(ask) + repr(answer)
    assert "4242" not in repr(ask)


@pytest.mark.parametrize(("status", "is_success"), [(199, False), (200, True), (299, True), (300, False)])
def test_success_is_the_class_of_two_hundred(status, is_success):
    assert Answer(status, {}, b"").is_success is is_success
