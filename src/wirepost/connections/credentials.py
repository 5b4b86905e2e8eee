"""The secret of a connection: read late, checked against its environment, never shown."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from wirepost.contracts.auth import ANY
from wirepost.core.errors import ConfigError, NotConnected

if TYPE_CHECKING:
    from wirepost.contracts.auth import ApiKey
    from wirepost.contracts.provider import Provider
    from wirepost.core.secret_refs import SecretRef
    from wirepost.secrets.resolve import Secrets
    from wirepost.settings import ConnectionSettings


class Checkable(ABC):
    """What every credential can say of itself without asking anybody."""

    @abstractmethod
    def check(self) -> str | None:
        """What is missing, if anything; raises `ConfigError` for what belongs to another environment."""

    @property
    def status(self) -> str:
        """`ready` or `not_connected`."""
        return "ready" if self.problem is None else "not_connected"

    @property
    def problem(self) -> str | None:
        """What is missing or wrong, if anything."""
        try:
            return self.check()
        except ConfigError as error:
            return error.message


def missing_address(provider: Provider, settings: ConnectionSettings) -> str | None:
    """Why nobody knows where the account's API is; `None` where somebody does."""
    if settings.base_url or provider.base_url or settings.environment == "sandbox":
        return None
    return f"no base_url is configured ({provider.title} gives each account its own address)"


class Credential(Checkable):
    """An API key by reference; resolved on first use and again after the provider rejected it."""

    is_renewable = False
    address = None
    """A key does not say where it belongs."""

    def __init__(
        self,
        connection: str,
        provider: Provider,
        method: ApiKey,
        settings: ConnectionSettings,
        *,
        secrets: Secrets,
        as_user: bool = False,
    ) -> None:
        self._connection, self._provider, self._method = connection, provider, method
        self._settings, self._secrets, self._as_user = settings, secrets, as_user
        self._sent: str | None = None

    def __repr__(self) -> str:
        return f"Credential({self._connection})"

    def check(self) -> str | None:
        """What is missing, if anything; raises `ConfigError` for a key of another environment."""
        if self._settings.environment == "sandbox":
            return None
        try:
            value = self._reference.peek()
        except ConfigError as error:
            return error.message
        if value is not None:
            self._check_environment(value)
        return missing_address(self._provider, self._settings)

    async def header(self) -> str:
        """The value of the credential's header; raises `NotConnected` when the secret is missing."""
        try:
            value = await self._resolve()
            self._check_environment(value)  # it may have appeared or changed since the start
        except ConfigError as error:
            raise NotConnected(
                "not_connected",
                f"The connection {self._connection} has no usable key: {error.message}",
                hint=f"Set it and try again; `wirepost doctor` checks it. {self._method.help}",
                detail={"connection": self._connection},
            ) from None
        self._sent = value
        return self._method.form.format(value)

    def forget(self, refused: str) -> None:
        """Resolve the reference again next time, unless that has happened meanwhile."""
        is_sandbox = self._settings.environment == "sandbox"
        if not is_sandbox and self._sent and refused == self._method.form.format(self._sent):
            self._secrets.forget(self._reference, self._sent)

    @property
    def _setting(self) -> str:
        return "user_key" if self._as_user else "key"

    @property
    def _reference(self) -> SecretRef:
        reference = self._settings.user_key if self._as_user else self._settings.key
        if reference is None:
            raise ConfigError(
                f"no {self._setting} is configured",
                key=f"connections.{self._connection}.{self._setting}",
                hint=f"for example {self._setting}: env:{self._provider.name.upper()}_API_KEY",
            )
        return reference

    async def _resolve(self) -> str:
        if self._settings.environment == "sandbox":
            return self._provider.sandbox.user_key if self._as_user else self._provider.sandbox.key
        return await self._secrets.resolve(self._reference)

    def _check_environment(self, value: str) -> None:
        """A live key on a test connection moves real money: a mismatch refuses to start."""
        declared = self._settings.environment
        if declared == "sandbox":
            return
        key = f"connections.{self._connection}.{self._setting}"
        for pattern, environment in self._method.environments.items():
            if re.fullmatch(pattern, value):
                if environment not in {declared, ANY}:
                    msg = f"the key belongs to {environment}, the connection says environment: {declared}"
                    raise ConfigError(msg, key=key, hint="change the environment or the key")
                return
        msg = f"the key does not look like a {self._provider.title} key"
        raise ConfigError(msg, key=key, hint=self._method.help)
