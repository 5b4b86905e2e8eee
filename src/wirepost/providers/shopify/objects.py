"""Objects of Shopify as events show them: of each kind the fields an agent may need, ids as texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wirepost.core.times import from_epoch
from wirepost.webhooks.reading import at, moment, paths, picked, scalar, text

Json = dict[str, Any]
Paths = Mapping[str, tuple[str, ...]]

MAX_ROWS = 20
"""Parts of an object, such as the positions of an order."""


@dataclass(frozen=True)
class Shape:
    """What is shown of one kind of object."""

    values: Paths
    """Words and numbers of Shopify's; amounts are decimal strings already."""
    texts: Paths
    """Written by customers and by those who run the shop."""
    ids: Paths
    """They exceed what JavaScript counts exactly."""
    times: Paths
    rows: Mapping[str, Callable[[Json], Json]]
    """Member → what is shown of each of its parts."""
    written: tuple[str, ...] = ()
    """Untrusted paths in those parts."""


def _shape(
    values: str = "status",
    *,
    texts: str = "",
    ids: str = "",
    times: str = "",
    rows: Mapping[str, Callable[[Json], Json]] | None = None,
    written: tuple[str, ...] = (),
) -> Shape:
    times = f"created_at updated_at {times}"
    return Shape(paths(values), paths(texts), paths(f"id {ids}"), paths(times), rows or {}, written)


def shown(kind: str, raw: Json) -> tuple[Json, tuple[str, ...]]:
    """The shown fields of an object and the untrusted ones among them; whatever is odd is left out."""
    shape = SHAPES.get(kind, _OTHER)
    texts = {name: value for name, value in picked(raw, shape.texts).items() if value != ""}
    rows = {name: _rows(raw.get(name), part) for name, part in shape.rows.items()}
    fields: Json = {
        **{name: text(at(raw, *path)) for name, path in shape.ids.items()},
        "gid": text(raw.get("admin_graphql_api_id")),
        **picked(raw, shape.values),
        **{name: time_of(at(raw, *path)) for name, path in shape.times.items()},
        **texts,
        **{name: found or None for name, found in rows.items()},
    }
    written = (path for path in shape.written if rows.get(path.partition("[")[0]))
    return {name: value for name, value in fields.items() if value is not None}, (*texts, *written)


def time_of(value: Any) -> str | None:
    """A time of Shopify's, which has the offset of the shop, in UTC."""
    found = moment(value)
    return None if found is None else from_epoch(int(found))


def _rows(value: Any, part: Callable[[Json], Json]) -> list[Json]:
    parts = (
        [part(row) for row in value[:MAX_ROWS] if isinstance(row, dict)] if isinstance(value, list) else []
    )
    return [{name: each for name, each in found.items() if each is not None} for found in parts]


def _position(row: Json) -> Json:
    return {
        "product": text(row.get("product_id")),
        "variant": text(row.get("variant_id")),
        "sku": text(row.get("sku"), 100),
        "title": text(row.get("title"), 200),
        "quantity": scalar(row.get("quantity")),
        "price": text(row.get("price"), 40),
    }


def _variant(row: Json) -> Json:
    return {
        "id": text(row.get("id")),
        "sku": text(row.get("sku"), 100),
        "title": text(row.get("title"), 200),
        "price": text(row.get("price"), 40),
        "stock": scalar(row.get("inventory_quantity")),
    }


def _transaction(row: Json) -> Json:
    names = ("kind", "status", "amount", "currency", "gateway")
    return {name: text(row.get(name), 100) for name in names}


_POSITIONS = {"line_items": _position}
_WRITTEN = ("line_items[].title", "line_items[].sku")
_TOTALS = "total=total_price subtotal=subtotal_price tax=total_tax discounts=total_discounts currency"
_PERSON = "email phone note tags"

SHAPES: Mapping[str, Shape] = {
    "order": _shape(
        f"name number=order_number {_TOTALS} financial_status fulfillment_status cancel_reason is_test=test "
        "is_confirmed=confirmed country=shipping_address.country_code",
        texts=f"{_PERSON} source=source_name",
        ids="customer=customer.id app=app_id",
        times="cancelled_at closed_at processed_at",
        rows=_POSITIONS,
        written=_WRITTEN,
    ),
    "draft_order": _shape(
        f"name status {_TOTALS}",
        texts=_PERSON,
        ids="customer=customer.id order=order_id",
        times="completed_at",
        rows=_POSITIONS,
        written=_WRITTEN,
    ),
    "checkout": _shape(
        _TOTALS,
        texts=_PERSON,
        ids="customer=customer.id",
        times="completed_at",
        rows=_POSITIONS,
        written=_WRITTEN,
    ),
    "refund": _shape("", texts="note", ids="order=order_id", rows={"transactions": _transaction}),
    "fulfillment": _shape(
        "status shipment_status service",
        texts="name tracking_company tracking_number tracking_url",
        ids="order=order_id location=location_id",
        rows=_POSITIONS,
        written=_WRITTEN,
    ),
    "product": _shape(
        "status",
        texts="title vendor product_type handle tags",
        times="published_at",
        rows={"variants": _variant},
        written=("variants[].title", "variants[].sku"),
    ),
    "inventory_level": _shape("available", ids="inventory_item=inventory_item_id location=location_id"),
    "customer": _shape(
        "state orders_count total_spent currency is_verified=verified_email",
        texts=f"{_PERSON} first_name last_name",
    ),
    "dispute": _shape(
        "type status reason amount currency",
        ids="order=order_id",
        times="evidence_due_at=evidence_due_by finalized_at=finalized_on",
    ),
    "shop": _shape(
        "currency plan=plan_name domain=myshopify_domain country=country_code", texts="name email shop_owner"
    ),
    "request": _shape("shop=shop_domain", texts="email=customer.email", ids="customer=customer.id"),
}
"""The last is what a person asks for by law: to be told what is stored, or to be forgotten."""
_OTHER = _shape("status kind amount currency", texts="name title", ids="order=order_id customer=customer_id")
