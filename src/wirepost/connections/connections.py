"""Connections by name: which fit a tool, and a client for one call."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from wirepost.connections.access import Access
from wirepost.connections.accounts import SHARED
from wirepost.connections.credentials import missing_address
from wirepost.connections.oauth.endpoint import Identity, TokenEndpoint
from wirepost.connections.oauth.method import method_for, origin_of
from wirepost.connections.unsent import SANDBOX_REGION
from wirepost.contracts.auth import ApiKey, OAuth2
from wirepost.core.errors import ConfigError, InvalidCall, NotConnected
from wirepost.tools.context import ConnectionFacts
from wirepost.upstream.scope import Scope

if TYPE_CHECKING:
    from wirepost.connections.oauth.refresh import Refresher
    from wirepost.connections.oauth.reply import Granted
    from wirepost.contracts.auth import AuthMethod
    from wirepost.contracts.provider import Probe, Provider
    from wirepost.core.clock import Clock
    from wirepost.sandbox.vendor import Sandbox, SandboxEvent
    from wirepost.sandbox.world import World
    from wirepost.secrets.resolve import Secrets
    from wirepost.settings import ConnectionSettings
    from wirepost.tools.tool import AnyTool
    from wirepost.upstream.tls import ClientCertificate
    from wirepost.upstream.upstream import Upstream


PROBE_S = 20.0
"""How long a provider may take to say whose account it is."""
IDLE_S = 3600.0
"""After so long without a call, what was opened for an owner is closed."""


@dataclass(eq=False)
class Connection:
    """A provider as the operator named it: one account for all callers, or one for each."""

    name: str
    provider: Provider
    settings: ConnectionSettings
    clock: Clock
    world: Callable[[], World]
    attempt_s: float = 20.0
    refresher: Refresher | None = None
    """Keeps the accounts that people connected; there is none where no store is open."""
    secrets: Secrets | None = None
    """Resolves references for all connections; without it there is an own one, which knows no vault."""
    on_sandbox_event: Callable[[SandboxEvent], None] | None = None
    """Is told what happens in its sandbox."""
    _accesses: dict[str, Access] = field(default_factory=dict, init=False)

    @property
    def environment(self) -> str:
        """`production`, `test` or `sandbox`."""
        return self.settings.environment

    @cached_property
    def resolver(self) -> Secrets:
        """What resolves the references of its settings."""
        from wirepost.secrets.resolve import Secrets
        from wirepost.settings import SecretSettings

        return self.secrets or Secrets(SecretSettings(), self.clock)

    @cached_property
    def facts(self) -> ConnectionFacts:
        """What an operation may know of it."""
        return ConnectionFacts(self.name, self.provider.name, self.environment, self.settings)

    @cached_property
    def sandbox(self) -> Sandbox | None:
        """The in-memory vendor behind a sandbox connection, built on first use."""
        if self.environment != "sandbox":
            return None
        from wirepost.sandbox.vendor import Fault

        vendor = self.provider.sandbox(self.world(), self.clock, accounts=self.settings.accounts)
        for fault in self.settings.faults:
            vendor.inject(Fault(**fault.model_dump()))
        vendor.emit = self.on_sandbox_event
        return vendor

    @cached_property
    def method(self) -> AuthMethod:
        """The way in; in a sandbox one that needs no person."""
        method = self.provider.auth_method(self.settings.auth)
        if self.environment == "sandbox" and isinstance(method, OAuth2):
            raise ConfigError(
                "a sandbox takes no consent",
                key=f"connections.{self.name}.auth",
                hint="remove auth, or choose environment test",
            )
        if isinstance(method, ApiKey):
            return method.sent_in(self.settings.header, self.settings.form)
        return method

    @cached_property
    def certificate(self) -> ClientCertificate | None:
        """What shows who we are when TLS connections are made, where there is such a thing."""
        from wirepost.upstream.tls import ClientCertificate

        files = self.settings.tls
        return ClientCertificate(self.name, files.certificate.path, files.private_key.path) if files else None

    @property
    def configured_address(self) -> str:
        """The configured address, or the vendor's in the region of the connection."""
        region = self.settings.sigv4.region if self.settings.sigv4 else SANDBOX_REGION
        own = self.provider.address_of(self.settings) if self.provider.address_of else self.provider.base_url
        address = self.settings.base_url or own or f"https://{self.provider.name}.invalid"
        return address.replace("{region}", region)

    @property
    def shared(self) -> Access:
        """The way in that all callers share."""
        return self._access(SHARED)

    async def access(self, caller_id: str) -> Access:
        """The way in that a caller uses: with their own account, else with the shared one."""
        if self.settings.owner == "shared" or self.refresher is None or not isinstance(self.method, OAuth2):
            return self.shared
        owners = [caller_id, SHARED]
        for owner in owners:
            account = await self.refresher.accounts.find(self.name, owner)
            if account is not None and account.state != "revoking":
                return self._access(owner)
        return self._access(caller_id)

    async def api(self, needs: Any, scope: Scope, caller_id: str) -> Any:
        """What a tool needs, for one caller: the vendor's client, or a contract that the vendor offers."""
        return (await self.access(caller_id)).api(needs, scope)

    def use(self, refresher: Refresher) -> None:
        """From now on the accounts that people connect can be used; what was made without them is dropped."""
        self.refresher = refresher
        self._accesses.clear()

    def endpoint(self) -> TokenEndpoint:
        """Where consents become tokens; raises `ConfigError` naming the setting that is missing."""
        if not self.settings.client_id:
            raise ConfigError("no client_id is configured", key=f"connections.{self.name}.client_id")
        identity = Identity(self.settings.client_id, self._secret, self._private_key, self._forget_secret)
        return TokenEndpoint(self._consent, identity, self.token_upstream, self.clock)

    def check_endpoint(self) -> str | None:
        """What is missing for consents, if anything."""
        try:
            self.endpoint()
            for reference in (self.settings.client_secret, self.settings.private_key):
                if reference is not None:
                    reference.peek(may_have_lines=True)
        except ConfigError as error:
            return error.message
        return None if self._consent.address_at else missing_address(self.provider, self.settings)

    async def probe(self, granted: Granted) -> Probe:
        """Whose account a fresh token belongs to; raises `CallError`."""
        header = self._consent.form.format(granted.tokens.access)

        async def fresh() -> str:
            return header

        upstream = self.open(
            base_url=granted.address or self.configured_address,
            credential=fresh,
            credential_header=self._consent.header,
        )
        try:
            scope = Scope(self.clock.monotonic() + PROBE_S)
            return await self.provider.probe(self.provider.client(upstream, scope, self.settings))
        finally:
            await upstream.close()

    def open(self, **how: Any) -> Upstream:
        """An HTTP side of its own; whoever asks for it closes it."""
        from wirepost.upstream.memory import InMemoryTransport
        from wirepost.upstream.upstream import Upstream

        sandbox = self.sandbox
        return Upstream(
            self.name,
            limits=self.settings.limits.over(self.provider.limits[self.environment]),
            clock=self.clock,
            attempt_s=self.attempt_s,
            transport=InMemoryTransport(sandbox.app, self.clock) if sandbox else None,
            certificate=self.certificate,
            **how,
        )

    @cached_property
    def token_upstream(self) -> Upstream:
        """The way to the token endpoint, which takes no credential; one identity, so one for all owners."""

        async def nothing() -> str:
            return ""

        is_consent = isinstance(self.method, OAuth2)
        address = origin_of(self._consent.token_url) if is_consent else self.configured_address
        return self.open(base_url=address, credential=nothing)

    async def forget(self, owner: str) -> None:
        """Close what was opened for an owner: another account of theirs has other answers."""
        access = self._accesses.pop(owner, None)
        if access is not None:
            await access.close()

    async def close_idle(self) -> None:
        """Close what was opened for owners who have not called for a while."""
        before = self.clock.monotonic() - IDLE_S
        for owner, access in list(self._accesses.items()):
            if access.used_at < before:
                await self.forget(owner)

    async def close(self) -> None:
        """Close what was opened."""
        for access in self._accesses.values():
            await access.close()
        if "token_upstream" in self.__dict__:
            await self.token_upstream.close()

    @cached_property
    def _consent(self) -> OAuth2:
        return method_for(self.provider, self.settings)

    def _access(self, owner: str) -> Access:
        access = self._accesses.setdefault(owner, Access(self, owner))
        access.used_at = self.clock.monotonic()
        return access

    async def _secret(self) -> str | None:
        reference = self.settings.client_secret
        return await self.resolver.resolve(reference) if reference else None

    async def _private_key(self) -> str | None:
        reference = self.settings.private_key
        return await self.resolver.resolve(reference, may_have_lines=True) if reference else None

    def _forget_secret(self, refused: str) -> None:
        if self.settings.client_secret is not None:
            self.resolver.forget(self.settings.client_secret, refused)


