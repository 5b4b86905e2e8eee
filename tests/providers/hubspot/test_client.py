"""The client: dated paths, what every request carries, quotas from headers, and repetition."""

from __future__ import annotations

import pytest

from support.hubspot import KEY, TOKEN
from wirepost.core.errors import InvalidCall, NotConnected, OutcomeUnknown, Rejected, Unavailable
from wirepost.providers.hubspot.client import dated, gathered
from wirepost.upstream.client import Answer, Ask, WriteRefused

CONTACTS = dated("crm/objects", "contacts")
SEARCH = dated("crm/objects", "contacts", "search")
OWNERS = dated("crm/owners")
TOKEN_INFO = "/oauth/v2/private-apps/get/access-token-info"
LIMITED = {
    "status": "error",
    "message": "You have reached your secondly limit.",
    "errorType": "RATE_LIMIT",
    "category": "RATE_LIMITS",
    "correlationId": "c033cdaa",
    "policyName": "SECONDLY",
}


def test_every_path_carries_the_version():
    assert dated("crm/objects", "2-123", "batch", "read") == "/crm/objects/2026-09/2-123/batch/read"
    assert dated("crm/owners") == "/crm/owners/2026-09"


@pytest.mark.parametrize("part", ["..", "a/b", "", "contacts?x=1", "a b", "ä", "a%2fb", "x" * 201])
def test_a_name_cannot_lead_to_another_resource(part):
    with pytest.raises(InvalidCall):
        dated("crm/objects", part)


async def test_values_of_a_query_are_written_as_hubspot_reads_them(described):
    await described.client().get(CONTACTS, properties=["a", "b"], archived=False, limit=5, after=None)
    assert described.described.mock.journal[-1]["query"] == "properties=a&properties=b&archived=false&limit=5"


async def test_a_write_is_not_sent_where_only_reading_is_allowed(described):
    with pytest.raises(WriteRefused):
        await described.client(may_write=False).write(CONTACTS, {"properties": {}}, key=None)
    assert described.described.paths == []


async def test_reading_through_a_post_is_no_write(described):
    described.stub("POST", SEARCH, {"total": 0, "results": []})
    found = await described.client(may_write=False).read(SEARCH, {"filterGroups": []}, quota="search")
    assert found["total"] == 0
    assert described.scope.api_version == "2026-09"


async def test_a_misspelt_parameter_is_refused_by_the_description(described):
    with pytest.raises(Rejected):
        await described.client().read(SEARCH, {"filtergroups": []})
    assert "filtergroups" in described.described.mock.journal[-1]["violation"]


@pytest.mark.parametrize(("policy", "window_s"), [("SECONDLY", 1), ("TEN_SECONDLY_ROLLING", 10)])
async def test_a_limited_read_without_retry_after_is_repeated_when_its_window_is_over(
    described, policy, window_s
):
    described.stub("GET", CONTACTS, {**LIMITED, "policyName": policy}, status=429, times=2)
    before = described.clock.monotonic()
    await described.client().get(CONTACTS)
    assert [entry["status"] for entry in described.described.mock.journal] == [429, 429, 200]
    assert described.clock.monotonic() - before == pytest.approx(2 * window_s, abs=0.5)


async def test_a_limited_write_is_repeated_only_where_that_is_harmless(described):
    path = dated("crm/objects", "contacts", "batch", "update")
    body = {"inputs": [{"id": "1", "properties": {}}]}
    described.stub("POST", path, LIMITED, status=429, times=1)
    await described.client().write(path, body, key=KEY)
    described.stub("POST", path, LIMITED, status=429, times=1)
    with pytest.raises(Unavailable) as limited:
        await described.client().write(path, body, key=None)
    assert limited.value.outcome == "not_applied"


async def test_a_day_that_is_used_up_is_not_tried_again(described):
    described.stub("GET", CONTACTS, {**LIMITED, "policyName": "DAILY"}, status=429)
    with pytest.raises(Unavailable) as limited:
        await described.client().get(CONTACTS)
    assert limited.value.code == "quota_exhausted"
    assert len(described.described.paths) == 1


async def test_a_lock_is_waited_for_and_a_migration_is_not(described):
    locked = {"status": "error", "message": "locked", "category": "LOCKED", "correlationId": "c"}
    described.stub("GET", CONTACTS, locked, status=423, times=1)
    before = described.clock.monotonic()
    await described.client().get(CONTACTS)
    assert len(described.described.paths) == 2
    assert described.clock.monotonic() - before == pytest.approx(2.0)  # as long as HubSpot says locks last
    described.stub("GET", CONTACTS, locked, status=477)
    with pytest.raises(Unavailable):
        await described.client().get(CONTACTS)
    assert len(described.described.paths) == 3


async def test_the_quota_is_learnt_from_headers(described):
    headers = {
        "X-HubSpot-RateLimit-Max": "110",
        "X-HubSpot-RateLimit-Remaining": "7",
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
    }
    described.stub("GET", CONTACTS, headers=headers)
    await described.client().get(CONTACTS)
    assert described.scope.quota == {"remaining": 7.0, "resets_in_s": 10.0}


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-hubspot-ratelimit-remaining": "7"}, {"x-hubspot-ratelimit-remaining": "-1"}],
)
def test_headers_without_a_window_teach_nothing(described, headers):
    assert described.client().limits_seen(Answer(200, headers, b"{}")) is None


def test_the_id_of_a_request_is_hubspots(described):
    client = described.client()
    assert client.request_id({"x-hubspot-correlation-id": "c1", "x-request-id": "r1"}) == "c1"
    assert client.request_id({"x-request-id": "r1"}) == "r1"
    assert client.request_id({}) is None


async def test_the_token_goes_in_the_body_of_one_path_only(described):
    described.stub("POST", TOKEN_INFO, {"scopes": ["oauth"], "appId": 1})
    client = described.client()
    assert await client.granted() == ["oauth"]
    assert await client.granted() == ["oauth"]
    assert described.described.paths == [TOKEN_INFO]
    assert TOKEN not in repr(client.scope)


@pytest.mark.parametrize(("status", "body"), [(404, {}), (200, {"scopes": "all"}), (400, {"message": "no"})])
async def test_what_a_token_may_do_is_unknown_where_hubspot_does_not_say(described, status, body):
    described.stub("POST", TOKEN_INFO, body, status=status)
    assert await described.client().granted() is None


async def test_a_token_that_is_refused_is_reported_as_such(described):
    body = {
        "status": "error",
        "message": "expired",
        "category": "EXPIRED_AUTHENTICATION",
        "correlationId": "c",
    }
    described.stub("GET", CONTACTS, body, status=401)
    with pytest.raises(NotConnected) as refused:
        await described.client().get(CONTACTS)
    assert refused.value.code == "auth_expired"


async def test_an_answer_that_is_no_object_is_unreadable(described):
    described.stub("GET", CONTACTS, [1], unchecked=True)
    with pytest.raises(Unavailable):
        await described.client().get(CONTACTS)
    described.stub("POST", CONTACTS, [1], unchecked=True)
    with pytest.raises(OutcomeUnknown):
        await described.client().write(CONTACTS, {"properties": {}}, key=None)


async def test_the_first_failure_of_several_reads_is_raised_as_it_is():
    async def fine():
        return 1

    async def broken():
        raise InvalidCall("invalid_arguments", "no")

    assert await gathered([fine(), fine()]) == [1, 1]
    with pytest.raises(InvalidCall):
        await gathered([fine(), broken(), fine()])


def test_a_request_says_nothing_of_its_body_when_shown():
    assert "secret" not in repr(Ask("POST", TOKEN_INFO, content=b"secret"))
