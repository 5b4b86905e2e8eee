"""Shopify's OAuth: an app that a shop installs; tokens of an hour, refreshed, in a header of their own.

https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from wirepost.contracts.auth import OAuth2, Revocation

DEAD = "inactive_refresh_token"
"""Our word for a refresh token that is used up, expired or revoked."""
HEADER = "X-Shopify-Access-Token"
SHOP = r"[a-z0-9][a-z0-9-]{0,60}\.myshopify\.com"
"""https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant"""


def signature(parameters: Mapping[str, str], secret: str) -> str:
    """What `hmac` of a redirect must be: HMAC-SHA256 over the other parameters, sorted, in hexadecimal."""
    signed = sorted((name, value) for name, value in parameters.items() if name != "hmac")
    return hmac.new(secret.encode(), urlencode(signed).encode(), hashlib.sha256).hexdigest()


def is_from_shop(parameters: Mapping[str, str], secret: str, host: str) -> bool:
    """Whether Shopify itself sent the browser back, and from the shop that was asked."""
    told = parameters.get("hmac", "")
    is_signed = hmac.compare_digest(told.encode(), signature(parameters, secret).encode())
    return is_signed and parameters.get("shop") == host


def refusal_of(answer: Mapping[str, Any]) -> str | None:
    """Shopify's word; `invalid_request` says of a dead refresh token that an active one is required."""
    word = answer.get("error")
    if word == "invalid_request" and "refresh_token" in str(answer.get("error_description")):
        return DEAD
    return str(word) if word else None


OAUTH = OAuth2(
    authorize_url="https://{host}/admin/oauth/authorize",
    token_url="https://{host}/admin/oauth/access_token",  # noqa: S106 - an address, not a token
    revocation=Revocation(
        "https://{host}/admin/api_permissions/current.json",
        method="DELETE",
        parameter="",
        authenticates="token",
    ),
    host_pattern=SHOP,
    help="Create an app in Shopify's Dev Dashboard with this redirect address and install it in the shop",
    has_pkce=False,
    scopes=("read_products", "read_orders", "read_customers"),
    scope_separator=",",
    token_extra={"expiring": "1"},
    lifetime_s=3600,
    rotates=True,
    # The last refresh token stays good until the new access token is used for the first time.
    has_reuse_grace=True,
    idle_days=90,
    refusals={
        DEAD: "reauth",
        "invalid_subject_token": "reauth",
        "invalid_request": "config",
        "application_cannot_be_found": "config",
        "shop_not_permitted": "config",
    },
    refusal_of=refusal_of,
    header=HEADER,
    form="{}",
    verify_callback=is_from_shop,
    own_callback=True,
)
