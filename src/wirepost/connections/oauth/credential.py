"""`OAuthCredential`: the token that a person's consent gave, renewed behind the scenes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wirepost.connections.credentials import Checkable
from wirepost.connections.oauth.refresh import fingerprint_of
from wirepost.core.errors import ConfigError, NotConnected

if TYPE_CHECKING:
    from wirepost.connections.accounts import Account
    from wirepost.connections.oauth.endpoint import TokenEndpoint
    from wirepost.connections.oauth.refresh import Refresher


class OAuthCredential(Checkable):
    """The credential of one account: of an owner at a connection, for one part of what was consented to."""

    is_renewable = True

    def __init__(
        self,
        place: tuple[str, str, str],
        endpoint: Callable[[], TokenEndpoint],
        refresher: Refresher | None,
        *,
        check: Callable[[], str | None],
    ) -> None:
        self._place, self._endpoint, self._refresher = place, endpoint, refresher
        self._check = check
        self._account: Account | None = None
        self._rejected: str | None = None

    def __repr__(self) -> str:
        return f"OAuthCredential({', '.join(self._place)})"

    @property
    def address(self) -> str | None:
        """Where the account's API is, once a header was asked for."""
        return self._account.address if self._account else None

    def check(self) -> str | None:
        """What the configuration lacks; whether somebody has consented is not looked up here."""
        return self._check()

    async def header(self) -> str:
        """The value of the header; raises `NotConnected` where a person has to consent."""
        name = self._place[0]
        try:
            endpoint = self._endpoint()
        except ConfigError as error:
            raise NotConnected(
                "not_connected",
                f"The connection {name} cannot be used: {error.message}",
                hint=error.hint,
                detail={"connection": name},
            ) from None
        if self._refresher is None:
            raise NotConnected(
                "not_connected",
                f"The accounts of {name} are kept by the running server",
                hint="Start it with `wirepost serve`",
                detail={"connection": name},
            )
        account = await self._refresher.usable(*self._place, endpoint, rejected=self._rejected)
        self._account = account
        return endpoint.method.form.format(account.access_token)

    def forget(self, refused: str) -> None:
        """Let the token of a header that was refused be renewed, unless that has happened meanwhile."""
        before, _, behind = self._endpoint().method.form.partition("{}")
        self._rejected = fingerprint_of(refused.removeprefix(before).removesuffix(behind))
