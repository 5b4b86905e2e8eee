"""Findings about accounts that people connected: which have ended, end soon, or are to be given back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from wirepost.cli.findings.finding import Finding, Section
from wirepost.connections.accounts import MAIN, SHARED
from wirepost.core.text import clean_line

if TYPE_CHECKING:
    from wirepost.connections.accounts import Account

CONNECTIONS = Section("connections")
SOON_S = 7 * 86400.0
"""A consent that ends within a week is worth a word."""
_LONGEST = 100


def accounts(known: Iterable[Account], now: float) -> Iterator[Finding]:
    """What is to be done about the accounts of one connection; nobody is asked."""
    for account in known:
        if account.part != MAIN:
            continue
        name, who = account.connection, _who(account)
        again = f"wirepost connections authorize {name}"
        ends = account.refresh_expires_at
        if account.state == "revoking":
            yield CONNECTIONS.warning(
                f"{name}: {who} is removed here and not yet given back to the provider",
                "its grant is still good there; the running server tries again once a day",
                f"wirepost connections remove {name} --keep-entry",
            )
        elif account.state == "needs_reauth":
            reason = clean_line(account.reason or "the provider ended it", _LONGEST)
            yield CONNECTIONS.error(f"{name}: the consent of {who} has ended: {reason}", _CALLS, again)
        elif account.state == "degraded":
            reason = clean_line(account.reason or "the provider does not answer", _LONGEST)
            yield CONNECTIONS.warning(
                f"{name}: the token of {who} could not be renewed: {reason}", "it is tried again", None
            )
        elif ends is not None and ends <= now + SOON_S:
            day = datetime.fromtimestamp(ends, UTC)
            yield CONNECTIONS.warning(
                f"{name}: the consent of {who} ends on {day:%Y-%m-%d} unless it is used before", _CALLS, again
            )


_CALLS = "its calls answer auth_expired from then on"


def _who(account: Account) -> str:
    label = clean_line(account.account_label or account.account_key or "an account", _LONGEST)
    return label if account.owner == SHARED else f"{label} ({clean_line(account.owner, _LONGEST)})"
