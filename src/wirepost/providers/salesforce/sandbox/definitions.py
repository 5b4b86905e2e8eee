"""What the organisation consists of: objects, fields, choices; and how Salesforce describes them.

One line is one field: name, label, type, flags. A reference names its objects, and how the field's object is
called as a child (`Account.Contacts`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

SYSTEM = """
Id | ID | id | readonly
OwnerId | Owner ID | reference(User) | owner
CreatedDate | Created Date | datetime | readonly
CreatedById | Created By ID | reference(User) | readonly
LastModifiedDate | Last Modified Date | datetime | readonly
LastModifiedById | Last Modified By ID | reference(User) | readonly
SystemModstamp | System Modstamp | datetime | readonly
IsDeleted | Deleted | boolean | readonly
"""
LINES = {
    "Account": """
Name | Account Name | string(255) | required name
Type | Account Type | picklist |
ParentId | Parent Account ID | reference(Account.ChildAccounts) |
Industry | Industry | picklist |
Phone | Account Phone | phone(40) |
Website | Website | url(255) |
NumberOfEmployees | Employees | int |
AnnualRevenue | Annual Revenue | currency |
BillingStreet | Billing Street | textarea(255) |
BillingCity | Billing City | string(40) |
BillingPostalCode | Billing Zip/Postal Code | string(20) |
BillingCountry | Billing Country | string(80) |
Description | Account Description | textarea(32000) | unfiltered
Shop_Company__c | Shop Company | string(40) | external
""",
    "Contact": """
FirstName | First Name | string(40) |
LastName | Last Name | string(80) | required
Name | Full Name | string(121) | readonly name
AccountId | Account ID | reference(Account.Contacts) |
Email | Email | email(80) | lookup
Phone | Business Phone | phone(40) |
MobilePhone | Mobile Phone | phone(40) |
Title | Title | string(128) |
LeadSource | Lead Source | picklist |
MailingStreet | Mailing Street | textarea(255) |
MailingCity | Mailing City | string(40) |
MailingPostalCode | Mailing Zip/Postal Code | string(20) |
MailingCountry | Mailing Country | string(80) |
MailingAddress | Mailing Address | address | readonly
HasOptedOutOfEmail | Email Opt Out | boolean |
Description | Contact Description | textarea(32000) | unfiltered
Shop_Number__c | Shop Number | string(40) | external
Customer_Since__c | Customer Since | date |
Order_Count__c | Order Count | double |
Interests__c | Interests | multipicklist(4099) | restricted
""",
    "Opportunity": """
Name | Name | string(120) | required name
AccountId | Account ID | reference(Account.Opportunities) |
Amount | Amount | currency |
CurrencyIsoCode | Currency ISO Code | picklist | restricted
CloseDate | Close Date | date | required
StageName | Stage | picklist | required restricted
Probability | Probability (%) | percent |
IsClosed | Closed | boolean | readonly
IsWon | Won | boolean | readonly
Type | Opportunity Type | picklist |
LeadSource | Lead Source | picklist |
Description | Description | textarea(32000) | unfiltered
Shop_Deal__c | Shop Deal | string(40) | external
""",
    "OpportunityContactRole": """
OpportunityId | Opportunity ID | reference(Opportunity.OpportunityContactRoles) | required createonly
ContactId | Contact ID | reference(Contact.OpportunityContactRoles) | required createonly
Role | Role | picklist |
IsPrimary | Primary | boolean |
""",
    "Case": """
CaseNumber | Case Number | string(30) | readonly name auto
ContactId | Contact ID | reference(Contact.Cases) |
AccountId | Account ID | reference(Account.Cases) |
Subject | Subject | string(255) |
Status | Status | picklist | restricted
Priority | Priority | picklist | restricted
Origin | Case Origin | picklist |
Description | Description | textarea(32000) | unfiltered
IsClosed | Closed | boolean | readonly
ClosedDate | Closed Date | datetime | readonly
Shop_Ticket__c | Shop Ticket | string(40) | external
""",
    "Task": """
Subject | Subject | combobox(255) | name
WhoId | Name ID | reference(Contact.Tasks) |
WhatId | Related To ID | reference(Account.Tasks, Opportunity.Tasks, Case.Tasks, Club__c.Tasks) |
ActivityDate | Due Date Only | date |
Status | Status | picklist | restricted
Priority | Priority | picklist | restricted
Description | Description | textarea(32000) | unfiltered
IsClosed | Closed | boolean | readonly
TaskSubtype | Task Subtype | picklist | createonly restricted
CompletedDateTime | Completed Date | datetime | readonly
""",
    "Event": """
