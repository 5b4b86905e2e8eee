"""Which values fields take, as Salesforce checks them: types, lengths, choices, references, duplicates."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from wirepost.providers.salesforce.sandbox.definitions import DEFAULTS, READ_ONLY, Field, Kind
from wirepost.providers.salesforce.sandbox.errors import Body, SalesforceError, not_found, unreadable
from wirepost.providers.salesforce.sandbox.keys import read
from wirepost.providers.salesforce.sandbox.rows import Row, Values, whole
from wirepost.providers.salesforce.sandbox.state import State

_EMAIL = re.compile(r"[^\s@,;]+@[^\s@,;.]+(\.[^\s@,;.]+)+")


def written(
    state: State, kind: Kind, given: Mapping[str, Any], own: Row | None = None, *, may_repeat: bool = False
) -> Row:
    """Write a new record, or other values of `own`; raises `SalesforceError` for what is not taken.

    `may_repeat` lets a contact share its e-mail address with others.
    """
    if kind.name in READ_ONLY:
        message = f"entity type {kind.name} does not support {'update' if own else 'create'}"
        raise SalesforceError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
    fields = [(_field(kind, name, is_new=own is None), value) for name, value in given.items()]
    values = {field.name: _typed(field, value) for field, value in fields}
    _check_required(kind, values, own)
    for field, _ in fields:
        _check(state, field, values[field.name], own)
    if kind.name == "Contact" and values.get("Email") and not may_repeat:
        _check_duplicates(state, values["Email"], own)
    if own is not None:
        state.change(own, values)
        return own
    defaults = {
        name: default for name, default in DEFAULTS.get(kind.name, {}).items() if not values.get(name)
    }
    booleans = {f.name: False for f in kind.fields.values() if f.type == "boolean" and f.is_writable}
    return state.create(kind.name, {**booleans, **values, **defaults})


def get(state: State, kind: Kind, key: str) -> Row:
    """The record, or Salesforce's refusal."""
    row = state.find(key, kind.name)
    if row is not None:
        return row
    if state.is_deleted(key):
        raise SalesforceError("ENTITY_IS_DELETED", "entity is deleted", status=404)
    raise not_found("Provided external ID field does not exist or is not accessible: " + key[:40])


def external(kind: Kind, name: str) -> Field:
    """A field whose values find records."""
    field = kind.fields.get(name)
    if field is None or not ("external" in field.flags or field.type == "id"):
        raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
    return field


def matching(state: State, kind: Kind, field: Field, value: Any) -> Row | None:
    """The record with a value of an external id, whose case does not matter."""
    if field.type == "id":
        return state.find(str(value), kind.name)
    wanted = str(value).lower()
    rows = state.table(kind.name).values()
    return next((row for row in rows if str(row.values.get(field.name) or "").lower() == wanted), None)


def _field(kind: Kind, name: str, *, is_new: bool) -> Field:
    field = kind.by_lower.get(name.lower())
    if field is None:
        raise SalesforceError("INVALID_FIELD", f"No such column '{name}' on sobject of type {kind.name}")
    if not field.is_writable or ("createonly" in field.flags and not is_new):
        raise SalesforceError(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {field.name}. Please check the security settings of this field "
            "and verify that it is read/write for your profile or permission set.",
            fields=[field.name],
        )
    return field


