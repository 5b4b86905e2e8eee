"""Search: pages in every order, searches by words, totals, and what is too far away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import httpx2
import pytest

from support.clock import ManualClock
from support.salesforce import ROOT, DescribedOrg, JudgedOrg, Org, where
from wirepost.contracts.crm import Crm
from wirepost.contracts.records import Draft, ObjectSchema, Query, Record
from wirepost.core.errors import InvalidCall, Unavailable
from wirepost.providers.salesforce.describe import describe
from wirepost.providers.salesforce.search import CAPPED, Position, field_of, search

DEALS = Query(("Name", "Amount", "CloseDate"), 100)
SEARCH = f"{ROOT}/parameterizedSearch"
COLUMNS = [("Id", "id"), ("LastName", "string"), ("Email", "email")]
CONTACT = {
    "name": "Contact",
    "label": "Contact",
    "custom": False,
    "createable": True,
    "fields": [{"name": name, "label": name, "type": kind} for name, kind in COLUMNS],
}
HOSTILE = [
    "'",
    "\\",
    "%",
    "_",
    "\n",
    "ö\u200b",
    "' OR Id != '",
    "\\' OR Name LIKE '%",
    "\\%",
    '"',
    "é'\\\n%_",
]


async def everything(crm: Crm, schema: ObjectSchema, query: Query) -> list[Record]:
    """All pages."""
    found: list[Record] = []
    while True:
        page = await crm.search(schema, query)
        found += page.records
        if not page.has_more:
            return found
        assert page.after is not None
        query = replace(query, position=page.after[-1])


@pytest.mark.parametrize("sort", [None, "Amount", "CloseDate", "CreatedDate", "Name", "StageName", "Id"])
@pytest.mark.parametrize("is_descending", [False, True])
async def test_every_record_comes_once_in_every_order(
    org: JudgedOrg, sort: str | None, *, is_descending: bool
):
    crm = org.crm(may_write=False)
    schema = await crm.describe("deal")
    records = await everything(crm, schema, replace(DEALS, sort=sort, is_descending=is_descending, limit=37))
    assert len({record.id for record in records}) == len(records) == len(org.sandbox.world.deals)
    if sort in ("Amount", "CloseDate"):
        values = [record.fields[sort] for record in records]
        assert values == sorted(values, reverse=is_descending)


async def test_records_without_the_value_come_last(org: JudgedOrg):
    crm = org.crm()
    schema = await crm.describe("deal")
    some = (await crm.search(schema, replace(DEALS, limit=5))).records
    for record in some:
        await org.client().write(
            "PATCH", f"{ROOT}/sobjects/Opportunity/{record.id}", {"Amount": None}, key=None
        )
    for is_descending in (False, True):
        query = replace(DEALS, sort="Amount", is_descending=is_descending, limit=3)
        records = await everything(crm, schema, query)
        assert len({record.id for record in records}) == len(org.sandbox.world.deals)
        assert [record.fields["Amount"] for record in records[-5:]] == [None] * 5
        assert None not in [record.fields["Amount"] for record in records[:-5]]


async def test_reading_can_go_on_behind_any_record(org: JudgedOrg):
    crm = org.crm(may_write=False)
    schema = await crm.describe("deal")
    for sort in (None, "Amount", "Name"):
        query = replace(DEALS, sort=sort, limit=10)
        first = await crm.search(schema, query)
        second = await crm.search(schema, replace(query, position=(first.after or [])[3]))
        assert [each.id for each in second.records[:6]] == [each.id for each in first.records[4:]]


async def test_the_total_is_counted_once_and_goes_along(org: JudgedOrg):
    crm = org.crm(may_write=False)
    schema = await crm.describe("deal")
    first = await crm.search(schema, replace(DEALS, limit=10))
    second = await crm.search(schema, replace(DEALS, limit=10, position=(first.after or [])[-1]))
    assert first.total == second.total == len(org.sandbox.world.deals)
    assert first.total_is == second.total_is == "exact"
    assert sum("COUNT" in each for each in org.statements()) == 1
    listed = await crm.browse(schema, replace(DEALS, limit=10))
    assert (listed.total, listed.total_is) == (None, "unknown")
    assert sum("COUNT" in each for each in org.statements()) == 1


@pytest.mark.parametrize(("status", "code"), [(400, None), (403, "quota_exhausted")])
async def test_a_total_that_takes_too_long_is_unknown(org: JudgedOrg, clock: ManualClock, status, code):
    slow = Org(Uncounted(org, status), clock, token=org.sandbox.key)
    crm = slow.crm(may_write=False)
    schema = await crm.describe("deal")
    if code is None:
        page = await crm.search(schema, replace(DEALS, limit=2))
        assert (len(page.records), page.total, page.total_is) == (2, None, "unknown")
        return
    with pytest.raises(Unavailable) as refused:
        await crm.search(schema, replace(DEALS, limit=2))
    assert refused.value.code == code


class Uncounted(httpx2.AsyncBaseTransport):
    """An organisation that does not count: it takes too long, or the day is used up."""

    def __init__(self, org: JudgedOrg, status: int) -> None:
        self.inner, self.status = org.transport, status

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if "COUNT" in request.url.params.get("q", ""):
            code = "QUERY_TIMEOUT" if self.status == 400 else "REQUEST_LIMIT_EXCEEDED"
            return httpx2.Response(self.status, json=[{"errorCode": code, "message": "No"}])
        return await self.inner.handle_async_request(request)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "op", ["eq", "neq", "in", "not_in", "contains", "starts_with", "lt", "lte", "gt", "gte", "between"]
)
async def test_hostile_text_is_only_a_value(org: JudgedOrg, text: str, op):
    """12.2.2a: quotes, backslashes, wildcards, line ends, other scripts: only text to every operator."""
    crm = org.crm()
    schema = await crm.describe("contact")
    (made,) = await crm.create(schema, [_person(f"x{text}x")], skip_duplicates=False, key=None)
    assert made.status == "ok"
    value = f"x{text}x" if op != "contains" else text
    values = (value, value) if op == "between" else (value,)
    found = await everything(
        crm, schema, Query(("LastName",), 200, filters=(where(schema, "LastName", op, *values),))
    )
    everybody = len(org.sandbox.world.people) + 1
    ids = {record.id for record in found}
    if op in ("eq", "in", "between"):
        assert ids == {made.id}
    elif op in ("neq", "not_in"):
        assert len(ids) == everybody - 1
    elif op in ("contains", "starts_with"):
        assert made.id in ids
        assert all(text.strip() in str(record.fields["LastName"]) for record in found)
        assert len(ids) < everybody
    else:
        assert (made.id in ids) is (op in ("gte", "lte"))


def _person(name: str) -> Draft:
    return Draft({"LastName": name})


async def test_conditions_can_all_hold_or_one_of_them(org: JudgedOrg):
    crm = org.crm(may_write=False)
    schema = await crm.describe("contact")
    filters = (where(schema, "LastName", "eq", "Lindqvist"), where(schema, "FirstName", "eq", "Jonas"))
    each = Query(("FirstName", "LastName"), 100, filters=filters)
    one = await everything(crm, schema, replace(each, is_any=True, limit=3))
    assert {"Lindqvist", "Weber"} <= {record.fields["LastName"] for record in one}
    assert all(
        record.fields["LastName"] == "Lindqvist" or record.fields["FirstName"] == "Jonas" for record in one
    )
    both = await everything(crm, schema, each)
    assert all(
        (record.fields["LastName"], record.fields["FirstName"]) == ("Lindqvist", "Jonas") for record in both
    )


# --- by words ---


async def test_words_find_records_within_the_conditions(org: JudgedOrg):
    crm = org.crm(may_write=False)
    schema = await crm.describe("contact")
    query = Query(("FirstName", "LastName", "Email"), 100, text="Lindqvist")
    found = (await crm.search(schema, query)).records
    assert found
    assert all("lindqvist" in str(record.fields).lower() for record in found)
    anna = replace(
        query,
        filters=(where(schema, "FirstName", "eq", "Anna"), where(schema, "LastName", "eq", "Lindqvist")),
    )
    assert "003Wp0000000001IAA" in {record.id for record in (await crm.search(schema, anna)).records}
    assert len(org.sent("/parameterizedSearch")) == 2


async def test_pages_of_a_search_by_words_hold_every_record_once(org: JudgedOrg):
    crm = org.crm(may_write=False)
    schema = await crm.describe("contact")
    query = Query(("LastName",), 100, text="Weber")
    whole = [record.id for record in (await crm.search(schema, query)).records]
    assert len(whole) > 3
    assert [record.id for record in await everything(crm, schema, replace(query, limit=2))] == whole
    ordered = await crm.search(schema, replace(query, sort="LastName"))
    assert {record.id for record in ordered.records} == set(whole)


@pytest.mark.parametrize("text", ["?", "a", "()", '"*"', " - "])
async def test_too_little_to_search_for_is_refused(org: JudgedOrg, text: str):
    crm = org.crm(may_write=False)
    with pytest.raises(InvalidCall) as refused:
        await crm.search(await crm.describe("contact"), Query(("Email",), 5, text=text))
    assert refused.value.fields[0]["path"] == "text"
    assert org.sent("/parameterizedSearch") == []


async def test_signs_between_words_only_separate_them(org: JudgedOrg):
    crm = org.crm(may_write=False)
    schema = await crm.describe("contact")
    found = await crm.search(schema, Query(("Email",), 100, text='{"Anna"} & (Lindqvist*)'))
    assert "003Wp0000000001IAA" in {record.id for record in found.records}


# --- the rest ---


async def test_what_changed_since_then_comes_in_the_order_of_change(org: JudgedOrg):
    org.clock.advance(3600)
    before = org.clock.now()
    org.clock.advance(60)
    crm = org.crm(may_write=False)
    schema = await crm.describe("contact")
    chosen = [record.id for record in (await crm.browse(schema, Query(("Phone",), 4))).records]
    for record_id in reversed(chosen):
        await org.client().write("PATCH", f"{ROOT}/sobjects/Contact/{record_id}", {"Phone": "1"}, key=None)
        org.clock.advance(60)
    query = Query(("Phone",), 3, updated_after=before)
    crm = org.crm(may_write=False)
    first = await crm.browse(schema, query)
    second = await crm.browse(schema, replace(query, position=(first.after or [])[-1]))
    assert [record.id for record in (*first.records, *second.records)] == chosen[::-1]


@pytest.mark.parametrize("query", [Query(("Email",), 1, sort="LastName"), Query(("Email",), 1, text="Weber")])
async def test_pages_behind_2000_records_are_not_promised(described: DescribedOrg, query: Query):
    row = {"attributes": {"type": "Contact"}, "Id": "003Wp0000000001IAA", "LastName": "Weber"}
    described.stub("GET", f"{ROOT}/sobjects/Contact/describe", CONTACT)
    described.stub("GET", f"{ROOT}/query", {"done": True, "totalSize": 2, "records": [row, row]})
    described.stub("POST", SEARCH, {"searchRecords": [row] * 2000})
    crm = described.crm(may_write=False)
    schema = await crm.describe("contact")
    near = await crm.search(schema, replace(query, position=str(Position(None, 1998))))
    assert (near.has_more, crm.warnings) == (True, [])
    far = await crm.search(schema, replace(query, position=str(Position(None, 2000 if query.sort else 1999))))
    assert (far.has_more, crm.warnings) == (False, [CAPPED])


def test_a_place_is_read_as_it_was_written():
    for place in (Position(), Position(3, 4), Position(None, 0, "2026-11-25", "a"), Position(1, 0, 1.5, "b")):
        assert Position.parse(str(place)) == place
    assert Position.parse(None) == Position()


async def test_a_field_that_the_user_may_not_see_is_refused(org: JudgedOrg):
    with pytest.raises(InvalidCall, match="Nope"):
        field_of(await describe(org.client(), "contact"), "Nope")


async def test_an_object_that_does_not_tell_of_changes_cannot_be_asked_for_them(org: JudgedOrg):
    crm = org.crm(may_write=False)
    schema = await crm.describe("contact")
    described = await describe(org.client(), "contact")
    fields: Sequence = [field for field in schema.fields if field.name != "SystemModstamp"]
    bare = replace(described, schema=schema.model_copy(update={"fields": list(fields)}))
    with pytest.raises(InvalidCall) as refused:
        await search(org.client(), bare, Query(("Email",), 1, updated_after=org.clock.now()), counts=False)
    assert refused.value.fields[0]["path"] == "updated_after"
