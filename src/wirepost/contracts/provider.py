"""`Provider`: the declaration of a vendor, as data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wirepost.tools.contract import Contract
from wirepost.tools.results import Result, Untrusted

if TYPE_CHECKING:
    from wirepost.sandbox.vendor import Sandbox
    from wirepost.tools.tool import AnyTool
    from wirepost.upstream.client import Client
    from wirepost.upstream.limits import Limits

ANY = "any"
"""Of a key that does not show its environment."""


@dataclass(frozen=True)
class ApiKey:
    """A secret sent as a bearer token.

    `environments` maps a regular expression of the key to the environment it belongs to (or `ANY`), so that
    a key of the wrong environment refuses to start.
    """

    environments: Mapping[str, str]
    help: str
    """Where a person finds or creates such a key, in one sentence."""


@dataclass(frozen=True)
class TokenExchange:
    """OAuth 2 without a browser: client credentials, or a signed assertion (RFC 7523) in a user's name.

    A connection gives `client_id` with `client_secret`, or with `private_key` and `username`. The answer's
    `instance_url`, where there is one, is the address of all further requests.
    """

    path: str
    """Of the token endpoint, at the connection's base address."""
    audience: Callable[[str], str]
    """Base address → `aud` of an assertion."""
    environment_of: Callable[[str], str]
    """Base address → the environment it belongs to."""
    help: str
    lifetime_s: float = 3600.0
    """After which a token is fetched again where the answer gives no `expires_in`."""


class Probe(Result):
    """What a credential turned out to be."""

    identity: Untrusted
    account: Untrusted | None = None
    account_id: str | None = None
    environment: str | None = None
    """Where the vendor tells."""
    scopes: list[str] | None = None
    """Granted permissions in the vendor's words; `None` where they cannot be read."""
    quota: dict[str, float] | None = None
    warnings: list[str] | None = None


@dataclass(frozen=True)
class Provider:
    """One vendor: how it is reached, what it offers, how it is imitated."""

    name: str
    title: str
    base_url: str
    """Empty where each account has an address of its own."""
    client: type[Client]
    auth: tuple[ApiKey | TokenExchange, ...]
    tools: tuple[AnyTool, ...]
    load_sandbox: Callable[[], type[Sandbox]]
    """The imitation; a process that only speaks to the vendor never loads it."""
    limits: Mapping[str, Limits]
    """Default quotas by environment."""
    api_versions: Mapping[str, str | None]
    """Version → end date (ISO) where one is announced."""
    probe: Callable[[Any], Awaitable[Probe]]
    """Client → what the credential is; one or two reads that every useful credential may do."""
    offers: Mapping[type[Contract], Callable[[Any], Contract]] = field(default_factory=dict)
    """Contract → how to make it from a client."""
    contract_scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Tool on a contract → permissions it needs here (see `Tool.scopes`)."""
    user_auth: ApiKey | None = None
    """A second key, which acts as a user (`user_key` of a connection)."""

    @property
    def sandbox(self) -> type[Sandbox]:
        """The vendor in memory."""
        return self.load_sandbox()

    def can_serve(self, needs: Any) -> bool:
        """Whether what a tool needs is this vendor's client or a contract it offers."""
        return needs in self.offers or (isinstance(needs, type) and issubclass(self.client, needs))

    def scopes_of(self, tool: AnyTool) -> tuple[str, ...]:
        """The permissions a tool needs at this vendor."""
        return self.contract_scopes.get(tool.name, ()) if tool.needs in self.offers else tool.scopes
