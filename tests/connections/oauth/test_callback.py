"""What a browser brings back is read once, and nothing in it counts twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.connections.oauth.callback import Callback, claims_of
from wirepost.core.errors import NotConnected


def test_a_query_is_read() -> None:
    callback = Callback.of("/oauth/callback", "state=a%20b&code=c&empty=")
    assert callback.parameters == {"state": "a b", "code": "c", "empty": ""}
    assert "c" not in repr(callback).removeprefix("Callback(path='/oauth/callback'")


def test_a_parameter_that_is_there_twice_spoils_them_all() -> None:
    assert Callback.of("/oauth/callback", "state=a&state=b&code=c").parameters == {}


def test_a_copied_address_is_read_with_the_spaces_around_it() -> None:
    callback = Callback.of_url("  https://wirepost.example.com/oauth/callback/x?code=c&state=s#_=_\n")
    assert (callback.path, callback.parameters) == ("/oauth/callback/x", {"code": "c", "state": "s"})


@pytest.mark.parametrize("text", ["", "hello", "https://wirepost.example.com/", "http://[", "code"])
def test_something_else_that_was_pasted_is_refused(text) -> None:
    with pytest.raises(NotConnected, match="not the address"):
        Callback.of_url(text)


@given(st.text(max_size=200))
def test_any_query_and_any_statement_is_read_or_empty(text) -> None:
    assert isinstance(Callback.of("/", text).parameters, dict)
    assert claims_of(text) == {}
