"""The sandbox: who may ask, what there is and is left, pages and words; judged by the description."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import httpx2
import pytest

from support.clock import ManualClock
from support.salesforce import shop
from support.salesforce_desk import ADDRESS, ANNA, ROOT, SHORT_ANNA, Desk, code, make
from support.specmock_fixture import described
from wirepost.providers.salesforce.sandbox import SalesforceSandbox
from wirepost.providers.salesforce.sandbox.definitions import kinds
from wirepost.sandbox.faults import Fault
from wirepost.upstream.memory import InMemoryTransport


@pytest.fixture
def desk(clock: ManualClock) -> Desk:
    return Desk(clock)


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
