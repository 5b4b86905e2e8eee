"""What was bought: about 1,500 orders, their payments, refunds and disputes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from wirepost.sandbox.facts import (
    Dispute,
    DisputeStatus,
    Line,
    Order,
    Payment,
    PaymentStatus,
    Person,
    Price,
    Product,
    Refund,
)
from wirepost.sandbox.words import DECLINES, DISPUTE_REASONS, HOSTILE, REFUND_REASONS

ORDERS = 1500
Goods = dict[str, list[tuple[Product, Price]]]


def make_orders(
    rng: Random, now: datetime, people: Sequence[Person], products: Sequence[Product]
) -> tuple[list[Order], list[Payment]]:
    """Orders with their payments, oldest first; the named customers bought lately."""
    goods = _goods(products)
    sales = [_sale(rng, now, _buyer(rng, people), goods) for _ in range(ORDERS - 4)]
    for index, days in ((0, 9), (1, 6), (3, 4), (0, 3)):
        basket = [(goods["eur"][index], 1), (goods["eur"][index + 40], 2)]
        sales.append(_Sale(now - timedelta(days=days, hours=2), people[index], basket))
    sales.sort(key=lambda sale: sale.created_at)
    sold = [_sell(rng, sale, number) for number, sale in enumerate(sales, start=1)]
    return [order for order, _ in sold], [payment for _, payment in sold]


@dataclass(slots=True)
class _Sale:
    created_at: datetime
    buyer: Person
    basket: list[tuple[tuple[Product, Price], int]]
    luck: float = 0.0
    """Above 0.93 the payment fails, above 0.98 the buyer walks away."""


def _goods(products: Sequence[Product]) -> Goods:
    goods: Goods = {}
    for product in products:
        for price in product.prices:
            if price.interval is None:
                goods.setdefault(price.currency, []).append((product, price))
    return goods


def _buyer(rng: Random, people: Sequence[Person]) -> Person:
    # Squaring favours older customers: a few buy often, most once or twice.
    return people[int(len(people) * rng.random() ** 2)]


def _sale(rng: Random, now: datetime, buyer: Person, goods: Goods) -> _Sale:
    age = now - timedelta(hours=3) - buyer.created_at
    created_at = (buyer.created_at + age * rng.random()).replace(microsecond=0)
    count = rng.choice((1, 1, 1, 2, 2, 3, 4))
    basket = [(rng.choice(goods[buyer.currency]), rng.choice((1, 1, 1, 2, 3))) for _ in range(count)]
    return _Sale(created_at, buyer, basket, rng.random())


def _sell(rng: Random, sale: _Sale, number: int) -> tuple[Order, Payment]:
    person = sale.buyer
    lines = tuple(
        Line(product.name, count, price.amount * count, price.key) for (product, price), count in sale.basket
    )
    status: PaymentStatus = (
        "succeeded" if sale.luck < 0.93 else "failed" if sale.luck < 0.98 else "canceled"  # noqa: PLR2004
    )
    order = Order(
        key=f"order{number:05}",
        number=f"NL-{10000 + number}",
        person=person.key,
        currency=person.currency,
        lines=lines,
        total=sum(line.amount for line in lines),
        created_at=sale.created_at,
        shipped_at=sale.created_at + timedelta(days=2) if status == "succeeded" else None,
        payment=f"payment-o{number:05}",
        note=HOSTILE[number % len(HOSTILE)] if number % 75 == 7 else "",  # noqa: PLR2004
    )
    payment = Payment(
        key=order.payment,
        person=person.key,
        currency=person.currency,
        amount=order.total,
        status=status,
        created_at=sale.created_at,
        order=order.key,
        decline=rng.choice(DECLINES) if status == "failed" else None,
    )
    return order, payment


def make_refunds(rng: Random, now: datetime, payments: Sequence[Payment]) -> list[Refund]:
    """Every twelfth payment went back, half of them in part, some in two parts; oldest first."""
    made: list[Refund] = []
    paid = [p for p in payments if p.status == "succeeded" and p.created_at < now - timedelta(days=12)]
    for payment in paid[5::12]:
        parts = _parts(rng, payment.amount)
        for nth, amount in enumerate(parts):
            created_at = payment.created_at + timedelta(days=rng.randint(1, 10), hours=nth)
            reason = rng.choice(REFUND_REASONS)
            made.append(Refund(f"refund{len(made) + 1:04}", payment.key, amount, reason, created_at))
    made.sort(key=lambda refund: refund.created_at)
    return made


def _parts(rng: Random, amount: int) -> list[int]:
    chance = rng.random()
    if chance < 0.5:  # noqa: PLR2004
        return [amount]
    # Tens of minor units are possible in every currency the shop takes.
    part = max(10, amount // 4 // 10 * 10)
    return [part] if chance < 0.85 else [part, part]  # noqa: PLR2004


def make_disputes(now: datetime, payments: Sequence[Payment], refunds: Sequence[Refund]) -> list[Dispute]:
    """Some payments without refunds were taken back by the bank; the latest still wait for an answer."""
    refunded = {refund.payment for refund in refunds}
    paid = [
        p
        for p in payments
        if p.status == "succeeded"
        and p.order
        and p.key not in refunded
        and p.created_at < now - timedelta(days=10)
    ]
    open_ones: tuple[DisputeStatus, ...] = (
        "needs_response",
        "needs_response",
        "under_review",
        "needs_response",
    )
    closed_ones: tuple[DisputeStatus, ...] = ("won", "lost")
    chosen = [*paid[30:-120:90], *paid[-60::15]]
    made = []
    for index, payment in enumerate(chosen):
        is_recent = index >= len(chosen) - len(open_ones)
        statuses = open_ones if is_recent else closed_ones
        created_at = payment.created_at + timedelta(days=7)
        made.append(
            Dispute(
                key=f"dispute{index + 1:03}",
                payment=payment.key,
                reason=DISPUTE_REASONS[index % len(DISPUTE_REASONS)],
                status=statuses[index % len(statuses)],
                created_at=created_at,
                due_at=max(created_at + timedelta(days=20), now + timedelta(days=5))
                if is_recent
                else created_at + timedelta(days=20),
            )
        )
    return made
