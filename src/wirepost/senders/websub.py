"""WebSub: new content of a topic, distributed by a hub; a subscription is confirmed if its topic is ours."""

from __future__ import annotations

import re

from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import line
from wirepost.webhooks.replies import ALLOWED, plain
from wirepost.webhooks.schemes.hub_signature import WEBSUB
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Item, Reading, Terms, Webhook

_LINK = re.compile(r'<([^<>\s]{1,2000})>\s*;[^,<]*\brel="?([a-z ]{1,40})', re.ASCII)


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """That there is new content; it is the body, of any kind, and kept as raw."""
    links = {rel: url for url, rel in _LINK.findall(request.header("link") or "")}
    topic = links.get("self") or (terms.settings.topics[0] if len(terms.settings.topics) == 1 else None)
    subject = f"topic/{topic}" if topic else None
    data = {
        "topic": topic or "",
        "content_type": request.header("content-type") or "",
        "bytes": len(request.body),
    }
    item = Item(
        type="websub.content",
        provider_type="content",
        summary=line("WebSub", "content", subject),
        data=data,
        subject=subject,
        account=topic,
        untrusted=("topic", "content_type"),
    )
    return Reading((item,))


async def _confirm(request: Incoming, terms: Terms) -> Reply | None:
    """The challenge, if we want what the hub was asked for: a topic of ours, or no other one any longer."""
    mode, topic = request.query.get("hub.mode"), request.query.get("hub.topic")
    if request.method != "GET" or mode is None:
        return None
    is_ours = topic in terms.settings.topics
    if mode == "denied":
        return ALLOWED
    if (mode == "subscribe" and is_ours) or (mode == "unsubscribe" and topic and not is_ours):
        return plain(request.query.get("hub.challenge", ""))
    return Reply(status=404)


WEBHOOK = Webhook(
    name="websub",
    title="WebSub",
    scheme=WEBSUB,
    read=read,
    greet=_confirm,
    methods=frozenset({"GET", "POST"}),
    steps="List the topic's address in `topics`, then ask its hub: hub.mode=subscribe, hub.topic, "
    "hub.callback={url} and hub.secret, which also goes into `secrets`.",
)
