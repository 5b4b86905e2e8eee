"""Salesforce's standard objects: what is particular about each and not told by its description.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OWNER = "OwnerId"
NOTE = "ContentNote"


@dataclass(frozen=True)
class Stages:
    """The table that holds the steps of an object, and what its columns are called."""

    field: str
    """Of the object, which holds the step."""
    table: str
    closed: str
    won: str | None = None
    probability: str | None = None


@dataclass(frozen=True)
class Kind:
    """A standard object; `name` is how Salesforce calls it."""

    name: str
    neutral: str | None = None
    defaults: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    stages: Stages | None = None


_OWNED = {"owner": OWNER}
_PERSON = {
    "email": "Email",
    "first_name": "FirstName",
    "last_name": "LastName",
    "phone": "Phone",
    **_OWNED,
}

KINDS = (
    Kind(
        "Contact",
        "contact",
        ("FirstName", "LastName", "Email", "Phone", "Title", "AccountId", OWNER),
        _PERSON,
    ),
    Kind(
        "Account",
        "company",
        ("Name", "Website", "Industry", "Phone", "BillingCity", "BillingCountry", OWNER),
        {"company": "Name", "phone": "Phone", **_OWNED},
    ),
    Kind(
        "Opportunity",
        "deal",
        ("Name", "StageName", "Amount", "CurrencyIsoCode", "CloseDate", "Probability", "AccountId", OWNER),
        {"amount": "Amount", "stage": "StageName", "close_date": "CloseDate", **_OWNED},
        Stages("StageName", "OpportunityStage", "IsClosed", "IsWon", "DefaultProbability"),
    ),
    Kind(
        "Case",
        "ticket",
        ("CaseNumber", "Subject", "Description", "Status", "Priority", "Origin", "ContactId", OWNER),
        {"stage": "Status", **_OWNED},
        Stages("Status", "CaseStatus", "IsClosed"),
    ),
    Kind(
        "Task",
        "task",
        ("Subject", "Description", "Status", "Priority", "ActivityDate", "WhoId", "WhatId", OWNER),
        _OWNED,
        Stages("Status", "TaskStatus", "IsClosed"),
    ),
    Kind(NOTE, "note", ("Title", "TextPreview", OWNER), _OWNED),
    Kind("Product2", "product", ("Name", "ProductCode", "Family", "Description", "IsActive")),
    Kind(
        "Lead",
        None,
        ("FirstName", "LastName", "Email", "Phone", "Company", "Status", OWNER),
        {**_PERSON, "company": "Company", "stage": "Status"},
        Stages("Status", "LeadStatus", "IsConverted"),
    ),
    Kind(
        "Event",
        None,
        ("Subject", "Description", "StartDateTime", "EndDateTime", "WhoId", "WhatId", OWNER),
        _OWNED,
    ),
)

BY_NAME = {
    called: kind
    for kind in KINDS
    for called in (kind.name.lower(), *((kind.neutral,) if kind.neutral else ()))
}
"""Neutral name or Salesforce's in lower case → object."""


@dataclass(frozen=True)
class Junction:
    """A standard object whose records each link two others."""

    object: str
    ends: Mapping[str, str]
    """Object → the field that holds its id; `""` stands for any other object."""
    label: str | None = None
    """The field that says in what way they are linked."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """What a new one needs besides."""

    def end(self, object_name: str) -> str | None:
        """The field for an object."""
        return self.ends.get(object_name) or self.ends.get("")


JUNCTIONS = (
    Junction("OpportunityContactRole", {"Opportunity": "OpportunityId", "Contact": "ContactId"}, "Role"),
    Junction("CampaignMember", {"Campaign": "CampaignId", "Contact": "ContactId"}),
    Junction("CampaignMember", {"Campaign": "CampaignId", "Lead": "LeadId"}),
    # https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/
    # sforce_api_objects_contentdocumentlink.htm: V lets those who see the record see the note.
    Junction(
        "ContentDocumentLink",
        {NOTE: "ContentDocumentId", "": "LinkedEntityId"},
        fixed={"ShareType": "V"},
    ),
)
