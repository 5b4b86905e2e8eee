"""`InstallationCredential`: the token of an app's installation, for which the app shows its own key."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from wirepost.connections.fetched import FetchedCredential, FetchedToken
from wirepost.connections.oauth.assertion import signed
from wirepost.contracts.auth import AppInstallation
from wirepost.core.errors import CallError, ConfigError, NotConnected
from wirepost.core.redact import SECRETS
from wirepost.upstream import faults
from wirepost.upstream.ask import Ask
from wirepost.upstream.scope import Scope

FETCH_S = 20.0
KEPT = 5 / 6
"""A token is used for this part of its life: fifty minutes of an hour."""
BACKDATED_S, AHEAD_S = 60, 480
"""The app's own token begins a minute ago, because clocks differ, and may last ten minutes at most.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
"""


class InstallationCredential(FetchedCredential[AppInstallation]):
    """The credential of a connection whose provider declares an `AppInstallation`."""

    def check(self) -> str | None:
        """What is missing, if anything."""
        settings = self._settings
        for name in ("client_id", "installation"):
            if not getattr(settings, name):
                return f"no {name} is configured"
        if settings.private_key is None:
            return "no private_key is configured"
        try:
            settings.private_key.peek(may_have_lines=True)
        except ConfigError as error:
            return error.message
        return None

    async def _fetch(self) -> FetchedToken:
        problem = self.check()
        try:
            shown = None if problem else await self._own_token()
        except ConfigError as error:
            shown, problem = None, error.message
        if shown is None:
            raise NotConnected(
                "not_connected",
                f"The connection {self._connection} has no usable app: {problem}",
                hint=f"Set it and try again; `wirepost doctor` checks it. {self._method.help}",
                detail={"connection": self._connection},
            )
        path = self._method.path.replace("{installation}", self._settings.installation or "")
        ask = Ask("POST", path, headers={"Authorization": f"Bearer {shown}"})
        client = self._provider.client(
            self._upstream(), Scope(self._clock.monotonic() + FETCH_S), self._settings
        )
        try:
            return self._token_in((await client.send(ask)).json())
        except CallError as error:
            raise self._told(error) from None

    def _told(self, error: CallError) -> CallError:
        """Whose fault a refusal is: the key's, or the account's that has put the app out."""
        title = self._provider.title
        if error.code == "auth_expired":
            return NotConnected(
                "not_connected",
                f"{title} does not know the app of {self._connection} by its key",
                hint="Check client_id, private_key and the clock of this machine, as `wirepost doctor` does",
            )
        if error.code in {"missing_scope", "not_found"}:
            return NotConnected(
                "auth_expired",
                f"{title} has no such installation of the app any more, or has suspended it",
                hint=self._method.help,
            )
        return error

    async def _own_token(self) -> str:
        now = int(self._clock.now().timestamp())
        claims = {"iss": self._settings.client_id, "iat": now - BACKDATED_S, "exp": now + AHEAD_S}
        return signed(await self._private_key(), claims, self._clock)

    async def _private_key(self) -> str:
        reference = self._settings.private_key
        return await self._secrets.resolve(reference, may_have_lines=True) if reference else ""

    def _token_in(self, said: Any) -> FetchedToken:
        value = said.get("token") if isinstance(said, dict) else None
        if not isinstance(value, str) or not value:
            raise faults.not_understood(self._provider.title)
        SECRETS.add(value)
        life_s = self._life_s(said.get("expires_at"))
        return FetchedToken(f"Bearer {value}", self._clock.monotonic() + life_s * KEPT)

    def _life_s(self, told: Any) -> float:
        """How long a token lasts: as told, but no longer than usual, as our clock may be wrong."""
        usual = self._method.lifetime_s
        try:
            left = (datetime.fromisoformat(str(told)) - self._clock.now()).total_seconds()
        except (TypeError, ValueError):  # a moment without a zone is the former
            return usual
        return left if 0 < left < usual else usual