def _typed(field: Field, value: Any) -> Any:
    """The value as it is kept."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return False if field.type == "boolean" else None
    try:
        read_value: Callable[[Any], Any] = _READERS.get(field.type, _text)
        return read_value(value)
    except (ValueError, TypeError):
        kind = {"datetime": "datetime", "date": "date", "boolean": "boolean"}.get(field.type, "double")
        token = "VALUE_STRING" if isinstance(value, str) else "VALUE_NUMBER"
        raise unreadable(
            f"Cannot deserialize instance of {kind} from {token} value {str(value)[:80]} or request may be "
            "missing a required field"
        ) from None


def _text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise TypeError
    return value.strip() if isinstance(value, str) else str(value)


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    return float(value)


def _whole_number(value: Any) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _boolean(value: Any) -> bool:
    text = str(value).lower()
    if text not in {"true", "false"}:
        raise ValueError
    return text == "true"


def _date(value: Any) -> date:
    return date.fromisoformat(str(value)[:10])


def _moment(value: Any) -> datetime:
    text = str(value)
    if "T" not in text:
        raise ValueError
    at = datetime.fromisoformat(text)
    return whole(at if at.tzinfo else at.replace(tzinfo=UTC))


def _base64(value: Any) -> str:
    b64decode(value, validate=True)
    return str(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "double": _number,
    "currency": _number,
    "percent": _number,
    "int": _whole_number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _moment,
    "base64": _base64,
}


def _check_required(kind: Kind, values: Values, own: Row | None) -> None:
    required = [f.name for f in kind.fields.values() if "required" in f.flags]
    missing = [n for n in required if values.get(n) is None and (own is None or n in values)]
    if kind.name == "Event" and own is None:
        missing += _missing_times(values)
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise SalesforceError("REQUIRED_FIELD_MISSING", message, fields=missing)


def _missing_times(values: Values) -> Iterator[str]:
    if not (values.get("StartDateTime") or values.get("ActivityDateTime")):
        yield "ActivityDateTime"
    if values.get("EndDateTime") is None and values.get("DurationInMinutes") is None:
        yield "DurationInMinutes"


def _check(state: State, field: Field, value: Any, own: Row | None) -> None:
    """A value of the right type, against the rules of its field."""
    if value is None:
        return
    if field.type == "reference":
        _check_reference(state, field, value)
    elif isinstance(value, str) and field.length and len(value) > field.length:
        message = f"{field.label}: data value too large: {value[:40]}... (max length={field.length})"
        raise SalesforceError("STRING_TOO_LONG", message, fields=[field.name])
    elif "restricted" in field.flags and not set(_chosen(field, value)) <= set(field.choices or ()):
        raise SalesforceError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.label}: bad value for restricted picklist field: {value}",
            fields=[field.name],
        )
    elif field.type == "email" and not _EMAIL.fullmatch(value):
        message = f"{field.label}: invalid email address: {value}"
        raise SalesforceError("INVALID_EMAIL_ADDRESS", message, fields=[field.name])
    elif field.type == "currency" and value < 0:
        message = f"{field.label} must not be negative"
        raise SalesforceError("FIELD_CUSTOM_VALIDATION_EXCEPTION", message, fields=[field.name])
    elif "external" in field.flags:
        _check_unique(state, field, value, own)


def _chosen(field: Field, value: str) -> list[str]:
    return value.split(";") if field.type == "multipicklist" else [value]


def _check_reference(state: State, field: Field, value: str) -> None:
    targets = dict.fromkeys(target for target, _ in field.targets)
    if read(value) is None:
        message = f"{field.label}: id value of incorrect type: {value[:40]}"
        raise SalesforceError("MALFORMED_ID", message, fields=[field.name])
    row = next((row for target in targets if (row := state.find(value, target))), None)
    if row is None and state.is_deleted(value):
        raise SalesforceError("ENTITY_IS_DELETED", "entity is deleted", fields=[field.name])
    if row is None:
        raise SalesforceError(
            "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=[field.name]
        )
    if field.name == "OwnerId" and not row.values["IsActive"]:
        message = f"operation performed with inactive user [{row.id}] as owner of {field.object.lower()}"
        raise SalesforceError("INACTIVE_OWNER_OR_USER", message, fields=[field.name])


def _check_unique(state: State, field: Field, value: str, own: Row | None) -> None:
    other = matching(state, state_kind(state, field.object), field, value)
    if other is not None and other is not own:
        message = f"duplicate value found: {field.name} duplicates value on record with id: {other.id}"
        raise SalesforceError("DUPLICATE_VALUE", message, fields=[])


def state_kind(state: State, object_name: str) -> Kind:
    """An object that is known to exist, or Salesforce's refusal."""
    kind = state.kind(object_name)
    if kind is None:
        raise not_found()
    return kind


def _check_duplicates(state: State, email: str, own: Row | None) -> None:
    """The duplicate rule of the organisation: one contact for one e-mail address."""
    same = [
        row
        for row in state.table("Contact").values()
        if row is not own and str(row.values.get("Email") or "").lower() == email.lower()
    ]
    if not same or (own is not None and str(own.values.get("Email") or "").lower() == email.lower()):
        return
    matches: list[Body] = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {"attributes": {"type": "Contact"}, "Id": row.id},
        }
        for row in same
    ]
    result = {
        "allowSave": True,
        "duplicateRule": "One_Contact_per_Email",
        "duplicateRuleEntityType": "Contact",
        "errorMessage": "Use one of these records?",
        "matchResults": [
            {
                "entityType": "Contact",
                "errors": [],
                "matchEngine": "ExactMatchEngine",
                "matchRecords": matches,
                "rule": "Exact_Email",
                "size": len(matches),
                "success": True,
            }
        ],
    }
    raise SalesforceError("DUPLICATES_DETECTED", "Use one of these records?", duplicateResult=result)
