"""Properties and pipelines of the shop's HubSpot account, in the form in which HubSpot describes them."""

from __future__ import annotations

from collections.abc import Iterable

from wirepost.providers.hubspot.sandbox.describing import (
    ID,
    MADE_AT,
    OWNER,
    Body,
    labelled,
    prop,
    times,
)
from wirepost.providers.hubspot.sandbox.own_objects import OWN_OBJECTS

TYPE_IDS = {
    "contacts": "0-1",
    "companies": "0-2",
    "deals": "0-3",
    "tickets": "0-5",
    "products": "0-7",
    "tasks": "0-27",
    "notes": "0-46",
    "meetings": "0-47",
    "calls": "0-48",
    "emails": "0-49",
    **{own.name: own.type_id for own in OWN_OBJECTS},
}
NAMES = {
    called: name for name, type_id in TYPE_IDS.items() for called in (name, type_id, name.rstrip("s"))
} | {
    "company": "companies",
    **{own.short_name: own.name for own in OWN_OBJECTS},
}
"""Every way in which paths name an object."""
ACTIVITIES = ("notes", "tasks", "calls", "emails", "meetings")

STAGES = (
    ("appointmentscheduled", "Appointment Scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified To Buy", "0.4"),
    ("presentationscheduled", "Presentation Scheduled", "0.6"),
    ("contractsent", "Contract Sent", "0.9"),
    ("closedwon", "Closed Won", "1.0"),
    ("closedlost", "Closed Lost", "0.0"),
)
STATES = (
    ("1", "New", "OPEN"),
    ("2", "Waiting on contact", "OPEN"),
    ("3", "Waiting on us", "OPEN"),
    ("4", "Closed", "CLOSED"),
)


def _pipeline(pipeline_id: str, label: str, stages: Iterable[tuple[str, str, Body]]) -> Body:
    times = {"createdAt": MADE_AT, "updatedAt": MADE_AT, "archived": False}
    return {
        "id": pipeline_id,
        "label": label,
        "displayOrder": 0,
        **times,
        "stages": [
            {"id": stage, "label": text, "displayOrder": place, "metadata": facts, **times}
            for place, (stage, text, facts) in enumerate(stages)
        ],
    }


PIPELINES = {
    "deals": [
        _pipeline(
            "default",
            "Sales Pipeline",
            (
                (stage, label, {"isClosed": str(stage.startswith("closed")).lower(), "probability": share})
                for stage, label, share in STAGES
            ),
        )
    ],
    "tickets": [
        _pipeline(
            "0",
            "Support Pipeline",
            (
                (stage, label, {"ticketState": state, "isClosed": str(state == "CLOSED").lower()})
                for stage, label, state in STATES
            ),
        )
    ],
}


_PLACE = (
    prop("phone", "Phone Number", "string", "phonenumber"),
    prop("address", "Street Address"),
    prop("city", "City"),
    prop("zip", "Postal Code"),
    prop("country", "Country/Region"),
)
_LIFECYCLE = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
)
INTERESTS = ("bath", "clubs", "furniture", "kitchen", "lighting", "pantry", "paper", "textiles")
INDUSTRIES = {
    "construction": "CONSTRUCTION",
    "design": "DESIGN",
    "education": "EDUCATION_MANAGEMENT",
    "health": "HOSPITAL_HEALTH_CARE",
    "hospitality": "HOSPITALITY",
    "logistics": "LOGISTICS_AND_SUPPLY_CHAIN",
    "retail": "RETAIL",
    "software": "COMPUTER_SOFTWARE",
}
CURRENCIES = ("EUR", "USD", "GBP", "JPY", "KWD")
PRIORITIES = ("LOW", "MEDIUM", "HIGH")

