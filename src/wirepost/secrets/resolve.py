"""`Secrets`: references resolved when they are needed, remembered for a while, asked for once at a time."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from wirepost.core.errors import ConfigError
from wirepost.core.redact import SECRETS
from wirepost.secrets.answers import Unreachable

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.core.secret_refs import SecretRef
    from wirepost.secrets.aws import AwsSecrets
    from wirepost.secrets.openbao import OpenBao
    from wirepost.settings import SecretSettings

KEPT_S = 300.0
"""After so long a secret is looked up again, so that one that was replaced is seen."""
AGAIN_S = 30.0
"""How long the last known secret is used without asking when its store did not answer."""

log = logging.getLogger(__name__)


@dataclass
class _Held:
    value: str = field(repr=False)
    until: float


class Secrets:
    """Resolves references for the whole process; what it has given is redacted in all that is said."""

    def __init__(self, settings: SecretSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._held: dict[SecretRef, _Held] = {}
        self._asking: dict[SecretRef, asyncio.Task[str]] = {}

    def __repr__(self) -> str:
        return f"Secrets({len(self._held)} held)"

    async def resolve(self, reference: SecretRef, *, may_have_lines: bool = False) -> str:
        """The secret; raises `ConfigError` naming the reference.

        Only a key that is never sent, such as one in PEM form, may have several lines.
        """
        held = self._held.get(reference)
        is_fresh = held is not None and held.until > self._clock.monotonic()
        value = held.value if held and is_fresh else await self._ask_once(reference)
        SECRETS.add(value)
        return reference.checked(value, may_have_lines=may_have_lines)

    def forget(self, reference: SecretRef, refused: str) -> None:
        """Look it up again next time, unless that has happened since this value was refused."""
        held = self._held.get(reference)
        if held is not None and held.value == refused:
            del self._held[reference]

    async def close(self) -> None:
        """Close what was opened."""
        for name in ("_vault", "_aws"):
            if name in self.__dict__:
                await self.__dict__[name].close()

    async def _ask_once(self, reference: SecretRef) -> str:
        """One question for all who wait, which goes on when one of them gives up."""
        asking = self._asking.get(reference)
        if asking is None:
            asking = self._asking[reference] = asyncio.create_task(self._ask(reference))
            asking.add_done_callback(lambda done: self._answered(reference, done))
        return await asyncio.shield(asking)

    def _answered(self, reference: SecretRef, done: asyncio.Task[str]) -> None:
        del self._asking[reference]
        if not done.cancelled():
            done.exception()  # somebody has seen it, even if all who waited have gone

    async def _ask(self, reference: SecretRef) -> str:
        held = self._held.get(reference)
        try:
            value, kept_s = await self._read(reference), KEPT_S
        except Unreachable as error:
            if held is None:
                raise
            log.warning("the secret known before is used on: %s", error)
            value, kept_s = held.value, AGAIN_S
        self._held[reference] = _Held(value, self._clock.monotonic() + kept_s)
        return value

    async def _read(self, reference: SecretRef) -> str:
        if reference.is_local:
            # A file may lie on a disk that takes its time.
            return await asyncio.to_thread(reference.resolve, may_have_lines=True)
        if reference.kind == "keyring":
            from wirepost.secrets import keyring

            return await asyncio.to_thread(keyring.read, reference)
        if reference.kind == "sops":
            from wirepost.secrets import sops

            return await sops.read(reference)
        return await (self._aws if reference.kind == "aws-sm" else self._vault).read(reference)

    @cached_property
    def _vault(self) -> OpenBao:
        from wirepost.secrets.openbao import OpenBao

        if self._settings.vault is None:
            raise ConfigError(
                "vault: references need to know where the vault is",
                key="secrets.vault",
                hint="set secrets.vault.address and how to log in",
            )
        return OpenBao(self._settings.vault, self, self._clock)

    @cached_property
    def _aws(self) -> AwsSecrets:
        from wirepost.secrets.aws import AwsSecrets

        if self._settings.aws is None:
            raise ConfigError(
                "aws-sm: references need to know the region", key="secrets.aws", hint="set secrets.aws.region"
            )
        return AwsSecrets(self._settings.aws, self, self._clock)
