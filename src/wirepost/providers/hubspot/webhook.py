"""HubSpot's requests: up to a hundred changes of records at once, of every account that has the app.

https://developers.hubspot.com/docs/api-reference/latest/webhooks/guide
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.providers.hubspot.items import NOUNS, TYPES, item_of
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.reading import each, parse_list
from wirepost.webhooks.samples import sample_file, unknown_type, with_fields
from wirepost.webhooks.schemes.hubspot import HUBSPOT
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Reading, Terms, Webhook

if TYPE_CHECKING:
    from wirepost.providers.hubspot.client import HubSpotClient
    from wirepost.providers.hubspot.manage import HubSpotManagement


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """Every change of the batch; raises `Unmapped`."""
    del verified
    own = frozenset(terms.settings.own_ids)
    return Reading(each(parse_list(request.body), lambda row: item_of(row, own)))


_SAMPLES = {
    **{f"{noun}.{theirs}": theirs for noun in NOUNS for theirs in ("creation", "propertyChange", "deletion")},
    "contact.associationChange": "associationChange",
    "object.propertyChange": "object.propertyChange",
}
_OURS = {ours: theirs for theirs, ours in TYPES.items() if theirs in _SAMPLES}


def sample(kind: str, fields: Mapping[str, Any]) -> tuple[Mapping[str, str], bytes]:
    """A batch of one as HubSpot would send it, each time with another id; paths begin with `0`.

    Raises `ValueError`.
    """
    theirs = kind if kind in _SAMPLES else _OURS.get(kind)
    if theirs is None:
        raise unknown_type(kind, [*_SAMPLES, *_OURS])
    body = orjson.loads(sample_file(__package__, f"{_SAMPLES[theirs]}.json"))
    body[0] |= {"subscriptionType": theirs, "eventId": secrets.randbelow(2**31)}
    return {"content-type": "application/json"}, orjson.dumps(with_fields(body, fields))


def manage(client: HubSpotClient) -> HubSpotManagement:
    """Where its webhooks are set up; loaded when somebody does that."""
    from wirepost.providers.hubspot.manage import HubSpotManagement

    return HubSpotManagement(client)


STEPS = """\
Webhooks belong to an app, so each account that installs the app is told of at one address.

1. In HubSpot open Development, Projects and the project of your app, or Development, Legacy apps.
2. In a project put {url} as targetUrl into src/app/webhooks/webhooks-hsmeta.json, with subscriptions to
   object.creation, object.propertyChange, object.deletion, object.associationChange; run `hs project upload`.
   In a legacy app open Webhooks, Edit webhooks, put {url} as the Target URL, and under Create subscriptions
   choose objects (Contact, Company, Deal, Ticket) and events (Created, Deleted, Property changed, ...).
3. Copy the Client secret from the Auth page of the app to where `secrets` of the webhook says.
4. Put the id of the app that writes under `own_ids`, if that is another app, so that its changes are known.
"""

WEBHOOK = Webhook(
    name="hubspot",
    title="HubSpot",
    scheme=HUBSPOT,
    read=read,
    types=TYPES,
    sample=sample,
    sign=HUBSPOT.sign,
    manage=manage,
    steps=STEPS,
)
