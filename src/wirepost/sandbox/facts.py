"""The kinds of facts of the sandbox world, in nobody's format; vendors give them their own ids and shapes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

PaymentStatus = Literal["succeeded", "failed", "canceled"]
InvoiceStatus = Literal["draft", "open", "paid", "void", "uncollectible"]
SubscriptionStatus = Literal["active", "trialing", "past_due", "canceled"]
DisputeStatus = Literal["needs_response", "under_review", "won", "lost"]
Interval = Literal["month", "year"]
DealStage = Literal["new", "qualified", "proposal", "negotiation", "won", "lost"]
TicketStatus = Literal["new", "waiting", "in_progress", "closed"]
Priority = Literal["low", "medium", "high"]
ActivityKind = Literal["note", "task", "call", "email", "meeting"]
Sentiment = Literal["positive", "neutral", "negative"]
Urgency = Literal["low", "normal", "high"]
ReviewCategory = Literal["delivery", "quality", "price", "service", "fit"]
Manner = Literal["plain", "mixed", "ironic", "terse", "hostile"]


@dataclass(slots=True)
class Address:
    """A postal address; `country` is ISO 3166."""

    line1: str
    city: str
    postal_code: str
    country: str


@dataclass(slots=True)
class Card:
    """What may be known of a payment card."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(slots=True)
class Company:
    """A business that buys."""

    key: str
    name: str
    domain: str
    industry: str
    employees: int
    address: Address
    created_at: datetime
    note: str


@dataclass(slots=True)
class Person:
    """A customer; `note` is free text that somebody else wrote."""

    key: str
    first_name: str
    last_name: str
    email: str | None
    phone: str | None
    locale: str
    currency: str
    address: Address
    company: str | None
    card: Card
    created_at: datetime
    note: str

    @property
    def name(self) -> str:
        """The full name in the order that the language uses."""
        names = (self.first_name, self.last_name)
        return " ".join(reversed(names) if self.locale in {"ja", "hu"} else names)


@dataclass(slots=True)
class Price:
    """What a product costs, in minor units; with an `interval` it recurs."""

    key: str
    product: str
    currency: str
    amount: int
    interval: Interval | None = None


@dataclass(slots=True)
class Product:
    """Something the shop sells."""

    key: str
    sku: str
    name: str
    description: str
    category: str
    is_active: bool
    prices: tuple[Price, ...]
    created_at: datetime


@dataclass(slots=True)
class Line:
    """One position of an order, subscription or invoice; without a `price` it is free text."""

    description: str
    quantity: int
    amount: int
    """Of the whole line, in minor units."""
    price: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(slots=True)
class Order:
    """One purchase in the shop."""

    key: str
    number: str
    person: str
    currency: str
    lines: tuple[Line, ...]
    total: int
    created_at: datetime
    shipped_at: datetime | None
    payment: str
    note: str


@dataclass(slots=True)
class Payment:
    """One attempt to collect money, for an order or an invoice."""

    key: str
    person: str
    currency: str
    amount: int
    status: PaymentStatus
    created_at: datetime
    order: str | None = None
    invoice: str | None = None
    decline: str | None = None
    """Why the bank said no."""


@dataclass(slots=True)
class Refund:
    """Money given back for a payment."""

    key: str
    payment: str
    amount: int
    reason: str
    created_at: datetime


@dataclass(slots=True)
class Dispute:
    """A payment that the cardholder's bank took back for now."""

    key: str
    payment: str
    reason: str
    status: DisputeStatus
    created_at: datetime
    due_at: datetime


@dataclass(slots=True)
class Subscription:
    """A recurring purchase and its current period."""

    key: str
    person: str
    currency: str
    lines: tuple[Line, ...]
    interval: Interval
    status: SubscriptionStatus
    started_at: datetime
    period_start: datetime
    period_end: datetime
    cancels_at_period_end: bool
    ended_at: datetime | None


@dataclass(slots=True)
class Invoice:
    """A request for money."""

    key: str
    number: str | None
    person: str
    subscription: str | None
    currency: str
    lines: tuple[Line, ...]
    total: int
    status: InvoiceStatus
    created_at: datetime
    due_at: datetime | None
    settled_at: datetime | None
    """When it was paid, voided or given up."""
    payment: str | None
    note: str


@dataclass(slots=True)
class Colleague:
    """Somebody who works in the shop: owns records, writes messages."""

    key: str
    first_name: str
    last_name: str
    email: str
    handle: str
    is_active: bool

    @property
    def name(self) -> str:
        """The full name."""
        return f"{self.first_name} {self.last_name}"


@dataclass(slots=True)
class Deal:
    """A sale under way or over; `amount` in minor units of `currency`."""

    key: str
    name: str
    person: str
    company: str | None
    owner: str
    stage: DealStage
    currency: str
    amount: int
    created_at: datetime
    updated_at: datetime
    closes_at: datetime
    note: str


@dataclass(slots=True)
class Ticket:
    """A question or complaint; subject and content are the customer's own words."""

    key: str
    number: str
    person: str
    order: str | None
    owner: str
    status: TicketStatus
    priority: Priority
    subject: str
    content: str
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class Activity:
    """Something that was done, or is to be done, for a customer."""

    key: str
    kind: ActivityKind
    person: str
    deal: str | None
    owner: str
    subject: str
    body: str
    occurred_at: datetime
    due_at: datetime | None
    is_done: bool


@dataclass(slots=True)
class Channel:
    """A room of the team's chat."""

    key: str
    name: str
    purpose: str
    is_private: bool
    members: tuple[str, ...]
    """Keys of colleagues."""
    created_at: datetime


@dataclass(slots=True)
class Message:
    """What somebody wrote in a channel; `parent` is the key of the message it answers."""

    key: str
    channel: str
    author: str
    text: str
    sent_at: datetime
    parent: str | None
    person: str | None
    """The customer it is about."""
    reactions: tuple[tuple[str, str], ...] = ()
    """(emoji, key of a colleague)."""


@dataclass(slots=True)
class Review:
    """What a customer wrote about a product; all after `created_at` is what is known of its meaning."""

    key: str
    person: str
    product: str
    order: str
    stars: int
    text: str
    language: str
    """ISO 639-1."""
    created_at: datetime
    sentiment: Sentiment
    category: ReviewCategory
    urgency: Urgency
    manner: Manner
    """How hard it is to read: `mixed` praises and blames, `hostile` gives orders to machines."""
