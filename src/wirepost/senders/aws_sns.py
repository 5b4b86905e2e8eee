"""Amazon SNS: what is published to a topic; a subscription is confirmed by visiting an address it names."""

from __future__ import annotations

from typing import Any

from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.reading import (
    key,
    line,
    moment,
    needed,
    our_type,
    parse_json,
    parse_object,
    scalars,
    text,
)
from wirepost.webhooks.schemes.sns import SNS, is_sns_url
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Item, Reading, Terms, Unmapped, Webhook


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """One event for a message, one for each of its records where it has some (S3, SES); or a visit."""
    body = parse_object(request.body)
    kind = needed(body.get("Type"), "Type")
    if kind == "SubscriptionConfirmation":
        return Reading((), visits=(_confirmation(body),))
    topic = needed(body.get("TopicArn"), "TopicArn")
    message = text(body.get("Message"), limit=1 << 25) or ""
    content = _content(message)
    records = content.get("Records") if isinstance(content, dict) else None
    parts: list[Any] = records if isinstance(records, list) and records else [content]
    items = [_item(body, kind, topic, part) for part in parts]
    if len(items) > 1:
        for index, item in enumerate(items):
            item.key = key(f"{item.event_id}:{index}")
    return Reading(items)


def _confirmation(body: dict[str, Any]) -> str:
    """Where the subscription is confirmed; with `verify: false` nobody has looked at it before."""
    url = needed(body.get("SubscribeURL"), "SubscribeURL")
    if not is_sns_url(url):
        raise Unmapped("has a SubscribeURL that is not Amazon's")
    return url


def _content(message: str) -> Any:
    try:
        return parse_json(message.encode())
    except (Unmapped, UnicodeEncodeError):
        return None


def _item(body: dict[str, Any], kind: str, topic: str, part: Any) -> Item:
    own = needed(body.get("MessageId"), "MessageId")
    name = topic.rpartition(":")[2]
    provider_type = f"{kind}/{name}"
    data = scalars(part) or {"message": text(body.get("Message")) or ""}
    if subject := text(body.get("Subject")):
        data["subject"] = subject
    return Item(
        type=our_type("aws_sns", provider_type),
        provider_type=provider_type,
        summary=line("Amazon SNS", provider_type, f"message/{own}"),
        data=data,
        subject=f"message/{own}",
        key=key(own),
        event_id=own,
        time=moment(body.get("Timestamp")),
        account=topic,
        untrusted=tuple(data),
    )


WEBHOOK = Webhook(
    name="aws_sns",
    title="Amazon SNS",
    scheme=SNS,
    read=read,
    tolerance_s=3600,
    needs_accounts=True,
    steps="List the topic's ARN in `accounts`, then create a subscription of it with protocol HTTPS and "
    "endpoint {url}, raw message delivery off; it is confirmed by itself.",
)
