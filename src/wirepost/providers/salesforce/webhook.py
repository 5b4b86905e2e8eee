"""Salesforce's requests: outbound messages of flows and workflow rules.

Nothing in them is signed. What is there instead: an address that nobody guesses, the id of the organisation,
and, where it is configured, Salesforce's client certificate or its addresses.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wirepost.providers.salesforce import soap
from wirepost.providers.salesforce.ids import canonical, same_id
from wirepost.providers.salesforce.items import NOUNS, TYPES, notified
from wirepost.providers.salesforce.soap import Message, Notification
from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.samples import unknown_type, with_fields
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Item, Reading, Terms, Unmapped, Unreadable, Webhook


@dataclass(frozen=True)
class OutboundMessage:
    """The organisation is one of `accounts`; that the address is known proves the rest."""

    name: str = "salesforce-organization"

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`."""
        try:
            message = soap.read(request.body)
        except Unmapped as error:
            raise Rejected("malformed_body", str(error)) from None
        if _account(message, terms) is None:
            raise Rejected("untrusted_topic", "OrganizationId is not in accounts")
        return Verified("token", self.name)


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """Every notification of the message; raises `Unmapped`."""
    del verified
    message = soap.read(request.body)
    account = _account(message, terms) or canonical(message.organization)
    own = terms.settings.own_ids
    items: list[Item | Unreadable] = []
    for index, each in enumerate(message.notifications):
        if isinstance(each, str):
            items.append(Unreadable(each, index))
        else:
            items.append(notified(each, account, message.action, own))
    return Reading(items)


def _account(message: Message, terms: Terms) -> str | None:
    """The organisation as `accounts` spells it, with 15 or 18 characters."""
    accounts = terms.settings.accounts
    return next((each for each in accounts if same_id(each, message.organization)), None)


_SAMPLES = {noun: name for name, noun in NOUNS.items() if noun}
_VERBS = ("created", "updated", "deleted")


def sample(kind: str, fields: Mapping[str, Any]) -> tuple[Mapping[str, str], bytes]:
    """A message with one notification, each time with another id; raises `ValueError`.

    Paths are `organization`, `action`, `id`, and `fields.` with the name of a field.
    """
    noun, _, verb = kind.partition(".")
    name = _SAMPLES.get(noun) or (kind if kind in NOUNS else None)
    if name is None or (verb and verb not in _VERBS):
        raise unknown_type(kind, [*NOUNS, *(f"{each}.{verb}" for each in _SAMPLES for verb in _VERBS)])
    changed = "2026-11-24T10:15:30.000Z"
    values = {
        "organization": "00D000000000001EAA",
        "action": "04k000000000001AAA",
        "id": canonical(f"04l{secrets.randbelow(10**12):012}"),
        "fields": {
            "Id": "001000000000001AAA",
            "IsDeleted": str(verb == "deleted").lower(),
            "CreatedDate": changed if verb == "created" else "2026-01-01T08:00:00.000Z",
            "LastModifiedDate": changed,
            "Name": "Example & Söhne",
        },
    }
    given = with_fields(values, fields)
    named = {name: str(value) for name, value in given["fields"].items()}
    notification = Notification(str(given["id"]), name, named)
    body = soap.write(str(given["organization"]), str(given["action"]), [notification])
    return {"content-type": "text/xml; charset=utf-8", "soapaction": '""'}, body


STEPS = """\
Outbound messages are not signed: keep the address to yourself, and name your organisation under `accounts`.

1. In Setup, Company Information, copy the Salesforce.com Organization ID to `accounts` of the webhook.
2. In Setup, Workflow Actions, Outbound Messages, New Outbound Message, choose an object. The Endpoint URL is
   {url}
   Leave Send Session ID off. Take the fields Id, CreatedDate, LastModifiedDate, LastModifiedById, and what
   agents shall know of the record.
3. In Setup, Flows, make a Record-Triggered Flow of that object (A record is created or updated; Actions and
   Related Records) with one Action, of the kind Outbound Message, that is the message of step 2; activate it.
4. In Setup, Outbound Messages, the delivery status shows what waits; it is tried again for 24 hours.
5. Safer still: have your proxy ask for Salesforce's client certificate (Setup, Certificate and Key
   Management, API Client Certificate), and name its fingerprint under `fingerprints`.
6. Put the id of the user that Wirepost acts as under `own_ids`, so that its own changes are known.
"""

WEBHOOK = Webhook(
    name="salesforce",
    title="Salesforce",
    scheme=OutboundMessage(),
    read=read,
    types=TYPES,
    accepted=Reply(body=soap.ACK, content_type="text/xml; charset=utf-8"),
    sample=sample,
    steps=STEPS,
)
