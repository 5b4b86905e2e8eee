"""How a provider lets programs in, as data: keys, tokens without a browser, OAuth 2 with one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

ANY = "any"
"""Of a key that does not show its environment."""

Refused = Literal["reauth", "config", "retry"]
"""What a refusal of a token endpoint asks for: a person's new consent, the operator, or another try."""


@dataclass(frozen=True)
class ApiKey:
    """A secret sent with each request.

    `environments` maps a regular expression of the key to the environment it belongs to (or `ANY`), so that
    a key of the wrong environment refuses to start.
    """

    name: ClassVar[str] = "key"

    environments: Mapping[str, str]
    help: str
    """Where a person finds or creates such a key, in one sentence."""
    header: str = "Authorization"
    form: str = "Bearer {}"

    def sent_in(self, header: str | None, form: str | None) -> ApiKey:
        """The same in another header or form; in another header a key stands alone unless a form is given."""
        alone = "{}" if header else self.form
        return replace(self, header=header or self.header, form=form or alone)


@dataclass(frozen=True)
class TokenExchange:
    """OAuth 2 without a browser: client credentials, or a signed assertion (RFC 7523).

    A connection gives `client_id` with `client_secret`, or with `private_key` and, where the assertion is in
    a user's name, `username`. The answer's `instance_url`, where there is one, is the address of all further
    requests.
    """

    name: ClassVar[str] = "exchange"

    path: str
    """Of the token endpoint, at the connection's base address."""
    audience: Callable[[str], str]
    """Base address → `aud` of an assertion."""
    environment_of: Callable[[str], str]
    """Base address → the environment it belongs to; `ANY` where it does not show."""
    help: str
    lifetime_s: float = 3600.0
    """After which a token is fetched again where the answer gives no `expires_in`."""
    header: str = "Authorization"
    form: str = "Bearer {}"
    url: str | None = None
    """Of the token endpoint where it is not at the connection's base address; a sandbox has it at `path`."""
    own_claims: Mapping[str, str] | None = None
    """Claims of an assertion in the client's own name (Google's service accounts); `None`: there is none."""


@dataclass(frozen=True)
class Revocation:
    """How a token is given back (RFC 7009, or what the vendor has instead)."""

    url: str
    method: Literal["POST", "DELETE", "GET"] = "POST"
    parameter: str = "token"
    """That holds the token; empty: the token is the credential of the request and stands nowhere else."""
    authenticates: Literal["client", "token", "basic"] = "client"
    """Who asks: the client as at the token endpoint, the token itself, or the client by HTTP Basic."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Further parameters; `{client_id}` and `{account}` are filled in, in the address as well."""
    body: Literal["form", "json"] = "form"


@dataclass(frozen=True)
class OAuth2:
    """OAuth 2 with a person's consent (RFC 6749 §4.1, PKCE, RFC 8628), and how this vendor differs.

    `{host}` in an address stands for the account's own host, which must match `host_pattern` in full.
    """

    authorize_url: str
    token_url: str
    help: str
    """Where an operator registers the application, in one sentence; the redirect address is shown with it."""
    name: str = "oauth"
    refresh_url: str | None = None
    device_url: str | None = None
    device_start: Mapping[str, str] = field(default_factory=dict)
    """What starts the device flow besides the client and its scopes."""
    device_grant: str = "urn:ietf:params:oauth:grant-type:device_code"
    device_parameter: str = "device_code"
    """That holds the device's code at the token endpoint."""
    revocation: Revocation | None = None
    host_pattern: str | None = None
    default_hosts: Mapping[str, str] = field(default_factory=dict)
    """Environment → host for connections without an address of their own."""
    issuer: str | None = None
    """What `iss` at the callback must be; it must be there where `sends_issuer`."""
    sends_issuer: bool = False

    has_pkce: bool = True
    """Off where a challenge is refused or changes the kind of application."""
    client_auth: Literal["post", "basic", "none", "private_key_jwt"] = "post"
    client_id_in_basic: bool = True
    """Off: the secret alone is the user name of HTTP Basic (Stripe)."""
    body: Literal["form", "json"] = "form"
    scopes: tuple[str, ...] = ()
    """Asked for unless the connection names its own."""
    scope_separator: str = " "
    scope_parameter: str = "scope"
    user_scope_parameter: str | None = None
    """Asks for what a second token may do that acts as the user (part `user`)."""
    authorize_extra: Mapping[str, str] = field(default_factory=dict)
    token_extra: Mapping[str, str] = field(default_factory=dict)
    """Sent with a code besides what the standard says."""

    parts: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"main": ()})
    """Part → path of its token object in an answer; `main` may be all there is."""
    scopes_at: str = "scope"
    address_at: str | None = None
    """Field of an answer with the address of the account's API."""
    account_at: str | None = None
    """Field of an answer with the id of the account, where it cannot be asked for later."""
    expires_unit_s: float = 1.0
    lifetime_s: float | None = None
    """Assumed where an answer tells none; `None`: such a token is good until it is refused."""
    rotates: bool = False
    """A refresh token is good for one use, and the answer brings the next."""
    has_reuse_grace: bool = False
    """A refresh whose answer was lost may be sent again with the same refresh token."""
    idle_days: int | None = None
    """Days without a refresh after which the grant ends."""
    refusals: Mapping[str, Refused] = field(default_factory=dict)
    """The vendor's own words for a refusal, at the token endpoint."""
    refusal_of: Callable[[Mapping[str, Any]], str | None] = lambda answer: (
        str(answer["error"]) if answer.get("error") else None
    )
    """The vendor's word in an answer that is a refusal, whatever its status."""

    header: str = "Authorization"
    form: str = "Bearer {}"
    any_loopback_port: bool = False
    """The vendor takes any port of a registered loopback redirect (RFC 8252 §7.3)."""
    own_callback: bool = False
    """Redirects to /oauth/callback/{provider}, because its answers do not name their issuer."""
    verify_callback: Callable[[Mapping[str, str], str, str], bool] | None = None
    """(parameters, client secret, host) → whether the vendor itself sent the browser back."""

    def at(self, url: str, host: str | None) -> str:
        """One of the addresses for a host; raises `ValueError` for a host that is not the vendor's."""
        if "{host}" not in url:
            return url
        if host is None or self.host_pattern is None or not re.fullmatch(self.host_pattern, host):
            raise ValueError(f"{host or 'no host'} is not an address of this provider")
        return url.replace("{host}", host)


@dataclass(frozen=True)
class AppInstallation:
    """A GitHub-like app: a short JWT signed by the app's key is exchanged for an installation's token."""

    name: ClassVar[str] = "installation"

    path: str
    """Of the exchange at the API's address; `{installation}` is filled in."""
    help: str
    lifetime_s: float = 3600.0


@dataclass(frozen=True)
class Signature:
    """Requests signed with a secret that is never sent (AWS Signature Version 4)."""

    name: ClassVar[str] = "sigv4"

    help: str
    service: str = ""
    """Its name in signatures; empty: the connection says it."""


@dataclass(frozen=True)
class Certificate:
    """Nothing but the certificate that the TLS connection is made with (RFC 8705)."""

    name: ClassVar[str] = "tls"

    help: str


@dataclass(frozen=True)
class Open:
    """Nothing: what answers is part of this program."""

    name: ClassVar[str] = "open"

    help: str


AuthMethod = ApiKey | TokenExchange | OAuth2 | AppInstallation | Signature | Certificate | Open
