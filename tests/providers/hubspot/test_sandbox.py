"""The sandbox: what it takes, refuses and answers, asked directly and judged by the description."""

from __future__ import annotations

import httpx2
import pytest

from support.clock import ManualClock
from support.hubspot import ANNA, COMPANY, JudgedPortal, Open, judged_portal
from wirepost.providers.hubspot.sandbox.definitions import PROPERTIES, TYPE_IDS
from wirepost.sandbox.faults import Fault

OBJECTS = "/crm/objects/2026-09"


@pytest.fixture
def ask(portal: JudgedPortal):
    """Sends one request with a good token."""

    async def asked(method, path, body=None, token=None, **options):
        headers = {"Authorization": f"Bearer {token or portal.sandbox.key}"}
        async with httpx2.AsyncClient(transport=portal.transport, base_url="http://h") as client:
            return await client.request(method, path, json=body, headers=headers, **options)

    return asked


async def test_every_kind_of_record_has_the_properties_it_is_described_with(portal: JudgedPortal):
    for kind in TYPE_IDS:
        rows = portal.sandbox.state.table(kind).values()
        assert rows, kind
        assert {name for row in rows for name in row.properties} <= set(PROPERTIES[kind])


def test_ids_are_the_same_each_time():
    ids = [list(judged_portal(ManualClock()).sandbox.state.table("contacts")) for _ in range(2)]
    assert ids[0] == ids[1]
    assert ids[0][0] == ANNA


async def test_the_world_is_linked_in_both_directions(portal: JudgedPortal):
    state = portal.sandbox.state
    for deal in portal.sandbox.world.deals:
        number = str(300_000 + int(deal.key.removeprefix("deal")))
        (person,) = state.links("deals", number, "contacts")
        assert number in state.links("contacts", person, "deals")


async def test_an_address_belongs_to_one_contact(portal: JudgedPortal):
    rows = portal.sandbox.state.table("contacts").values()
    emails = [row.properties["email"] for row in rows if "email" in row.properties]
    assert len(emails) == len(set(emails))
    assert emails == [email.lower() for email in emails]


@pytest.mark.parametrize("token", ["nonsense", "pat-", "rk_test_123"])
async def test_an_unknown_token_is_refused(ask, token):
    answer = await ask("GET", "/account-info/2026-09/details", token=token)
    assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


async def test_a_missing_scope_is_named(open_portal: Open):
    portal = open_portal(lacking={"crm.objects.deals.read"})
    async with httpx2.AsyncClient(transport=portal.transport, base_url="http://h") as client:
        headers = {"Authorization": f"Bearer {portal.token}"}
        answer = await client.get(f"{OBJECTS}/deals", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.deals.read"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{OBJECTS}/contacts/{ANNA}", 200),
        ("GET", f"{OBJECTS}/contacts/7", 404),
        ("GET", f"{OBJECTS}/0-1?limit=1&after=100005&properties=email,phone", 200),
        ("GET", f"{OBJECTS}/contacts?archived=true", 200),
        ("GET", f"{OBJECTS}/contacts?limit=101", 400),
        ("GET", f"{OBJECTS}/rockets", 400),
        ("GET", "/crm/pipelines/2026-09/notes", 400),
        ("GET", "/crm/owners/2026-09?limit=2", 200),
        ("GET", "/crm/owners/2026-09?limit=501", 400),
    ],
)
async def test_reads_answer_as_described(ask, method, path, status):
    answer = await ask(method, path)
    assert answer.status_code == status
    assert answer.headers["x-hubspot-correlation-id"]
    if status >= 400:
        assert answer.json()["correlationId"] == answer.headers["x-hubspot-correlation-id"]