class Connections:
    """All configured connections."""

    def __init__(self, connections: Mapping[str, Connection]) -> None:
        self.by_name = dict(connections)

    def check(self) -> list[str]:
        """Refuse a key of the wrong environment (`ConfigError`); returns what is merely missing."""
        problems = []
        for connection in self.by_name.values():
            connection.provider.check_environment(connection.environment)
            if connection.settings.jobs and connection.provider.name != "http":
                raise ConfigError(
                    "only provider http has jobs of the configuration",
                    key=f"connections.{connection.name}.jobs",
                    hint="remove it",
                )
            shown = connection.certificate.check() if connection.certificate else None
            if shown:
                problems.append(f"{connection.name}: {shown}")
            for credential in (connection.shared.credential, connection.shared.user_credential):
                problem = credential.check() if credential else None
                if problem:
                    problems.append(f"{connection.name}: {problem}")
        return problems

    def fitting(self, tool: AnyTool) -> list[Connection]:
        """The connections a tool can run on."""
        return [each for each in self.by_name.values() if tool.runs_on(each.provider)]

    def choose(self, tool: AnyTool, name: str | None) -> Connection:
        """The connection of a call: the named one, or the only one that fits.

        Raises `NotConnected` when there is none and `InvalidCall` when the choice is the caller's.
        """
        fitting = self.fitting(tool)
        names = [connection.name for connection in fitting]
        if name is not None:
            chosen = next((connection for connection in fitting if connection.name == name), None)
            if chosen is None:
                raise _unknown(tool, name, names, is_other_kind=name in self.by_name)
            return chosen
        if not fitting:
            raise NotConnected(
                "not_connected",
                f"No connection fits {tool.name}",
                hint="Add one under `connections` in wirepost.yaml; `wirepost config init` writes an example",
            )
        if len(fitting) > 1:
            raise InvalidCall(
                "connection_required",
                f"Several connections fit {tool.name}; say which",
                hint=f"connection is one of {', '.join(names)}",
                fields=[{"path": "connection", "problem": "is required", "allowed": names}],
            )
        return fitting[0]

    def use(self, refresher: Refresher) -> None:
        """From now on there is a store of accounts."""
        for connection in self.by_name.values():
            connection.use(refresher)

    def sandbox(self, name: str) -> Sandbox | None:
        """The in-memory vendor of a sandbox connection."""
        connection = self.by_name.get(name)
        return connection.sandbox if connection else None

    async def close(self) -> None:
        """Close every connection."""
        for connection in self.by_name.values():
            await connection.close()


def _unknown(tool: AnyTool, name: str, names: list[str], *, is_other_kind: bool) -> InvalidCall:
    close = difflib.get_close_matches(name, names, n=1)
    problem = "is of another kind than the tool" if is_other_kind else "does not exist"
    hint = (
        f"Did you mean {close[0]}?" if close else f"{tool.name} runs on: {', '.join(names) or 'nothing yet'}"
    )
    return InvalidCall(
        "invalid_arguments",
        f"The connection {name[:60]!r} {problem}",
        hint=hint,
        fields=[{"path": "connection", "problem": problem, "allowed": names}],
    )