_CONTACTS = (
    prop("email", "Email"),
    prop("firstname", "First Name"),
    prop("lastname", "Last Name"),
    prop("company", "Company Name"),
    *_PLACE,
    prop(
        "hs_language",
        "Preferred language",
        "enumeration",
        "select",
        *labelled(("de", "en", "sv", "da", "ja", "ar")),
    ),
    prop("lifecyclestage", "Lifecycle Stage", "enumeration", "radio", *_LIFECYCLE),
    prop("hs_additional_emails", "Additional email addresses", is_fixed=True),
    prop("shop_customer", "Shop customer", is_custom=True, is_unique=True),
    prop("shop_note", "Note from the shop", "string", "textarea", is_custom=True),
    prop("order_count", "Orders", "number", "number", is_custom=True),
    prop("customer_since", "Customer since", "date", "date", is_custom=True),
    prop(
        "newsletter",
        "Newsletter",
        "bool",
        "booleancheckbox",
        ("true", "Yes"),
        ("false", "No"),
        is_custom=True,
    ),
    prop("interests", "Interests", "enumeration", "checkbox", *labelled(INTERESTS), is_custom=True),
    prop("ai_insights", "AI insights", "string", "textarea", is_custom=True),
    prop("last_analyzed", "Last analyzed", "datetime", "date", is_custom=True),
    prop("analysis_status", "Analysis status", is_custom=True),
    OWNER,
    ID,
    *times(modified="lastmodifieddate"),
)
_COMPANIES = (
    prop("name", "Company name"),
    prop("domain", "Company Domain Name"),
    prop("industry", "Industry", "enumeration", "select", *labelled(INDUSTRIES.values())),
    prop("numberofemployees", "Number of Employees", "number", "number"),
    prop("description", "Description", "string", "textarea"),
    prop("shop_company", "Shop company", is_custom=True, is_unique=True),
    *_PLACE,
    OWNER,
    ID,
    *times(),
)
_DEALS = (
    prop("dealname", "Deal Name"),
    prop("dealstage", "Deal Stage", "enumeration", "radio", externalOptions=True),
    prop("pipeline", "Pipeline", "enumeration", "select", externalOptions=True),
    prop("amount", "Amount", "number", "number"),
    prop("deal_currency_code", "Currency", "enumeration", "select", *labelled(CURRENCIES)),
    prop("closedate", "Close Date", "datetime", "date"),
    prop("description", "Deal Description", "string", "textarea"),
    prop(
        "dealtype",
        "Deal Type",
        "enumeration",
        "radio",
        ("newbusiness", "New Business"),
        ("existingbusiness", "Existing Business"),
    ),
    prop("hs_is_closed", "Is Deal Closed?", "bool", "calculation_equation", is_fixed=True),
    prop("shop_deal", "Shop deal", is_custom=True, is_unique=True),
    OWNER,
    ID,
    *times(),
)
_TICKETS = (
    prop("subject", "Ticket name"),
    prop("content", "Ticket description", "string", "textarea"),
    prop("hs_pipeline", "Pipeline", "enumeration", "select", externalOptions=True),
    prop("hs_pipeline_stage", "Ticket status", "enumeration", "select", externalOptions=True),
    prop("hs_ticket_priority", "Priority", "enumeration", "select", *labelled(PRIORITIES)),
    prop("ticket_number", "Ticket number", is_custom=True, is_unique=True),
    OWNER,
    ID,
    *times(),
)
_PRODUCTS = (
    prop("name", "Name"),
    prop("hs_sku", "SKU"),
    prop("price", "Unit Price", "number", "number"),
    prop("description", "Product description", "string", "textarea"),
    ID,
    *times(),
)
_ACTIVITY = (prop("hs_timestamp", "Activity date", "datetime", "date"), OWNER, ID, *times("hs_createdate"))
_NOTES = (prop("hs_note_body", "Note body", "string", "html"), *_ACTIVITY)
_TASKS = (
    prop("hs_task_subject", "Task Title"),
    prop("hs_task_body", "Task Notes", "string", "html"),
    prop(
        "hs_task_status",
        "Task Status",
        "enumeration",
        "select",
        *labelled(("NOT_STARTED", "IN_PROGRESS", "WAITING", "DEFERRED", "COMPLETED")),
    ),
    prop("hs_task_priority", "Priority", "enumeration", "select", *labelled(("NONE", *PRIORITIES))),
    *_ACTIVITY,
)
_CALLS = (
    prop("hs_call_title", "Call Title"),
    prop("hs_call_body", "Call notes", "string", "html"),
    prop(
        "hs_call_status",
        "Call status",
        "enumeration",
        "select",
        *labelled(
            ("BUSY", "CALLING_CRM_USER", "CANCELED", "COMPLETED", "FAILED", "NO_ANSWER", "QUEUED", "RINGING")
        ),
    ),
    *_ACTIVITY,
)
_EMAILS = (
    prop("hs_email_subject", "Email subject"),
    prop("hs_email_text", "Email body", "string", "textarea"),
    prop(
        "hs_email_direction",
        "Email Direction",
        "enumeration",
        "select",
        *labelled(("EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL")),
    ),
    prop(
        "hs_email_status",
        "Email send status",
        "enumeration",
        "select",
        *labelled(("BOUNCED", "FAILED", "SCHEDULED", "SENDING", "SENT")),
    ),
    *_ACTIVITY,
)
_MEETINGS = (
    prop("hs_meeting_title", "Meeting name"),
    prop("hs_meeting_body", "Meeting description", "string", "html"),
    prop("hs_meeting_start_time", "Meeting start time", "datetime", "date"),
    prop("hs_meeting_end_time", "Meeting end time", "datetime", "date"),
    prop(
        "hs_meeting_outcome",
        "Meeting outcome",
        "enumeration",
        "select",
        *labelled(("SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED")),
    ),
    *_ACTIVITY,
)

PROPERTIES: dict[str, dict[str, Body]] = {
    name: {one["name"]: one for one in found}
    for name, found in {
        "contacts": _CONTACTS,
        "companies": _COMPANIES,
        "deals": _DEALS,
        "tickets": _TICKETS,
        "products": _PRODUCTS,
        "notes": _NOTES,
        "tasks": _TASKS,
        "calls": _CALLS,
        "emails": _EMAILS,
        "meetings": _MEETINGS,
        **{own.name: own.properties for own in OWN_OBJECTS},
    }.items()
}
"""Object → property → its definition."""