Subject | Subject | combobox(255) | name
WhoId | Name ID | reference(Contact.Events) |
WhatId | Related To ID | reference(Account.Events, Opportunity.Events, Case.Events, Club__c.Events) |
Location | Location | string(255) |
ActivityDateTime | Due Date Time | datetime |
DurationInMinutes | Duration | int |
StartDateTime | Start Date Time | datetime |
EndDateTime | End Date Time | datetime |
IsAllDayEvent | All-Day Event | boolean |
Description | Description | textarea(32000) | unfiltered
""",
    "ContentNote": """
Title | Title | string(255) | required name
Content | Content | base64 | unfiltered
TextPreview | Text Preview | string(255) | readonly unfiltered
FileType | File Type | string(20) | readonly
FileExtension | File Extension | string(40) | readonly
ContentSize | Size | int | readonly
IsReadOnly | Read-only | boolean | readonly
""",
    "ContentDocument": """
Title | Title | string(255) | required name
FileType | File Type | string(20) | readonly
FileExtension | File Extension | string(40) | readonly
ContentSize | Size | int | readonly
""",
    "ContentDocumentLink": """
LinkedEntityId | Linked Entity ID | reference(Account.ContentDocumentLinks, Contact.ContentDocumentLinks, \
Opportunity.ContentDocumentLinks, Case.ContentDocumentLinks, Club__c.ContentDocumentLinks, User) \
| required createonly
ContentDocumentId | ContentDocument ID | reference(ContentDocument.ContentDocumentLinks) | required createonly
ShareType | Share Type | picklist | restricted
Visibility | Visibility | picklist | restricted
""",
    "Product2": """
Name | Product Name | string(255) | required name
ProductCode | Product Code | string(255) |
Description | Product Description | textarea(4000) | unfiltered
IsActive | Active | boolean |
Family | Product Family | picklist |
""",
    "User": """
Username | Username | string(80) | required
FirstName | First Name | string(40) |
LastName | Last Name | string(80) | required
Name | Full Name | string(121) | readonly name
Email | Email | email(128) | required
Alias | Alias | string(8) |
IsActive | Active | boolean |
UserType | User Type | picklist | readonly
""",
    "OpportunityStage": """
MasterLabel | Master Label | string(255) | readonly name
ApiName | API Name | string(255) | readonly
IsActive | Active | boolean | readonly
SortOrder | Order | int | readonly
IsClosed | Closed | boolean | readonly
IsWon | Won | boolean | readonly
ForecastCategoryName | Forecast Category Name | picklist | readonly
DefaultProbability | Probability (%) | percent | readonly
""",
    "CaseStatus": """
MasterLabel | Master Label | string(255) | readonly name
ApiName | API Name | string(255) | readonly
SortOrder | Order | int | readonly
IsDefault | Default | boolean | readonly
IsClosed | Closed | boolean | readonly
""",
    "Club__c": """
