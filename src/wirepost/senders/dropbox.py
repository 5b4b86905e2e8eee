"""Dropbox: which accounts have changes; what they are has to be asked."""

from __future__ import annotations

from typing import Any

from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import at, each, line, needed, parse_object
from wirepost.webhooks.replies import plain
from wirepost.webhooks.schemes.hmacs import DROPBOX
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Item, Reading, Terms, Unmapped, Webhook


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """One event for each account; neither an id nor a time is sent."""
    accounts = at(parse_object(request.body), "list_folder", "accounts")
    if not isinstance(accounts, list):
        raise Unmapped("has no list_folder.accounts")
    return Reading(each([{"account": account} for account in accounts], _item))


def _item(part: dict[str, Any]) -> Item:
    account = needed(part["account"], "account")
    return Item(
        type="dropbox.list_folder",
        provider_type="list_folder",
        summary=line("Dropbox", "files changed", f"account/{account}"),
        data={"account": account},
        subject=f"account/{account}",
        account=account,
    )


async def _confirm(request: Incoming, terms: Terms) -> Reply | None:
    """The challenge, said back."""
    if request.method != "GET" or "challenge" not in request.query:
        return None
    return plain(request.query["challenge"])


WEBHOOK = Webhook(
    name="dropbox",
    title="Dropbox",
    scheme=DROPBOX,
    read=read,
    greet=_confirm,
    methods=frozenset({"GET", "POST"}),
    steps="In the Dropbox app console add the webhook URI {url}; the app secret goes into `secrets`.",
)
