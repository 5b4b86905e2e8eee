"""The world's facts as HubSpot keeps them: string properties, numeric ids, links in both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from wirepost.core.money import Money
from wirepost.providers.hubspot.sandbox.definitions import INDUSTRIES, INTERESTS
from wirepost.providers.hubspot.sandbox.links import default_of
from wirepost.providers.hubspot.sandbox.own_objects import MEMBERSHIP, OWN_NAMES, REVIEW
from wirepost.sandbox.facts import Activity, Deal, Person, Product, Ticket
from wirepost.sandbox.world import World

STAGE_OF = {
    "new": "appointmentscheduled",
    "qualified": "qualifiedtobuy",
    "proposal": "presentationscheduled",
    "negotiation": "contractsent",
    "won": "closedwon",
    "lost": "closedlost",
}
STATE_OF = {"new": "1", "in_progress": "2", "waiting": "3", "closed": "4"}
"""A customer who waits for an answer waits on us."""
OBJECT_OF = {"note": "notes", "task": "tasks", "call": "calls", "email": "emails", "meeting": "meetings"}
FIRST_ID = {
    "person": 100_000,
    "company": 200_000,
    "deal": 300_000,
    "ticket": 400_000,
    "product": 500_000,
    "activity": 600_000,
    "subscription": 700_000,
    "review": 800_000,
    "colleague": 70_000,
}
PRIMARY = {("contacts", "companies"): 1, ("deals", "companies"): 5}


@dataclass
class Row:
    """One record."""

    id: str
    properties: dict[str, str]
    created_at: datetime
    updated_at: datetime
    is_archived: bool = field(default=False)

    def copy(self) -> Row:
        """The record as it is now."""
        return Row(self.id, dict(self.properties), self.created_at, self.updated_at)

    def shown(self, names: list[str] | None, always: tuple[str, ...]) -> dict[str, Any]:
        """The record in an answer with the properties asked for; without a value they are `null`."""
        wanted = dict.fromkeys((*(names if names is not None else ()), *always))
        return {
            "id": self.id,
            "properties": {name: self.properties.get(name) or None for name in wanted},
            "createdAt": stamp(self.created_at),
            "updatedAt": stamp(self.updated_at),
            "archived": self.is_archived,
        }


def stamp(moment: datetime) -> str:
    """A time in HubSpot's form: milliseconds and `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def set_times(kind: str, row: Row) -> None:
    """The properties that HubSpot sets itself."""
    created = "hs_createdate" if kind in {*OBJECT_OF.values(), *OWN_NAMES} else "createdate"
    modified = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
    row.properties |= {
        "hs_object_id": row.id,
        created: stamp(row.created_at),
        modified: stamp(row.updated_at),
    }
    if kind == "deals":
        row.properties["hs_is_closed"] = str(row.properties.get("dealstage", "").startswith("closed")).lower()


def id_of(key: str) -> str:
    """`person0001` → `100001`: the same fact always has the same id."""
    name = key.rstrip("0123456789")
    return str(FIRST_ID[name] + int(key[len(name) :]))


def rows_of_the_world(world: World, kind: str) -> list[Row]:
    """The first records of a kind, oldest first by id."""
    rows = _MAKERS[kind](world)
    for row in rows:
        row.properties = {name: value for name, value in row.properties.items() if value}
        set_times(kind, row)
    return rows


