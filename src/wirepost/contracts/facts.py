"""What a `CustomerCard` says of a person."""

from __future__ import annotations

from dataclasses import dataclass, field

from wirepost.tools.results import Result, Untrusted


class Fact(Result):
    """Something that one system knows; whoever puts several together says which, and when it was asked."""

    source: str = ""
    as_of: str = ""


class PersonFact(Fact):
    """The person as this system knows them."""

    id: str
    name: Untrusted | None = None
    email: Untrusted | None = None
    phone: Untrusted | None = None
    company: Untrusted | None = None
    owner: str | None = None
    url: str | None = None
    created_at: str | None = None


class DealFact(Fact):
    """A deal of the person."""

    id: str
    name: Untrusted | None = None
    stage: str | None = None
    amount: str | None = None
    currency: str | None = None
    closes_at: str | None = None
    url: str | None = None
    updated_at: str | None = None


class TicketFact(Fact):
    """A question or complaint of the person."""

    id: str
    subject: Untrusted | None = None
    status: str | None = None
    priority: str | None = None
    url: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class PaymentFact(Fact):
    """A payment of the person; `amount` in major units."""

    id: str
    amount: str
    currency: str
    status: str
    amount_refunded: str | None = None
    description: Untrusted | None = None
    created_at: str | None = None


class SubscriptionFact(Fact):
    """A recurring purchase of the person."""

    id: str
    status: str
    amount: str | None = None
    currency: str | None = None
    interval: str | None = None
    renews_at: str | None = None


class MessageFact(Fact):
    """What was written about the person."""

    id: str
    channel: Untrusted | None = None
    author: Untrusted | None = None
    text: Untrusted
    at: str
    url: str | None = None


@dataclass(frozen=True)
class Facts:
    """Everything one system knows, newest first; `warnings` say what is missing."""

    people: list[PersonFact] = field(default_factory=list)
    deals: list[DealFact] = field(default_factory=list)
    tickets: list[TicketFact] = field(default_factory=list)
    payments: list[PaymentFact] = field(default_factory=list)
    subscriptions: list[SubscriptionFact] = field(default_factory=list)
    messages: list[MessageFact] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
