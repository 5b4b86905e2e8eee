"""How Google is asked for a consent that lasts."""

from __future__ import annotations

from support.asking import asking

DRIVE = "https://www.googleapis.com/auth/drive.metadata.readonly"


def test_a_refresh_token_is_asked_for_each_time() -> None:
    # https://developers.google.com/identity/protocols/oauth2/web-server
    address, sent = asking("google", scopes=[DRIVE, "openid"])
    assert address == "https://accounts.google.com/o/oauth2/v2/auth"
    assert (sent["access_type"], sent["prompt"], sent["include_granted_scopes"]) == (
        "offline",
        "consent",
        "true",
    )
    assert sent["scope"] == f"{DRIVE} openid"
    assert sent["code_challenge_method"] == "S256"
    assert sent["nonce"]
