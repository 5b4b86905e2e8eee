"""Keys, accounts and versions: who may ask (https://docs.stripe.com/keys)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Mapping

from wirepost.providers.stripe.sandbox.errors import StripeError
from wirepost.sandbox.vendor import Request

VERSION = "2026-10-28.endive"
_KEY = re.compile(r"(sk|rk)_test_[A-Za-z0-9_]{4,240}")
_PUBLISHABLE = re.compile(r"pk_(test|live)_\w+")


def key_of(request: Request) -> str:
    """The secret key, from a bearer token or as the user name of basic authentication."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    key = value.strip()
    if scheme.lower() == "basic":
        try:
            key = base64.b64decode(key, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            key = ""
    if not key:
        message = (
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
        raise StripeError(message, status=401)
    if _PUBLISHABLE.fullmatch(key):
        message = "This API call cannot be made with a publishable API key. Please use a secret API key."
        raise StripeError(message, status=401, code="secret_key_required")
    if not _KEY.fullmatch(key):
        message = f"Invalid API Key provided: {masked(key)}"
        raise StripeError(message, status=401)
    return key


def masked(key: str) -> str:
    """As much of a key as Stripe repeats: its kind and its last four characters."""
    match = re.match(r"(?:sk|rk|pk)_(?:test|live)_", key)
    head = match[0] if match else ""
    return f"{head}{'*' * 8}{key[-4:] if len(key) > len(head) + 8 else ''}"


def check_version(request: Request) -> None:
    """The one version that this sandbox speaks; without the header it is the account's default."""
    version = request.headers.get("stripe-version", VERSION)
    if version != VERSION:
        message = f"Invalid Stripe API version: {version[:40]}. This sandbox speaks {VERSION}."
        raise StripeError(message)


def check_permission(key: str, permission: str, lacking: Mapping[str, Collection[str]], account: str) -> None:
    """Refuse a restricted key that lacks what the endpoint needs."""
    if permission in lacking.get(key, ()):
        message = (
            f"The provided key '{masked(key)}' does not have the required permissions for this endpoint on "
            f"account '{account}'. Having the '{permission}' permission would allow this request to continue."
        )
        raise StripeError(message, status=403, code="more_permissions_required")


def account_of(request: Request, key: str, own: str, connected: Collection[str]) -> str:
    """The account a request is about: the key's own, or the connected one of `Stripe-Account`."""
    account = request.headers.get("stripe-account", own)
    if account != own and account not in connected:
        message = (
            f"The provided key '{masked(key)}' does not have access to account '{account[:40]}' (or that "
            "account does not exist). Application access may have been revoked."
        )
        raise StripeError(message, status=403, code="account_invalid")
    return account
