"""Connections by name: which fit a tool, and a client for one call."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from wirepost.connections.credentials import Credential
from wirepost.connections.exchange import TokenCredential
from wirepost.contracts.auth import ApiKey, TokenExchange
from wirepost.core.errors import ConfigError, InvalidCall, NotConnected
from wirepost.tools.context import ConnectionFacts

if TYPE_CHECKING:
    from wirepost.contracts.provider import Provider
    from wirepost.core.clock import Clock
    from wirepost.sandbox.vendor import Sandbox
    from wirepost.sandbox.world import World
    from wirepost.settings import ConnectionSettings
    from wirepost.tools.tool import AnyTool
    from wirepost.upstream.client import Client
    from wirepost.upstream.scope import Scope
    from wirepost.upstream.upstream import Upstream


@dataclass(eq=False)
class Connection:
    """One account at a provider, as the operator named it."""

    name: str
    provider: Provider
    settings: ConnectionSettings
    clock: Clock
    world: Callable[[], World]
    attempt_s: float = 20.0
    _opened: list[Upstream] = field(default_factory=list, init=False)

    @property
    def environment(self) -> str:
        """`production`, `test` or `sandbox`."""
        return self.settings.environment

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
        return vendor

    @cached_property
    def credential(self) -> Credential | TokenCredential:
        """The secret this connection authenticates with."""
        method = self.provider.auth_method(self.settings.auth)
        if isinstance(method, ApiKey):
            return Credential(self.name, self.provider, method, self.settings)
        if not isinstance(method, TokenExchange):
            raise ConfigError(f"{self.name}: {method.name} is not available yet")
        return TokenCredential(
            self.name,
            self.provider,
            method,
            settings=self.settings,
            clock=self.clock,
            upstream=lambda: self._token_upstream,
        )

    @cached_property
    def user_credential(self) -> Credential | None:
        """The second secret, which acts as a user, where the provider knows such and one is configured."""
        method = self.provider.user_auth
        if method is None or (self.settings.user_key is None and self.environment != "sandbox"):
            return None
        return Credential(self.name, self.provider, method, self.settings, as_user=True)

    @cached_property
    def upstream(self) -> Upstream:
        """The HTTP side, opened on first use and kept for the life of the process."""
        as_user = self.user_credential
        return self._open(
            base_url=lambda: self.credential.address or self.configured_address,
            credential=self.credential.header,
            user_credential=as_user.header if as_user else None,
            forget_credential=self._forget,
            is_renewable=self.credential.is_renewable,
        )

    @property
    def configured_address(self) -> str:
        """The configured address, or the vendor's."""
        return self.settings.base_url or self.provider.base_url or f"https://{self.provider.name}.invalid"

    def client(self, scope: Scope) -> Client:
        """The vendor's API as one call sees it."""
        return self.provider.client(self.upstream, scope, self.settings)

    def api(self, needs: Any, scope: Scope) -> Any:
        """What a tool needs: the vendor's client, or a contract that the vendor offers."""
        client = self.client(scope)
        make = self.provider.offers.get(needs)
        return make(client) if make else client

    async def close(self) -> None:
        """Close what was opened."""
        for upstream in self._opened:
            await upstream.close()

    def _forget(self, refused: str) -> None:
        for credential in (self.credential, self.user_credential):
            if credential:
                credential.forget(refused)

    @cached_property
    def _token_upstream(self) -> Upstream:
        """The way to the token endpoint, which takes no credential."""

        async def nothing() -> str:
            return ""

        return self._open(base_url=self.configured_address, credential=nothing)

    def _open(self, **how: Any) -> Upstream:
        from wirepost.upstream.memory import InMemoryTransport
        from wirepost.upstream.upstream import Upstream

        sandbox = self.sandbox
        upstream = Upstream(
            self.name,
            limits=self.settings.limits.over(self.provider.limits[self.environment]),
            clock=self.clock,
            attempt_s=self.attempt_s,
            transport=InMemoryTransport(sandbox.app, self.clock) if sandbox else None,
            **how,
        )
        self._opened.append(upstream)
        return upstream


class Connections:
    """All configured connections."""

    def __init__(self, connections: Mapping[str, Connection]) -> None:
        self.by_name = dict(connections)

    def check(self) -> list[str]:
        """Refuse a key of the wrong environment (`ConfigError`); returns what is merely missing."""
        problems = []
        for connection in self.by_name.values():
            connection.provider.check_environment(connection.environment)
            for credential in (connection.credential, connection.user_credential):
                problem = credential.check() if credential else None
                if problem:
                    problems.append(f"{connection.name}: {problem}")
        return problems

    def fitting(self, tool: AnyTool) -> list[Connection]:
        """The connections a tool can run on."""
        return [each for each in self.by_name.values() if each.provider.can_serve(tool.needs)]

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
