"""GitHub's OAuth: apps that act for a person (OAuth apps and GitHub Apps alike).

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
"""

from __future__ import annotations

from wirepost.contracts.auth import OAuth2, Revocation

OAUTH = OAuth2(
    authorize_url="https://github.com/login/oauth/authorize",
    token_url="https://github.com/login/oauth/access_token",  # noqa: S106 - an address, not a token
    device_url="https://github.com/login/device/code",
    # https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token
    revocation=Revocation(
        "https://api.github.com/applications/{client_id}/token",
        method="DELETE",
        parameter="access_token",
        authenticates="basic",
        body="json",
    ),
    help="Register a GitHub App or an OAuth app under Settings, Developer settings, with this address",
    # A GitHub App ignores scopes: what it may do is decided by its permissions.
    scopes=("repo", "read:org"),
    rotates=True,
    idle_days=180,
    any_loopback_port=True,
    own_callback=True,
    # Refusals come with status 200:
    # https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
    refusals={
        "bad_refresh_token": "reauth",
        "bad_verification_code": "reauth",
        "unverified_user_email": "reauth",
        "incorrect_client_credentials": "config",
        "redirect_uri_mismatch": "config",
        "incorrect_device_code": "reauth",
        "device_flow_disabled": "config",
        "application_suspended": "config",
    },
)