async def test_what_hubspot_cannot_read_is_refused(portal: JudgedPortal):
    transport = httpx2.ASGITransport(app=portal.sandbox.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://h") as client:
        headers = {"Authorization": f"Bearer {portal.token}"}
        answer = await client.put("/account-info/2026-09/details", headers=headers)
        form = await client.post(f"{OBJECTS}/contacts/search", headers=headers, data={"a": "b"})
        half = {**headers, "Content-Type": "application/json"}
        broken = await client.post(f"{OBJECTS}/contacts/search", headers=half, content=b"{")
        listed = await client.post(f"{OBJECTS}/contacts/search", headers=half, content=b"[]")
        missing = await client.post(
            f"{OBJECTS}/contacts/batch/read", headers=half, content=b'{"inputs": [{}]}'
        )
        elsewhere = await client.get("/crm/v3/objects/contacts", headers=headers)
    answers = (answer, form, broken, listed, missing, elsewhere)
    assert [one.status_code for one in answers] == [405, 415, 400, 400, 400, 404]


async def test_a_sort_may_have_the_form_of_the_documentation(portal: JudgedPortal):
    """The description knows the short form only, so nobody judges this one."""
    sort = {"propertyName": "hs_object_id", "direction": "DESCENDING"}
    transport = httpx2.ASGITransport(app=portal.sandbox.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://h") as client:
        headers = {"Authorization": f"Bearer {portal.token}"}
        answer = await client.post(f"{OBJECTS}/contacts/search", headers=headers, json={"sorts": [sort]})
    assert answer.json()["results"][0]["id"] == "100400"


SEARCHES = [
    ({"limit": 201}, "limit"),
    ({"limit": 100, "after": "9950"}, "after plus limit"),
    ({"query": "x" * 3001}, "3000"),
    ({"filterGroups": [{"filters": []}] * 6}, "filterGroups"),
    ({"filterGroups": [{"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}] * 7}]}, "filters"),
    (
        {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}] * 6}] * 4},
        "filters",
    ),
    ({"filterGroups": [{"filters": [{"propertyName": "colour", "operator": "HAS_PROPERTY"}]}]}, "colour"),
    ({"sorts": ["colour"]}, "colour"),
    (
        {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "EQUALS", "value": "x"}]}]},
        "EQUALS",
    ),
    (
        {"filterGroups": [{"filters": [{"propertyName": "createdate", "operator": "GT", "value": "soon"}]}]},
        "time",
    ),
]


@pytest.mark.parametrize(("body", "word"), SEARCHES)
async def test_a_search_beyond_the_limits_is_refused(ask, body, word):
    answer = await ask("POST", f"{OBJECTS}/contacts/search", body)
    assert answer.status_code == 400
    assert word in answer.json()["message"]


async def test_a_search_shows_some_properties_and_where_it_goes_on(ask):
    body = {"filterGroups": [], "sorts": ["-createdate"], "limit": 2}
    answer = (await ask("POST", f"{OBJECTS}/contacts/search", body)).json()
    assert answer["total"] == 400
    assert answer["paging"]["next"]["after"] == "2"
    assert set(answer["results"][0]["properties"]) == {
        "email",
        "firstname",
        "lastname",
        "hs_object_id",
        "createdate",
        "lastmodifieddate",
    }


async def test_words_are_excluded_too(ask):
    condition = {"propertyName": "lastname", "operator": "NOT_CONTAINS_TOKEN", "value": "Lindqvist"}
    body = {"filterGroups": [{"filters": [condition]}], "limit": 1}
    excluded = (await ask("POST", f"{OBJECTS}/contacts/search", body)).json()["total"]
    body["filterGroups"][0]["filters"][0]["operator"] = "CONTAINS_TOKEN"
    assert excluded + (await ask("POST", f"{OBJECTS}/contacts/search", body)).json()["total"] == 400


