"""Options of who may call."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from wirepost.settings import AuthSettings


def test_nobody_is_asked_unless_it_is_configured() -> None:
    assert AuthSettings().mode == "none"


@pytest.mark.parametrize("issuer", ["https://login.example.com", "https://login.example.com/realms/a/"])
def test_an_issuer_is_kept_to_the_letter(issuer) -> None:
    assert AuthSettings(mode="oauth", issuer=issuer).issuer == issuer


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"mode": "oauth"}, "needs issuer"),
        ({"mode": "oauth", "issuer": "http://login.example.com"}, "must use https"),
        ({"mode": "oauth", "issuer": "login.example.com"}, "must be an address"),
        ({"client_secret": "env:SECRET"}, "needs client_id"),
    ],
)
def test_what_cannot_work_is_refused(options, why) -> None:
    with pytest.raises(ValidationError, match=why):
        AuthSettings.model_validate(options)
