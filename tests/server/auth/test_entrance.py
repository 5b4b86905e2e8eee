"""The way in that the configuration asks for."""

from __future__ import annotations

import pytest

from support.stand_in import stand_in_app
from wirepost.server.auth.access import Access, Open
from wirepost.server.auth.entrance import Entrance

OAUTH = {"mode": "oauth", "issuer": "https://login.example.com"}


async def endpoint(scope, receive, send) -> None:
    """Answers nothing; it is only put behind the entrance."""


@pytest.mark.parametrize(
    ("auth", "kind", "can_sign_in"),
    [
        ({"mode": "none"}, Open, False),
        ({"mode": "static"}, Access, False),
        (OAUTH, Access, False),
        ({**OAUTH, "client_id": "wirepost"}, Access, True),
    ],
)
async def test_each_mode_has_its_own(auth, kind, can_sign_in) -> None:
    entrance = Entrance(stand_in_app(auth=auth), 1000)
    assert type(entrance.before(endpoint)) is kind
    assert (entrance.sign_in is not None) is can_sign_in
    assert ("/.well-known/oauth-protected-resource/mcp" in [each.path for each in entrance.routes]) is (
        auth["mode"] == "oauth"
    )
    await entrance.aclose()