Name | Club Membership | string(80) | name
Contact__c | Member | reference(Contact.Clubs__r) |
Membership_Number__c | Membership Number | string(40) | external
Status__c | Status | picklist | restricted
Started_On__c | Started On | date |
Renews_On__c | Renews On | date |
""",
}
NO_OWNER = {
    "OpportunityContactRole",
    "ContentDocumentLink",
    "Product2",
    "User",
    "OpportunityStage",
    "CaseStatus",
}
READ_ONLY = {"User", "OpportunityStage", "CaseStatus", "ContentDocument"}
LABELS = {
    "ContentNote": "Note",
    "Product2": "Product",
    "Club__c": "Club",
    "OpportunityContactRole": "Opportunity Contact Role",
    "OpportunityStage": "Opportunity Stage",
    "CaseStatus": "Case Status Value",
    "ContentDocument": "Content Document",
    "ContentDocumentLink": "Content Document Link",
}
STAGES = {
    # name: (probability, is closed, is won, forecast)
    "Prospecting": (10, False, False, "Pipeline"),
    "Qualification": (20, False, False, "Pipeline"),
    "Proposal/Price Quote": (65, False, False, "Best Case"),
    "Negotiation/Review": (80, False, False, "Commit"),
    "Closed Won": (100, True, True, "Closed"),
    "Closed Lost": (0, True, False, "Omitted"),
}
STATUSES = {"New": False, "Working": False, "Waiting": False, "Closed": True}
INDUSTRIES = {
    "hospitality": "Hospitality",
    "education": "Education",
    "software": "Technology",
    "logistics": "Transportation",
    "design": "Consulting",
    "retail": "Retail",
    "construction": "Construction",
    "health": "Healthcare",
}
INTERESTS = ["bags", "books", "coffee", "garden", "kitchen", "outdoor", "paper", "wool"]
_SOURCES = ["Web", "Phone Inquiry", "Partner Referral", "Other"]
CHOICES = {
    ("Account", "Type"): ["Prospect", "Customer - Direct", "Other"],
    ("Account", "Industry"): list(INDUSTRIES.values()),
    ("Contact", "LeadSource"): _SOURCES,
    ("Contact", "Interests__c"): INTERESTS,
    ("Opportunity", "CurrencyIsoCode"): [
        "EUR",
        "SEK",
        "USD",
        "GBP",
        "JPY",
        "KWD",
        "DKK",
        "PLN",
        "TRY",
        "HUF",
    ],
    ("Opportunity", "StageName"): list(STAGES),
    ("Opportunity", "Type"): ["Existing Business", "New Business"],
    ("Opportunity", "LeadSource"): _SOURCES,
    ("OpportunityContactRole", "Role"): ["Decision Maker", "Business User", "Other"],
    ("Case", "Status"): list(STATUSES),
    ("Case", "Priority"): ["High", "Medium", "Low"],
    ("Case", "Origin"): ["Email", "Phone", "Web"],
    ("Task", "Status"): ["Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"],
    ("Task", "Priority"): ["High", "Normal", "Low"],
    ("Task", "TaskSubtype"): ["Task", "Email", "Call"],
    ("ContentDocumentLink", "ShareType"): ["V", "C", "I"],
    ("ContentDocumentLink", "Visibility"): ["AllUsers", "InternalUsers", "SharedUsers"],
    ("Product2", "Family"): [],
    ("User", "UserType"): ["Standard"],
    ("OpportunityStage", "ForecastCategoryName"): ["Pipeline", "Best Case", "Commit", "Closed", "Omitted"],
    ("Club__c", "Status__c"): ["active", "trialing", "past_due", "canceled"],
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "Case": {"Status": "New", "Priority": "Medium"},
    "Task": {"Status": "Not Started", "Priority": "Normal", "TaskSubtype": "Task"},
    "Opportunity": {"CurrencyIsoCode": "EUR"},
    "ContentDocumentLink": {"ShareType": "V", "Visibility": "AllUsers"},
}
"""Values of new records that leave these fields out."""
SOAP = {
    "int": "xsd:int",
    "boolean": "xsd:boolean",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "id": "tns:ID",
}
NUMBERS = {"int", "double", "currency", "percent"}


@dataclass(frozen=True)
class Field:
    """One field of an object."""

    object: str
    name: str
    label: str
    type: str
    length: int
    flags: frozenset[str]
    targets: tuple[tuple[str, str | None], ...]
    """Objects that a reference leads to, and what they call the records that lead to them."""

    @property
    def is_writable(self) -> bool:
        """Whether requests may set it."""
        return "readonly" not in self.flags and self.object not in READ_ONLY

    @property
    def is_filterable(self) -> bool:
        """Whether conditions may name it."""
        return "unfiltered" not in self.flags and self.type != "address"

    @property
    def relationship(self) -> str | None:
        """How statements call the record that a reference leads to."""
        if self.type != "reference":
            return None
        return self.name.removesuffix("__c") + "__r" if self.is_custom else self.name.removesuffix("Id")

    @property
    def is_custom(self) -> bool:
        """Made by the organisation itself."""
        return self.name.endswith("__c")

    @property
    def choices(self) -> list[str] | None:
        """Values of a picklist."""
        return CHOICES.get((self.object, self.name))


@dataclass(frozen=True)
class Kind:
    """One object."""

    name: str
    fields: dict[str, Field]

    @property
    def label(self) -> str:
        """For people."""
        return LABELS.get(self.name, self.name)

    @cached_property
    def by_lower(self) -> dict[str, Field]:
        """Names in statements have no case."""
        return {name.lower(): field for name, field in self.fields.items()}

    @cached_property
    def relationships(self) -> dict[str, Field]:
        """Relationship in lower case → the field behind it."""
        return {field.relationship.lower(): field for field in self.fields.values() if field.relationship}

    @property
    def children(self) -> dict[str, Field]:
        """Child relationship → the field of the child."""
        return {
            child: field
            for kind in kinds().values()
            for field in kind.fields.values()
            for target, child in field.targets
            if target == self.name and child
        }

    @property
    def name_field(self) -> str:
        """The field that stands for the record."""
        return next((name for name, field in self.fields.items() if "name" in field.flags), "Id")


@cache
def kinds() -> dict[str, Kind]:
    """All objects by name."""
    return {name: Kind(name, _fields(name, lines)) for name, lines in LINES.items()}


def _fields(object_name: str, lines: str) -> dict[str, Field]:
    found = {}
    for line in (SYSTEM + lines).strip().splitlines():
        if not line.strip():
            continue
        name, label, kind, flags = (part.strip() for part in line.split("|"))
        if name == "OwnerId" and object_name in NO_OWNER:
            continue
        shape, _, inside = kind.rstrip(")").partition("(")
        targets: list[tuple[str, str | None]] = []
        for target in inside.split(", ") if shape == "reference" else ():
            parent, _, child = target.partition(".")
            targets.append((parent, child or None))
        length = int(inside) if inside.isdigit() else 18 if shape in {"id", "reference"} else 0
        found[name] = Field(object_name, name, label, shape, length, frozenset(flags.split()), tuple(targets))
    return found
