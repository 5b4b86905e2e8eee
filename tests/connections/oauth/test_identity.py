"""How a client shows who it is, with any id and any secret."""

from __future__ import annotations

import asyncio
import base64
from urllib.parse import unquote_plus

from hypothesis import given
from hypothesis import strategies as st

from wirepost.connections.oauth.identity import Identity
from wirepost.contracts.auth import OAuth2

METHOD = OAuth2("https://login.example.com/authorize", "https://login.example.com/token", "Ask.")


@given(client_id=st.text(min_size=1, max_size=20), secret=st.text(min_size=1, max_size=20))
def test_any_secret_survives_http_basic(client_id, secret) -> None:
    async def get() -> str:
        return secret

    headers = asyncio.run(Identity(client_id, get).basic(METHOD))
    scheme, _, value = headers["Authorization"].partition(" ")
    user, _, password = base64.b64decode(value).decode("ascii").partition(":")
    assert (scheme, unquote_plus(user), unquote_plus(password)) == ("Basic", client_id, secret)


async def test_without_a_secret_the_second_half_is_empty() -> None:
    headers = await Identity("client").basic(METHOD)
    assert base64.b64decode(headers["Authorization"].split()[1]) == b"client:"