def links_of_the_world(world: World) -> Iterator[tuple[str, str, str, str, int]]:
    """(kind, id, other kind, other id, type) of every link there is in the beginning."""
    for person in world.people:
        if person.company:
            yield from _with_primary("contacts", id_of(person.key), id_of(person.company))
    for deal in world.deals:
        yield _default("deals", id_of(deal.key), "contacts", id_of(deal.person))
        if deal.company:
            yield from _with_primary("deals", id_of(deal.key), id_of(deal.company))
    for ticket in world.tickets:
        yield _default("tickets", id_of(ticket.key), "contacts", id_of(ticket.person))
    for activity in world.activities:
        kind, own = OBJECT_OF[activity.kind], id_of(activity.key)
        yield _default(kind, own, "contacts", id_of(activity.person))
        if activity.deal:
            yield _default(kind, own, "deals", id_of(activity.deal))
    for number, subscription in enumerate(world.subscriptions, start=1):
        own = str(FIRST_ID["subscription"] + number)
        yield _default(MEMBERSHIP.name, own, "contacts", id_of(subscription.person))
    for review in world.reviews:
        yield _default(REVIEW.name, id_of(review.key), "contacts", id_of(review.person))


def _default(kind: str, row_id: str, target: str, other: str) -> tuple[str, str, str, str, int]:
    return kind, row_id, target, other, default_of(kind, target)


def _with_primary(kind: str, row_id: str, company: str) -> Iterator[tuple[str, str, str, str, int]]:
    yield _default(kind, row_id, "companies", company)
    yield kind, row_id, "companies", company, PRIMARY[kind, "companies"]


def _contacts(world: World) -> list[Row]:
    """People; HubSpot keeps an e-mail address once, in lower case, so who shares one comes without."""
    orders: dict[str, int] = {}
    for order in world.orders:
        orders[order.person] = orders.get(order.person, 0) + 1
    companies = {company.key: company.name for company in world.companies}
    seen: set[str] = set()
    rows = []
    for number, person in enumerate(world.people):
        email = (person.email or "").lower()
        own = "" if email in seen else email
        seen.add(email)
        rows.append(
            _contact(person, number, own, orders.get(person.key, 0), companies.get(person.company or "", ""))
        )
    return rows


