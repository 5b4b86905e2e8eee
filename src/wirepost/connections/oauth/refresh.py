"""`Refresher`: tokens are renewed as a transaction on their account, once, whoever asks and however often."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from wirepost.connections.accounts import Account, Tokens
from wirepost.connections.oauth.endpoint import EXCHANGE_S, ROTATION_LOST
from wirepost.connections.oauth.reply import TokenRefused
from wirepost.core.errors import CallError, NotConnected, Unavailable
from wirepost.core.text import clean_line

if TYPE_CHECKING:
    from wirepost.connections.accounts import Accounts
    from wirepost.connections.oauth.endpoint import TokenEndpoint
    from wirepost.connections.oauth.reply import Granted
    from wirepost.connections.oauth.spool import Spool
    from wirepost.core.clock import Clock
    from wirepost.store.leases import Lease, Leases

LEASE_S = 2 * EXCHANGE_S + 20.0
"""Longer than a refresh with its repetition and the writes behind it."""
WAIT_S = LEASE_S + 10.0
"""A waiter outlasts a holder that died."""
COOL_DOWN_S = 30.0
"""After a failure that passes, so long nobody asks again."""
JUST_S = 10.0
"""A token that was fetched so shortly before it was refused was never good."""
STORE_PAUSES_S = (0.2, 0.5, 1.0, 3.0)
"""Between the tries to store new tokens."""
UNANSWERED = "unanswered"
"""Reason of a failure behind which the refresh token may be used up."""
DAY_S = 86_400.0
IDLE_PART = 1 / 3
"""A grant that ends when it is idle is renewed after this part of that time."""

Place = tuple[str, str, str]
"""Connection, owner and part of an account."""

log = logging.getLogger(__name__)


class Refresher:
    """Gives usable tokens; at most one refresh at a time for an account, among all processes.

    The exchange runs in a task of its own: once it is sent, nobody who stops waiting can stop it, as its
    answer may hold the only refresh token there is. Whoever has a token that is still good does not wait.
    """

    def __init__(
        self,
        accounts: Accounts,
        leases: Leases,
        clock: Clock,
        *,
        spool: Spool | None = None,
        on_death: Callable[[Account], Awaitable[None]] | None = None,
        lease_s: float = LEASE_S,
    ) -> None:
        self.accounts, self.leases, self._clock = accounts, leases, clock
        self._spool, self._on_death, self._lease_s = spool, on_death, lease_s
        self._flights: dict[tuple[Place, str | None], asyncio.Task[Account]] = {}
        self._unsaved: dict[Place, Account] = {}
        """New tokens that the database has not taken yet."""
        self._forced: dict[Place, tuple[str, float]] = {}
        """Fingerprints of tokens that were fetched because the ones before were refused, and when."""

    async def usable(
        self,
        connection: str,
        owner: str,
        part: str,
        endpoint: TokenEndpoint,
        rejected: str | None = None,
    ) -> Account:
        """The account with a token that is good as far as anybody knows.

        `rejected` is the fingerprint of a token that the API has just refused. Raises `NotConnected` where a
        person has to consent (`not_connected`, `auth_expired`) and `Unavailable` where that would not help.
        """
        place = (connection, owner, part)
        account = connected(await self._find(place), place)
        if not self._is_due(account, rejected):
            return account
        flight = self._flights.get((place, rejected))
        if flight is None:
            flight = asyncio.create_task(self._renew(place, endpoint, rejected))
            self._flights[place, rejected] = flight
            flight.add_done_callback(lambda task: self._landed((place, rejected), task))
        is_good = rejected != fingerprint(account) and self._is_good(account)
        return account if is_good else await asyncio.shield(flight)

    async def keep_alive(self, idle: Account, endpoint: TokenEndpoint) -> None:
        """Renew an account that was idle for a third of the time after which its grant ends.

        Raises what `usable` does.
        """
        idle_days = endpoint.method.idle_days
        used_at = max(idle.refreshed_at or 0.0, idle.connected_at or 0.0)
        if idle_days is None or self._now() - used_at < idle_days * DAY_S * IDLE_PART:
            return
        account = await self._find(idle.place)
        if account and account.state in {"active", "degraded"} and account.refresh_token:
            await self.usable(*account.place, endpoint, rejected=fingerprint(account))

    def alone(self, place: Place) -> AbstractAsyncContextManager[Lease]:
        """The turn to change an account's tokens, among all processes; raises `Unavailable` without one."""
        return self.leases.hold("/".join(("refresh", *place)), ttl_s=self._lease_s, wait_s=WAIT_S)

    async def recover(self) -> None:
        """Store what an earlier process could not."""
        for account in self._spool.kept() if self._spool else ():
            self._unsaved[account.place] = account
            await self._save_again(account)

    async def close(self) -> None:
        """Let exchanges that were sent come to their end."""
        if self._flights:
            await asyncio.wait(list(self._flights.values()), timeout=EXCHANGE_S)

    def _landed(self, key: tuple[Place, str | None], task: asyncio.Task[Account]) -> None:
        del self._flights[key]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.warning("the tokens of %s were not renewed: %s", key[0][0], error)

    async def _renew(self, place: Place, endpoint: TokenEndpoint, rejected: str | None) -> Account:
        async with self.alone(place):
            # The second look: somebody may have renewed it while we waited.
            account = connected(await self._find(place), place)
            if not self._is_due(account, rejected):
                return account
            token, is_refused = account.refresh_token, rejected == fingerprint(account)
            if token is None:
                return await self._end(account, "token_refused")
            if is_refused and self._is_just_forced(place, rejected):
                return await self._end(account, "refused_again")
            try:
                granted = await endpoint.refresh(token, account.part)
            except TokenRefused as refused:
                return await self._refused(account, refused, is_refused=is_refused)
            return await self._commit(account, granted, is_forced=is_refused)

    async def _commit(self, account: Account, granted: Granted, *, is_forced: bool) -> Account:
        renewed = _renewed(account, granted, self._now())
        if is_forced:
            self._forced[account.place] = (fingerprint(renewed), self._clock.monotonic())
        await self._save(renewed)
        return connected(await self._find(account.place), account.place)  # a newer one is never overwritten

    async def _refused(self, account: Account, refused: TokenRefused, *, is_refused: bool) -> Account:
        newer = await self._find(account.place)
        if newer is None or newer.generation != account.generation:
            return connected(newer, account.place)
        was_lost = account.reason == UNANSWERED
        if refused.kind in {"reauth", "bare"}:
            return await self._end(account, ROTATION_LOST if was_lost else refused.code)
        await self.accounts.mark(
            account, "degraded", UNANSWERED if refused.is_lost or was_lost else refused.code
        )
        if self._is_good(account) and not is_refused:
            return account
        raise _unavailable(account, refused)

    async def _end(self, account: Account, reason: str) -> Account:
        """Only a person can help; whoever finds that out first says so."""
        if await self.accounts.mark(account, "needs_reauth", reason) and self._on_death is not None:
            await self._on_death(replace(account, state="needs_reauth", reason=reason))
        return connected(await self._find(account.place), account.place)

    async def _save(self, renewed: Account) -> None:
        """Store new tokens, whatever happens: the ones before may be worth nothing any more."""
        for pause_s in (*STORE_PAUSES_S, None):
            try:
                await self.accounts.renew(renewed)
            except CallError as error:
                log.warning("new tokens of %s could not be stored: %s", renewed.connection, error)
            else:
                return
            if pause_s is not None:
                await self._clock.sleep(pause_s)
        self._unsaved[renewed.place] = renewed
        log.critical(
            "new tokens of %s are kept outside the database; if they are lost, it has to be connected again",
            renewed.connection,
        )
        if self._spool is not None:
            try:
                self._spool.keep(renewed)
            except OSError:
                log.exception("new tokens of %s are only in memory", renewed.connection)

    async def _save_again(self, account: Account) -> None:
        try:
            await self.accounts.renew(account)
        except CallError:
            return
        self._unsaved.pop(account.place, None)
        if self._spool is not None:
            self._spool.drop(account)

    async def _find(self, place: Place) -> Account | None:
        unsaved = self._unsaved.get(place)
        if unsaved is not None:
            await self._save_again(unsaved)
        stored = await self.accounts.find(*place)
        is_behind = (
            unsaved is not None
            and stored is not None
            and stored.id == unsaved.id
            and stored.generation < unsaved.generation
        )
        return unsaved if is_behind else stored

    def _is_due(self, account: Account, rejected: str | None) -> bool:
        """Whether to renew now; raises `Unavailable` where that failed a moment ago and nothing is good."""
        is_refused = rejected == fingerprint(account)
        is_early = account.refresh_at is not None and self._now() >= account.refresh_at
        if not is_refused and not (is_early and account.refresh_token):
            return False
        passed = self._now() - (account.failed_at or 0.0)
        if account.state != "degraded" or not 0.0 <= passed < COOL_DOWN_S:  # negative: a clock was wrong
            return True
        if self._is_good(account) and not is_refused:
            return False
        raise _cooling(account, COOL_DOWN_S - passed)

    def _is_good(self, account: Account) -> bool:
        return account.expires_at is None or self._now() < account.expires_at

    def _is_just_forced(self, place: Place, rejected: str | None) -> bool:
        known, at = self._forced.get(place, (None, 0.0))
        return known == rejected and self._clock.monotonic() - at < JUST_S

    def _now(self) -> float:
        return self._clock.now().timestamp()


