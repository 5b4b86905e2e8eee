"""`Consents`: where a call lacks what only a person can give, leads that person to the page; and waits."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from wirepost.connections.accounts import SHARED
from wirepost.connections.check import missing_scopes
from wirepost.connections.status import account_of, label_of, owner_of, takes_consents
from wirepost.core.errors import CallError, NotConnected

if TYPE_CHECKING:
    from wirepost.calls.attempt import Attempt
    from wirepost.calls.caller import Caller
    from wirepost.connections.accounts import Account, Accounts
    from wirepost.connections.connections import Connection, Connections
    from wirepost.connections.oauth.links import Link, Links
    from wirepost.core.clock import Clock
    from wirepost.tools.tool import AnyTool

WAIT_S = 20.0
"""How long a call waits for a person who has opened the page."""
LOOK_EVERY_S = 0.5
MENDED = frozenset({"not_connected", "auth_expired", "missing_scope"})
"""What a consent can mend."""
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""A scope as OAuth writes it (RFC 6749 §3.3); other permissions cannot be asked for in a consent."""

log = logging.getLogger(__name__)


class Consents:
    """The one place where links for people are made on the way of a call."""

    def __init__(self, connections: Connections, accounts: Accounts, links: Links, clock: Clock) -> None:
        self._connections, self._accounts = connections, accounts
        self._links, self._clock = links, clock

    async def invite(self, attempt: Attempt, error: NotConnected) -> None:
        """Add to an error what a person can do about it, where that is a consent; other errors stay."""
        name = str(error.detail.get("connection") or attempt.connection_name)
        connection = self._connections.by_name.get(name)
        if connection is None or error.code not in MENDED or not _is_ready(connection):
            return
        needed = [scope for scope in error.detail.get("needed", ()) if _SCOPE.fullmatch(scope)]
        if error.code == "missing_scope" and not needed:
            return  # a permission of the user, not of the consent
        try:
            account = await account_of(connection, self._accounts, attempt.caller.id)
            link = await self._link(connection, attempt.caller, needed)
        except CallError:
            log.exception("no link could be made for %s", name)
            return
        known = {"provider": connection.provider.name, "connection": name, **_known(account, error)}
        error.detail = {**known, **error.detail}  # what the provider said just now is newer
        if link is None:
            error.hint = f"An operator of this server connects it: wirepost connections authorize {name}"
            return
        error.detail |= {"connect_url": link.url, "expires_in_s": link.expires_in_s}
        error.hint = "Show connect_url to the person; once they have connected the account, repeat the call"

    async def _link(self, connection: Connection, caller: Caller, scopes: list[str]) -> Link | None:
        """For whoever may connect the account: each caller their own, operators the one of all."""
        owner = owner_of(connection, caller.id)
        if owner == SHARED and not caller.is_operator:
            return None
        return await self._links.create(connection.name, owner, scopes)

    async def check_granted(self, connection: Connection, caller: str, tool: AnyTool) -> None:
        """Raise `NotConnected` where the account of a caller is known to lack what a tool needs."""
        account = await account_of(connection, self._accounts, caller)
        granted = account.scopes_granted if account else None
        needed = missing_scopes(connection.provider, [tool], granted).get(tool.name)
        if needed:
            first = [scope.partition("|")[0] for scope in needed]
            raise NotConnected(
                "missing_scope",
                f"{connection.name} may not do that: it needs {' and '.join(first)}",
                hint=f"Allow it at {connection.provider.title}, then look again with connection_check",
                detail={"needed": first, "granted": sorted(granted or ())},
            )

    async def wait(self, caller: str, name: str, since: float) -> None:
        """Return once an account has been connected since a moment, at the latest after `WAIT_S`."""
        connection = self._connections.by_name.get(name)
        until = self._clock.monotonic() + WAIT_S
        while connection is not None and not await self._is_connected(connection, caller, since):
            if self._clock.monotonic() >= until:
                return
            await self._clock.sleep(LOOK_EVERY_S)

    async def _is_connected(self, connection: Connection, caller: str, since: float) -> bool:
        try:
            account = await account_of(connection, self._accounts, caller)
        except CallError:  # the call that follows says why
            return False
        return account is not None and account.state == "active" and (account.connected_at or 0) >= since


def _is_ready(connection: Connection) -> bool:
    """Whether all that is missing is a person: what an operator sets is there."""
    return takes_consents(connection) and connection.shared.credential.problem is None


def _known(account: Account | None, error: NotConnected) -> dict[str, Any]:
    """What is known of the account: its name as the provider gives it, and what it may do."""
    if account is None:
        return {}
    known: dict[str, Any] = {}
    label = label_of(account)
    if label:
        known["account"] = label
    if error.code == "missing_scope" and account.scopes_granted is not None:
        known["granted"] = sorted(account.scopes_granted)
    return known
