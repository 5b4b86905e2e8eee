"""Salesforce's events in our words: outbound messages, change events, platform events."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.providers.salesforce.items import changes, notified, platform_event
from wirepost.providers.salesforce.soap import Notification
from wirepost.webhooks.webhook import Actor, Item, Unmapped

PAYLOADS = Path(__file__).parent / "payloads"
ORGANIZATION = "00D000000000001EAA"
RECORD = "001000000000001AAA"


def published(name: str) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads((PAYLOADS / name).read_bytes())
    return body


def changed(*own: str, **header: Any) -> list[Item]:
    body = published("cdc.AccountChangeEvent.json")
    body["payload"]["ChangeEventHeader"] |= header
    return changes(body, account=ORGANIZATION, own=own)


def notification(kind: str = "Account", *own: str, **fields: str) -> Item:
    return notified(
        Notification("04l000000000001", kind, {"Id": "001000000000001", **fields}),
        ORGANIZATION,
        "04k000000000001",
        own,
    )


def test_a_published_change_is_read() -> None:
    (item,) = changed()
    assert (item.type, item.provider_type, item.subject) == (
        "company.updated",
        "Account.UPDATE",
        f"company/{RECORD}",
    )
    assert (item.time, item.account) == (1732443330, ORGANIZATION)
    assert item.actor == Actor("unknown", "005000000000001AAA")
    assert item.data == {
        "object": "company",
        "object_type": "Account",
        "id": RECORD,
        "change": "UPDATE",
        "changed": ["Name", "LastModifiedDate"],
        "nulled": [],
        "fields": {"Name": "Example GmbH", "LastModifiedDate": 1732443330000},
        "origin": "com/salesforce/api/soap/62.0;client=SfdcInternalAPI/",
    }
    assert item.untrusted == ("fields.Name", "origin")
    assert item.marks == (RECORD,)


def test_a_published_platform_event_is_read() -> None:
    body = published("platform_event.Order_Event__e.json")
    item = platform_event(body, topic="/event/Order_Event__e", account=ORGANIZATION)
    assert (item.type, item.provider_type) == ("salesforce.order_event__e", "Order_Event__e")
    assert (item.key, item.event_id) == ("e981b488-81f3-4fcc-bd6f-f7033c9d7ac3",) * 2
    assert item.time == 1732443330
    assert item.data["fields"]["City__c"] == "Los Angeles"
    assert "fields.City__c" in item.untrusted


@pytest.mark.parametrize(
    ("name", "change", "ours"),
    [
        ("Contact", "CREATE", "contact.created"),
        ("Opportunity", "UPDATE", "deal.updated"),
        ("Case", "DELETE", "ticket.deleted"),
        ("Contact", "UNDELETE", "salesforce.contact.undelete"),
        ("Contact", "GAP_CREATE", "contact.created"),
        ("Account", "GAP_OVERFLOW", "salesforce.account.gap_overflow"),
        ("Lead", "CREATE", "salesforce.lead.create"),
        ("Invoice__c", "UPDATE", "salesforce.invoice__c.update"),
    ],
)
def test_each_kind_of_change_has_its_word(name: str, change: str, ours: str) -> None:
    (item,) = changed(entityName=name, changeType=change)
    assert (item.type, item.provider_type) == (ours, f"{name}.{change}")


def test_a_gap_says_that_the_record_is_to_be_read() -> None:
    (item,) = changed(changeType="GAP_UPDATE")
    assert item.fetch == f"Account/{RECORD}"
    assert changed(changeType="GAP_DELETE")[0].fetch is None
    assert changed()[0].fetch is None


def test_one_event_may_be_of_several_records() -> None:
    items = changed(recordIds=["001000000000001", "001000000000002AAA"])
    assert [each.subject for each in items] == [f"company/{RECORD}", "company/001000000000002AAA"]
    assert items[0].key == changed()[0].key, "15 or 18 characters name the same record"
    assert items[0].key != items[1].key


@pytest.mark.parametrize(
    "header", [{"transactionKey": "other"}, {"sequenceNumber": 2}, {"entityName": "Contact"}]
)
def test_whatever_names_a_change_tells_it_from_others(header: dict[str, Any]) -> None:
    assert changed(**header)[0].key != changed()[0].key


def test_what_our_own_user_did_is_ours() -> None:
    assert changed("005000000000001")[0].actor == Actor("self", "005000000000001AAA")
    ours = notification("Account", "005000000000001AAA", LastModifiedById="005000000000001")
    assert ours.actor == Actor("self", "005000000000001AAA")
    assert notification().actor == Actor()


def test_values_inside_of_compound_fields_are_told() -> None:
    body = published("cdc.AccountChangeEvent.json")
    body["payload"]["BillingAddress"] = {"City": "Kiel", "Street": None}
    (item,) = changes(body, account=None)
    assert item.data["fields"]["City"] == "Kiel"


@pytest.mark.parametrize(
    ("fields", "verb"),
    [
        ({}, "updated"),
        ({"CreatedDate": "2026-11-24T10:15:30Z", "LastModifiedDate": "2026-11-24T10:15:30Z"}, "created"),
        ({"CreatedDate": "2026-11-24T10:15:30Z", "LastModifiedDate": "2026-11-24T10:15:31Z"}, "updated"),
        ({"IsDeleted": "true"}, "deleted"),
    ],
)  # fmt: skip
def test_a_notification_tells_from_its_times_what_became_of_a_record(
    fields: dict[str, str], verb: str
) -> None:
    assert notification("Contact", **fields).type == f"contact.{verb}"


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-24T10:15:30.000Z", 1795515330.0),
        ("2026-11-24T10:15:30.000+0000", 1795515330.0),
        ("yesterday", None),
    ],
)
def test_times_come_with_and_without_a_colon(text: str, time: float | None) -> None:
    assert notification(LastModifiedDate=text).time == time


def test_short_ids_become_long_ones() -> None:
    item = notification()
    assert (item.subject, item.key, item.marks) == (f"company/{RECORD}", "04l000000000001AAA", (RECORD,))
    assert item.data["action_id"] == "04k000000000001AAA"


def test_objects_without_a_word_of_ours_keep_salesforces() -> None:
    item = notification("Invoice__c", Total__c="12.50")
    assert (item.type, item.subject) == ("salesforce.invoice__c", f"Invoice__c/{RECORD}")
    assert item.data["fields"] == {"Total__c": "12.50"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        *({"payload": each} for each in ([], {}, {"ChangeEventHeader": []}, {"ChangeEventHeader": {}})),
    ],
)
def test_what_is_no_change_event_is_unmapped(body: dict[str, Any]) -> None:
    with pytest.raises(Unmapped):
        changes(body, account=None)


def test_a_change_of_no_record_is_unmapped() -> None:
    for records in ([], None, [""], [[]]):
        with pytest.raises(Unmapped):
            changed(recordIds=records)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    *("entityName", "changeType", "transactionKey", "sequenceNumber", "recordIds", "commitTimestamp"),
    *("commitUser", "changedFields", "nulledFields", "changeOrigin"),
)


@given(st.dictionaries(st.sampled_from(NAMES), JSON), st.dictionaries(st.text(max_size=5), JSON))
def test_fields_of_any_form_are_read_or_unmapped(header: dict[str, Any], payload: dict[str, Any]) -> None:
    known = {"entityName": "Account", "changeType": "UPDATE", "transactionKey": "k", "recordIds": [RECORD]}
    for each in (header, {**known, **header}):
        with suppress(Unmapped):
            items = changes({"payload": {**payload, "ChangeEventHeader": each}}, account=None)
            orjson.dumps([[item.data, item.key, item.summary] for item in items])
    with suppress(Unmapped):
        platform_event({"payload": payload}, topic="/event/A__e", account=None)
