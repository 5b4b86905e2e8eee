"""Secrets in OpenBao or HashiCorp Vault: its key-value engine, and what its Transit engine decrypts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import quote

import orjson

from wirepost.core.errors import CallError, ConfigError, NotConnected, Rejected
from wirepost.core.redact import SECRETS
from wirepost.secrets.answers import READ_S, text_at, unreadable
from wirepost.upstream.ask import Answer, Ask
from wirepost.upstream.client import Client
from wirepost.upstream.faults import safe_words
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.core.secret_refs import SecretRef
    from wirepost.settings import VaultSettings

EARLY = 0.9
"""A token is renewed after this part of its life, so that none ends on its way."""
TRANSIT = "transit"
"""Where the Transit engine is mounted, unless the reference says otherwise."""


class Resolver(Protocol):
    """What resolves the references that open a store."""

    async def resolve(self, reference: SecretRef, *, may_have_lines: bool = False) -> str:
        """The secret; raises `ConfigError`."""
        ...

    def forget(self, reference: SecretRef, refused: str) -> None:
        """It was refused: look it up again next time."""
        ...


@dataclass(frozen=True)
class _Token:
    value: str = field(repr=False)
    renew_at: float | None


class OpenBao:
    """One vault, logged in to when it is first needed and again when the token is refused."""

    def __init__(self, settings: VaultSettings, secrets: Resolver, clock: Clock) -> None:
        self._settings, self._secrets, self._clock = settings, secrets, clock
        self._token: _Token | None = None
        self._logging_in = asyncio.Lock()
        self._login = self._upstream(credential=_nothing)
        self._reads = self._upstream(
            credential=self._authorization,
            credential_header="X-Vault-Token",
            forget_credential=self._forget,
            is_renewable=True,
        )

    async def read(self, reference: SecretRef) -> str:
        """The secret of a `vault:` or `vault-transit:` reference; raises `ConfigError`."""
        is_stored = reference.kind == "vault"
        ask = _stored(reference) if is_stored else _encrypted(reference)
        try:
            found = _content(await self._client(self._reads).send(ask))
        except CallError as error:
            raise unreadable(reference, error) from None
        if not is_stored:
            return str(found.get("plaintext", ""))
        # Version 2 of the engine wraps what version 1 answers directly.
        return text_at(reference, found["data"] if "metadata" in found and "data" in found else found)

    async def close(self) -> None:
        """Close the connections."""
        await self._login.close()
        await self._reads.close()

    async def _authorization(self) -> str:
        try:
            if self._settings.token is not None:
                return await self._secrets.resolve(self._settings.token)
            async with self._logging_in:
                if self._token is None or self._is_old(self._token):
                    self._token = await self._log_in()
                return self._token.value
        except ConfigError as error:
            raise NotConnected("not_connected", error.message, hint=error.hint) from None

    def _is_old(self, token: _Token) -> bool:
        return token.renew_at is not None and token.renew_at <= self._clock.monotonic()

    async def _log_in(self) -> _Token:
        """https://openbao.org/api-docs/auth/approle/#login-with-approle."""
        reference = cast("SecretRef", self._settings.secret_id)  # settings have it where there is no token
        secret_id = await self._secrets.resolve(reference)
        body = orjson.dumps({"role_id": self._settings.role_id, "secret_id": secret_id})
        try:
            answer = await self._client(self._login).send(
                Ask("POST", f"/v1/auth/{self._settings.login}/login", content=body, headers=self._namespace)
            )
        except NotConnected:
            self._secrets.forget(reference, secret_id)
            raise
        given = answer.json().get("auth") or {}
        token, life_s = str(given.get("client_token", "")), float(given.get("lease_duration") or 0)
        SECRETS.add(token)
        return _Token(token, self._clock.monotonic() + life_s * EARLY if life_s else None)

    def _forget(self, refused: str) -> None:
        if self._settings.token is not None:
            self._secrets.forget(self._settings.token, refused)
        if self._token is not None and self._token.value == refused:
            self._token = None

    def _client(self, upstream: Upstream) -> _Client:
        return _Client(upstream, Scope(self._clock.monotonic() + READ_S), self._namespace)

    @property
    def _namespace(self) -> Mapping[str, str]:
        namespace = self._settings.namespace
        return {"X-Vault-Namespace": namespace} if namespace else {}

    def _upstream(self, **how: Any) -> Upstream:
        return Upstream(
            "the vault", base_url=self._settings.address, limits=Limits(), clock=self._clock, **how
        )


class _Client(Client):
    """The vault's API; `options` are headers that all its requests have."""

    def headers(self, ask: Ask) -> Mapping[str, str]:
        """The namespace, where there is one."""
        del ask
        return dict(self.options)

    def error(self, ask: Ask, answer: Answer) -> CallError:
        """403 is a token that is unknown or has ended, as well as one that may not read this."""
        words = _words(answer)
        if answer.status == HTTPStatus.FORBIDDEN:
            return NotConnected(
                "auth_expired",
                f"the vault refused the token{words}",
                hint="Check that it has not ended, and that its policy allows the path",
            )
        if answer.status == HTTPStatus.NOT_FOUND:
            return Rejected(
                "not_found",
                f"the vault has nothing there{words}",
                hint="Check path and version; in version 2 of the engine data follows the mount: "
                "vault:secret/data/name#field",
            )
        if answer.status == HTTPStatus.BAD_REQUEST:
            return NotConnected("not_connected", f"the vault refused the request{words}")
        return super().error(ask, answer)


async def _nothing() -> str:
    return ""


def _stored(reference: SecretRef) -> Ask:
    """https://openbao.org/api-docs/secret/kv/kv-v2/#read-secret-version."""
    query = (("version", reference.option),) if reference.option else ()
    return Ask("GET", f"/v1/{quote(reference.name)}", query=query)


def _encrypted(reference: SecretRef) -> Ask:
    """https://openbao.org/api-docs/secret/transit/#decrypt-data."""
    mount, _, key = reference.name.rpartition("/")
    body = orjson.dumps({"ciphertext": reference.field})
    return Ask("POST", f"/v1/{mount or TRANSIT}/decrypt/{key}", content=body, content_type="application/json")


def _content(answer: Answer) -> dict[str, Any]:
    found = answer.json()
    content = found.get("data") if isinstance(found, dict) else None
    return content if isinstance(content, dict) else {}


def _words(answer: Answer) -> str:
    try:
        said = answer.json()
    except ValueError:
        return ""
    errors = said.get("errors") if isinstance(said, dict) else None
    return f": {safe_words(' '.join(map(str, errors)))}" if isinstance(errors, list) and errors else ""
