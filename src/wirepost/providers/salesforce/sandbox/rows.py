"""The world's facts as Salesforce keeps them: typed values, ids of 18 characters, references."""

from __future__ import annotations

import html
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from wirepost.core.money import Money
from wirepost.providers.salesforce.sandbox.definitions import INDUSTRIES, INTERESTS, STAGES, STATUSES
from wirepost.providers.salesforce.sandbox.keys import PREFIXES, key_of, new_key
from wirepost.sandbox.facts import Activity, Colleague, Person
from wirepost.sandbox.world import World

STAGE_OF = {
    "new": "Prospecting",
    "qualified": "Qualification",
    "proposal": "Proposal/Price Quote",
    "negotiation": "Negotiation/Review",
    "won": "Closed Won",
    "lost": "Closed Lost",
}
STATUS_OF = {"new": "New", "in_progress": "Working", "waiting": "Waiting", "closed": "Closed"}
ME = new_key(PREFIXES["User"], 100)
"""The user in whose name requests act."""
_OBJECT_OF = {"note": "ContentNote", "task": "Task", "call": "Task", "email": "Task", "meeting": "Event"}
_SUBTYPE_OF = {"task": "Task", "call": "Call", "email": "Email"}
_PREVIEW = 255
Values = dict[str, Any]


@dataclass(eq=False)
class Row:
    """One record."""

    object: str
    values: Values

    @property
    def id(self) -> str:
        """Its id, 18 characters."""
        return str(self.values["Id"])


def whole(moment: datetime) -> datetime:
    """Salesforce keeps whole seconds."""
    return moment.astimezone(UTC).replace(microsecond=0)


