"""The sandbox: what it takes, refuses and answers, asked directly and judged by the description."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest

from specmock import SpecMock
from support.clock import ManualClock
from support.salesforce import shop
from support.specmock_fixture import described, new_mock
from wirepost.core.clock import Clock
from wirepost.providers.salesforce.sandbox import SalesforceSandbox
from wirepost.providers.salesforce.sandbox.definitions import kinds
from wirepost.sandbox.faults import Fault
from wirepost.upstream.memory import InMemoryTransport

ROOT = "/services/data/v68.0"
ADDRESS = "https://nordlicht.my.salesforce.com"
ANNA, SHORT_ANNA = "003Wp0000000001IAA", "003Wp0000000001"
# The hand-written part of the description names the objects that are no custom ones one by one, leaves
# ui-api, children and files out, and knows of an upsert that makes a record only that it answers 200.
NOT_DESCRIBED = (
    "ui-api/",
    "/Contacts",
    "/Content",
    "/userinfo",
    "/CaseStatus",
    "/ContentNote",
    "/ContentDocument/",
)
CREATED = 201


class Desk:
    """Sends requests and holds each answer against the description."""

    def __init__(self, clock: Clock, **options: Any) -> None:
        self.sandbox = SalesforceSandbox(shop(), clock, instance_url=ADDRESS, **options)
        self.http = httpx2.AsyncClient(transport=InMemoryTransport(self.sandbox.app, clock), base_url=ADDRESS)
        self.mock: SpecMock = new_mock("salesforce")
        self.token = self.sandbox.key

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """One request below the version, or anywhere."""
        target = path if path.startswith("/services") else ROOT + path
        all_headers = {"Authorization": f"Bearer {self.token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        answer = await self.http.request(method, target, json=body, headers=all_headers)
        self._judge(method, target, answer)
        return answer

    async def query(self, soql: str) -> Any:
        """The records of a statement, first page."""
        answer = await self.http.get(
            f"{ROOT}/query", params={"q": soql}, headers={"Authorization": f"Bearer {self.token}"}
        )
        self._judge("GET", f"{ROOT}/query", answer)
        return answer.json()

    def _judge(self, method: str, target: str, answer: httpx2.Response) -> None:
        path = target.partition("?")[0]
        is_new_by_key = method == "PATCH" and answer.status_code == CREATED
        if is_new_by_key or any(part in path for part in NOT_DESCRIBED):
            return
        stub: dict[str, Any] = {"method": method, "path": path, "status": answer.status_code}
        if answer.content:
            stub["body"] = _without_nulls(answer.json())
        assert described("salesforce")["salesforce"].check_stub(stub) == [], (method, path, answer.text)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def desk(clock: ManualClock) -> Desk:
    return Desk(clock)


def code(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()[0]["errorCode"]


# --- who may ask ---


async def token_for(desk: Desk, **form: str) -> httpx2.Response:
    return await desk.http.post("/services/oauth2/token", data=form)


def assertion(clock: ManualClock, **changes: Any) -> str:
    """An unsigned assertion; nobody registers a certificate at the sandbox."""
    life_s = changes.pop("life_s", 180)
    claims = {
        "iss": "sandbox",
        "sub": "wirepost@nordlicht.example",
        "aud": "https://login.salesforce.com",
        "exp": int(clock.now().timestamp()) + life_s,
    } | changes
    parts = ({"alg": "RS256"}, claims)
    return (
        ".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + ".x"
    )


JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


async def test_a_client_gets_a_token_by_its_secret(desk: Desk):
    form = {"grant_type": "client_credentials", "client_id": "sandbox"}
    answer = await token_for(desk, **form, client_secret=desk.sandbox.key)
    stub = {"method": "POST", "path": "/services/oauth2/token", "status": 200, "body": answer.json()}
    assert described("salesforce")["salesforce"].check_stub(stub) == []
    desk.token = answer.json()["access_token"]
    assert (await desk.ask("GET", "/limits")).status_code == 200
    refused = await token_for(desk, **form, client_secret="wrong")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client")
    basic = b64encode(f"sandbox:{desk.sandbox.key}".encode()).decode()
    answer = await desk.http.post(
        "/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {basic}"},
    )
    assert answer.status_code == 200


async def test_no_address_is_told_unless_it_is_known(clock: ManualClock):
    sandbox = SalesforceSandbox(shop(), clock)
    http = httpx2.AsyncClient(transport=InMemoryTransport(sandbox.app, clock), base_url=ADDRESS)
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": sandbox.key}
    answer = await http.post("/services/oauth2/token", data=form)
    assert "instance_url" not in answer.json()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({}, None),
        ({"aud": "https://nordlicht.my.salesforce.com"}, "invalid_grant"),
        ({"iss": "somebody"}, "invalid_client"),
        ({"sub": "nobody@nordlicht.example"}, "invalid_grant"),
        ({"life_s": 3600}, "invalid_grant"),
        ({"life_s": -1}, "invalid_grant"),
    ],
)
async def test_a_user_is_vouched_for_by_an_assertion(desk: Desk, clock: ManualClock, changes, error):
    answer = await token_for(desk, grant_type=JWT, assertion=assertion(clock, **changes))
    assert answer.json().get("error") == error


async def test_nonsense_is_no_assertion_and_no_grant(desk: Desk):
    for form in ({"grant_type": JWT, "assertion": "a.b.c"}, {"grant_type": JWT}, {"grant_type": "password"}):
        assert (await token_for(desk, **form)).status_code == 400


async def test_a_token_ends_on_demand_and_the_next_is_another(desk: Desk):
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": desk.sandbox.key}
    desk.token = (await token_for(desk, **form)).json()["access_token"]
    desk.sandbox.expire_tokens()
    assert code(await desk.ask("GET", "/limits")) == (401, "INVALID_SESSION_ID")
    fresh = (await token_for(desk, **form)).json()["access_token"]
    assert fresh != desk.token
    desk.token = fresh
    assert (await desk.ask("GET", "/limits")).status_code == 200


async def test_a_user_is_told_who_it_is(desk: Desk):
    who = (await desk.ask("GET", "/services/oauth2/userinfo")).json()
    assert who["preferred_username"] == "wirepost@nordlicht.example"
    assert who["organization_id"].startswith("00D")


# --- what is left ---


async def test_a_day_has_so_many_requests(clock: ManualClock):
    desk = Desk(clock, daily_limit=2)
    answer = await desk.ask("GET", "/limits")
    assert answer.headers["sforce-limit-info"] == "api-usage=1/2"
    assert answer.json()["DailyApiRequests"] == {"Max": 2, "Remaining": 1}
    await desk.ask("GET", "/sobjects")
    assert code(await desk.ask("GET", "/sobjects")) == (403, "REQUEST_LIMIT_EXCEEDED")
    desk.sandbox.daily_limit = 3
    assert (await desk.ask("GET", "/sobjects")).status_code == 200


async def test_too_many_at_once_are_sent_away(desk: Desk):
    desk.sandbox.limit(1, 1)
    await desk.ask("GET", "/limits")
    assert code(await desk.ask("GET", "/limits")) == (503, "SERVER_UNAVAILABLE")


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, "INVALID_SESSION_ID"), (503, "SERVER_UNAVAILABLE"), (500, "UNKNOWN_EXCEPTION")],
)
async def test_faults_speak_like_salesforce(desk: Desk, status: int, error: str):
    desk.sandbox.inject(Fault("status", status=status))
    assert code(await desk.ask("GET", "/limits")) == (status, error)


async def test_a_lost_write_was_carried_out(desk: Desk):
    desk.sandbox.inject(Fault("status", status=503, is_applied=True))
    await desk.ask("POST", "/sobjects/Account", {"Name": "Applied AB"})
    found = await desk.query("SELECT Id FROM Account WHERE Name = 'Applied AB'")
    assert found["totalSize"] == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("PUT", "/limits", 405),
        ("GET", "/services/data/v68/limits", 404),
        ("GET", "/sobjects/Rocket__c/describe", 404),
        ("GET", f"/sobjects/Contact/{SHORT_ANNA}?fields=Nope", 400),
        ("GET", "/query", 400),
    ],
)
async def test_what_does_not_exist_is_refused(desk: Desk, method: str, path: str, status: int):
    answer = await desk.http.request(
        method,
        path if path.startswith("/services") else ROOT + path,
        headers={"Authorization": f"Bearer {desk.token}"},
    )
    assert answer.status_code == status
    assert answer.json()[0]["errorCode"]


async def test_what_is_no_json_is_refused(desk: Desk):
    path, headers = f"{ROOT}/sobjects/Account", {"Authorization": f"Bearer {desk.token}"}
    form = await desk.http.post(path, data={"Name": "x"}, headers=headers)
    headers["Content-Type"] = "application/json"
    broken = await desk.http.post(path, content=b"{", headers=headers)
    listed = await desk.http.post(path, content=b"[]", headers=headers)
    statuses = [one.status_code for one in (form, broken, listed)]
    assert statuses == [415, 400, 400]


# --- what there is ---


async def test_every_object_is_described_and_has_what_it_is_described_with(desk: Desk):
    listed = (await desk.ask("GET", "/sobjects")).json()["sobjects"]
    assert {one["name"] for one in listed} == set(kinds())
    for name in kinds():
        shown = (await desk.ask("GET", f"/sobjects/{name}/describe")).json()
        names = {field["name"] for field in shown["fields"]}
        rows = desk.sandbox.state.table(name).values()
        assert rows, name
        if name != "ContentDocument":  # shares its records with notes
            assert {value for row in rows for value in row.values} <= names


async def test_all_references_lead_somewhere(desk: Desk):
    state = desk.sandbox.state
    for kind in kinds().values():
        for field in kind.fields.values():
            if field.type == "reference" and kind.name != "ContentDocument":
                targets = {target for target, _ in field.targets}
                keys = {row.values.get(field.name) for row in state.table(kind.name).values()} - {None}
                assert all(any(state.find(key, target) for target in targets) for key in keys), field


async def test_a_description_is_sent_once(desk: Desk):
    first = await desk.ask("GET", "/sobjects/Contact/describe")
    since = first.headers["last-modified"]
    again = await desk.ask("GET", "/sobjects/Contact/describe", If_Modified_Since=since)
    tagged = await desk.ask("GET", "/sobjects/Contact/describe", If_None_Match=first.headers["etag"])
    assert (again.status_code, again.content, tagged.status_code) == (304, b"", 304)
    old = "Thu, 01 Jan 2015 00:00:00 GMT"
    assert (await desk.ask("GET", "/sobjects/Contact/describe", If_Modified_Since=old)).status_code == 200


async def test_choices_of_a_record_type_are_listed(desk: Desk):
    path = "/ui-api/object-info/Case/picklist-values/"
    shown = (await desk.ask("GET", f"{path}012000000000000AAA")).json()["picklistFieldValues"]
    assert [one["value"] for one in shown["Priority"]["values"]] == ["High", "Medium", "Low"]
    assert (await desk.ask("GET", f"{path}012000000000001AAA")).status_code == 404


async def test_ids_are_the_same_each_time_and_shortened_ones_work(desk: Desk):
    assert next(iter(desk.sandbox.state.table("Contact"))) == ANNA
    for key in (ANNA, SHORT_ANNA):
        found = (await desk.ask("GET", f"/sobjects/Contact/{key}?fields=Email")).json()
        assert (found["Id"], found["Email"]) == (ANNA, "anna.lindqvist@example.com")
    for key in (SHORT_ANNA.lower(), SHORT_ANNA + "AAA", "003Wp00000zzzzz"):
        assert (await desk.ask("GET", f"/sobjects/Contact/{key}")).status_code == 404


# --- one record ---


async def make(desk: Desk, object_name: str, **values: Any) -> str:
    answer = await desk.ask("POST", f"/sobjects/{object_name}", values)
    assert answer.status_code == CREATED, answer.text
    return str(answer.json()["id"])


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


# --- pages and words ---


async def test_a_long_answer_comes_in_pages(desk: Desk):
    found, pages = await desk.query("SELECT Id FROM Contact"), 1
    keys = [record["Id"] for record in found["records"]]
    while not found["done"]:
        found, pages = (await desk.ask("GET", found["nextRecordsUrl"])).json(), pages + 1
        keys += [record["Id"] for record in found["records"]]
    assert (pages, len(set(keys)), found["totalSize"]) == (3, 400, 400)


async def test_a_place_in_an_answer_is_lost_on_demand(desk: Desk):
    found = await desk.query("SELECT Id FROM Contact")
    desk.sandbox.expire_cursors()
    assert code(await desk.ask("GET", found["nextRecordsUrl"])) == (400, "INVALID_QUERY_LOCATOR")


async def test_the_caller_may_ask_for_smaller_pages(clock: ManualClock):
    desk = Desk(clock, page_size=2000)
    headers = {"Authorization": f"Bearer {desk.token}", "Sforce-Query-Options": "batchSize=200"}
    answer = await desk.http.get(f"{ROOT}/query", params={"q": "SELECT Id FROM Contact"}, headers=headers)
    assert len(answer.json()["records"]) == 200


async def test_an_address_may_only_be_so_long(desk: Desk):
    statement = "SELECT Id FROM Contact WHERE LastName = '" + "x" * 16_384 + "'"
    headers = {"Authorization": f"Bearer {desk.token}"}
    answer = await desk.http.get(f"{ROOT}/query", params={"q": statement}, headers=headers)
    assert answer.status_code == 414


async def search(desk: Desk, **body: Any) -> httpx2.Response:
    return await desk.ask("POST", "/parameterizedSearch", body)


async def test_words_find_records(desk: Desk):
    sobjects = [{"name": "Contact", "fields": ["Name", "Email"], "limit": 5}, {"name": "Opportunity"}]
    found = (await search(desk, q="anna lindq", sobjects=sobjects)).json()["searchRecords"]
    assert {record["attributes"]["type"] for record in found} == {"Contact", "Opportunity"}
    assert found[0]["Email"] == "anna.lindqvist@example.com"
    limited = (await search(desk, q="anna lindq", sobjects=sobjects, overallLimit=1)).json()["searchRecords"]
    assert limited == found[:1]


async def test_words_are_bounded_by_conditions_and_kinds_of_fields(desk: Desk):
    sobject = {"name": "Contact", "where": "MailingCountry = 'SE'"}
    found = (await search(desk, q="anna lindqvist", sobjects=[sobject])).json()["searchRecords"]
    assert ANNA not in {record["Id"] for record in found}
    contacts = [{"name": "Contact"}]
    for scope, count in (("NAME", 0), ("EMAIL", 1)):
        asked = {"q": "anna.lindqvist@example.com", "sobjects": contacts, "in": scope}
        assert len((await search(desk, **asked)).json()["searchRecords"]) == count


@pytest.mark.parametrize(
    "body",
    [
        {"q": "a"},
        {"q": ""},
        {"q": "anna", "sobjects": [{"name": "Rocket__c"}]},
        {"q": "anna", "sobjects": [{"name": "Contact", "where": "Nope = 1"}]},
        {"q": "anna", "sobjects": [{"name": "Contact", "fields": ["Nope"]}]},
    ],
)
async def test_a_search_may_be_wrong(desk: Desk, body: dict[str, Any]):
    assert (await search(desk, **body)).status_code == 400


async def test_a_reset_forgets_all(desk: Desk):
    key = await make(desk, "Account", Name="A")
    assert desk.sandbox.summary()["Account"] == 41
    desk.sandbox.reset()
    assert (await desk.ask("GET", f"/sobjects/Account/{key}")).status_code == 404