def fingerprint_of(token: str) -> str:
    """A short name of a token that gives nothing of it away."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def fingerprint(account: Account) -> str:
    """That of an account's access token."""
    return fingerprint_of(account.access_token)


def connected(account: Account | None, place: Place) -> Account:
    """The account if it has a token to try; raises `NotConnected`, and what to do is for a person."""
    name = place[0]
    hint = f"A person has to connect it: wirepost connections authorize {name}"
    if account is None or account.tokens is None or account.state == "revoking":
        raise NotConnected(
            "not_connected", f"No account is connected to {name}", hint=hint, detail={"connection": name}
        )
    if account.state == "needs_reauth":
        label = clean_line(account.account_label or "", 80) or None
        raise NotConnected(
            "auth_expired",
            f"The consent to {name} has ended, and cannot be renewed without a person",
            hint=hint,
            provider_code=account.reason,
            detail={"connection": name, "account": label},
        )
    return account


def _renewed(account: Account, granted: Granted, now: float) -> Account:
    """The account with what was given; what an answer leaves out stays as it was (RFC 6749 §6, §5.1)."""
    scopes = account.scopes_granted if granted.scopes is None else granted.scopes
    return replace(
        account,
        state="active",
        reason=None,
        tokens=Tokens(granted.tokens.access, granted.tokens.refresh or account.refresh_token),
        generation=account.generation + 1,
        address=granted.address or account.address,
        scopes_granted=scopes,
        checked_at=account.checked_at if granted.scopes is None else now,
        expires_at=granted.expires_at,
        refresh_at=granted.refresh_at,
        refresh_expires_at=granted.refresh_expires_at or account.refresh_expires_at,
        refreshed_at=now,
        failed_at=None,
        failures=0,
    )


def _unavailable(account: Account, refused: TokenRefused) -> Unavailable:
    name = account.connection
    if refused.kind in {"config", "bad_success"}:
        return Unavailable(
            "upstream_unavailable",
            f"The provider of {name} refuses how this server asks for tokens: {refused.words}",
            hint=f"An operator must correct client_id, client_secret or oauth of the connection {name}; "
            "connecting the account again does not help",
            retry_after_s=COOL_DOWN_S,
            provider_code=refused.code,
        )
    is_limit = refused.status == HTTPStatus.TOO_MANY_REQUESTS
    return Unavailable(
        "rate_limited" if is_limit else "upstream_unavailable",
        f"The token of {name} could not be renewed just now: {refused.words}",
        hint="Try again later; the account stays connected",
        retry_after_s=max(refused.retry_after_s or 0.0, COOL_DOWN_S),
        provider_code=refused.code,
    )


def _cooling(account: Account, left_s: float) -> Unavailable:
    return Unavailable(
        "upstream_unavailable",
        f"The token of {account.connection} could not be renewed a moment ago",
        hint="Try again later; the account stays connected",
        retry_after_s=left_s,
        provider_code=account.reason,
    )
