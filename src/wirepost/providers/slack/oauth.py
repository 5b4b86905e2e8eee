"""Slack's OAuth: one installation that gives a bot's token, and a user's for what only people may do.

https://docs.slack.dev/authentication/installing-with-oauth
https://docs.slack.dev/authentication/using-token-rotation
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirepost.contracts.auth import OAuth2, Revocation

_OFTEN = (
    *("channels:read", "groups:read", "im:read", "mpim:read", "channels:history", "groups:history"),
    *("im:history", "mpim:history", "users:read", "users:read.email", "chat:write", "reactions:write"),
    *("files:read", "files:write"),
)


def refusal_of(answer: Mapping[str, Any]) -> str | None:
    """Slack's word for a refusal, which comes with status 200."""
    if answer.get("ok") is not False:
        return None
    return str(answer.get("error") or "unknown_error")


OAUTH = OAuth2(
    authorize_url="https://slack.com/oauth/v2/authorize",
    token_url="https://slack.com/api/oauth.v2.access",  # noqa: S106 - an address, not a token
    # https://docs.slack.dev/reference/methods/auth.revoke: the token of the request is the one that ends.
    revocation=Revocation("https://slack.com/api/auth.revoke", parameter="", authenticates="token"),
    help="Create an app at https://api.slack.com/apps and add this address under OAuth & Permissions",
    # A challenge turns the app into a public client for good, whose refresh tokens end after 30 days.
    has_pkce=False,
    scopes=_OFTEN,
    scope_separator=",",
    user_scope_parameter="user_scope",
    parts={"main": (), "user": ("authed_user",)},
    # Where rotation is switched on for an app; where it is not, an answer brings neither of the two.
    rotates=True,
    own_callback=True,
    # https://docs.slack.dev/reference/methods/oauth.v2.access
    refusals={
        **dict.fromkeys(
            (
                *("invalid_code", "code_already_used", "invalid_refresh_token", "token_revoked"),
                *("account_inactive", "invalid_auth", "authorization_not_found", "token_expired"),
            ),
            "reauth",
        ),
        **dict.fromkeys(
            (
                *("bad_client_secret", "bad_redirect_uri", "invalid_client_id", "invalid_grant_type"),
                *("oauth_authorization_url_mismatch", "no_scopes", "invalid_scope", "invalid_arguments"),
                *("token_rotation_not_enabled", "cannot_install_an_org_installed_app"),
            ),
            "config",
        ),
        **dict.fromkeys(
            ("internal_error", "fatal_error", "service_unavailable", "ratelimited", "request_timeout"),
            "retry",
        ),
    },
    refusal_of=refusal_of,
)
