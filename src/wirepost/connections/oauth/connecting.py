"""`Connecting`: an account, from what a person will be asked to the row that is stored, and its end."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wirepost.connections.accounts import MAIN, USER, Account
from wirepost.connections.oauth.callback import refused
from wirepost.connections.oauth.flows import Consent, Flows
from wirepost.connections.oauth.party import Asked, Party
from wirepost.connections.removal import remove
from wirepost.connections.status import WORDS, takes_consents
from wirepost.contracts.auth import ApiKey, OAuth2
from wirepost.core.errors import ConfigError, NotConnected
from wirepost.core.text import clean_line

if TYPE_CHECKING:
    from wirepost.connections.connections import Connection, Connections
    from wirepost.connections.oauth.callback import Callback
    from wirepost.connections.oauth.endpoint import DeviceCode
    from wirepost.connections.oauth.refresh import Refresher
    from wirepost.connections.oauth.reply import Granted
    from wirepost.contracts.provider import Probe

log = logging.getLogger(__name__)

CONNECTED, REMOVED = "connection.connected", "connection.removed"
"""What is told of an account."""
_MAX_NAME = 200
_UNSAID = frozenset({"openid", "offline_access", "profile", "email"})
"""Scopes of OpenID Connect, which providers grant under other names or without a word."""


@dataclass(frozen=True)
class Outlook:
    """A connection as one owner may connect it, and what is there already."""

    connection: str
    title: str
    environment: str
    is_per_caller: bool
    is_oauth: bool
    key_setting: str | None
    """The setting that names the key, where there is no consent."""
    help: str
    asked: Asked
    account: Account | None
    status: str
    problem: str | None
    missing: tuple[str, ...] = ()
    """Asked for and not granted."""


@dataclass(frozen=True)
class Connected:
    """How a consent ended."""

    account: Account
    missing: tuple[str, ...]
    """Asked for and not granted."""


class Connecting:
    """Connects accounts to the configured connections, and removes them."""

    def __init__(
        self,
        connections: Connections,
        flows: Flows,
        refresher: Refresher,
        *,
        on_change: Callable[[str, Account], Awaitable[None]],
    ) -> None:
        self._connections, self.flows = connections, flows
        self._refresher, self._accounts = refresher, refresher.accounts
        self._on_change = on_change

    @property
    def names(self) -> tuple[str, ...]:
        """The connections there are."""
        return tuple(self._connections.by_name)

    def is_per_caller(self, name: str) -> bool:
        """Whether each caller may connect an account of their own."""
        return self._connection(name).settings.owner == "caller"

    async def outlook(self, name: str, owner: str, scopes: Collection[str] = ()) -> Outlook:
        """What connecting would ask a person for, and the account that is there; asks nobody."""
        connection = self._connection(name)
        method = connection.provider.auth_method(connection.settings.auth)
        account = await self._known(name, owner)
        is_oauth = takes_consents(connection)
        status, problem = connection.shared.credential.status, connection.shared.credential.problem
        if is_oauth:
            status = WORDS[account.state] if account else "not_connected"
            problem = account.reason if account else None
        asked = _asked(connection, method, account, scopes) if isinstance(method, OAuth2) else Asked()
        return Outlook(
            connection=name,
            title=connection.provider.title,
            environment=connection.environment,
            is_per_caller=self.is_per_caller(name),
            is_oauth=is_oauth,
            key_setting=f"connections.{name}.key" if isinstance(method, ApiKey) else None,
            help=method.help,
            asked=asked,
            account=account,
            status=status,
            problem=problem,
            missing=_missing(account.scopes_requested, account.scopes_granted) if account else (),
        )

    async def begin(
        self, name: str, owner: str, scopes: Collection[str], address: str, cookie: str | None
    ) -> str:
        """The provider's address to send a browser to; `address` is where the browser comes back to us."""
        party, asked = await self._prepare(name, owner, scopes)
        return await self.flows.begin(party, owner, asked, f"{address}{party.callback}", cookie)

    async def finish(self, callback: Callback, cookie: str | None) -> Connected:
        """Store what a person agreed to; raises `NotConnected` saying why nothing was stored."""
        return await self._settle(await self.flows.finish(callback, self.party, cookie))

    async def by_device(
        self, name: str, owner: str, scopes: Collection[str], show: Callable[[DeviceCode], None]
    ) -> Connected:
        """Let a person consent on another device; `show` is given the code that they type there."""
        from wirepost.connections.oauth.device import consent_elsewhere

        party, asked = await self._prepare(name, owner, scopes)
        granted = await consent_elsewhere(party, asked, self._connection(name).clock, show)
        return await self._settle(Consent(name, owner, asked, granted))

    def party(self, name: str) -> Party:
        """The authorization server of a connection; raises `ConfigError` where it takes no consent."""
        connection = self._connection(name)
        if not takes_consents(connection):
            raise ConfigError(
                f"{name} takes no consent",
                key=f"connections.{name}.auth",
                hint="it is connected by a key; providers with OAuth take auth: oauth",
            )
        has_own_server = connection.settings.oauth.authorize_url is not None
        return Party(
            name,
            connection.provider.title,
            connection.endpoint(),
            name if has_own_server else connection.provider.name,
        )

    def connected(self, account: Account) -> Connected:
        """What to tell of an account."""
        return Connected(account, _missing(account.scopes_requested, account.scopes_granted))

    async def remove(self, name: str, owner: str) -> str | None:
        """Give an account back to its provider and forget it.

        Returns why the provider did not take it back, if so; nobody uses it any more all the same, and
        giving it back is tried again later.
        """
        account = await self._known(name, owner)
        problem = await remove(self._connection(name), owner, self._refresher)
        if account is not None and account.state != "revoking":
            log.info("the account of %s was removed for %s", name, owner)
            await self._on_change(REMOVED, account)
        return problem

    async def _prepare(self, name: str, owner: str, scopes: Collection[str]) -> tuple[Party, Asked]:
        party = self.party(name)
        account = await self._known(name, owner)
        return party, _asked(self._connection(name), party.method, account, scopes)

    async def _settle(self, consent: Consent) -> Connected:
        """Find out whose account it is, and store it in the place of the one that was there.

        Nothing is given back where the account is another one: its provider may have given one token to two
        connections, and taking it back would end the other as well.
        """
        connection = self._connection(consent.connection)
        main = consent.granted.get(MAIN) or next(iter(consent.granted.values()))
        probe = await self._ask_who(connection, main)
        told = _text(main.reply.get(self.party(connection.name).method.account_at or ""))
        key = probe.account_id or told or _text(consent.identity.get("sub"))
        label = _text(consent.identity.get("email")) or probe.account or told or probe.identity
        await self._check_same(connection, consent.owner, key, label)
        asked = {MAIN: consent.asked.scopes, USER: consent.asked.user_scopes}
        now = connection.clock.now().timestamp()
        stored: list[Account] = []
        for part, granted in consent.granted.items():
            account = Account(
                connection.name,
                consent.owner,
                part,
                account_key=key,
                account_label=clean_line(label, _MAX_NAME),
                address=granted.address or main.address,
                scopes_requested=asked[part],
                scopes_granted=_granted(asked[part], granted, probe if part == MAIN else None),
                checked_at=now,
                tokens=granted.tokens,
                expires_at=granted.expires_at,
                refresh_at=granted.refresh_at,
                refresh_expires_at=granted.refresh_expires_at,
                connected_at=now,
            )
            stored.append(await self._accounts.put(account))
        log.info("an account of %s was connected for %s", connection.name, consent.owner)
        await self._on_change(CONNECTED, stored[0])
        return self.connected(stored[0])

    async def _ask_who(self, connection: Connection, granted: Granted) -> Probe:
        """Whose account a new token is for; raises `NotConnected` where it is of another environment."""
        probe = await connection.probe(granted)
        if probe.environment not in {None, connection.environment}:
            wanted = connection.environment
            raise refused(
                "environment",
                f"The account is of {probe.environment}, but {connection.name} is for {wanted}",
                f"Choose an account of {wanted}, or connect it under another name",
            )
        return probe

    async def _check_same(self, connection: Connection, owner: str, key: str | None, label: str) -> None:
        """An account is never swapped for another under the same name."""
        before = await self._known(connection.name, owner)
        if before is None or before.state == "revoking" or None in {before.account_key, key}:
            return
        if before.account_key != key:
            known, new = (
                clean_line(text, _MAX_NAME) for text in (before.account_label or "another account", label)
            )
            raise refused(
                "another_account",
                f"{connection.name} belongs to {known}, and this is {new}. Nothing was changed",
                f"Consent as {known}, give {new} a connection of its own, or remove {known} first",
            )

    async def _known(self, name: str, owner: str) -> Account | None:
        """The account there is; where its tokens cannot be opened, what stands beside them."""
        try:
            return await self._accounts.find(name, owner)
        except NotConnected as error:
            rows = [each for each in await self._accounts.everyone(name) if each.place == (name, owner, MAIN)]
            return replace(rows[0], state="needs_reauth", reason=error.message) if rows else None

    def _connection(self, name: str) -> Connection:
        try:
            return self._connections.by_name[name]
        except KeyError:
            raise ConfigError(f"there is no connection {clean_line(name, 60)!r}", key="connections") from None


def _asked(connection: Connection, method: OAuth2, account: Account | None, more: Collection[str]) -> Asked:
    """What the configuration or the provider's tools need, what was asked before, and what a call lacked."""
    settings = connection.settings
    wanted = method.scopes if settings.scopes is None else tuple(settings.scopes)
    before = (account.scopes_requested if account else None) or ()
    user = tuple(settings.user_scopes)
    main = dict.fromkeys((*wanted, *before, *more))
    return Asked(tuple(scope for scope in main if scope not in user), user)


def _granted(asked: tuple[str, ...], granted: Granted, probe: Probe | None) -> tuple[str, ...]:
    """What the token may do, as the provider tells; told nothing, all of it (RFC 6749 §5.1)."""
    if granted.scopes is not None:
        return granted.scopes
    told = probe.scopes if probe else None
    return asked if told is None else tuple(told)


def _missing(asked: tuple[str, ...] | None, granted: tuple[str, ...] | None) -> tuple[str, ...]:
    if asked is None or granted is None:
        return ()
    return tuple(scope for scope in asked if scope not in granted and scope not in _UNSAID)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
