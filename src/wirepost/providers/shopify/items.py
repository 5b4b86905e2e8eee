"""What Shopify tells of, in our words: orders, products, stock, customers, and everything else by its topic.

https://shopify.dev/docs/api/webhooks
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wirepost.providers.shopify.objects import shown
from wirepost.webhooks.reading import at, key, moment, our_type, text, word
from wirepost.webhooks.webhook import Actor, Item, Unmapped

Json = dict[str, Any]

TYPES = {
    "orders/create": "order.created",
    "orders/updated": "order.updated",
    "orders/edited": "order.edited",
    "orders/paid": "order.paid",
    "orders/cancelled": "order.cancelled",
    "orders/fulfilled": "order.fulfilled",
    "orders/partially_fulfilled": "order.partially_fulfilled",
    "orders/delete": "order.deleted",
    "draft_orders/create": "draft_order.created",
    "draft_orders/update": "draft_order.updated",
    "draft_orders/delete": "draft_order.deleted",
    "checkouts/create": "checkout.created",
    "checkouts/update": "checkout.updated",
    "refunds/create": "refund.created",
    "disputes/create": "payment.dispute.opened",
    "disputes/update": "payment.dispute.updated",
    "fulfillments/create": "fulfillment.created",
    "fulfillments/update": "fulfillment.updated",
    "returns/request": "return.requested",
    "returns/approve": "return.approved",
    "returns/decline": "return.declined",
    "returns/close": "return.closed",
    "products/create": "product.created",
    "products/update": "product.updated",
    "products/delete": "product.deleted",
    "inventory_levels/update": "inventory.changed",
    "customers/create": "customer.created",
    "customers/update": "customer.updated",
    "customers/delete": "customer.deleted",
    "customers/data_request": "privacy.export_requested",
    "customers/redact": "privacy.erasure_requested",
    "shop/redact": "privacy.shop_erasure_requested",
}
"""Topic → ours."""

KINDS = {
    "orders": "order",
    "draft_orders": "draft_order",
    "checkouts": "checkout",
    "refunds": "refund",
    "disputes": "dispute",
    "fulfillments": "fulfillment",
    "products": "product",
    "inventory_levels": "inventory_level",
    "customers": "customer",
    "returns": "return",
    "app": "shop",
    "shop": "shop",
}
"""The first part of a topic → what it is about."""
COMPLIANCE = frozenset({"customers/data_request", "customers/redact", "shop/redact"})
"""https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance"""

_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,99}\.myshopify\.com")
_TOPIC = re.compile(r"[a-z0-9_]{1,60}(/[a-z0-9_]{1,60}){1,3}")
_GID = re.compile(r"gid://shopify/([A-Za-z]{1,60})/.{1,200}")


def shop_of(domain: str | None) -> str:
    """The shop as its own domain; raises `Unmapped` for what is none."""
    shop = (domain or "").lower()
    if not _SHOP.fullmatch(shop):
        raise Unmapped("names no shop")
    return shop


def item_of(topic: str, shop: str, body: Json, *, own_ids: frozenset[str] = frozenset()) -> Item:
    """One event without what only its headers say; raises `Unmapped` where topic, shop and body do not fit.

    Topic and shop are not signed, the body is: it must be of that kind, and of that shop where it says.
    """
    if not _TOPIC.fullmatch(topic):
        raise Unmapped("has no topic of Shopify's")
    noun = topic.partition("/")[0]
    kind = KINDS.get(noun, noun.removesuffix("s"))
    _check(topic, kind, shop, body)
    ours = our_type("shopify", topic, TYPES)
    fields, untrusted = shown("request" if topic in COMPLIANCE else kind, body)
    subject = _subject(kind, shop, fields, is_request=topic in COMPLIANCE)
    own = fields.get("app") if topic == "orders/create" else None
    about = [subject.replace("/", " ") if word(subject) else "object", _amount(fields)]
    about += [f"status {fields[name]}" for name in ("financial_status", "status") if word(fields.get(name))]
    return Item(
        type=ours,
        provider_type=topic,
        summary=f"{ours}: {', '.join(each for each in about if each)}",
        data=fields,
        subject=subject,
        time=moment(body.get("updated_at")),
        account=shop,
        untrusted=untrusted,
        actor=Actor("self", own) if own in own_ids else Actor(),
        marks=tuple(mark for mark in (fields.get("id"), fields.get("gid")) if mark),
    )


def key_of(topic: str, event_id: str | None, webhook_id: str | None) -> str | None:
    """What tells an event from others: one change has one id for all subscriptions to a topic."""
    return key(f"{topic}:{event_id}" if event_id else webhook_id)


def _check(topic: str, kind: str, shop: str, body: Json) -> None:
    named = _GID.fullmatch(text(body.get("admin_graphql_api_id")) or "")
    if named and kind in KINDS.values() and kind != "shop" and _plain(named[1]) != _plain(kind):
        raise Unmapped(f"is about a {named[1]}, although it is said to be {topic}")
    said = text(at(body, "shop_domain") if topic in COMPLIANCE else at(body, "myshopify_domain"))
    if said is not None and said.lower() != shop and kind in {"shop", "customer"}:
        raise Unmapped(f"is of another shop than {shop}")
    if topic in COMPLIANCE and said is None:
        raise Unmapped("names no shop, although it is a request about one")


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _subject(kind: str, shop: str, fields: Mapping[str, Any], *, is_request: bool) -> str:
    """Kind and id; stock is of an article at a place."""
    if kind == "inventory_level":
        return f"inventory_level/{fields.get('inventory_item')}@{fields.get('location')}"
    if is_request:
        return f"customer/{fields['customer']}" if "customer" in fields else f"shop/{shop}"
    if kind == "shop" or "id" not in fields:
        return f"shop/{shop}"
    return f"{kind}/{fields['id']}"


def _amount(fields: Mapping[str, Any]) -> str | None:
    amount, currency = word(fields.get("total") or fields.get("amount")), word(fields.get("currency"))
    return f"{amount} {currency}" if amount and currency else None
