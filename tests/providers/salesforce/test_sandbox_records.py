"""The sandbox's records: one, several at once, and several requests in one; judged by the description."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from support.clock import ManualClock
from support.salesforce_desk import ANNA, CREATED, ROOT, Desk, code, make


@pytest.fixture
def desk(clock: ManualClock) -> Desk:
    return Desk(clock)


# --- one record ---


async def test_a_record_is_made_read_changed_and_deleted(desk: Desk, clock: ManualClock):
    key = await make(desk, "Contact", FirstName="Kim", LastName="  Larsen ", Email="kim@nordlicht.example")
    path = f"/sobjects/Contact/{key}"
    made = (await desk.ask("GET", path)).json()
    assert (made["Name"], made["Email"]) == ("Kim Larsen", "kim@nordlicht.example")
    clock.advance(60)
    assert (await desk.ask("PATCH", path, {"FirstName": None, "Phone": ""})).status_code == 204
    changed = (await desk.ask("GET", path)).json()
    assert (changed["Name"], changed["CreatedDate"]) == ("Larsen", made["CreatedDate"])
    assert changed["SystemModstamp"] > made["SystemModstamp"]
    assert (await desk.ask("DELETE", path)).status_code == 204
    assert code(await desk.ask("GET", path)) == (404, "ENTITY_IS_DELETED")


async def test_a_record_that_was_changed_since_stays(desk: Desk, clock: ManualClock):
    key = await make(desk, "Account", Name="A")
    path = f"/sobjects/Account/{key}"
    since = format_datetime(clock.now() - timedelta(minutes=5), usegmt=True)
    answer = await desk.ask("PATCH", path, {"Name": "B"}, If_Unmodified_Since=since)
    assert answer.status_code == 412
    since = format_datetime(clock.now() + timedelta(minutes=5), usegmt=True)
    assert (await desk.ask("PATCH", path, {"Name": "B"}, If_Unmodified_Since=since)).status_code == 204


WRONG = [
    ("Contact", {"FirstName": "x"}, "REQUIRED_FIELD_MISSING", ["LastName"]),
    ("Contact", {"LastName": "x", "Colour": 1}, "INVALID_FIELD", None),
    ("Contact", {"LastName": "x", "Name": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Name"]),
    ("Contact", {"LastName": "x" * 81}, "STRING_TOO_LONG", ["LastName"]),
    ("Contact", {"LastName": "x", "Email": "nobody"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
    ("Contact", {"LastName": "x", "Email": "anna.lindqvist@example.com"}, "DUPLICATES_DETECTED", None),
    ("Contact", {"LastName": "x", "AccountId": "nonsense"}, "MALFORMED_ID", ["AccountId"]),
    ("Contact", {"LastName": "x", "AccountId": ANNA}, "INVALID_CROSS_REFERENCE_KEY", ["AccountId"]),
    ("Contact", {"LastName": "x", "OwnerId": "005Wp0000000008"}, "INACTIVE_OWNER_OR_USER", ["OwnerId"]),
    ("Contact", {"LastName": "x", "Shop_Number__c": "PERSON0001"}, "DUPLICATE_VALUE", []),
    ("Contact", {"LastName": "x", "Order_Count__c": "many"}, "JSON_PARSER_ERROR", None),
    ("Contact", {"LastName": "x", "HasOptedOutOfEmail": "perhaps"}, "JSON_PARSER_ERROR", None),
    (
        "Contact",
        {"LastName": "x", "Interests__c": "wool;cars"},
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ["Interests__c"],
    ),
    (
        "Opportunity",
        {"Name": "x", "StageName": "Nope", "CloseDate": "2026-12-01"},
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ["StageName"],
    ),
    ("Opportunity", {"Name": "x"}, "REQUIRED_FIELD_MISSING", ["CloseDate", "StageName"]),
    (
        "Opportunity",
        {"Name": "x", "StageName": "Closed Won", "CloseDate": "2026-12-01", "Amount": -1},
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        ["Amount"],
    ),
    (
        "Opportunity",
        {"Name": "x", "StageName": "Closed Won", "CloseDate": "tomorrow"},
        "JSON_PARSER_ERROR",
        None,
    ),
    ("Event", {"Subject": "x"}, "REQUIRED_FIELD_MISSING", ["ActivityDateTime", "DurationInMinutes"]),
    ("User", {"LastName": "x"}, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", None),
]


@pytest.mark.parametrize(("object_name", "values", "error", "fields"), WRONG)
async def test_wrong_values_are_refused_by_name(desk: Desk, object_name, values, error, fields):
    answer = await desk.ask("POST", f"/sobjects/{object_name}", values)
    assert code(answer) == (400, error)
    assert answer.json()[0].get("fields") == fields
    record = {"attributes": {"type": object_name}, **values}
    (result,) = (await desk.ask("POST", "/composite/sobjects", {"records": [record]})).json()
    assert result["errors"][0]["statusCode"] == error


async def test_a_duplicate_is_named_and_may_be_allowed(desk: Desk):
    values = {"LastName": "x", "Email": "Anna.Lindqvist@example.com"}
    refusal = (await desk.ask("POST", "/sobjects/Contact", values)).json()[0]
    (match,) = refusal["duplicateResult"]["matchResults"][0]["matchRecords"]
    assert match["record"]["Id"] == ANNA
    allowed = await desk.ask(
        "POST", "/sobjects/Contact", values, Sforce_Duplicate_Rule_Header="allowSave=true"
    )
    assert allowed.status_code == CREATED


async def test_a_unique_value_finds_the_record_or_makes_one(desk: Desk):
    path = "/sobjects/Contact/Shop_Number__c"
    assert (await desk.ask("GET", f"{path}/person0001")).json()["Id"] == ANNA
    changed = await desk.ask("PATCH", f"{path}/person0001", {"Phone": "+4912"})
    assert (changed.status_code, changed.json()["created"], changed.json()["id"]) == (200, False, ANNA)
    made = await desk.ask("PATCH", f"{path}/new-1", {"LastName": "New"})
    assert (made.status_code, made.json()["created"]) == (201, True)
    assert (await desk.ask("GET", f"{path}/new-1")).json()["LastName"] == "New"
    twice = await desk.ask("PATCH", f"{path}/new-1", {"LastName": "New", "Shop_Number__c": "new-1"})
    assert code(twice) == (400, "INVALID_FIELD")
    assert (await desk.ask("DELETE", f"{path}/new-1")).status_code == 204
    assert (await desk.ask("GET", f"{path}/new-1")).status_code == 404
    assert (await desk.ask("GET", "/sobjects/Contact/Phone/1")).status_code == 404


async def test_relationships_lead_to_parents_and_children(desk: Desk):
    key = next(row.id for row in desk.sandbox.state.table("Contact").values() if row.values.get("AccountId"))
    account = (await desk.ask("GET", f"/sobjects/Contact/{key}/Account")).json()
    assert account["attributes"]["type"] == "Account"
    children = (await desk.ask("GET", f"/sobjects/Account/{account['Id']}/Contacts?fields=Name")).json()
    assert key in {record["Id"] for record in children["records"]}
    assert (await desk.ask("GET", f"/sobjects/Contact/{ANNA}/Account")).status_code == 404
    assert (await desk.ask("GET", f"/sobjects/Contact/{ANNA}/Rockets")).status_code == 404


async def test_the_content_of_a_note_has_an_address_of_its_own(desk: Desk):
    key = await make(desk, "ContentNote", Title="T", Content=b64encode(b"<p>Hi &amp; bye</p>").decode())
    note = (await desk.ask("GET", f"/sobjects/ContentNote/{key}")).json()
    assert (note["TextPreview"], note["FileType"]) == ("Hi & bye", "SNOTE")
    content = await desk.http.get(note["Content"], headers={"Authorization": f"Bearer {desk.token}"})
    assert content.content == b"<p>Hi &amp; bye</p>"


async def test_what_others_need_is_not_deleted(desk: Desk):
    answer = await desk.ask("DELETE", f"/sobjects/Contact/{ANNA}")
    assert code(answer) == (400, "DELETE_FAILED")


async def test_links_go_with_a_record_and_references_become_empty(desk: Desk):
    key = await make(desk, "Contact", LastName="Gone")
    role = {"ContactId": key, "OpportunityId": "006Wp0000000001"}
    role_key = await make(desk, "OpportunityContactRole", **role)
    task_key = await make(desk, "Task", Subject="Call", WhoId=key)
    await desk.ask("DELETE", f"/sobjects/Contact/{key}")
    assert (await desk.ask("GET", f"/sobjects/OpportunityContactRole/{role_key}")).status_code == 404
    assert (await desk.ask("GET", f"/sobjects/Task/{task_key}")).json()["WhoId"] is None


async def test_what_follows_from_values_follows(desk: Desk):
    values = {"Name": "D", "StageName": "Qualification", "CloseDate": "2026-12-24"}
    deal = await make(desk, "Opportunity", **values)
    shown = (await desk.ask("GET", f"/sobjects/Opportunity/{deal}")).json()
    assert (shown["IsClosed"], shown["Probability"]) == (False, 20)
    await desk.ask("PATCH", f"/sobjects/Opportunity/{deal}", {"StageName": "Closed Won"})
    shown = (await desk.ask("GET", f"/sobjects/Opportunity/{deal}")).json()
    assert (shown["IsWon"], shown["Probability"]) == (True, 100)
    meeting = await make(
        desk, "Event", Subject="M", StartDateTime="2026-12-24T10:00:00+01:00", DurationInMinutes=45
    )
    shown = (await desk.ask("GET", f"/sobjects/Event/{meeting}")).json()
    assert shown["EndDateTime"] == "2026-12-24T09:45:00.000+0000"
    await desk.ask("PATCH", f"/sobjects/Event/{meeting}", {"DurationInMinutes": 60})
    shown = (await desk.ask("GET", f"/sobjects/Event/{meeting}")).json()
    assert shown["EndDateTime"] == "2026-12-24T10:00:00.000+0000"
    case = await make(desk, "Case", Subject="C")
    shown = (await desk.ask("GET", f"/sobjects/Case/{case}")).json()
    assert (shown["Status"], shown["IsClosed"], len(shown["CaseNumber"])) == ("New", False, 8)


# --- several records ---


def contact(**values: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Contact"}, **values}


async def test_each_of_several_records_has_its_result(desk: Desk):
    records = [contact(LastName="One"), contact(), contact(LastName="Three")]
    results = (await desk.ask("POST", "/composite/sobjects", {"allOrNone": False, "records": records})).json()
    assert [result["success"] for result in results] == [True, False, True]
    changes = [contact(id=results[0]["id"], LastName="1"), contact(id="003Wp00000zzzzz", LastName="2")]
    changed = (await desk.ask("PATCH", "/composite/sobjects", {"records": changes})).json()
    assert [result["success"] for result in changed] == [True, False]
    assert changed[1]["errors"][0]["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"
    keys = [results[2]["id"], ANNA, "nonsense", results[2]["id"]]
    gone = (await desk.ask("DELETE", f"/composite/sobjects?ids={','.join(keys)}&allOrNone=false")).json()
    codes = [result["errors"][0]["statusCode"] if result["errors"] else None for result in gone]
    assert codes == [None, "DELETE_FAILED", "MALFORMED_ID", "ENTITY_IS_DELETED"]


async def test_all_or_none_of_several_are_written(desk: Desk):
    records = [contact(LastName="Half done"), contact()]
    results = (await desk.ask("POST", "/composite/sobjects", {"allOrNone": True, "records": records})).json()
    codes = [result["errors"][0]["statusCode"] for result in results]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert (await desk.query("SELECT Id FROM Contact WHERE LastName = 'Half done'"))["totalSize"] == 0


async def test_deletions_and_changes_are_taken_back_as_well(desk: Desk):
    key = await make(desk, "Contact", LastName="Kept")
    answer = await desk.ask("DELETE", f"/composite/sobjects?ids={key},{ANNA}&allOrNone=true")
    assert [result["success"] for result in answer.json()] == [False, False]
    assert (await desk.ask("GET", f"/sobjects/Contact/{key}")).status_code == 200
    changes = [contact(id=key, LastName="Lost"), contact(id=ANNA, LastName=None)]
    await desk.ask("PATCH", "/composite/sobjects", {"allOrNone": True, "records": changes})
    assert (await desk.ask("GET", f"/sobjects/Contact/{key}")).json()["LastName"] == "Kept"


async def test_several_are_found_or_made_by_a_unique_value(desk: Desk):
    records = [contact(Shop_Number__c="person0001", Phone="1"), contact(Shop_Number__c="n", LastName="N")]
    body = {"records": [*records, contact(LastName="?")]}
    results = (await desk.ask("PATCH", "/composite/sobjects/Contact/Shop_Number__c", body)).json()
    assert [(r["success"], r.get("created")) for r in results] == [(True, False), (True, True), (False, None)]
    assert results[0]["id"] == ANNA


async def test_several_are_read_and_missing_ones_are_null(desk: Desk):
    body = {"ids": [ANNA, "003Wp00000zzzzz"], "fields": ["Email"]}
    path = f"{ROOT}/composite/sobjects/Contact"
    answer = await desk.http.post(path, json=body, headers={"Authorization": f"Bearer {desk.token}"})
    found, missing = answer.json()
    assert (found["Id"], missing) == (ANNA, None)
    assert (
        await desk.ask("POST", "/composite/sobjects/Contact", body | {"fields": ["No"]})
    ).status_code == 400


async def test_200_records_are_the_most(desk: Desk):
    body = {"records": [contact(LastName="x")] * 201}
    assert (await desk.ask("POST", "/composite/sobjects", body)).status_code == 400


# --- several requests ---


def part(method: str, path: str, name: str, body: Any = None) -> dict[str, Any]:
    made = {"method": method, "url": ROOT + path, "referenceId": name}
    return made if body is None else made | {"body": body}


async def test_requests_refer_to_earlier_answers(desk: Desk):
    link = {"ContentDocumentId": "@{note.id}", "LinkedEntityId": ANNA, "ShareType": "V"}
    parts = [
        part("POST", "/sobjects/ContentNote", "note", {"Title": "T", "Content": "aGk="}),
        part("POST", "/sobjects/ContentDocumentLink", "link", link),
        part("GET", "/sobjects/ContentDocumentLink/@{link.id}", "read"),
        part("GET", "/query?q=SELECT%20Id%20FROM%20Contact%20LIMIT%201", "query"),
        part("GET", "/sobjects/Contact/@{query.records[0].Id}", "first"),
        part("GET", "/sobjects/Contact/@{query.records[7].Id}", "none"),
    ]
    answer = await desk.ask("POST", "/composite", {"allOrNone": False, "compositeRequest": parts})
    replies = {one["referenceId"]: one for one in answer.json()["compositeResponse"]}
    assert replies["read"]["body"]["LinkedEntityId"] == ANNA
    assert replies["first"]["body"]["Id"] == ANNA
    assert replies["none"]["body"][0]["errorCode"] == "PROCESSING_HALTED"


async def test_all_or_none_of_the_requests_are_carried_out(desk: Desk):
    parts = [
        part("POST", "/sobjects/Account", "one", {"Name": "Never"}),
        part("POST", "/sobjects/Account", "two", {}),
    ]
    answer = await desk.ask("POST", "/composite", {"allOrNone": True, "compositeRequest": parts})
    codes = [one["body"][0]["errorCode"] for one in answer.json()["compositeResponse"]]
    assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert (await desk.query("SELECT Id FROM Account WHERE Name = 'Never'"))["totalSize"] == 0


async def test_25_requests_are_the_most_and_each_has_its_own_name(desk: Desk):
    for parts in (
        [part("GET", "/limits", f"n{i}") for i in range(26)],
        [part("GET", "/limits", "a")] * 2,
        [],
    ):
        answer = await desk.ask("POST", "/composite", {"compositeRequest": parts})
        assert answer.status_code == 400
