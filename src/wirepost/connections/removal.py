"""Removing accounts: nobody uses them any more, and their tokens are given back as soon as possible."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from wirepost.connections.oauth.reply import TokenRefused
from wirepost.contracts.auth import OAuth2
from wirepost.core.errors import CallError, ConfigError, NotConnected, Unavailable

if TYPE_CHECKING:
    from wirepost.connections.accounts import Account
    from wirepost.connections.connections import Connection, Connections
    from wirepost.connections.oauth.refresh import Refresher

TURN_S = 600.0
"""How long one process at most has the daily turn."""

log = logging.getLogger(__name__)


async def remove(connection: Connection, owner: str, refresher: Refresher) -> str | None:
    """Remove an owner's account; returns why its provider could not be told yet, which is tried again.

    Raises `CallError` where our own store does not work.
    """
    accounts = refresher.accounts
    await accounts.retire(connection.name, owner)
    await connection.forget(owner)
    problem = None
    for account in await accounts.everyone(connection.name):
        if account.owner == owner:
            problem = await give_back(connection, account, refresher) or problem
    return problem


async def give_back(connection: Connection, account: Account, refresher: Refresher) -> str | None:
    """Give the tokens of a retired account back and forget it; returns why that could not be done, if so."""
    # A refresh under way may bring the newest tokens yet: they are the ones to give back.
    async with refresher.alone(account.place):
        try:
            stored = await refresher.accounts.find(*account.place)
            if stored is None or stored.state != "revoking":
                return None  # it was connected anew
            if stored.tokens is not None and isinstance(connection.method, OAuth2):
                await connection.endpoint().revoke(stored.tokens, stored.account_key)
        except TokenRefused as refused:
            return refused.words
        except ConfigError as error:
            return error.message
        except NotConnected as error:
            log.warning("the grant of %s is lost and cannot be given back: %s", connection.name, error)
        await refresher.accounts.delete(account)
        return None


async def keep_accounts(connections: Connections, refresher: Refresher) -> None:
    """Once a day: renew what would end by being idle, and give back what is still to be given back.

    Where another process has the turn, nothing is done here.
    """
    try:
        async with refresher.leases.hold("accounts", ttl_s=TURN_S, wait_s=0.0):
            for account in await refresher.accounts.everyone():
                connection = connections.by_name.get(account.connection)
                if connection is not None:
                    await _keep(connection, account, refresher)
    except Unavailable as error:
        log.info("accounts are not looked after here: %s", error)


async def _keep(connection: Connection, account: Account, refresher: Refresher) -> None:
    try:
        if account.state == "revoking":
            problem = await give_back(connection, account, refresher)
            if problem is not None:
                log.warning("the grant of %s could not be given back yet: %s", connection.name, problem)
        elif isinstance(connection.method, OAuth2):
            await refresher.keep_alive(account, connection.endpoint())
    except (CallError, ConfigError) as error:
        log.warning("the account of %s could not be looked after: %s", connection.name, error)
