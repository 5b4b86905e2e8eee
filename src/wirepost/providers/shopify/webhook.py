"""Shopify's webhook: how its requests are signed, read, set up, and made for trying."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.core.clock import Clock
from wirepost.core.ids import new_id
from wirepost.providers.shopify.items import TYPES, item_of, key_of, shop_of
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.reading import moment, needed, parse_object
from wirepost.webhooks.samples import sample_file, sample_type, with_fields
from wirepost.webhooks.schemes.hmacs import SHOPIFY
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Reading, Terms, Unmapped, Webhook

if TYPE_CHECKING:
    from wirepost.providers.shopify.client import ShopifyClient
    from wirepost.providers.shopify.manage import ShopifyManagement


SAMPLE_SHOP = "example.myshopify.com"
_ORDER = "orders.create"
SAMPLES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "app/uninstalled": ("app.uninstalled", {}),
    "fulfillments/create": ("fulfillments.create", {}),
    "inventory_levels/update": ("inventory_levels.update", {}),
    "orders/create": (_ORDER, {"cancelled_at": None, "cancel_reason": None, "financial_status": "pending"}),
    "orders/updated": (_ORDER, {"cancelled_at": None, "cancel_reason": None, "financial_status": "paid"}),
    "orders/paid": (_ORDER, {"cancelled_at": None, "cancel_reason": None, "financial_status": "paid"}),
    "orders/cancelled": (_ORDER, {}),
    "products/create": ("products.update", {}),
    "products/update": ("products.update", {}),
}
"""Topic → the sample it is made from, and what is different in it."""


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:  # noqa: ARG001 - the signature says all
    """The one event of a request."""
    topic = needed(_header(request, "topic"), "topic")
    shop = shop_of(_header(request, "shop-domain"))
    item = item_of(topic, shop, parse_object(request.body), own_ids=frozenset(terms.settings.own_ids))
    event_id, webhook_id = _header(request, "event-id"), _header(request, "webhook-id")
    item.event_id = event_id or webhook_id
    item.key = key_of(topic, event_id, webhook_id)
    item.time = moment(_header(request, "triggered-at")) or item.time
    if _header(request, "test") == "true":
        item.environment = "test"
    return Reading([item])


def _header(request: Incoming, name: str) -> str | None:
    """Newer kinds of events come without `X-` before the names."""
    try:
        return request.header(f"x-shopify-{name}") or request.header(f"shopify-{name}") or None
    except Rejected as twice:
        raise Unmapped(str(twice)) from twice


def sample(kind: str, fields: Mapping[str, Any]) -> tuple[Mapping[str, str], bytes]:
    """A request of this topic, or of our type; raises `ValueError` naming those there are."""
    found = sample_type(kind, SAMPLES, TYPES)
    name, differences = SAMPLES[found]
    body = orjson.loads(sample_file("wirepost.providers.shopify", f"{name}.json"))
    # A body that is equal to an earlier one would be taken for a repetition.
    now = Clock().now().isoformat(timespec="microseconds")
    body["updated_at"] = now
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Shopify-Captain-Hook",
        "X-Shopify-Topic": found,
        "X-Shopify-Shop-Domain": SAMPLE_SHOP,
        "X-Shopify-Webhook-Id": new_id("sample"),
        "X-Shopify-Event-Id": new_id("sample"),
        "X-Shopify-Triggered-At": now,
        "X-Shopify-Test": "true",
    }
    return headers, orjson.dumps(with_fields(with_fields(body, differences), fields))


def manage(client: ShopifyClient) -> ShopifyManagement:
    """Where its webhooks are set up; loaded when somebody does that."""
    from wirepost.providers.shopify.manage import ShopifyManagement

    return ShopifyManagement(client)


WEBHOOK = Webhook(
    name="shopify",
    title="Shopify",
    scheme=SHOPIFY,
    read=read,
    types=TYPES,
    sample=sample,
    sign=SHOPIFY.sign,
    manage=manage,
    steps="The client secret of the app signs: name it under `secrets`. `wirepost webhooks setup` subscribes "
    "the app to topics. Those for privacy laws stand in the file shopify.app.toml under "
    '[webhooks], compliance_topics, uri = "{url}". Notifications that are set up in the admin of a shop are '
    "signed with the secret shown there",
)
