"""The shop's customers, deals and tickets as a CRM on paper."""

from __future__ import annotations

from functools import cache

from support.clock import START
from support.paper_crm import PaperBook
from support.worlds import world_at
from wirepost.contracts.records import (
    Choice,
    FieldSchema,
    FieldType,
    LinkType,
    ObjectSchema,
    Owner,
    Pipeline,
    Stage,
    Value,
)
from wirepost.core.clock import Clock
from wirepost.core.money import Money
from wirepost.sandbox.world import World

STAGES = {
    "new": "New",
    "qualified": "Qualified",
    "proposal": "Proposal sent",
    "negotiation": "Negotiation",
    "won": "Won",
    "lost": "Lost",
}
NEUTRAL = {
    "contact": "Person",
    "company": "Firm",
    "deal": "Sale",
    "ticket": "Case",
    "note": "Memo",
    "product": "Article",
}


@cache
def shop() -> World:
    """The facts; nothing changes them, so all tests of a process share them."""
    return world_at(START)


def column(name: str, kind: FieldType = "text", label: str = "", **more: object) -> FieldSchema:
    """A field of a paper form."""
    return FieldSchema.model_validate({"name": name, "label": label or name, "type": kind, **more})


def choices(**labels: str) -> list[Choice]:
    """Allowed values with their labels."""
    return [Choice(value=value, label=label) for value, label in labels.items()]


PERSON = ObjectSchema(
    object="Person",
    label="Person",
    label_field="LastName",
    fields=[
        column("Email", unique=True),
        column("FirstName", label="First name"),
        column("LastName", label="Last name", required=True),
        column("Phone"),
        column("Language", "choice", options=choices(de="German", da="Danish", en="English", ja="Japanese")),
        column("Tags", "choices", options=choices(vip="Very important", b2b="Business", eu="Europe")),
        column("IsMember", "boolean"),
        column("Visits", "integer"),
        column("Score", "number", writable=False),
        column("Since", "date"),
        column("SeenAt", "datetime"),
        column("Remarks", "html"),
        column("TaxId", sensitive=True, filterable=False),
        column("OwnerId", "reference", references=["User"]),
        column("Custom1", label="Shoe size", is_custom=True),
    ],
    defaults=["FirstName", "LastName", "Email", "Phone"],
    aliases={
        "email": "Email",
        "first_name": "FirstName",
        "last_name": "LastName",
        "phone": "Phone",
        "owner": "OwnerId",
    },
    links=[
        LinkType(to_object="Firm", labels=["Employee", "Advisor"]),
        LinkType(to_object="Sale"),
        LinkType(to_object="Case"),
    ],
)
FIRM = ObjectSchema(
    object="Firm",
    label="Firm",
    label_field="Name",
    fields=[column("Name", required=True), column("Domain"), column("Employees", "integer")],
    defaults=["Name", "Domain"],
)
SALE = ObjectSchema(
    object="Sale",
    label="Sale",
    label_field="Name",
    fields=[
        column("Name", required=True),
        column("Amount", "number"),
        column("Stage", "choice", options=choices(**STAGES)),
        column("CloseDate", "date"),
        column("OwnerId", "reference", references=["User"]),
    ],
    defaults=["Name", "Amount", "Stage"],
    aliases={"amount": "Amount", "stage": "Stage", "close_date": "CloseDate", "owner": "OwnerId"},
    pipelines=[
        Pipeline(
            id="sales", label="Sales", stages=[Stage(id=id_, label=name) for id_, name in STAGES.items()]
        )
    ],
    links=[LinkType(to_object="Person"), LinkType(to_object="Firm")],
)
CASE = ObjectSchema(
    object="Case",
    label="Case",
    label_field="Subject",
    fields=[
        column("Number", unique=True, writable=False),
        column("Subject", required=True),
        column("Content", "long_text"),
        column("Status", "choice", options=choices(new="New", waiting="Waiting", closed="Closed")),
    ],
    defaults=["Number", "Subject", "Status"],
)
MEMO = ObjectSchema(
    object="Memo",
    label="Memo",
    fields=[
        column("Kind"),
        column("Subject"),
        column("Text", "long_text"),
        column("At", "datetime"),
        column("OwnerId", "reference"),
    ],
    defaults=["Kind", "Text"],
    aliases={"owner": "OwnerId"},
)
ARTICLE = ObjectSchema(
    object="Article",
    label="Article",
    fields=[column("Sku", unique=True), column("Name", required=True)],
    defaults=["Sku", "Name"],
)
CAR = ObjectSchema(
    object="MyCar", label="Car", fields=[column("Plate", unique=True, required=True)], defaults=["Plate"]
)
SCHEMAS = {schema.object: schema for schema in (PERSON, FIRM, SALE, CASE, MEMO, ARTICLE, CAR)}


def empty_book(clock: Clock) -> PaperBook:
    """Forms without a single sheet; the team can own some."""
    owners = [
        Owner(id=each.key, name=each.name, email=each.email, is_active=each.is_active) for each in shop().team
    ]
    return PaperBook(clock, SCHEMAS, NEUTRAL, owners)


def shop_book(clock: Clock) -> PaperBook:
    """Everything the shop knows, on paper."""
    book, world = empty_book(clock), shop()
    known: dict[str, tuple[str, str]] = {}
    for company in world.companies:
        firm: dict[str, Value] = {
            "Name": company.name,
            "Domain": company.domain,
            "Employees": company.employees,
        }
        known[company.key] = ("Firm", book.add("Firm", firm, company.created_at))
    for person in world.people:
        sheet: dict[str, Value] = {
            "Email": person.email,
            "FirstName": person.first_name,
            "LastName": person.last_name,
            "Phone": person.phone,
            "Since": person.created_at.date().isoformat(),
            "Remarks": person.note,
        }
        known[person.key] = ("Person", book.add("Person", sheet, person.created_at))
        if person.company:
            book.tie(known[person.key], known[person.company], "Employee")
    for deal in world.deals:
        amount = float(Money(deal.amount, deal.currency).major)
        sale: dict[str, Value] = {
            "Name": deal.name,
            "Amount": amount,
            "Stage": deal.stage,
            "OwnerId": deal.owner,
        }
        closing: dict[str, Value] = {"CloseDate": deal.closes_at.date().isoformat()}
        known[deal.key] = ("Sale", book.add("Sale", sale | closing, deal.created_at))
        book.tie(known[deal.key], known[deal.person])
    for ticket in world.tickets:
        case: dict[str, Value] = {
            "Number": ticket.number,
            "Subject": ticket.subject,
            "Content": ticket.content,
        }
        known[ticket.key] = ("Case", book.add("Case", case | {"Status": ticket.status}, ticket.created_at))
        book.tie(known[ticket.key], known[ticket.person])
    return book
