"""Standard Webhooks: whoever signs as that specification says, among them all senders that Svix hosts."""

from __future__ import annotations

from wirepost.webhooks import any_json
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.reading import key, parse_object
from wirepost.webhooks.schemes.standard import STANDARD, signed_id
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Reading, Terms, Webhook


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """One event; its id is that of the message, which stays the same when it is sent again."""
    item = any_json.item_of("standard_webhooks", "Webhook", parse_object(request.body))
    item.event_id = signed_id(request)
    item.key = key(item.event_id)
    return Reading((item,))


WEBHOOK = Webhook(
    name="standard_webhooks",
    title="Standard Webhooks",
    scheme=STANDARD,
    read=read,
    sign=STANDARD.sign,
    steps="Enter {url} at the sender; the signing secret (whsec_…) or public key (whpk_…) it shows goes into "
    "`secrets`.",
)
