"""What a browser keeps: signed, for a while, and only for the purpose it was given for."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import Response

from wirepost.core.signing import Signer
from wirepost.server.browser import Browsers, is_ours, read_form

HERE = "https://wirepost.example.com"


@pytest.fixture
def browsers(clock):
    return Browsers(Signer(b"s" * 32), clock, lambda: HERE)


def request(*responses, method="GET", **cookies):
    """A request of a browser that has been given these answers."""
    for response in responses:
        for name, value in response.raw_headers:
            if name == b"set-cookie":
                key, _, rest = value.decode().partition("=")
                cookies[key] = rest.partition(";")[0]
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return Request({"type": "http", "method": method, "headers": [(b"cookie", header.encode())]})


def test_a_session_comes_back_as_it_was_and_ends(browsers, clock) -> None:
    response = Response()
    session = browsers.new_session("anna", is_operator=False)
    browsers.keep_session(response, session)
    assert browsers.session(request(response)) == session
    clock.advance(8 * 3600)
    assert browsers.session(request(response)) is None


def test_no_two_sessions_have_the_same_form_token(browsers) -> None:
    first, second = (browsers.new_session("anna", is_operator=True) for _ in range(2))
    assert first.form_token != second.form_token
    assert is_ours({"token": first.form_token}, first)
    assert not is_ours({"token": first.form_token}, second)
    assert not is_ours({"token": "é"}, first)
    assert not is_ours({}, first)


def test_a_cookie_of_one_kind_is_none_of_another(browsers) -> None:
    response = Response()
    browsers.keep_notice(response, "done", caller="anna", operator=True)
    (notice,) = request(response).cookies.values()
    assert browsers.session(request(**{"__Host-wirepost-session": notice})) is None
    assert browsers.notice(request(**{"__Host-wirepost-notice-after": notice}), "after") is None
    assert browsers.notice(request(response), "done")["caller"] == "anna"


def test_another_server_signs_with_another_secret(browsers, clock) -> None:
    response = Response()
    other = Browsers(Signer(b"o" * 32), clock, lambda: HERE)
    other.keep_session(response, other.new_session("anna", is_operator=True))
    assert browsers.session(request(response)) is None


def test_one_value_serves_all_consents_of_a_browser_unless_it_is_none_of_ours(browsers) -> None:
    response = Response()
    first = browsers.begin_consent(request())
    assert len(first) == 43
    browsers.keep_consent(response, first)
    assert browsers.begin_consent(request(response)) == first
    assert browsers.begin_consent(request(**{"__Host-wirepost-consent": "short"})) != "short"


@pytest.mark.parametrize(
    ("parts", "fields"),
    [
        ([b"c=a%20b&", b"x="], {"c": "a b"}),
        ([b"\xff=1"], {"�": "1"}),
        ([b"a" * 10_000, b"=" + b"b" * 10_000], {}),
        ([], {}),
    ],
)
async def test_a_form_is_read_up_to_a_size(parts, fields) -> None:
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive():
        return messages.pop(0)

    scope = {"type": "http", "method": "POST", "headers": []}
    assert await read_form(Request(scope, receive)) == fields
