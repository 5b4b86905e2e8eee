"""`Provider`: the declaration of a vendor, as data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wirepost.contracts.auth import ApiKey, AuthMethod
from wirepost.core.errors import ConfigError
from wirepost.tools.contract import Contract
from wirepost.tools.results import Result, Untrusted

if TYPE_CHECKING:
    from wirepost.contracts.jobs import JobKind
    from wirepost.sandbox.vendor import Sandbox
    from wirepost.settings import ConnectionSettings
    from wirepost.tools.tool import AnyTool
    from wirepost.upstream.client import Client
    from wirepost.upstream.limits import Limits
    from wirepost.webhooks.feed import Feed
    from wirepost.webhooks.webhook import Sender


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
    """Empty where each account has an address of its own; `{region}` stands for that of the connection."""
    client: type[Client]
    auth: tuple[AuthMethod, ...]
    """The first is what a connection uses that does not name one."""
    load_sandbox: Callable[[], type[Sandbox]] | None
    """The imitation, where there is one; a process that only speaks to the vendor never loads it."""
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

    address_of: Callable[[ConnectionSettings], str] | None = None
    """Settings → the address of the API, where more than the region decides; in place of `base_url`."""
    load_tools: Callable[[], tuple[AnyTool, ...]] | None = None
    """The tools that only it has; the code of a tool is loaded when it is called."""
    sender: Sender | None = None
    """What sends its requests, where it sends any."""
    feed: Callable[[Any], Feed] | None = None
    """Client → its own list of past events, for those whose webhook was lost."""
    load_jobs: Callable[[], tuple[JobKind[Any], ...]] | None = None
    """The kinds of jobs it carries out, where there are any."""

    @property
    def tools(self) -> tuple[AnyTool, ...]:
        """The tools that only it has."""
        return self.load_tools() if self.load_tools else ()

    @property
    def sandbox(self) -> type[Sandbox]:
        """The vendor in memory; raises `ConfigError` where there is none."""
        if self.load_sandbox is None:
            raise _no_sandbox(self.title)
        return self.load_sandbox()

    def check_environment(self, environment: str) -> None:
        """Raise `ConfigError` for an environment that this vendor is not offered in."""
        if environment == "sandbox" and self.load_sandbox is None:
            raise _no_sandbox(self.title)

    def auth_method(self, name: str | None) -> AuthMethod:
        """The way in that a connection names (`auth`); raises `ConfigError` for one that is not there."""
        for method in self.auth:
            if name in {None, method.name}:
                return method
        known = ", ".join(method.name for method in self.auth)
        raise ConfigError(f"{self.title} has no way in called {name!r}", hint=f"auth is one of: {known}")

    def can_serve(self, needs: Any) -> bool:
        """Whether what a tool needs is this vendor's client or a contract it offers."""
        return needs in self.offers or (isinstance(needs, type) and issubclass(self.client, needs))

    def scopes_of(self, tool: AnyTool) -> tuple[str, ...]:
        """The permissions a tool needs at this vendor; one on a contract declares none itself."""
        return self.contract_scopes.get(tool.name, tool.scopes)


def _no_sandbox(title: str) -> ConfigError:
    return ConfigError(f"{title} has no sandbox", key="environment", hint="it is production or test")
