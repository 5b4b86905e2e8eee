"""HubSpot's standard objects: how they are called and what is particular about each.

https://developers.hubspot.com/docs/api-reference/crm-understanding-the-crm (type ids, required properties)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OWNER = "hubspot_owner_id"
CORE = ("contacts", "companies", "deals", "tickets")
"""Objects whose records can be linked with each other under labels."""


@dataclass(frozen=True)
class Kind:
    """An object: `name` is how it is called in paths."""

    name: str
    type_id: str
    label: str
    neutral: str | None = None
    label_field: str | None = None
    modified: str = "hs_lastmodifieddate"
    """The property that tells when a record was changed; contacts have another than all others."""
    created: str = "createdate"
    unique: str | None = None
    """A standard property by which a record is found and that no two records share."""
    required: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    stage: str | None = None
    """The property that holds the stage, where the object has pipelines."""
    pipeline: str | None = None
    links: tuple[str, ...] = CORE
    has_page: bool = True
    """Whether a record has an address of its own in HubSpot."""
    scopes: tuple[str, ...] = ()
    """Permissions of which one suffices to read records."""
    is_custom: bool = False
    plural: str = ""
    """How the account calls several of its own objects."""


_ACTIVITY_DEFAULTS = ("hs_timestamp", OWNER)


def _activity(name: str, type_id: str, label: str, neutral: str | None, *fields: str) -> Kind:
    """Activities ride on the permissions of contacts and have no pages of their own."""
    return Kind(
        name,
        type_id,
        label,
        neutral,
        label_field=fields[0],
        created="hs_createdate",
        required=("hs_timestamp",),
        defaults=(*fields, *_ACTIVITY_DEFAULTS),
        aliases={"owner": OWNER},
        has_page=False,
        scopes=("crm.objects.contacts.read", f"crm.objects.{name}.read"),
    )


KINDS = (
    Kind(
        "contacts",
        "0-1",
        "Contact",
        "contact",
        label_field="email",
        modified="lastmodifieddate",
        unique="email",
        defaults=("email", "firstname", "lastname", "phone", "company", "lifecyclestage", OWNER),
        aliases={
            "email": "email",
            "first_name": "firstname",
            "last_name": "lastname",
            "phone": "phone",
            "company": "company",
            "owner": OWNER,
        },
        scopes=("crm.objects.contacts.read",),
    ),
    Kind(
        "companies",
        "0-2",
        "Company",
        "company",
        label_field="name",
        defaults=("name", "domain", "industry", "phone", "city", "country", OWNER),
        aliases={"company": "name", "phone": "phone", "owner": OWNER},
        scopes=("crm.objects.companies.read",),
    ),
    Kind(
        "deals",
        "0-3",
        "Deal",
        "deal",
        label_field="dealname",
        required=("dealname", "dealstage"),
        defaults=("dealname", "dealstage", "pipeline", "amount", "deal_currency_code", "closedate", OWNER),
        aliases={"amount": "amount", "stage": "dealstage", "close_date": "closedate", "owner": OWNER},
        stage="dealstage",
        pipeline="pipeline",
        scopes=("crm.objects.deals.read",),
    ),
    Kind(
        "tickets",
        "0-5",
        "Ticket",
        "ticket",
        label_field="subject",
        required=("subject", "hs_pipeline_stage"),
        defaults=("subject", "content", "hs_pipeline_stage", "hs_pipeline", "hs_ticket_priority", OWNER),
        aliases={"stage": "hs_pipeline_stage", "owner": OWNER},
        stage="hs_pipeline_stage",
        pipeline="hs_pipeline",
        scopes=("tickets",),
    ),
    Kind(
        "products",
        "0-7",
        "Product",
        "product",
        label_field="name",
        required=("name",),
        defaults=("name", "hs_sku", "price", "description"),
        links=(),
        has_page=False,
        scopes=("e-commerce", "crm.objects.products.read"),
    ),
    _activity(
        "tasks",
        "0-27",
        "Task",
        "task",
        "hs_task_subject",
        "hs_task_body",
        "hs_task_status",
        "hs_task_priority",
    ),
    _activity("notes", "0-46", "Note", "note", "hs_note_body"),
    _activity("calls", "0-48", "Call", None, "hs_call_title", "hs_call_body", "hs_call_status"),
    _activity("emails", "0-49", "Email", None, "hs_email_subject", "hs_email_text", "hs_email_direction"),
    _activity(
        "meetings", "0-47", "Meeting", None, "hs_meeting_title", "hs_meeting_body", "hs_meeting_outcome"
    ),
)

ACTIVITIES = tuple(kind.name for kind in KINDS if kind.created == "hs_createdate")
"""What happened with records; linked to them without labels."""
BY_NAME = {
    called: kind
    for kind in KINDS
    for called in (kind.name, kind.type_id, kind.label.lower(), *((kind.neutral,) if kind.neutral else ()))
}
"""Every way to call a standard object."""
