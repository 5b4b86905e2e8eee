"""Records: typed fields, addresses in HubSpot's interface, and comparison with drafts."""

from __future__ import annotations

import pytest

from support.hubspot import ANNA, Open
from wirepost.contracts.records import Draft, FieldSchema, ObjectSchema
from wirepost.providers.hubspot.kinds import BY_NAME
from wirepost.providers.hubspot.records import addresses, has_values, record_of
from wirepost.sandbox.faults import Fault

SCHEMA = ObjectSchema(
    object="contacts",
    label="Contact",
    fields=[
        FieldSchema(name="email", label="Email", type="text"),
        FieldSchema(name="orders", label="Orders", type="number"),
        FieldSchema(name="since", label="Since", type="datetime"),
    ],
    defaults=[],
)
ROW = {
    "id": "1",
    "properties": {"email": "a@example.com", "orders": "3.0", "since": "1572406217883", "other": "x"},
    "createdAt": "2019-10-30T03:30:17.883Z",
    "updatedAt": "2019-12-07T16:50:06.678Z",
    "archived": False,
}


def nowhere(record_id):
    return None


def test_a_row_becomes_a_record_with_the_fields_asked_for():
    record = record_of(ROW, SCHEMA, ["orders", "email", "unheard_of"], nowhere)
    assert record.fields == {"orders": 3, "email": "a@example.com"}
    assert (record.created_at, record.updated_at) == ("2019-10-30T03:30:17.883Z", "2019-12-07T16:50:06.678Z")
    assert (record.archived, record.url) == (None, None)


def test_an_address_of_hubspot_itself_is_preferred():
    assert record_of({**ROW, "url": "https://h.example/1"}, SCHEMA, [], nowhere).url == "https://h.example/1"
    assert record_of(ROW, SCHEMA, [], lambda record_id: f"https://x/{record_id}").url == "https://x/1"


@pytest.mark.parametrize(
    ("fields", "is_same"),
    [
        ({"email": "A@Example.com "}, True),
        ({"orders": 3, "since": "2019-10-30T03:30:17Z"}, True),
        ({"email": "b@example.com"}, False),
        ({"email": None}, False),
        ({"unheard_of": "x"}, False),
        ({}, True),
    ],
)
def test_a_row_is_compared_by_meaning(fields, is_same):
    assert has_values(ROW, Draft(fields), SCHEMA) is is_same


async def test_addresses_come_from_the_account(portal):
    url = await addresses(portal.client(), BY_NAME["deal"])
    assert url("300001") == "https://app-eu1.hubspot.com/contacts/2468013/record/0-3/300001"
    assert (await addresses(portal.client(), BY_NAME["note"]))("600001") is None


async def test_records_are_read_where_the_account_may_not_be(open_portal: Open):
    portal = open_portal()
    portal.sandbox.inject(Fault(kind="status", status=403, match="GET /account-info/*", times=None))
    crm = portal.crm()
    (anna,) = await crm.get(await crm.describe("contact"), [ANNA], id_field=None, fields=["email"], links=[])
    assert anna.url is None
