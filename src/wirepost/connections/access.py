"""`Access`: one owner's way to a provider, with the owner's credential and the connections opened with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from wirepost.connections.accounts import MAIN, USER
from wirepost.connections.credentials import Credential
from wirepost.connections.exchange import TokenCredential
from wirepost.connections.installation import InstallationCredential
from wirepost.connections.oauth.credential import OAuthCredential
from wirepost.connections.unsent import CertificateCredential, NoCredential, SignatureCredential
from wirepost.contracts.auth import ApiKey, AppInstallation, Certificate, OAuth2, Open, Signature

if TYPE_CHECKING:
    from wirepost.connections.connections import Connection
    from wirepost.upstream.client import Client
    from wirepost.upstream.scope import Scope
    from wirepost.upstream.upstream import Upstream


AnyCredential = (
    Credential
    | TokenCredential
    | OAuthCredential
    | InstallationCredential
    | CertificateCredential
    | NoCredential
    | SignatureCredential
)


@dataclass(eq=False)
class Access:
    """A connection as one owner of accounts uses it; what it opens is shared by all calls of that owner.

    No two owners share connections, limits or remembered answers, because each account has its own.
    """

    connection: Connection
    owner: str
    used_at: float = field(default=0.0, init=False)
    """When it was last asked for, on the clock's counter."""

    @cached_property
    def credential(self) -> AnyCredential:
        """What authenticates."""
        at, settings = self.connection, self.connection.settings
        method = at.method
        if isinstance(method, ApiKey):
            return Credential(at.name, at.provider, method, settings, secrets=at.resolver)
        if isinstance(method, OAuth2):
            return self._consented(MAIN)
        if isinstance(method, Open | Certificate):
            return self._keyless(method)
        if isinstance(method, Signature):
            return SignatureCredential(
                at.name, at.provider, method, settings, clock=at.clock, secrets=at.resolver
            )
        how: dict[str, Any] = {"settings": settings, "clock": at.clock, "secrets": at.resolver}
        how["upstream"] = lambda: at.token_upstream
        if isinstance(method, AppInstallation):
            return InstallationCredential(at.name, at.provider, method, **how)
        return TokenCredential(at.name, at.provider, method, **how)

    @cached_property
    def user_credential(self) -> Credential | OAuthCredential | None:
        """The second secret, which acts as a user, where the provider knows such and there is one."""
        at, settings = self.connection, self.connection.settings
        if isinstance(at.method, OAuth2):
            return self._consented(USER) if USER in at.method.parts and settings.user_scopes else None
        method = at.provider.user_auth
        if method is None or (settings.user_key is None and at.environment != "sandbox"):
            return None
        return Credential(at.name, at.provider, method, settings, secrets=at.resolver, as_user=True)

    @cached_property
    def upstream(self) -> Upstream:
        """The HTTP side, opened on first use."""
        as_user, method = self.user_credential, self.connection.method
        return self.connection.open(
            base_url=lambda: self.credential.address or self.connection.configured_address,
            credential=self.credential.header,
            credential_header=getattr(method, "header", "Authorization"),
            user_credential=as_user.header if as_user else None,
            forget_credential=self._forget,
            is_renewable=self.credential.is_renewable,
            sign=self.credential.sign if isinstance(self.credential, SignatureCredential) else None,
        )

    def client(self, scope: Scope) -> Client:
        """The vendor's API as one call sees it."""
        return self.connection.provider.client(self.upstream, scope, self.connection.settings)

    def api(self, needs: Any, scope: Scope) -> Any:
        """What a tool needs: the vendor's client, or a contract that the vendor offers."""
        client = self.client(scope)
        make = self.connection.provider.offers.get(needs)
        return make(client) if make else client

    async def close(self) -> None:
        """Close what was opened."""
        if "upstream" in self.__dict__:
            await self.upstream.close()

    def _keyless(self, method: Open | Certificate) -> AnyCredential:
        at = self.connection
        if isinstance(method, Open):
            return NoCredential(at.name, at.provider, at.settings)
        return CertificateCredential(at.name, at.provider, at.settings, at.certificate)

    def _consented(self, part: str) -> OAuthCredential:
        at = self.connection
        place = (at.name, self.owner, part)
        return OAuthCredential(place, at.endpoint, at.refresher, check=at.check_endpoint)

    def _forget(self, refused: str) -> None:
        for credential in (self.credential, self.user_credential):
            if credential:
                credential.forget(refused)
