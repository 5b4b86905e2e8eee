"""Descriptions of objects.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_sobject_describe.htm
"""

from __future__ import annotations

from wirepost.providers.salesforce.sandbox.definitions import (
    DEFAULTS,
    NUMBERS,
    READ_ONLY,
    SOAP,
    Field,
    Kind,
)
from wirepost.providers.salesforce.sandbox.errors import Body
from wirepost.providers.salesforce.sandbox.keys import PREFIXES

MASTER = "012000000000000AAA"
"""The record type of objects without any."""
_SEARCHABLE = {
    "Account",
    "Contact",
    "Opportunity",
    "Case",
    "Product2",
    "User",
    "Club__c",
    "ContentNote",
    "Task",
}


def summary_of(kind: Kind, base: str) -> Body:
    """An object as the list of all objects has it."""
    is_fixed = kind.name in READ_ONLY
    url = f"{base}/sobjects/{kind.name}"
    return {
        "name": kind.name,
        "label": kind.label,
        "labelPlural": f"{kind.label}s",
        "keyPrefix": PREFIXES[kind.name],
        "custom": kind.name.endswith("__c"),
        "customSetting": False,
        "deprecatedAndHidden": False,
        "activateable": False,
        "createable": not is_fixed,
        "updateable": not is_fixed,
        "deletable": not is_fixed,
        "undeletable": not is_fixed,
        "queryable": True,
        "retrieveable": True,
        "searchable": kind.name in _SEARCHABLE,
        "layoutable": True,
        "mergeable": kind.name in {"Account", "Contact", "Case"},
        "replicateable": True,
        "triggerable": not is_fixed,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "mruEnabled": True,
        "urls": {"sobject": url, "describe": f"{url}/describe", "rowTemplate": f"{url}/{{ID}}"},
    }


def description_of(kind: Kind, base: str) -> Body:
    """An object with everything it may hold."""
    children = [
        {
            "childSObject": field.object,
            "field": field.name,
            "relationshipName": name,
            "cascadeDelete": field.object in {"OpportunityContactRole", "ContentDocumentLink"},
            "deprecatedAndHidden": False,
            "restrictedDelete": False,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
        }
        for name, field in kind.children.items()
    ]
    types = [
        {
            "active": True,
            "available": True,
            "defaultRecordTypeMapping": True,
            "developerName": "Master",
            "master": True,
            "name": "Master",
            "recordTypeId": MASTER,
            "urls": {"layout": f"{base}/sobjects/{kind.name}/describe/layouts/{MASTER}"},
        }
    ]
    return {
        **summary_of(kind, base),
        "fields": [_field(field) for field in kind.fields.values()],
        "childRelationships": children,
        "recordTypeInfos": types,
        "supportedScopes": [{"label": "All", "name": "everything"}],
    }


def choices_of(field: Field) -> list[Body]:
    """The values of a picklist."""
    default = DEFAULTS.get(field.object, {}).get(field.name)
    return [
        {"active": True, "defaultValue": value == default, "label": value, "validFor": None, "value": value}
        for value in field.choices or ()
    ]


def _field(field: Field) -> Body:
    is_number = field.type in NUMBERS
    targets = list(dict.fromkeys(target for target, _ in field.targets))
    is_text = not is_number and field.type not in {"boolean", "date", "datetime", "id", "reference"}
    has_default = field.name in DEFAULTS.get(field.object, {}) or field.type == "boolean"
    is_required = "required" in field.flags
    is_flat = field.is_filterable and field.type not in {"multipicklist", "base64"}
    return {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "soapType": SOAP.get(field.type, "xsd:double" if is_number else "xsd:string"),
        "length": field.length,
        "byteLength": field.length * 3 if is_text else field.length,
        "precision": 18 if is_number else 0,
        "scale": 2 if field.type == "currency" else 0,
        "digits": 8 if field.type == "int" else 0,
        "nillable": not (is_required or "auto" in field.flags or field.type in {"boolean", "id"}),
        "createable": field.is_writable,
        "updateable": field.is_writable and "createonly" not in field.flags,
        "defaultedOnCreate": has_default or field.name in {"Id", "OwnerId"} or "auto" in field.flags,
        "defaultValue": False if field.type == "boolean" and field.is_writable else None,
        "calculated": False,
        "autoNumber": "auto" in field.flags,
        "custom": field.is_custom,
        "externalId": "external" in field.flags,
        "idLookup": bool(field.flags & {"external", "lookup"}) or field.type == "id",
        "unique": "external" in field.flags,
        "caseSensitive": False,
        "filterable": field.is_filterable,
        "sortable": is_flat,
        "groupable": is_flat and field.type not in {"datetime", "currency", "double", "percent"},
        "aggregatable": field.type not in {"boolean", "address", "base64", "multipicklist"}
        and field.is_filterable,
        "nameField": "name" in field.flags,
        "namePointing": len(targets) > 1,
        "polymorphicForeignKey": len(targets) > 1,
        "referenceTo": targets,
        "relationshipName": field.relationship,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "cascadeDelete": False,
        "picklistValues": choices_of(field),
        "restrictedPicklist": "restricted" in field.flags,
        "dependentPicklist": False,
        "controllerName": None,
        "compoundFieldName": _compound(field),
        "htmlFormatted": False,
        "encrypted": False,
        "deprecatedAndHidden": False,
        "permissionable": field.is_writable and not is_required,
        "extraTypeInfo": None,
        "inlineHelpText": None,
        "mask": None,
        "maskType": None,
        "queryByDistance": False,
        "searchPrefilterable": field.type == "reference",
    }


def _compound(field: Field) -> str | None:
    if field.name in {"FirstName", "LastName"}:
        return "Name"
    return "MailingAddress" if field.name.startswith("Mailing") and field.type != "address" else None
