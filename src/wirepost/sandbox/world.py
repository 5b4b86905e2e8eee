"""`World`: the facts of the imaginary Nordlicht Shop, the same for every vendor and every start."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from random import Random
from typing import Protocol, TypeVar

from wirepost.sandbox.assortment import make_products
from wirepost.sandbox.billing import Billing, make_billing
from wirepost.sandbox.facts import (
    Activity,
    Channel,
    Colleague,
    Company,
    Deal,
    Dispute,
    Invoice,
    Message,
    Order,
    Payment,
    Person,
    Price,
    Product,
    Refund,
    Review,
    Subscription,
    Ticket,
)
from wirepost.sandbox.people import make_companies, make_people
from wirepost.sandbox.relations import make_activities, make_deals, make_team, make_tickets
from wirepost.sandbox.talk import make_channels, make_messages
from wirepost.sandbox.trade import make_disputes, make_orders, make_refunds

NAME = "Nordlicht Shop"
SEED = 20261028


class _Keyed(Protocol):
    key: str


K = TypeVar("K", bound=_Keyed)


class World:
    """People, goods and what happened between them during the 18 months before `now`.

    Everything follows from the seed: the same seed gives the same people and orders, at times relative to
    `now`.
    Each kind of fact is made when it is first asked for, and comes oldest first.
    """

    def __init__(self, now: datetime, seed: int = SEED) -> None:
        self.now = now.replace(microsecond=0)
        self.seed = seed

    @classmethod
    def build(cls, now: datetime, seed: int = SEED) -> World:
        """The shop as it stands at `now`."""
        return cls(now, seed)

    @cached_property
    def companies(self) -> list[Company]:
        """Businesses."""
        return make_companies(self._random("companies"), self.now)

    @cached_property
    def people(self) -> list[Person]:
        """Customers."""
        return make_people(self._random("people"), self.now, self.companies)

    @cached_property
    def products(self) -> list[Product]:
        """Goods and clubs, with prices."""
        return make_products(self._random("products"), self.now)

    @cached_property
    def prices(self) -> list[Price]:
        """Every price of every product."""
        return [price for product in self.products for price in product.prices]

    @cached_property
    def orders(self) -> list[Order]:
        """Purchases."""
        return self._trade[0]

    @cached_property
    def payments(self) -> list[Payment]:
        """Payments for orders and for invoices."""
        return sorted((*self._trade[1], *self._billing.payments), key=lambda payment: payment.created_at)

    @cached_property
    def refunds(self) -> list[Refund]:
        """Money given back."""
        return make_refunds(self._random("refunds"), self.now, self.payments)

    @cached_property
    def disputes(self) -> list[Dispute]:
        """Payments taken back by banks."""
        return make_disputes(self.now, self.payments, self.refunds)

    @cached_property
    def subscriptions(self) -> list[Subscription]:
        """Recurring purchases."""
        return self._billing.subscriptions

    @cached_property
    def invoices(self) -> list[Invoice]:
        """Requests for money."""
        return self._billing.invoices

    @cached_property
    def team(self) -> list[Colleague]:
        """Who works in the shop."""
        return make_team()

    @cached_property
    def deals(self) -> list[Deal]:
        """Sales by hand."""
        return make_deals(self._random("deals"), self.now, self.people, self.team)

    @cached_property
    def tickets(self) -> list[Ticket]:
        """Questions and complaints."""
        return make_tickets(self._random("tickets"), self.now, self.people, self.orders, self.team)

    @cached_property
    def activities(self) -> list[Activity]:
        """What was done for customers."""
        return make_activities(self._random("activities"), self.now, self.people, self.deals, self.team)

    @cached_property
    def channels(self) -> list[Channel]:
        """Rooms of the chat."""
        return make_channels(self.now, self.team)

    @cached_property
    def messages(self) -> list[Message]:
        """What was written in them."""
        return make_messages(self._random("messages"), self.now, self.channels, self.people, self.orders)

    @cached_property
    def reviews(self) -> list[Review]:
        """What customers wrote about what they bought, with what it means."""
        from wirepost.sandbox.reviews import make_reviews  # its many sentences are needed by few

        products = {product.key: product for product in self.products}
        product_of = {price.key: products[price.product] for price in self.prices}
        return make_reviews(self._random("reviews"), self.now, self.person, self.orders, product_of)

    @cached_property
    def person(self) -> dict[str, Person]:
        """People by key."""
        return _by_key(self.people)

    @cached_property
    def price(self) -> dict[str, Price]:
        """Prices by key."""
        return _by_key(self.prices)

    @cached_property
    def order(self) -> dict[str, Order]:
        """Orders by key."""
        return _by_key(self.orders)

    @cached_property
    def payment(self) -> dict[str, Payment]:
        """Payments by key."""
        return _by_key(self.payments)

    @cached_property
    def _trade(self) -> tuple[list[Order], list[Payment]]:
        return make_orders(self._random("orders"), self.now, self.people, self.products)

    @cached_property
    def _billing(self) -> Billing:
        return make_billing(self._random("billing"), self.now, self.people, self.products)

    def _random(self, part: str) -> Random:
        """Each part draws from its own sequence, so that parts do not depend on the order of asking."""
        return Random(f"{self.seed}/{part}")


def _by_key(facts: Sequence[K]) -> dict[str, K]:
    return {fact.key: fact for fact in facts}
