"""The client: versioned paths, long statements, pages, quotas from headers, sessions that end, repetition."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from support.clock import ManualClock
from support.salesforce import ROOT, DescribedOrg, JudgedOrg, Open, Org
from wirepost.core.errors import InvalidCall, NotConnected, OutcomeUnknown, Rejected, Unavailable
from wirepost.providers.salesforce import soql
from wirepost.providers.salesforce.activities import note_parts
from wirepost.providers.salesforce.client import COMPOSITE, SalesforceClient, collection, sobject
from wirepost.sandbox.faults import Fault
from wirepost.settings.faults import FaultKind
from wirepost.upstream.client import Answer, Ask, WriteRefused

CONTACTS = soql.select(["Id", "LastName"], "Contact", order_by=["Id"])
QUERY = f"{ROOT}/query"
GONE = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]


def answered(status: int, body: bytes = b"{}", **headers: str) -> Answer:
    return Answer(status, headers, body)


def test_every_path_carries_the_version():
    assert (
        sobject("Contact", "003Wp0000000001IAA") == "/services/data/v68.0/sobjects/Contact/003Wp0000000001IAA"
    )
    assert collection() == "/services/data/v68.0/composite/sobjects"


@pytest.mark.parametrize("part", ["..", "a/b", "", "Contact?x=1", "a b", "ä", "a%2fb", "x" * 81, "a-b"])
def test_a_name_cannot_lead_to_another_resource(part: str):
    with pytest.raises(InvalidCall):
        sobject("Contact", part)


async def test_a_write_is_not_sent_where_only_reading_is_allowed(described: DescribedOrg):
    with pytest.raises(WriteRefused):
        await described.client(may_write=False).write("POST", sobject("Contact"), {}, key=None)
    assert described.described.requests == []


async def test_reading_through_a_post_is_no_write(described: DescribedOrg):
    described.stub("POST", f"{ROOT}/parameterizedSearch", {"searchRecords": []})
    body = {"q": "Anna", "sobjects": [{"name": "Contact"}]}
    found = await described.client(may_write=False).read(f"{ROOT}/parameterizedSearch", body)
    assert found == {"searchRecords": []}
    assert described.scope.api_version == "v68.0"


async def test_a_misspelt_parameter_is_refused_by_the_description(described: DescribedOrg):
    with pytest.raises(Rejected):
        await described.client().get(QUERY, statement=CONTACTS)
    assert "statement" in described.described.mock.journal[-1]["violation"]


# --- statements ---


async def test_an_answer_is_read_over_its_pages(open_org: Open):
    """12.2.2c: an answer of three pages is followed to its end."""
    org = open_org(page_size=150)
    rows = await org.client().rows(CONTACTS)
    assert len({row["Id"] for row in rows}) == len(rows) == len(org.sandbox.world.people)
    assert len([each for each in org.judge.requests if each.url.path.startswith(QUERY)]) == 3


class Forgetful(httpx2.AsyncBaseTransport):
    """An organisation that forgets where an answer stands before its next page is asked for."""

    def __init__(self, org: JudgedOrg, times: int) -> None:
        self.org, self.times, self.inner = org, times, org.transport

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.startswith(f"{QUERY}/") and self.times:
            self.times -= 1
            self.org.sandbox.expire_cursors()
        return await self.inner.handle_async_request(request)


async def test_a_place_that_is_gone_makes_the_statement_be_asked_again(org: JudgedOrg, clock: ManualClock):
    forgetful = Org(Forgetful(org, 1), clock, token=org.sandbox.key)
    rows = await forgetful.client().rows(CONTACTS)
    assert len({row["Id"] for row in rows}) == len(rows) == len(org.sandbox.world.people)
    assert len(org.statements()) == 2


async def test_a_place_that_is_gone_again_is_told(org: JudgedOrg, clock: ManualClock):
    forgetful = Org(Forgetful(org, 2), clock, token=org.sandbox.key)
    with pytest.raises(Rejected) as refused:
        await forgetful.client().rows(CONTACTS)
    assert refused.value.provider_code == "INVALID_QUERY_LOCATOR"
    assert len(org.statements()) == 2


async def test_a_place_elsewhere_is_not_followed(described: DescribedOrg):
    page: dict[str, Any] = {
        "done": False,
        "totalSize": 2,
        "records": [],
        "nextRecordsUrl": "https://evil.example/q",
    }
    described.stub("GET", QUERY, page)
    with pytest.raises(Unavailable):
        await described.client().rows(CONTACTS)
    assert len(described.described.requests) == 1


async def test_a_long_statement_travels_in_a_body(org: JudgedOrg):
    names = [f"{'Ä' * 40}{index}" for index in range(100)]
    statement = soql.select(["Id"], "Contact", where=[f"LastName IN {soql.in_list([*names, 'Lindqvist'])}"])
    rows = await org.client(may_write=False).rows(statement)
    assert [row["Id"][:3] for row in rows] == ["003"] * len(rows)
    assert rows
    (request,) = org.sent("/composite")
    assert len(str(request.url)) < 200
    assert org.statements() == []


async def test_a_refused_long_statement_is_told_as_any_other(org: JudgedOrg):
    statement = soql.select(["Nope"], "Contact", where=[f"LastName IN {soql.in_list(['ö' * 90] * 100)}"])
    with pytest.raises(Rejected, match="Nope") as refused:
        await org.client().rows(statement)
    assert refused.value.provider_code == "INVALID_FIELD"


@pytest.mark.parametrize("codes", [["PROCESSING_HALTED", "INVALID_FIELD"], ["INVALID_FIELD"]])
async def test_what_was_undone_for_another_is_no_reason_by_itself(described: DescribedOrg, codes: list[str]):
    bodies = [[{"errorCode": code, "message": "No"}] for code in codes]
    parts = [{"body": body, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": "a"} for body in bodies]
    described.stub("POST", COMPOSITE, {"compositeResponse": parts})
    with pytest.raises(Rejected) as refused:
        await described.client().write("POST", COMPOSITE, note_parts({"Title": "T"}, []), key=None)
    assert refused.value.provider_code == "INVALID_FIELD"
    assert described.scope.writes_applied == 0


# --- sessions and quotas ---


async def test_a_session_that_ended_is_renewed_once(org: JudgedOrg):
    """12.2.2d: a session that ended is renewed, and the request succeeds."""
    client = org.client()
    await client.rows(CONTACTS)
    org.sandbox.expire_tokens()
    assert await client.rows(CONTACTS)
    assert len(org.sent("/oauth2/token")) == 2


async def test_a_session_that_is_refused_twice_is_expired(described: DescribedOrg):
    """12.2.2e: a second refusal is told as an expired session."""
    described.stub("GET", QUERY, GONE, status=401)
    with pytest.raises(NotConnected) as refused:
        await described.client().rows(CONTACTS)
    assert refused.value.code == "auth_expired"
    assert len(described.described.requests) == 2


async def test_a_used_up_day_is_not_asked_again(open_org: Open):
    """12.2.2f: a used-up day is told and not tried again."""
    org = open_org(daily_limit=1)
    client = org.client()
    await client.rows(soql.select(["Id"], "Contact", limit=1))
    with pytest.raises(Unavailable) as refused:
        await client.rows(CONTACTS)
    assert refused.value.code == "quota_exhausted"
    assert len(org.sent("/query")) == 2


async def test_what_is_left_of_the_day_is_told(org: JudgedOrg):
    client = org.client()
    await client.rows(soql.select(["Id"], "Contact", limit=1))
    assert org.scope.quota == {"remaining": org.sandbox.daily_limit - 1, "limit": org.sandbox.daily_limit}


@pytest.mark.parametrize("said", ["", "api-usage=x/y", "per-app-api-usage=17/250"])
def test_a_header_that_says_nothing_teaches_nothing(described: DescribedOrg, said: str):
    client = described.client()
    assert client.limits_seen(answered(200, **{"sforce-limit-info": said})) is None
    assert client.scope.quota is None


def test_what_is_left_is_read_from_its_header(described: DescribedOrg):
    # https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_api_usage.htm
    client = described.client()
    client.limits_seen(answered(200, **{"sforce-limit-info": "api-usage=10018/100000"}))
    assert client.scope.quota == {"remaining": 89982, "limit": 100000}


@pytest.mark.parametrize(
    ("code", "expected"), [("REQUEST_LIMIT_EXCEEDED", False), ("UNABLE_TO_LOCK_ROW", True), ("OTHER", None)]
)
def test_a_lock_is_worth_another_try_and_a_used_up_day_is_not(described: DescribedOrg, code: str, expected):
    answer = answered(400, f'[{{"errorCode":"{code}"}}]'.encode())
    assert described.client().may_retry(Ask("GET", QUERY), answer) is expected


def test_a_request_has_an_id_where_salesforce_gives_one(described: DescribedOrg):
    client: SalesforceClient = described.client()
    assert client.request_id({"x-request-id": "a"}) == "a"
    assert client.request_id({"x-sfdc-request-id": "b"}) == "b"
    assert client.request_id({}) is None


# --- answers that are none ---


@pytest.mark.parametrize("is_write", [False, True])
@pytest.mark.parametrize("kind", ["html", "malformed"])
async def test_a_page_of_html_is_no_answer(org: JudgedOrg, kind: FaultKind, *, is_write: bool):
    """12.2.2h: a page of HTML is no success although its status is 200; nor is half of an answer."""
    org.sandbox.inject(Fault(kind, status=200, match="*/sobjects*", times=None))
    client = org.client()
    if is_write:
        with pytest.raises(OutcomeUnknown):
            await client.write("POST", sobject("Contact"), {"LastName": "Larsen"}, key=None)
    else:
        with pytest.raises(Unavailable) as refused:
            await client.get(f"{ROOT}/sobjects")
        assert refused.value.code == "upstream_unavailable"


async def test_json_of_another_form_is_no_answer(described: DescribedOrg):
    described.described.plain[f"GET {QUERY}"] = (200, [], {})
    with pytest.raises(Unavailable):
        await described.client().page(CONTACTS)


@pytest.mark.parametrize("body", [[], {}, {"compositeResponse": []}])
async def test_several_requests_without_answers_may_have_been_carried_out(described: DescribedOrg, body: Any):
    described.described.plain[f"POST {COMPOSITE}"] = (200, body, {})
    with pytest.raises(OutcomeUnknown):
        await described.client().write("POST", COMPOSITE, {}, key=None)


async def test_a_busy_moment_is_waited_out_for_reads(org: JudgedOrg):
    org.sandbox.inject(Fault("status", status=503, match=f"GET {QUERY}"))
    assert await org.client().rows(CONTACTS)
