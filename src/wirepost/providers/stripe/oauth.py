"""Stripe's OAuth: accounts that join a platform (Connect), and accounts that install an app (Stripe Apps).

https://docs.stripe.com/connect/oauth-reference
https://docs.stripe.com/stripe-apps/api-authentication/oauth
"""

from __future__ import annotations

from wirepost.contracts.auth import OAuth2, Revocation

CONNECT = OAuth2(
    name="connect",
    authorize_url="https://connect.stripe.com/oauth/authorize",
    token_url="https://connect.stripe.com/oauth/token",  # noqa: S106 - an address, not a token
    revocation=Revocation(
        "https://connect.stripe.com/oauth/deauthorize",
        parameter="",
        authenticates="basic",
        parameters={"client_id": "{client_id}", "stripe_user_id": "{account}"},
    ),
    help="Switch OAuth on in the Connect settings of the Stripe dashboard and add this redirect address; "
    "client_secret is the platform's secret key",
    has_pkce=False,
    client_id_in_basic=False,
    scopes=("read_write",),
    account_at="stripe_user_id",
    own_callback=True,
    refusals={"invalid_request": "config", "unsupported_response_type": "config"},
)

APPS = OAuth2(
    name="apps",
    authorize_url="https://marketplace.stripe.com/oauth/v2/authorize",
    token_url="https://api.stripe.com/v1/oauth/token",  # noqa: S106 - an address, not a token
    help="Upload a Stripe App with stripe_api_access_type: oauth and this redirect address in its manifest; "
    "client_secret is the secret key of the account that owns the app",
    # What the app may do stands in its manifest, so no scopes are asked for; challenges are not described.
    has_pkce=False,
    client_auth="basic",
    client_id_in_basic=False,
    scopes=(),
    account_at="stripe_user_id",
    lifetime_s=3600,
    rotates=True,
    idle_days=365,
    own_callback=True,
)
