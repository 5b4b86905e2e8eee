"""What recurs and what is billed: subscriptions and their invoices, and invoices written by hand."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from wirepost.sandbox.facts import (
    Interval,
    Invoice,
    InvoiceStatus,
    Line,
    Payment,
    PaymentStatus,
    Person,
    Price,
    Product,
    Subscription,
    SubscriptionStatus,
)

SUBSCRIPTIONS = 90
WRITTEN_INVOICES = 60
TRIAL = timedelta(days=14)
_STATUSES: tuple[SubscriptionStatus, ...] = (
    *("active",) * 14,
    "trialing",
    "past_due",
    "canceled",
    "canceled",
)


@dataclass(slots=True)
class Billing:
    """Everything that recurring purchases and invoices left behind."""

    subscriptions: list[Subscription] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)


def later(moment: datetime, interval: Interval, count: int = 1) -> datetime:
    """The same day `count` months or years on, or the last day of a shorter month."""
    months = moment.month - 1 + count * (12 if interval == "year" else 1)
    year, month = moment.year + months // 12, months % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


def make_billing(
    rng: Random, now: datetime, people: Sequence[Person], products: Sequence[Product]
) -> Billing:
    """Subscriptions with an invoice for each period so far, then single invoices; invoices oldest first."""
    made = Billing()
    clubs = [product for product in products if product.category == "clubs"]
    members = [person for person in people if person.currency in {"eur", "usd", "gbp"}]
    for index in range(SUBSCRIPTIONS):
        person = members[0] if index == 0 else members[(index * 37 + 11) % len(members)]
        _subscribe(rng, now, person, clubs, made)
    for index in range(WRITTEN_INVOICES):
        _write_invoice(rng, now, members[(index * 53 + 5) % len(members)], index, made)
    made.invoices.sort(key=lambda invoice: invoice.created_at)
    for number, invoice in enumerate((i for i in made.invoices if i.status != "draft"), start=1):
        invoice.number = f"NORD-{number:05}"
    made.payments.sort(key=lambda payment: payment.created_at)
    return made


def _subscribe(rng: Random, now: datetime, person: Person, clubs: list[Product], made: Billing) -> None:
    index = len(made.subscriptions)
    status = "active" if index == 0 else _STATUSES[index % len(_STATUSES)]
    interval: Interval = "month" if index == 0 or rng.random() < 0.8 else "year"  # noqa: PLR2004
    lines = _chosen(rng, clubs, person.currency, interval)
    age = (
        timedelta(days=7)
        if status == "trialing"
        else timedelta(days=rng.randint(20, 500), hours=rng.randint(0, 23))
    )
    started_at = max(person.created_at, now - age)
    ended_at = now - timedelta(days=3) if status == "canceled" else None
    until = ended_at or now
    periods = 1
    while later(started_at, interval, periods) <= until:
        periods += 1
    subscription = Subscription(
        key=f"subscription{index + 1:03}",
        person=person.key,
        currency=person.currency,
        lines=lines,
        interval=interval,
        status=status,
        started_at=started_at,
        period_start=later(started_at, interval, periods - 1),
        period_end=started_at + TRIAL if status == "trialing" else later(started_at, interval, periods),
        cancels_at_period_end=status == "active" and index % 20 == 13,  # noqa: PLR2004
        ended_at=ended_at,
    )
    made.subscriptions.append(subscription)
    if status != "trialing":
        for nth in range(periods):
            _bill_period(subscription, nth, is_last=nth == periods - 1, made=made)


def _chosen(rng: Random, clubs: list[Product], currency: str, interval: Interval) -> tuple[Line, ...]:
    lines = []
    for product in rng.sample(clubs, rng.choice((1, 1, 1, 2))):
        price = _price(product, currency, interval)
        quantity = rng.choice((1, 1, 1, 2, 5))
        lines.append(Line(product.name, quantity, price.amount * quantity, price.key))
    return tuple(lines)


def _price(product: Product, currency: str, interval: Interval) -> Price:
    return next(price for price in product.prices if (price.currency, price.interval) == (currency, interval))


def _bill_period(subscription: Subscription, nth: int, *, is_last: bool, made: Billing) -> None:
    starts_at = later(subscription.started_at, subscription.interval, nth)
    ends_at = later(subscription.started_at, subscription.interval, nth + 1)
    is_unpaid = is_last and subscription.status == "past_due"
    lines = tuple(
        Line(line.description, line.quantity, line.amount, line.price, starts_at, ends_at)
        for line in subscription.lines
    )
    number = len(made.invoices) + 1
    payment = Payment(
        key=f"payment-i{number:05}",
        person=subscription.person,
        currency=subscription.currency,
        amount=sum(line.amount for line in lines),
        status="failed" if is_unpaid else "succeeded",
        created_at=starts_at,
        invoice=f"invoice{number:05}",
        decline="insufficient_funds" if is_unpaid else None,
    )
    made.payments.append(payment)
    made.invoices.append(_invoice(payment, lines, "open" if is_unpaid else "paid", subscription))


def _invoice(
    payment: Payment, lines: tuple[Line, ...], status: InvoiceStatus, subscription: Subscription
) -> Invoice:
    return Invoice(
        key=payment.invoice or "",
        number=None,
        person=payment.person,
        subscription=subscription.key,
        currency=payment.currency,
        lines=lines,
        total=payment.amount,
        status=status,
        created_at=payment.created_at,
        due_at=None,
        settled_at=payment.created_at if status == "paid" else None,
        payment=payment.key,
        note="",
    )


_WRITTEN: tuple[tuple[InvoiceStatus, int], ...] = (
    ("paid", 90),
    ("open", 20),
    ("paid", 200),
    ("draft", 2),
    ("open", 50),
    ("void", 120),
    ("paid", 40),
    ("uncollectible", 300),
)
_WORK = (
    "Shop fitting, day rate",
    "Engraving",
    "Gift wrapping for an event",
    "Express courier",
    "Colour samples",
)


def _write_invoice(rng: Random, now: datetime, person: Person, index: int, made: Billing) -> None:
    status, age = _WRITTEN[index % len(_WRITTEN)]
    created_at = max(
        person.created_at, now - timedelta(days=age + rng.randint(0, 9), hours=rng.randint(0, 23))
    )
    lines = tuple(
        Line(text, quantity := rng.randint(1, 3), quantity * rng.randint(20, 400) * 50)
        for text in rng.sample(_WORK, 2)
    )
    number = len(made.invoices) + 1
    key, total = f"invoice{number:05}", sum(line.amount for line in lines)
    paid_at = created_at + timedelta(days=rng.randint(1, 9)) if status == "paid" else None
    payment = None
    if paid_at is not None:
        succeeded: PaymentStatus = "succeeded"
        payment = Payment(
            f"payment-i{number:05}", person.key, person.currency, total, succeeded, paid_at, invoice=key
        )
        made.payments.append(payment)
    made.invoices.append(
        Invoice(
            key=key,
            number=None,
            person=person.key,
            subscription=None,
            currency=person.currency,
            lines=lines,
            total=total,
            status=status,
            created_at=created_at,
            due_at=created_at + timedelta(days=30) if status != "draft" else None,
            settled_at=paid_at if status in {"paid", "open", "draft"} else created_at + timedelta(days=40),
            payment=payment.key if payment else None,
            note="Thank you for your order." if index % 3 else "",
        )
    )