def _contact(person: Person, number: int, email: str, orders: int, company: str) -> Row:
    interests = sorted({INTERESTS[number % 8], INTERESTS[number // 8 % 8]})
    properties = {
        "email": email,
        "firstname": person.first_name,
        "lastname": person.last_name,
        "company": company,
        "phone": person.phone or "",
        "address": person.address.line1,
        "city": person.address.city,
        "zip": person.address.postal_code,
        "country": person.address.country,
        "hs_language": person.locale if person.locale in {"de", "en", "sv", "da", "ja", "ar"} else "",
        "lifecyclestage": "customer" if orders else "lead",
        "shop_customer": person.key,
        "shop_note": person.note,
        "order_count": str(orders),
        "customer_since": person.created_at.date().isoformat(),
        "newsletter": str(number % 3 == 0).lower(),
        "interests": ";".join(interests),
        "hubspot_owner_id": id_of(f"colleague{number % 8 + 1:02}") if number % 5 else "",
    }
    return Row(id_of(person.key), properties, person.created_at, person.created_at)


def _companies(world: World) -> list[Row]:
    return [
        Row(
            id_of(company.key),
            {
                "name": company.name,
                "domain": company.domain,
                "industry": INDUSTRIES[company.industry],
                "numberofemployees": str(company.employees),
                "description": company.note,
                "shop_company": company.key,
                "address": company.address.line1,
                "city": company.address.city,
                "zip": company.address.postal_code,
                "country": company.address.country,
                "hubspot_owner_id": id_of(f"colleague{number % 8 + 1:02}"),
            },
            company.created_at,
            company.created_at,
        )
        for number, company in enumerate(world.companies)
    ]


def _deal(deal: Deal) -> Row:
    properties = {
        "dealname": deal.name,
        "dealstage": STAGE_OF[deal.stage],
        "pipeline": "default",
        "amount": Money(deal.amount, deal.currency).major,
        "deal_currency_code": deal.currency.upper(),
        "closedate": stamp(deal.closes_at),
        "description": deal.note,
        "dealtype": "existingbusiness",
        "shop_deal": deal.key,
        "hubspot_owner_id": id_of(deal.owner),
    }
    return Row(id_of(deal.key), properties, deal.created_at, deal.updated_at)


def _ticket(ticket: Ticket) -> Row:
    properties = {
        "subject": ticket.subject,
        "content": ticket.content,
        "hs_pipeline": "0",
        "hs_pipeline_stage": STATE_OF[ticket.status],
        "hs_ticket_priority": ticket.priority.upper(),
        "ticket_number": ticket.number,
        "hubspot_owner_id": id_of(ticket.owner),
    }
    return Row(id_of(ticket.key), properties, ticket.created_at, ticket.updated_at)


def _product(number: int, product: Product) -> Row:
    price = next((price for price in product.prices if price.currency == "eur"), product.prices[0])
    properties = {
        "name": product.name,
        "hs_sku": product.sku,
        "price": Money(price.amount, price.currency).major,
        "description": product.description,
    }
    return Row(str(FIRST_ID["product"] + number), properties, product.created_at, product.created_at)


def _activity(activity: Activity) -> Row:
    at = activity.due_at or activity.occurred_at
    properties = {"hs_timestamp": stamp(at), "hubspot_owner_id": id_of(activity.owner)}
    match activity.kind:
        case "note":
            properties["hs_note_body"] = f"{activity.subject}<br>{activity.body}"
        case "task":
            properties |= {
                "hs_task_subject": activity.subject,
                "hs_task_body": activity.body,
                "hs_task_status": "COMPLETED" if activity.is_done else "NOT_STARTED",
                "hs_task_priority": "MEDIUM",
            }
        case "call":
            properties |= {
                "hs_call_title": activity.subject,
                "hs_call_body": activity.body,
                "hs_call_status": "COMPLETED",
            }
        case "email":
            properties |= {
                "hs_email_subject": activity.subject,
                "hs_email_text": activity.body,
                "hs_email_direction": "EMAIL",
                "hs_email_status": "SENT",
            }
        case _:  # a meeting
            properties |= {
                "hs_meeting_title": activity.subject,
                "hs_meeting_body": activity.body,
                "hs_meeting_start_time": stamp(at),
                "hs_meeting_outcome": "COMPLETED",
            }
    return Row(id_of(activity.key), properties, activity.occurred_at, activity.occurred_at)


def _memberships(world: World) -> list[Row]:
    return [
        Row(
            str(FIRST_ID["subscription"] + number),
            {
                "membership_name": subscription.lines[0].description,
                "membership_status": subscription.status,
                "started_on": subscription.started_at.date().isoformat(),
                "renews_on": subscription.period_end.date().isoformat(),
            },
            subscription.started_at,
            subscription.started_at,
        )
        for number, subscription in enumerate(world.subscriptions, start=1)
    ]


def _reviews(world: World) -> list[Row]:
    """Reviews as anybody reads them: what is known of their meaning stays out."""
    products = {product.key: product for product in world.products}
    return [
        Row(
            id_of(review.key),
            {
                "review_number": review.key,
                "product_name": products[review.product].name,
                "product_sku": products[review.product].sku,
                "order_number": world.order[review.order].number,
                "stars": str(review.stars),
                "review_text": review.text,
                "written_at": stamp(review.created_at),
            },
            review.created_at,
            review.created_at,
        )
        for review in world.reviews
    ]


def _activities(kind: str) -> Callable[[World], list[Row]]:
    return lambda world: [_activity(one) for one in world.activities if OBJECT_OF[one.kind] == kind]


_MAKERS: dict[str, Callable[[World], list[Row]]] = {
    "contacts": _contacts,
    "companies": _companies,
    "deals": lambda world: [_deal(one) for one in world.deals],
    "tickets": lambda world: [_ticket(one) for one in world.tickets],
    "products": lambda world: [_product(*each) for each in enumerate(world.products, start=1)],
    MEMBERSHIP.name: _memberships,
    REVIEW.name: _reviews,
    **{kind: _activities(kind) for kind in OBJECT_OF.values()},
}
