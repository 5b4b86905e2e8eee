"""What the shop knows about its customers besides purchases: colleagues, deals, tickets, activities."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from wirepost.sandbox.facts import (
    Activity,
    ActivityKind,
    Colleague,
    Deal,
    DealStage,
    Order,
    Person,
    Priority,
    Ticket,
    TicketStatus,
)
from wirepost.sandbox.words import ACTIVITIES, DEAL_KINDS, HOSTILE, TEAM, TICKETS

Name = TypeVar("Name")

DEALS = 160
TICKETS_OPENED = 240
ACTIVITIES_LOGGED = 500
DOMAIN = "nordlicht.example"

_STAGES: tuple[tuple[DealStage, int], ...] = (
    ("new", 20),
    ("qualified", 18),
    ("proposal", 14),
    ("negotiation", 10),
    ("won", 24),
    ("lost", 14),
)
_STATES: tuple[tuple[TicketStatus, int], ...] = (
    ("new", 12),
    ("waiting", 14),
    ("in_progress", 14),
    ("closed", 60),
)
_PRIORITIES: tuple[Priority, ...] = ("low", "medium", "medium", "high")
_KINDS: dict[str, ActivityKind] = {
    "note": "note",
    "call": "call",
    "email": "email",
    "task": "task",
    "meeting": "meeting",
}
_HOSTILE_SHARE = 0.04


def make_team() -> list[Colleague]:
    """The people of the shop, always the same; the last one no longer works there."""
    made = []
    for index, name in enumerate(TEAM):
        first, _, last = name.partition(" ")
        handle = first.lower()
        made.append(
            Colleague(
                key=f"colleague{index + 1:02}",
                first_name=first,
                last_name=last,
                email=f"{handle}@{DOMAIN}",
                handle=handle,
                is_active=index < len(TEAM) - 1,
            )
        )
    return made


def make_deals(rng: Random, now: datetime, people: Sequence[Person], team: Sequence[Colleague]) -> list[Deal]:
    """Sales by hand, oldest first; the first customer has one that is open."""
    made = [_deal(rng, now, _somebody(rng, people), team) for _ in range(DEALS - 1)]
    named = _deal(rng, now, people[0], team)
    named.stage, named.name, named.note = "proposal", "Yearly contract Anna Lindqvist", ""
    named.amount, named.currency = 480_000, "eur"
    named.created_at = named.updated_at = now - timedelta(days=12)
    named.closes_at = now + timedelta(days=18)
    made.append(named)
    made.sort(key=lambda deal: deal.created_at)
    for number, deal in enumerate(made, start=1):
        deal.key = f"deal{number:04}"
    return made


def _deal(rng: Random, now: datetime, person: Person, team: Sequence[Colleague]) -> Deal:
    created_at = now - timedelta(days=rng.randint(5, 400), minutes=rng.randint(0, 1400))
    stage = _weighted(rng, _STAGES)
    is_over = stage in {"won", "lost"}
    updated_at = created_at + (now - created_at) * rng.random()
    closes_at = updated_at if is_over else now + timedelta(days=rng.randint(-20, 90))
    return Deal(
        key="",
        name=f"{rng.choice(DEAL_KINDS)} {person.name}",
        person=person.key,
        company=person.company,
        owner=rng.choice(team).key,
        stage=stage,
        currency=person.currency,
        amount=rng.randint(4, 900) * 2500,
        created_at=created_at,
        updated_at=updated_at.replace(microsecond=0),
        closes_at=closes_at.replace(microsecond=0),
        note=rng.choice(HOSTILE) if rng.random() < _HOSTILE_SHARE else "",
    )


def make_tickets(
    rng: Random,
    now: datetime,
    people: Sequence[Person],
    orders: Sequence[Order],
    team: Sequence[Colleague],
) -> list[Ticket]:
    """What customers wrote, oldest first; the first customer waits for an answer."""
    latest = {order.person: order for order in orders}
    made = [_ticket(rng, now, _somebody(rng, people), latest, team) for _ in range(TICKETS_OPENED - 1)]
    named = _ticket(rng, now, people[0], latest, team)
    (named.subject, named.content), named.status, named.priority = TICKETS[0], "waiting", "high"
    named.created_at = now - timedelta(days=2)
    named.updated_at = now - timedelta(days=1)
    made.append(named)
    made.sort(key=lambda ticket: ticket.created_at)
    for number, ticket in enumerate(made, start=1):
        ticket.key, ticket.number = f"ticket{number:04}", f"T-{10_000 + number}"
    return made


def _ticket(
    rng: Random, now: datetime, person: Person, latest: dict[str, Order], team: Sequence[Colleague]
) -> Ticket:
    created_at = now - timedelta(days=rng.randint(1, 300), minutes=rng.randint(0, 1400))
    subject, content = rng.choice(TICKETS)
    order = latest.get(person.key)
    if rng.random() < _HOSTILE_SHARE:
        content = rng.choice(HOSTILE)
    updated_at = created_at + (now - created_at) * rng.random()
    return Ticket(
        key="",
        number="",
        person=person.key,
        order=order.key if order else None,
        owner=rng.choice(team).key,
        status=_weighted(rng, _STATES),
        priority=rng.choice(_PRIORITIES),
        subject=subject,
        content=content,
        created_at=created_at,
        updated_at=updated_at.replace(microsecond=0),
    )


def make_activities(
    rng: Random, now: datetime, people: Sequence[Person], deals: Sequence[Deal], team: Sequence[Colleague]
) -> list[Activity]:
    """Notes, tasks, calls, e-mails and meetings, oldest first."""
    deal_of = {deal.person: deal for deal in deals}
    made = []
    for _ in range(ACTIVITIES_LOGGED):
        person = _somebody(rng, people)
        word, subject, body = rng.choice(ACTIVITIES)
        kind = _KINDS[word]
        occurred_at = now - timedelta(days=rng.randint(1, 350), minutes=rng.randint(0, 1400))
        is_task = kind == "task"
        deal = deal_of.get(person.key)
        made.append(
            Activity(
                key="",
                kind=kind,
                person=person.key,
                deal=deal.key if deal else None,
                owner=rng.choice(team).key,
                subject=subject,
                body=rng.choice(HOSTILE) if rng.random() < _HOSTILE_SHARE else body,
                occurred_at=occurred_at,
                due_at=occurred_at + timedelta(days=14) if is_task else None,
                is_done=not is_task or rng.random() < 0.7,  # noqa: PLR2004
            )
        )
    made.sort(key=lambda activity: activity.occurred_at)
    for number, activity in enumerate(made, start=1):
        activity.key = f"activity{number:04}"
    return made


def _somebody(rng: Random, people: Sequence[Person]) -> Person:
    """Some customers are much busier than others."""
    return people[int(len(people) * rng.random() ** 2)]


def _weighted(rng: Random, choices: Sequence[tuple[Name, int]]) -> Name:
    names = [name for name, _ in choices]
    return rng.choices(names, [weight for _, weight in choices])[0]
