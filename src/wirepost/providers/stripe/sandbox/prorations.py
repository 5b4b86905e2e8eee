"""What a change of a subscription costs.

A change bills the rest of the period. With `left` the seconds until its end and `length` those of the whole
period, each changed item gives back `unit price * quantity * left / length` of its old state and takes the
same of its new one; halves of a minor unit are rounded up. An item whose new price has another interval
gives back its rest and starts a whole new period now. During a trial nothing is prorated, because nothing
was paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from wirepost.providers.stripe.sandbox.catalog import usable_price
from wirepost.providers.stripe.sandbox.errors import StripeError, missing_parameter
from wirepost.providers.stripe.sandbox.lines import line_row, pricing_of, subscription_parent
from wirepost.providers.stripe.sandbox.state import State
from wirepost.providers.stripe.sandbox.tables import Row
from wirepost.sandbox.billing import later


@dataclass(slots=True)
class Item:
    """One item of a subscription before and after a change."""

    id: str
    old: Row | None
    """The price it had; `None` for an added item."""
    old_quantity: int
    new: Row | None
    """The price it will have; `None` for a removed one."""
    new_quantity: int

    @property
    def is_changed(self) -> bool:
        """Does anything about it change?"""
        return (self.old, self.old_quantity) != (self.new, self.new_quantity)

    @property
    def restarts(self) -> bool:
        """Does it begin a period of another length?"""
        return bool(self.old and self.new) and _interval(self.old) != _interval(self.new)


def items_after(state: State, subscription: Row, changes: Sequence[Row]) -> list[Item]:
    """Every item with what `items[]` of a request makes of it; raises Stripe's errors."""
    items = {
        row["id"]: Item(row["id"], row["price"], row["quantity"], row["price"], row["quantity"])
        for row in subscription["items"]["data"]
    }
    for index, change in enumerate(changes):
        path = f"items[{index}]"
        item = _named(items, change, path) or _added(items, change, path)
        if change.get("deleted"):
            item.new, item.new_quantity = None, 0
            continue
        if price_id := change.get("price"):
            item.new = usable_price(state, price_id, f"{path}[price]", kind="recurring")
        if item.new is None:
            raise missing_parameter(f"{path}[price]")
        if item.new["currency"] != subscription["currency"]:
            message = (
                f"The price specified supports currencies of `{item.new['currency']}`, but the subscription "
                f"is in `{subscription['currency']}`."
            )
            raise StripeError(message, param=f"{path}[price]")
        item.new_quantity = change.get("quantity", item.new_quantity or 1)
    _check(list(items.values()))
    return list(items.values())


def _named(items: dict[str, Item], change: Row, path: str) -> Item | None:
    if not change.get("id"):
        return None
    if change["id"] not in items:
        message = f"No such subscription item: '{change['id']}'"
        raise StripeError(message, code="resource_missing", param=f"{path}[id]")
    return items[change["id"]]


def _added(items: dict[str, Item], change: Row, path: str) -> Item:
    if not change.get("price"):
        raise missing_parameter(f"{path}[price]")
    key = f"new-{path}"
    items[key] = Item(key, None, 0, None, 0)
    return items[key]


def _check(items: Sequence[Item]) -> None:
    kept = [item.new for item in items if item.new]
    if not kept:
        message = "A subscription must have at least one active plan."
        raise StripeError(message, param="items")
    if len({price["id"] for price in kept}) < len(kept):
        message = "Cannot add multiple subscription items with the same price."
        raise StripeError(message, param="items")
    if len({_interval(price) for price in kept}) > 1:
        message = "All prices on a subscription must have the same `interval` and `interval_count`."
        raise StripeError(message, param="items")


def prorated(state: State, subscription: Row, items: Sequence[Item], at: int) -> list[Row]:
    """The lines that bill the rest of the period."""
    if subscription["status"] == "trialing":
        return []
    lines = []
    start, end = period_of(subscription)
    rest = (max(start, min(at, end)), end)
    for item in items:
        if not item.is_changed:
            continue
        if item.old:
            unused = -share(item.old["unit_amount"] * item.old_quantity, rest, (start, end))
            lines.append(_line(state, subscription, item, unused, rest, is_credit=True))
        if item.new and item.restarts:
            whole = (at, next_end(at, item.new))
            amount = item.new["unit_amount"] * item.new_quantity
            lines.append(_line(state, subscription, item, amount, whole, is_credit=False))
        elif item.new:
            amount = share(item.new["unit_amount"] * item.new_quantity, rest, (start, end))
            lines.append(_line(state, subscription, item, amount, rest, is_credit=False))
    return lines


def share(amount: int, rest: tuple[int, int], period: tuple[int, int]) -> int:
    """The part of an amount for the rest of a period, rounded half up."""
    left, length = rest[1] - rest[0], max(period[1] - period[0], 1)
    return (2 * amount * left + length) // (2 * length)


def cycle(state: State, subscription: Row, items: Sequence[Item]) -> list[Row]:
    """The lines of the next whole period."""
    _, start = period_of(subscription)
    lines = []
    for item in items:
        if item.new:
            amount = item.new["unit_amount"] * item.new_quantity
            period = (start, next_end(start, item.new))
            lines.append(_regular(state, subscription, item, amount, period))
    return lines


def period_of(subscription: Row) -> tuple[int, int]:
    """The current period; since API version 2025-03-31 it is a matter of the items."""
    items = subscription["items"]["data"]
    return items[0]["current_period_start"], items[0]["current_period_end"]


def next_end(start: int, price: Row) -> int:
    """When a period that begins at `start` ends."""
    interval = price["recurring"]["interval"]
    return int(later(datetime.fromtimestamp(start, UTC), interval).timestamp())


def _interval(price: Row | None) -> tuple[str, int] | None:
    recurring = price and price["recurring"]
    return (recurring["interval"], recurring["interval_count"]) if recurring else None


def _line(
    state: State, subscription: Row, item: Item, amount: int, period: tuple[int, int], *, is_credit: bool
) -> Row:
    price, quantity = (item.old, item.old_quantity) if is_credit else (item.new, item.new_quantity)
    assert price is not None  # noqa: S101 - the caller looked
    name = state.get("products", price["product"])["name"]
    count = f"{quantity} × " if quantity != 1 else ""
    day = f"{datetime.fromtimestamp(period[0], UTC):%d %b %Y}"
    what = "Unused time on" if is_credit else "Remaining time on"
    return line_row(
        state,
        amount=amount,
        currency=subscription["currency"],
        description=f"{what} {count}{name} after {day}",
        discountable=False,
        parent=subscription_parent(subscription["id"], item.id, is_proration=True),
        period={"end": period[1], "start": period[0]},
        pricing=pricing_of(price, price["unit_amount"]),
        quantity=quantity,
        subscription=subscription["id"],
    )


def _regular(state: State, subscription: Row, item: Item, amount: int, period: tuple[int, int]) -> Row:
    assert item.new is not None  # noqa: S101 - the caller looked
    name = state.get("products", item.new["product"])["name"]
    return line_row(
        state,
        amount=amount,
        currency=subscription["currency"],
        description=f"{item.new_quantity} × {name}",
        parent=subscription_parent(subscription["id"], item.id),
        period={"end": period[1], "start": period[0]},
        pricing=pricing_of(item.new, item.new["unit_amount"]),
        quantity=item.new_quantity,
        subscription=subscription["id"],
    )
