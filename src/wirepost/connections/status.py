"""`status_of()`: how a connection stands for one caller, by what is known here; nobody is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from wirepost.connections.accounts import SHARED, USER
from wirepost.contracts.auth import OAuth2
from wirepost.core.errors import NotConnected
from wirepost.core.text import clean_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wirepost.connections.accounts import Account, Accounts, State
    from wirepost.connections.connections import Connection

Word = Literal["ready", "not_connected", "needs_reauth", "degraded"]
MAX_LABEL = 80
WORDS: Mapping[State, Word] = {
    "active": "ready",
    "degraded": "degraded",
    "needs_reauth": "needs_reauth",
    "revoking": "not_connected",
}
"""State of an account → how its connection stands."""


@dataclass(frozen=True)
class Status:
    """What a caller may know of a connection."""

    word: Word
    problem: str | None = None
    account: str | None = None
    """Its name, as the provider gives it."""
    scopes: tuple[str, ...] | None = None
    """Granted permissions; `None` where they cannot be read."""
    held: tuple[str, ...] = ()
    """What it may be taken to hold: the granted ones, or else those that were consented to."""
    expires_at: float | None = None
    """When a person has to consent again, in seconds since 1970; `None` where that is not known."""


def takes_consents(connection: Connection) -> bool:
    """Whether people connect it in a browser, rather than an operator by a key."""
    method = connection.provider.auth_method(connection.settings.auth)
    return connection.environment != "sandbox" and isinstance(method, OAuth2)


def owner_of(connection: Connection, caller: str) -> str:
    """To whom an account would belong that a caller connects now."""
    return caller if connection.settings.owner == "caller" else SHARED


async def account_of(connection: Connection, accounts: Accounts, caller: str) -> Account | None:
    """The account that a caller uses: their own before the shared one, with what all its parts may do."""
    owner = owner_of(connection, caller)
    account = await accounts.find(connection.name, owner)
    if (account is None or account.state == "revoking") and owner != SHARED:
        account = await accounts.find(connection.name, SHARED)
    if account is None or account.scopes_granted is None or not connection.settings.user_scopes:
        return account
    as_user = await accounts.find(connection.name, account.owner, USER)
    more = (as_user and as_user.scopes_granted) or ()
    return replace(account, scopes_granted=(*account.scopes_granted, *more))


async def status_of(connection: Connection, accounts: Accounts, caller: str) -> Status:
    """How the connection stands for a caller."""
    try:
        account = await account_of(connection, accounts, caller)
    except NotConnected as error:  # its tokens are there and cannot be opened
        return Status("not_connected", error.message)
    known = _known(account) if account else Status("not_connected")
    problem = connection.shared.credential.problem
    if takes_consents(connection) and problem is None:
        return known
    word: Word = "ready" if problem is None else "not_connected"
    return Status(word, problem, known.account, known.scopes, known.held)


def label_of(account: Account) -> str | None:
    """The account's name for people, made one harmless line; providers let anybody choose it."""
    return clean_line(account.account_label, MAX_LABEL) if account.account_label else None


def _known(account: Account) -> Status:
    is_renewed = account.tokens is not None and account.tokens.refresh is not None
    return Status(
        WORDS[account.state],
        account.reason,
        label_of(account),
        account.scopes_granted,
        account.scopes_granted or account.scopes_requested or (),
        account.refresh_expires_at if is_renewed else account.expires_at,
    )
