"""Google's OAuth: consent that people may give in part.

https://developers.google.com/identity/protocols/oauth2/web-server
https://developers.google.com/identity/protocols/oauth2/limited-input-device
"""

from __future__ import annotations

from wirepost.contracts.auth import OAuth2, Revocation

OAUTH = OAuth2(
    authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
    token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address, not a token
    device_url="https://oauth2.googleapis.com/device/code",
    revocation=Revocation("https://oauth2.googleapis.com/revoke", authenticates="token"),
    issuer="https://accounts.google.com",
    help="Create an OAuth client in the Google Cloud console under APIs & Services, Credentials, with this "
    "redirect address",
    scopes=("openid", "email"),
    # Without the two Google gives a refresh token only at the very first consent.
    authorize_extra={"access_type": "offline", "prompt": "consent", "include_granted_scopes": "true"},
    lifetime_s=3600,
    # https://developers.google.com/identity/protocols/oauth2#expiration
    idle_days=180,
    refusals={
        "admin_policy_enforced": "config",
        "org_internal": "config",
        "disallowed_useragent": "config",
        "deleted_client": "config",
    },
    any_loopback_port=True,
    own_callback=True,
)