BATCH = f"{OBJECTS}/contacts/batch"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"{BATCH}/create", {"inputs": [{"properties": {"email": "anna.lindqvist@example.com"}}]}, 409),
        (f"{BATCH}/create", {"inputs": [{"properties": {"colour": "red"}}]}, 400),
        (f"{BATCH}/create", {"inputs": [{"properties": {"createdate": "2026-01-01"}}]}, 400),
        (f"{BATCH}/create", {"inputs": [{"properties": {"shop_customer": "person0001"}}]}, 400),
        (f"{BATCH}/create", {"inputs": [{"properties": {"email": "New@example.com"}}] * 2}, 400),
        (f"{BATCH}/create", {"inputs": []}, 400),
        (f"{BATCH}/create", {"inputs": [{"properties": {}}] * 101}, 400),
        (f"{BATCH}/update", {"inputs": [{"id": ANNA, "properties": {}}] * 2}, 400),
        (f"{BATCH}/update", {"inputs": [{"id": "7", "properties": {}}]}, 404),
        (
            f"{BATCH}/upsert",
            {"inputs": [{"id": "a@b.example", "idProperty": "email", "properties": {}}]},
            400,
        ),
        (f"{BATCH}/upsert", {"inputs": [{"id": "x", "idProperty": "phone", "properties": {}}]}, 400),
        (f"{BATCH}/read", {"inputs": [{"id": "x"}], "idProperty": "phone", "properties": []}, 400),
        (f"{OBJECTS}/notes/batch/create", {"inputs": [{"properties": {"hs_note_body": "x"}}]}, 400),
    ],
)
async def test_a_batch_without_traces_is_taken_or_refused_as_a_whole(portal, ask, path, body, status):
    before = len(portal.sandbox.state.table("contacts"))
    answer = await ask("POST", path, body)
    assert answer.status_code == status
    assert len(portal.sandbox.state.table("contacts")) == before


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("order_count", "many", "INVALID_NUMBER"),
        ("order_count", "Infinity", "INVALID_NUMBER"),
        ("newsletter", "yes", "INVALID_BOOLEAN"),
        ("customer_since", "2026-01-01T10:00:00Z", "INVALID_DATE"),
        ("customer_since", "soon", "INVALID_DATE"),
        ("lifecyclestage", "king", "INVALID_OPTION"),
        ("interests", "bath;rockets", "INVALID_OPTION"),
        ("hubspot_owner_id", "1", "INVALID_OPTION"),
        ("email", "nobody", "INVALID_EMAIL"),
    ],
)
async def test_a_value_that_is_not_of_its_type_is_refused(ask, name, value, code):
    answer = await ask("POST", f"{OBJECTS}/contacts", {"properties": {name: value}})
    assert answer.status_code == 400
    (problem,) = answer.json()["errors"]
    assert (problem["code"], problem["context"]) == (code, {"propertyName": [name]})


async def test_values_are_kept_in_one_form(ask):
    properties = {"customer_since": "1572480000000", "email": "Big@Example.COM", "phone": ""}
    made = (await ask("POST", f"{OBJECTS}/contacts", {"properties": properties})).json()
    assert made["properties"]["customer_since"] == "2019-10-31"
    assert made["properties"]["email"] == "big@example.com"
    assert made["properties"]["phone"] is None


@pytest.mark.parametrize(
    ("property_", "body", "status"),
    [
        ("deals", {"dealname": "x", "dealstage": "nowhere"}, 400),
        ("deals", {"dealname": "x", "pipeline": "nowhere"}, 400),
        ("deals", {"dealname": "x", "pipeline": "default", "dealstage": "closedwon"}, 201),
        ("tickets", {"subject": "x"}, 400),
    ],
)
async def test_stages_and_rules_of_the_account_are_enforced(ask, property_, body, status):
    answer = await ask("POST", f"{OBJECTS}/{property_}", {"properties": body})
    assert answer.status_code == status


async def test_an_association_type_must_start_at_the_new_record(ask):
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]
    body = {"properties": {"firstname": "x"}, "associations": [{"to": {"id": "300001"}, "types": types}]}
    answer = await ask("POST", f"{OBJECTS}/contacts", body)
    assert answer.status_code == 400


async def test_objects_that_cannot_be_linked_have_no_labels(ask):
    answer = await ask("GET", "/crm/associations/2026-09/products/deals/labels")
    assert answer.status_code == 400


