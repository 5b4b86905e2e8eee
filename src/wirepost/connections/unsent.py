"""Credentials that are never sent: a signature of each request, and a certificate of the TLS connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirepost.connections.credentials import Checkable, missing_address
from wirepost.core.errors import ConfigError, NotConnected
from wirepost.upstream.sigv4 import AwsKey, Signable, signed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wirepost.contracts.auth import Signature
    from wirepost.contracts.provider import Provider
    from wirepost.core.clock import Clock
    from wirepost.secrets.resolve import Secrets
    from wirepost.settings import ConnectionSettings
    from wirepost.settings.connections import SignatureSettings
    from wirepost.upstream.tls import ClientCertificate


SANDBOX_KEY_ID = "AKIASANDBOX000000000"
SANDBOX_REGION = "us-east-1"


class UnsentCredential(Checkable):
    """What such credentials have in common: no header of their own, and nothing to renew."""

    is_renewable = False
    address = None
    """It does not say where the account's API is."""

    def __init__(self, connection: str, provider: Provider, settings: ConnectionSettings) -> None:
        self._connection, self._provider, self._settings = connection, provider, settings

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._connection})"

    async def header(self) -> str:
        """Nothing; raises `NotConnected` when something is missing."""
        problem = self.problem
        if problem:
            raise self._lacking(problem)
        return ""

    def _lacking(self, problem: str) -> NotConnected:
        return NotConnected(
            "not_connected",
            f"The connection {self._connection} cannot show who it is: {problem}",
            hint="Set it and try again; `wirepost doctor` checks it",
            detail={"connection": self._connection},
        )

    def forget(self, refused: str) -> None:
        """Files and references are looked at again for each request anyway."""


class NoCredential(UnsentCredential):
    """Of a provider that is open (`open`)."""

    def check(self) -> str | None:
        """Nothing can be missing."""
        return None


class CertificateCredential(UnsentCredential):
    """The certificate of a connection whose provider wants nothing else (`tls`)."""

    def __init__(
        self,
        connection: str,
        provider: Provider,
        settings: ConnectionSettings,
        certificate: ClientCertificate | None,
    ) -> None:
        super().__init__(connection, provider, settings)
        self._certificate = certificate

    def check(self) -> str | None:
        """What is missing, if anything."""
        if self._certificate is None:
            return "no tls is configured"
        return missing_address(self._provider, self._settings) or self._certificate.check()


class SignatureCredential(UnsentCredential):
    """The access key that signs the requests of a connection (`sigv4`)."""

    def __init__(
        self,
        connection: str,
        provider: Provider,
        method: Signature,
        settings: ConnectionSettings,
        *,
        clock: Clock,
        secrets: Secrets,
    ) -> None:
        super().__init__(connection, provider, settings)
        self._method, self._clock, self._secrets = method, clock, secrets

    def check(self) -> str | None:
        """What is missing, if anything."""
        if self._settings.environment == "sandbox":
            return None
        try:
            given = self._given
            for reference in (given.access_key_id, given.secret_access_key, given.session_token):
                if reference is not None:
                    reference.peek()
        except ConfigError as error:
            return error.message
        return missing_address(self._provider, self._settings)

    async def sign(self, request: Signable) -> Mapping[str, str]:
        """The headers that show who sends a request; raises `NotConnected` when there is no key."""
        try:
            key = await self._key()
        except ConfigError as error:
            raise self._lacking(error.message) from None
        return signed(request, key, self._clock.now())

    @property
    def _given(self) -> SignatureSettings:
        given = self._settings.sigv4
        if given is None:
            raise ConfigError("no sigv4 is configured", key=f"connections.{self._connection}.sigv4")
        if not (given.service or self._method.service):
            raise ConfigError("no service is named", key=f"connections.{self._connection}.sigv4.service")
        return given

    async def _key(self) -> AwsKey:
        if self._settings.environment == "sandbox":
            key = self._provider.sandbox.key
            return AwsKey(SANDBOX_KEY_ID, key, SANDBOX_REGION, self._method.service)
        given, resolve = self._given, self._secrets.resolve
        return AwsKey(
            await resolve(given.access_key_id),
            await resolve(given.secret_access_key),
            given.region,
            given.service or self._method.service,
            await resolve(given.session_token) if given.session_token else None,
        )