def stamp(moment: datetime) -> str:
    """A time as answers have it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def derive(row: Row) -> None:
    """Set what Salesforce works out itself."""
    rule = _DERIVED.get(row.object)
    if rule is not None:
        rule(row.values)


def _contact(values: Values) -> None:
    values["Name"] = _full_name(values)
    parts = {
        part: values.get(f"Mailing{name}")
        for part, name in (
            ("street", "Street"),
            ("city", "City"),
            ("postalCode", "PostalCode"),
            ("country", "Country"),
        )
    }
    nowhere = dict.fromkeys(("state", "geocodeAccuracy", "latitude", "longitude"))
    values["MailingAddress"] = parts | nowhere if any(parts.values()) else None


def _user(values: Values) -> None:
    values["Name"] = _full_name(values)


def _full_name(values: Values) -> str:
    return " ".join(filter(None, (values.get("FirstName"), values.get("LastName"))))


def _opportunity(values: Values) -> None:
    probability, is_closed, is_won, _ = STAGES[values["StageName"]]
    values |= {"IsClosed": is_closed, "IsWon": is_won}
    if values.get("Probability") is None or is_closed:
        values["Probability"] = float(probability)


def _case(values: Values) -> None:
    is_closed = STATUSES[values["Status"]]
    closed_at = values.get("ClosedDate") or values["LastModifiedDate"]
    values |= {"IsClosed": is_closed, "ClosedDate": closed_at if is_closed else None}


def _task(values: Values) -> None:
    is_closed = values["Status"] == "Completed"
    completed_at = values.get("CompletedDateTime") or values["LastModifiedDate"]
    values |= {"IsClosed": is_closed, "CompletedDateTime": completed_at if is_closed else None}


def _event(values: Values) -> None:
    start = values.get("StartDateTime") or values.get("ActivityDateTime")
    minutes = values.get("DurationInMinutes")
    end = values.get("EndDateTime")
    if start is not None and end is None and minutes is not None:
        end = start + timedelta(minutes=minutes)
    if start is not None and end is not None:
        values["DurationInMinutes"] = (end - start) // timedelta(minutes=1)
    values |= {"StartDateTime": start, "ActivityDateTime": start, "EndDateTime": end}


def _note(values: Values) -> None:
    content = b64decode(values.get("Content") or "")
    plain = html.unescape(re.sub(r"<[^>]+>", " ", content.decode("utf-8", "replace")))
    values |= {
        "TextPreview": plain.strip()[:_PREVIEW] or None,
        "FileType": "SNOTE",
        "FileExtension": "snote",
        "ContentSize": len(content),
    }


_DERIVED: dict[str, Callable[[Values], None]] = {
    "Contact": _contact,
    "User": _user,
    "Opportunity": _opportunity,
    "Case": _case,
    "Task": _task,
    "Event": _event,
    "ContentNote": _note,
}


def system_values(key: str, created_at: datetime, updated_at: datetime | None = None) -> Values:
    """What every record has."""
    created, updated = whole(created_at), whole(updated_at or created_at)
    return {
        "Id": key,
        "CreatedDate": created,
        "CreatedById": ME,
        "LastModifiedDate": updated,
        "LastModifiedById": ME,
        "SystemModstamp": updated,
        "IsDeleted": False,
    }


def rows_of_the_world(world: World, object_name: str) -> list[Row]:
    """The first records of an object, in the order of their ids."""
    rows = [Row(object_name, values) for values in _MAKERS[object_name](world)]
    for row in rows:
        row.values = {name: value for name, value in row.values.items() if value not in (None, "")}
        derive(row)
    return rows


def _contacts(world: World) -> Iterator[Values]:
    orders: dict[str, int] = {}
    for order in world.orders:
        orders[order.person] = orders.get(order.person, 0) + 1
    for number, person in enumerate(world.people):
        yield _person(person, number, orders.get(person.key, 0))


def _person(person: Person, number: int, orders: int) -> Values:
    interests = sorted({INTERESTS[number % 8], INTERESTS[number // 8 % 8]})
    return {
        **system_values(key_of(person.key), person.created_at),
        "FirstName": person.first_name,
        "LastName": person.last_name,
        "AccountId": person.company and key_of(person.company),
        "OwnerId": key_of(f"colleague{number % 7 + 1:02}"),
        "Email": (person.email or "").lower(),
        "Phone": person.phone,
        "LeadSource": "Web" if orders else None,
        "MailingStreet": person.address.line1,
        "MailingCity": person.address.city,
        "MailingPostalCode": person.address.postal_code,
        "MailingCountry": person.address.country,
        "HasOptedOutOfEmail": number % 3 == 0,
        "Description": person.note,
        "Shop_Number__c": person.key,
        "Customer_Since__c": person.created_at.date(),
        "Order_Count__c": float(orders),
        "Interests__c": ";".join(interests),
    }


def _accounts(world: World) -> Iterator[Values]:
    for number, company in enumerate(world.companies):
        yield {
            **system_values(key_of(company.key), company.created_at),
            "Name": company.name,
            "Type": "Customer - Direct",
            "Industry": INDUSTRIES[company.industry],
            "Website": f"https://{company.domain}",
            "NumberOfEmployees": company.employees,
            "BillingStreet": company.address.line1,
            "BillingCity": company.address.city,
            "BillingPostalCode": company.address.postal_code,
            "BillingCountry": company.address.country,
            "Description": company.note,
            "Shop_Company__c": company.key,
            "OwnerId": key_of(f"colleague{number % 7 + 1:02}"),
        }


def _opportunities(world: World) -> Iterator[Values]:
    for deal in world.deals:
        yield {
            **system_values(key_of(deal.key), deal.created_at, deal.updated_at),
            "Name": deal.name,
            "AccountId": deal.company and key_of(deal.company),
            "Amount": float(Money(deal.amount, deal.currency).major),
            "CurrencyIsoCode": deal.currency.upper(),
            "CloseDate": deal.closes_at.date(),
            "StageName": STAGE_OF[deal.stage],
            "Type": "Existing Business",
            "Description": deal.note,
            "Shop_Deal__c": deal.key,
            "OwnerId": key_of(deal.owner),
        }


def _roles(world: World) -> Iterator[Values]:
    for number, deal in enumerate(world.deals, start=1):
        yield {
            **system_values(new_key(PREFIXES["OpportunityContactRole"], number), deal.created_at),
            "OpportunityId": key_of(deal.key),
            "ContactId": key_of(deal.person),
            "Role": "Decision Maker",
            "IsPrimary": True,
        }


def _cases(world: World) -> Iterator[Values]:
    for number, ticket in enumerate(world.tickets, start=1):
        company = world.person[ticket.person].company
        yield {
            **system_values(key_of(ticket.key), ticket.created_at, ticket.updated_at),
            "CaseNumber": f"{1000 + number:08}",
            "ContactId": key_of(ticket.person),
            "AccountId": company and key_of(company),
            "Subject": ticket.subject,
            "Status": STATUS_OF[ticket.status],
            "Priority": ticket.priority.capitalize(),
            "Origin": "Email",
            "Description": ticket.content,
            "Shop_Ticket__c": ticket.number,
            "OwnerId": key_of(ticket.owner),
        }


def _activities(object_name: str) -> Callable[[World], Iterator[Values]]:
    make = {"ContentNote": _written, "Task": _task_of, "Event": _meeting}[object_name]
    return lambda world: (make(one) for one in world.activities if _OBJECT_OF[one.kind] == object_name)


def _start(activity: Activity) -> Values:
    key = key_of(activity.key, _OBJECT_OF[activity.kind])
    return {**system_values(key, activity.occurred_at), "OwnerId": key_of(activity.owner)}


def _concerned(activity: Activity) -> Values:
    return {
        "Subject": activity.subject,
        "Description": activity.body,
        "WhoId": key_of(activity.person),
        "WhatId": activity.deal and key_of(activity.deal),
    }


def _task_of(activity: Activity) -> Values:
    return {
        **_start(activity),
        **_concerned(activity),
        "ActivityDate": (activity.due_at or activity.occurred_at).date(),
        "Status": "Completed" if activity.is_done else "Not Started",
        "Priority": "Normal",
        "TaskSubtype": _SUBTYPE_OF[activity.kind],
    }


def _meeting(activity: Activity) -> Values:
    return {
        **_start(activity),
        **_concerned(activity),
        "StartDateTime": whole(activity.occurred_at),
        "DurationInMinutes": 30,
    }


def _written(activity: Activity) -> Values:
    content = f"<p>{html.escape(activity.body)}</p>"
    return {
        **_start(activity),
        "Title": activity.subject,
        "Content": b64encode(content.encode()).decode(),
    }


def _document_links(world: World) -> Iterator[Values]:
    notes = (one for one in world.activities if one.kind == "note")
    number = 0
    for note in notes:
        for linked in filter(None, (note.person, note.deal)):
            number += 1
            yield {
                **system_values(new_key(PREFIXES["ContentDocumentLink"], number), note.occurred_at),
                "LinkedEntityId": key_of(linked),
                "ContentDocumentId": key_of(note.key, "ContentNote"),
                "ShareType": "V",
                "Visibility": "AllUsers",
            }


def _products(world: World) -> Iterator[Values]:
    for number, product in enumerate(world.products, start=1):
        yield {
            **system_values(new_key(PREFIXES["Product2"], number), product.created_at),
            "Name": product.name,
            "ProductCode": product.sku,
            "Description": product.description,
            "IsActive": product.is_active,
        }


def _users(world: World) -> Iterator[Values]:
    me = Colleague("", "Wirepost", "Integration", "wirepost@nordlicht.example", "wirepost", is_active=True)
    for colleague in (*world.team, me):
        key = key_of(colleague.key) if colleague.key else ME
        yield {
            **system_values(key, world.now - timedelta(days=600)),
            "Username": colleague.email,
            "FirstName": colleague.first_name,
            "LastName": colleague.last_name,
            "Email": colleague.email,
            "Alias": colleague.handle[:8],
            "IsActive": colleague.is_active,
            "UserType": "Standard",
        }


def _stages(world: World) -> Iterator[Values]:
    for number, (name, (probability, is_closed, is_won, forecast)) in enumerate(STAGES.items(), start=1):
        yield {
            **system_values(new_key(PREFIXES["OpportunityStage"], number), world.now - timedelta(days=600)),
            "MasterLabel": name,
            "ApiName": name,
            "IsActive": True,
            "SortOrder": number,
            "IsClosed": is_closed,
            "IsWon": is_won,
            "ForecastCategoryName": forecast,
            "DefaultProbability": float(probability),
        }


def _statuses(world: World) -> Iterator[Values]:
    for number, (name, is_closed) in enumerate(STATUSES.items(), start=1):
        yield {
            **system_values(new_key(PREFIXES["CaseStatus"], number), world.now - timedelta(days=600)),
            "MasterLabel": name,
            "ApiName": name,
            "SortOrder": number,
            "IsDefault": number == 1,
            "IsClosed": is_closed,
        }


def _clubs(world: World) -> Iterator[Values]:
    for number, subscription in enumerate(world.subscriptions, start=1):
        yield {
            **system_values(new_key(PREFIXES["Club__c"], number), subscription.started_at),
            "Name": subscription.lines[0].description,
            "Contact__c": key_of(subscription.person),
            "Membership_Number__c": f"M-{1000 + number}",
            "Status__c": subscription.status,
            "Started_On__c": subscription.started_at.date(),
            "Renews_On__c": subscription.period_end.date(),
            "OwnerId": key_of("colleague01"),
        }


_MAKERS: dict[str, Callable[[World], Iterator[Values]]] = {
    "Account": _accounts,
    "Contact": _contacts,
    "Opportunity": _opportunities,
    "OpportunityContactRole": _roles,
    "Case": _cases,
    "Task": _activities("Task"),
    "Event": _activities("Event"),
    "ContentNote": _activities("ContentNote"),
    "ContentDocumentLink": _document_links,
    "Product2": _products,
    "User": _users,
    "OpportunityStage": _stages,
    "CaseStatus": _statuses,
    "Club__c": _clubs,
}
