"""Secrets in AWS Secrets Manager, asked with requests that are signed here."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING

import orjson

from wirepost.core.errors import CallError, ConfigError, NotConnected, Rejected
from wirepost.secrets.answers import READ_S, text_at, unreadable
from wirepost.upstream.ask import Answer, Ask
from wirepost.upstream.client import Client
from wirepost.upstream.faults import safe_words
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope
from wirepost.upstream.sigv4 import AwsKey, Signable, signed
from wirepost.upstream.upstream import Upstream

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.core.secret_refs import SecretRef
    from wirepost.secrets.openbao import Resolver
    from wirepost.settings import AwsSettings

SERVICE = "secretsmanager"
_BAD_KEY = frozenset(
    {
        *("ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException"),
        *("InvalidClientTokenId", "IncompleteSignature", "MissingAuthenticationTokenException"),
    }
)
"""https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html."""


class AwsSecrets:
    """The secrets of one account in one region."""

    def __init__(self, settings: AwsSettings, secrets: Resolver, clock: Clock) -> None:
        self._settings, self._secrets, self._clock = settings, secrets, clock
        suffix = "amazonaws.com.cn" if settings.region.startswith("cn-") else "amazonaws.com"
        self._upstream = Upstream(
            "AWS Secrets Manager",
            base_url=settings.endpoint or f"https://{SERVICE}.{settings.region}.{suffix}",
            credential=_nothing,
            limits=Limits(),
            clock=clock,
        )

    async def read(self, reference: SecretRef) -> str:
        """The secret, or one value of a secret in JSON; raises `ConfigError`."""
        try:
            answer = await self._ask(reference)
        except CallError as error:
            raise unreadable(reference, error) from None
        found = answer.json()
        text = found.get("SecretString")
        if text is None:
            text = base64.b64decode(found.get("SecretBinary") or "").decode(errors="replace")
        if reference.field is None:
            return str(text)
        try:
            return text_at(reference, orjson.loads(text))
        except orjson.JSONDecodeError:  # its message may quote the text
            raise ConfigError(f"{reference.title} is not JSON", hint="leave out what follows #") from None

    async def close(self) -> None:
        """Close the connections."""
        await self._upstream.close()

    async def _ask(self, reference: SecretRef) -> Answer:
        """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html."""
        wanted = {"SecretId": reference.name}
        if reference.option:
            wanted["VersionStage"] = reference.option
        ask = Ask(
            "POST",
            "/",
            content=orjson.dumps(wanted),
            content_type="application/x-amz-json-1.1",
            headers={"X-Amz-Target": "secretsmanager.GetSecretValue"},
        )
        scope = Scope(self._clock.monotonic() + READ_S)
        key = await self._key()
        try:
            return await _Client(self._upstream, scope, key).send(ask)
        except NotConnected as error:
            self._forget(key)
            renewed = await self._key()
            if error.code != "auth_expired" or renewed == key:
                raise
            return await _Client(self._upstream, scope, renewed).send(ask)

    async def _key(self) -> AwsKey:
        settings, resolve = self._settings, self._secrets.resolve
        return AwsKey(
            await resolve(settings.access_key_id),
            await resolve(settings.secret_access_key),
            settings.region,
            SERVICE,
            await resolve(settings.session_token) if settings.session_token else None,
        )

    def _forget(self, key: AwsKey) -> None:
        settings = self._settings
        self._secrets.forget(settings.access_key_id, key.access_key_id)
        self._secrets.forget(settings.secret_access_key, key.secret_access_key)
        if settings.session_token and key.session_token:
            self._secrets.forget(settings.session_token, key.session_token)


class _Client(Client):
    """The service's API; `options` is the key that signs."""

    def headers(self, ask: Ask) -> Mapping[str, str]:
        """The signature."""
        request = Signable(
            ask.method, self.upstream.address + ask.path, headers=ask.headers, content=ask.content or b""
        )
        return signed(request, self.options, self.upstream.clock.now())

    def error(self, ask: Ask, answer: Answer) -> CallError:
        """The kind of error is in the body; the status is 400 for nearly all of them."""
        try:
            said = answer.json()
        except ValueError:
            said = None
        kind = str(said.get("__type", "")).rpartition("#")[2] if isinstance(said, dict) else ""
        if not kind or answer.status >= 500:  # noqa: PLR2004 - HTTP's server errors
            return super().error(ask, answer)
        words = safe_words(str(said.get("message") or said.get("Message") or kind))
        if kind == "ResourceNotFoundException":
            return Rejected("not_found", f"there is no such secret or version ({words})")
        if kind in _BAD_KEY:
            return NotConnected("auth_expired", f"AWS refused the access key: {words}")
        return NotConnected(
            "missing_scope" if kind == "AccessDeniedException" else "not_connected",
            f"AWS refused: {words}",
            hint="The key needs secretsmanager:GetSecretValue, and kms:Decrypt for a key of one's own",
        )


async def _nothing() -> str:
    return ""