async def test_removing_the_default_type_removes_the_link(portal, ask):
    between = "/crm/associations/2026-09/contacts/companies/batch"
    pair = {"from": {"id": ANNA}, "to": {"id": COMPANY}}
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    await ask("POST", f"{between}/associate/default", {"inputs": [pair]})
    made = await ask("POST", f"{between}/create", {"inputs": [{**pair, "types": types}]})
    assert made.json()["results"][0]["labels"] == ["Primary"]
    default = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
    await ask("POST", f"{between}/labels/archive", {"inputs": [{**pair, "types": default}]})
    assert portal.sandbox.state.links("contacts", ANNA, "companies") == {}
    wrong = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]
    answer = await ask("POST", f"{between}/create", {"inputs": [{**pair, "types": wrong}]})
    assert answer.json()["numErrors"] == 1


async def test_headers_show_the_window_except_at_searches(portal, ask):
    portal.sandbox.limit(10, 20)
    answer = await ask("GET", "/account-info/2026-09/details")
    assert answer.headers["x-hubspot-ratelimit-max"] == "20"
    assert answer.headers["x-hubspot-ratelimit-remaining"] == "19"
    assert answer.headers["x-hubspot-ratelimit-interval-milliseconds"] == "2000"
    portal.clock.advance(3)
    answer = await ask("GET", "/account-info/2026-09/details")
    assert answer.headers["x-hubspot-ratelimit-remaining"] == "19"
    answer = await ask("POST", f"{OBJECTS}/contacts/search", {})
    assert "x-hubspot-ratelimit-remaining" not in answer.headers


async def test_a_limit_names_its_policy_and_no_delay(portal, ask):
    portal.sandbox.limit(1, 1)
    await ask("GET", f"{OBJECTS}/contacts")
    answer = await ask("GET", f"{OBJECTS}/contacts")
    assert (answer.status_code, answer.json()["policyName"]) == (429, "TEN_SECONDLY_ROLLING")
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 423, 429, 477, 500, 503])
async def test_faults_are_hubspots_own_errors(portal, ask, status):
    portal.sandbox.inject(Fault(kind="status", status=status, retry_after="2"))
    answer = await ask("GET", f"{OBJECTS}/contacts")
    assert answer.status_code == status
    assert answer.json()["status"] == "error"
    assert answer.headers["retry-after"] == "2"


async def test_a_slow_answer_comes_and_was_processed(portal, ask):
    portal.sandbox.inject(Fault(kind="slow", delay_s=5))
    before = portal.clock.monotonic()
    assert (await ask("POST", f"{OBJECTS}/contacts", {"properties": {"firstname": "x"}})).status_code == 201
    assert portal.clock.monotonic() - before == 5


async def test_the_index_shows_what_was_before_for_a_while(portal, ask):
    async def total(name, value):
        condition = {"propertyName": name, "operator": "EQ", "value": value}
        body = {"filterGroups": [{"filters": [condition]}], "limit": 1}
        return (await ask("POST", f"{OBJECTS}/contacts/search", body)).json()["total"]

    await ask("POST", f"{BATCH}/update", {"inputs": [{"id": ANNA, "properties": {"firstname": "Ann"}}]})
    await ask(
        "POST", f"{BATCH}/update", {"inputs": [{"id": ANNA, "properties": {"firstname": "Anne-Marie"}}]}
    )
    await ask("POST", f"{BATCH}/archive", {"inputs": [{"id": "100002"}, {"id": "7"}]})
    assert [await total("hs_object_id", "100002"), await total("firstname", "Anne-Marie")] == [1, 0]
    portal.clock.advance(10)
    assert [await total("hs_object_id", "100002"), await total("firstname", "Anne-Marie")] == [0, 1]


async def test_resetting_brings_everything_back(portal, ask):
    await ask("POST", f"{BATCH}/archive", {"inputs": [{"id": ANNA}]})
    assert portal.sandbox.summary()["contacts"] == 399
    portal.sandbox.reset()
    assert portal.sandbox.summary() == {}
    assert (await ask("GET", f"{OBJECTS}/contacts/{ANNA}")).status_code == 200


async def test_a_token_of_another_kind_has_no_details(ask):
    answer = await ask("POST", "/oauth/v2/private-apps/get/access-token-info", {"tokenKey": "CKfZ"})
    assert answer.status_code == 404
