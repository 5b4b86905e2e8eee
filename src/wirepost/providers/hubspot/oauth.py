"""HubSpot's OAuth: an app that people install into their accounts.

https://developers.hubspot.com/docs/api-reference/auth-oauth-v3/guide and, for the dated paths,
https://developers.hubspot.com/docs/api-reference/legacy/authentication/oauth-tokens/v1/migration-guide
"""

from __future__ import annotations

from wirepost.contracts.auth import OAuth2, Revocation
from wirepost.providers.hubspot.client import API_VERSION

TOKEN = f"https://api.hubapi.com/oauth/{API_VERSION}/token"

OAUTH = OAuth2(
    authorize_url="https://app.hubspot.com/oauth/authorize",
    token_url=TOKEN,
    revocation=Revocation(f"{TOKEN}/revoke"),
    help="Create an app in HubSpot under Development, Projects, with the scopes and this redirect address",
    scopes=(
        "oauth",
        "crm.objects.contacts.read",
        "crm.objects.companies.read",
        "crm.objects.deals.read",
        "tickets",
        "crm.objects.owners.read",
    ),
    scopes_at="scopes",
    lifetime_s=1800,
    own_callback=True,
    # Answers bear both HubSpot's own word and the standard's:
    # https://developers.hubspot.com/changelog/new-oauth-v3-api-endpoints-and-standardized-error-responses
    refusals={
        "BAD_REFRESH_TOKEN": "reauth",
        "BAD_AUTH_CODE": "reauth",
        "BAD_CLIENT_ID": "config",
        "BAD_CLIENT_SECRET": "config",
        "BAD_REDIRECT_URI": "config",
    },
    refusal_of=lambda answer: answer.get("error") or (answer.get("status") if "message" in answer else None),
)
