"""Trello: actions on boards and cards; an address is tried with HEAD when a webhook is made."""

from __future__ import annotations

from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import at, key, line, moment, needed, our_type, parse_object, picked, text
from wirepost.webhooks.replies import ALLOWED
from wirepost.webhooks.schemes.hmacs import TRELLO
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Actor, Item, Reading, Terms, Webhook

_FIELDS = {
    "card_id": ("data", "card", "id"),
    "card": ("data", "card", "name"),
    "list": ("data", "list", "name"),
    "list_before": ("data", "listBefore", "name"),
    "list_after": ("data", "listAfter", "name"),
    "board_id": ("data", "board", "id"),
    "board": ("data", "board", "name"),
    "text": ("data", "text"),
}


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """One action."""
    body = parse_object(request.body)
    action = body.get("action")
    kind = needed(at(action, "type"), "action type")
    card, board = text(at(action, "data", "card", "id")), text(at(action, "data", "board", "id"))
    subject = f"card/{card}" if card else f"board/{board}" if board else None
    member = text(at(action, "idMemberCreator"))
    item = Item(
        type=our_type("trello", kind),
        provider_type=kind,
        summary=line("Trello", kind, subject),
        data=picked(action, _FIELDS),
        subject=subject,
        key=key(at(action, "id")),
        event_id=text(at(action, "id")),
        time=moment(at(action, "date")),
        account=text(at(body, "model", "id")),
        untrusted=("card", "list", "list_before", "list_after", "board", "text"),
        actor=Actor("human", member) if member else Actor(),
    )
    return Reading((item,))


async def _be_there(request: Incoming, terms: Terms) -> Reply | None:
    return ALLOWED if request.method == "HEAD" else None


WEBHOOK = Webhook(
    name="trello",
    title="Trello",
    scheme=TRELLO,
    read=read,
    greet=_be_there,
    methods=frozenset({"HEAD", "POST"}),
    steps="Create the webhook with the API (POST /1/webhooks, callbackURL {url}); the secret of your API key "
    "goes into `secrets`. The address is part of the signature: set `url` if a proxy changes it.",
)
