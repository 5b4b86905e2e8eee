"""A request is looked at as it came: nothing is joined, guessed or decoded before it is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.signatures import incoming
from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.verdict import Rejected


def test_a_header_is_found_by_its_name_in_lower_case() -> None:
    request = incoming(headers={"X-Shop": "a", "X-Empty": ""})
    assert request.header("x-shop") == "a"
    assert request.header("x-empty") == ""
    assert request.header("x-none") is None
    assert request.required("x-shop") == "a"


@pytest.mark.parametrize("name", ["x-none", "x-empty"])
def test_a_header_that_must_be_there_must_say_something(name: str) -> None:
    with pytest.raises(Rejected, match="missing_header"):
        incoming(headers={"X-Empty": ""}).required(name)


@pytest.mark.parametrize("ask", [Incoming.header, Incoming.required])
def test_a_header_that_came_twice_is_neither_of_both(ask) -> None:
    request = incoming(headers=[("X-Id", "1"), ("X-Other", "2"), ("x-id", "1")])
    with pytest.raises(Rejected) as caught:
        ask(request, "x-id")
    assert (caught.value.check, caught.value.status) == ("malformed_header", 400)
    assert request.header("x-other") == "2"


def test_of_equal_parameters_the_first_counts() -> None:
    request = incoming(url="https://h.example.com/a%20b?x=1&y=&x=2&z=%C3%A9+1")
    assert request.query == {"x": "1", "y": "", "z": "é 1"}
    assert request.path == "/a%20b"


@given(st.text(max_size=60))
def test_an_address_is_read_or_refused(url: str) -> None:
    for read in (lambda request: request.query, lambda request: request.path):
        try:
            read(incoming(url=url))
        except Rejected as rejected:
            assert rejected.status == 400  # noqa: PT017 - most addresses can be read


@pytest.mark.parametrize("url", ["https://[::1/x", "https://a]/x"])
def test_an_address_that_is_none_is_malformed(url: str) -> None:
    with pytest.raises(Rejected, match="malformed_header"):
        _ = incoming(url=url).query


def test_a_plain_reply_is_empty_text() -> None:
    assert (Reply().status, Reply().body, Reply().headers) == (200, b"", {})
    assert Reply().content_type.startswith("text/plain")
