"""Objects with ids that documents can name, such as `pi_NordlichtExample`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from wirepost.sandbox.world import World

SUFFIX = "NordlichtExample"


def _customer(world: World) -> str:
    """Anna Lindqvist, who has orders, invoices and a subscription."""
    return world.people[0].key


def _payment(world: World) -> str:
    """Anna's order of three days ago: paid, neither refunded nor disputed."""
    before = world.now - timedelta(days=3)
    return next(
        order.payment
        for order in reversed(world.orders)
        if order.person == world.people[0].key and order.shipped_at and order.created_at < before
    )


def _dispute(world: World) -> str:
    """A dispute that waits for evidence."""
    return next(dispute.key for dispute in world.disputes if dispute.status == "needs_response")


def _invoice(world: World) -> str:
    """A draft, which can be sent or deleted, for somebody with an e-mail address."""
    return next(
        invoice.key
        for invoice in world.invoices
        if invoice.status == "draft" and world.person[invoice.person].email
    )


def _price(world: World) -> str:
    """What a thing costs in euros."""
    return next(price.key for price in world.prices if price.currency == "eur" and not price.interval)


EXAMPLES: dict[str, Callable[[World], str]] = {
    "cus": _customer,
    "pi": _payment,
    "dp": _dispute,
    "in": _invoice,
    "price": _price,
    "sub": lambda world: world.subscriptions[0].key,
    "si": lambda world: f"{world.subscriptions[0].key}-0",
}
"""Prefix of an id → the fact that has the memorable one."""
