"""The secret of a connection: read late, checked against its environment, never shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wirepost.core.errors import ConfigError, NotConnected
from wirepost.core.redact import SECRETS

if TYPE_CHECKING:
    from wirepost.contracts.provider import Provider
    from wirepost.settings import ConnectionSettings


class Credential:
    """An API key by reference; resolved on first use and again after the provider rejected it."""

    def __init__(self, connection: str, provider: Provider, settings: ConnectionSettings) -> None:
        self._connection, self._provider, self._settings = connection, provider, settings
        self._value: str | None = None

    def __repr__(self) -> str:
        return f"Credential({self._connection})"

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

    def check(self) -> str | None:
        """What is missing, if anything; raises `ConfigError` for a key of another environment."""
        try:
            value = self._resolve()
        except ConfigError as error:
            return error.message
        self._check_environment(value)
        return None

    async def header(self) -> str:
        """The value of the Authorization header; raises `NotConnected` when the secret is missing."""
        if self._value is None:
            try:
                value = self._resolve()
                self._check_environment(value)  # it may have appeared or changed since the start
            except ConfigError as error:
                raise NotConnected(
                    "not_connected",
                    f"The connection {self._connection} has no usable key: {error.message}",
                    hint=f"Set it and try again; `wirepost doctor` checks it. {self._provider.auth[0].help}",
                    detail={"connection": self._connection},
                ) from None
            self._value = value
        return f"Bearer {self._value}"

    def forget(self) -> None:
        """Resolve the reference again next time."""
        self._value = None

    def _resolve(self) -> str:
        if self._settings.environment == "sandbox":
            return self._provider.sandbox.key
        if self._settings.key is None:
            msg = "no key is configured"
            raise ConfigError(
                msg, key=f"connections.{self._connection}.key", hint="for example key: env:STRIPE_API_KEY"
            )
        value = self._settings.key.resolve()
        SECRETS.add(value)
        return value

    def _check_environment(self, value: str) -> None:
        """A live key on a test connection moves real money: a mismatch refuses to start."""
        declared = self._settings.environment
        if declared == "sandbox":
            return
        for method in self._provider.auth:
            for pattern, environment in method.environments.items():
                if re.fullmatch(pattern, value):
                    if environment != declared:
                        msg = f"the key belongs to {environment}, the connection says environment: {declared}"
                        raise ConfigError(
                            msg,
                            key=f"connections.{self._connection}.key",
                            hint="change the environment or the key",
                        )
                    return
        msg = f"the key does not look like a {self._provider.title} key"
        raise ConfigError(msg, key=f"connections.{self._connection}.key", hint=self._provider.auth[0].help)
