"""Why a token proves nothing, as it may be told to whoever sent it."""

from __future__ import annotations

from wirepost.server.auth.verified import CannotTell, TooMany


def test_whoever_is_to_come_again_is_told_when() -> None:
    assert CannotTell("the issuer is silent").retry_after_s == 10
    assert CannotTell("the issuer is silent", 30).retry_after_s == 30
    assert TooMany(42).retry_after_s == 42
