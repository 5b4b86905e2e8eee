"""`method_for()`: OAuth 2 as one connection speaks it, the provider's declaration under the configuration."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wirepost.contracts.auth import OAuth2, Revocation
from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.contracts.provider import Provider
    from wirepost.settings import ConnectionSettings
    from wirepost.settings.connections import OAuthSettings

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ADDRESSES = ("authorize_url", "token_url", "refresh_url", "device_url")
_PLAIN = (*_ADDRESSES, "issuer", "client_auth", "scope_separator", "rotates", "lifetime_s")
"""Settings that stand under the same name in the declaration."""


def method_for(provider: Provider, settings: ConnectionSettings, address: str | None = None) -> OAuth2:
    """The provider's way in with `settings.oauth` laid over it and the account's host filled in.

    `address` is the account's own, for providers where the configuration does not tell it. Raises
    `ConfigError` naming the setting where something is missing.
    """
    declared = provider.auth_method(settings.auth)
    if not isinstance(declared, OAuth2):
        raise ConfigError(f"{provider.title} takes no consent by {declared.name!r}", key="auth")
    method = dataclasses.replace(declared, **_overlaid(declared, settings.oauth))
    for name in ("authorize_url", "token_url"):
        if not getattr(method, name):
            raise ConfigError(f"no {name} is configured", key=f"oauth.{name}")
    given = settings.base_url or _default(method, settings.environment) or address
    filled: dict[str, Any] = {
        name: _at(method, value, given) for name in _ADDRESSES if (value := getattr(method, name))
    }
    revocation = method.revocation
    if revocation:
        filled["revocation"] = dataclasses.replace(revocation, url=_at(method, revocation.url, given))
    return dataclasses.replace(method, **filled)


def origin_of(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_loopback(url: str) -> bool:
    """Whether an address is of this machine."""
    return urlsplit(url).hostname in LOOPBACK


def _overlaid(declared: OAuth2, oauth: OAuthSettings) -> dict[str, Any]:
    given = oauth.model_dump(exclude_none=True)
    changes = {name: given[name] for name in _PLAIN if name in given}
    if "pkce" in given:
        changes["has_pkce"] = given["pkce"]
    if "revoke_url" in given:
        known = declared.revocation or Revocation("")
        changes["revocation"] = dataclasses.replace(known, url=given["revoke_url"])
    return changes


def _default(method: OAuth2, environment: str) -> str | None:
    host = method.default_hosts.get(environment)
    return f"https://{host}" if host else None


def _at(method: OAuth2, url: str, given: str | None) -> str:
    """An address with the account's host in it, or on this machine where the connection is."""
    if "{host}" not in url:
        return url
    if given and is_loopback(given):
        return url.replace("https://{host}", origin_of(given))
    try:
        return method.at(url, urlsplit(given).hostname if given else None)
    except ValueError as error:
        raise ConfigError(str(error), key="base_url", hint="set it to the account's own address") from None
