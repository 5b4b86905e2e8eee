"""Refusals: what every kind of error means, in the forms that HubSpot publishes."""

from __future__ import annotations

import pytest

from wirepost.core.errors import CallError, NotConnected, OutcomeUnknown, Rejected, Unavailable
from wirepost.providers.hubspot.client import dated
from wirepost.providers.hubspot.refusals import read_error
from wirepost.sandbox.faults import Fault

CREATE = dated("crm/objects", "contacts")
PROPERTIES = dated("crm/properties", "contacts")
TOKEN_INFO = "/oauth/v2/private-apps/get/access-token-info"


def error(category, message="About it.", **more):
    return {
        "status": "error",
        "message": message,
        "correlationId": "aeb5f871-7f07",
        "category": category,
        **more,
    }


# As published at https://developers.hubspot.com/docs/api-reference/error-handling
REFUSALS = [
    (400, error("VALIDATION_ERROR"), "upstream_rejected"),
    (401, error("INVALID_AUTHENTICATION"), "auth_expired"),
    (401, error("EXPIRED_AUTHENTICATION"), "auth_expired"),
    (403, error("MISSING_SCOPES"), "missing_scope"),
    (404, error("OBJECT_NOT_FOUND"), "not_found"),
    (404, error("SOMETHING_NEW"), "not_found"),
    (409, error("CONFLICT"), "conflict"),
    (409, error("SOMETHING_NEW"), "conflict"),
    (414, error("URI_TOO_LONG"), "upstream_rejected"),
    (423, error("LOCKED"), "upstream_unavailable"),
    (429, error("RATE_LIMITS", policyName="TEN_SECONDLY_ROLLING"), "rate_limited"),
    (429, error("RATE_LIMITS", policyName="DAILY"), "quota_exhausted"),
    (477, error("MIGRATION_IN_PROGRESS"), "upstream_unavailable"),
    (302, error("MOVED"), "outcome_unknown"),
]


@pytest.mark.parametrize(("status", "body", "code"), REFUSALS)
async def test_each_refusal_has_one_meaning(described, status, body, code):
    described.stub("POST", CREATE, body, status=status)
    described.stub("POST", TOKEN_INFO, {}, status=404)
    with pytest.raises(CallError) as refused:
        await described.client().write(CREATE, {"properties": {"email": "a@example.com"}}, key=None)
    assert refused.value.code == code
    assert refused.value.provider_code == (body["category"])
    assert refused.value.provider_request_id == "aeb5f871-7f07"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 521, 524])
async def test_a_failure_at_a_write_leaves_the_outcome_unknown(described, status):
    described.stub("POST", CREATE, error("INTERNAL_ERROR"), status=status)
    with pytest.raises(OutcomeUnknown):
        await described.client().write(CREATE, {"properties": {}}, key=None)


async def test_a_failure_at_a_read_may_be_tried_again(described):
    described.stub("GET", PROPERTIES, error("INTERNAL_ERROR"), status=502)
    with pytest.raises(Unavailable):
        await described.client().get(PROPERTIES)
    assert len(described.described.paths) == 3


async def test_needed_and_granted_scopes_are_named(described):
    needed = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": ["crm.objects.contacts.write"]},
    }
    described.stub("POST", CREATE, error("MISSING_SCOPES", errors=[needed]), status=403)
    described.stub("POST", TOKEN_INFO, {"scopes": ["oauth", "crm.objects.contacts.read"]})
    with pytest.raises(NotConnected) as refused:
        await described.client().write(CREATE, {"properties": {}}, key=None)
    assert refused.value.detail == {
        "needed": ["crm.objects.contacts.write"],
        "granted": ["crm.objects.contacts.read", "oauth"],
    }
    assert "crm.objects.contacts.write" in refused.value.message


async def test_granted_scopes_are_left_out_where_they_cannot_be_read(described):
    described.stub("POST", CREATE, error("MISSING_SCOPES"), status=403)
    described.stub("POST", TOKEN_INFO, error("OBJECT_NOT_FOUND"), status=404)
    with pytest.raises(NotConnected) as refused:
        await described.client().write(CREATE, {"properties": {}}, key=None)
    assert refused.value.detail == {}


async def test_the_policy_of_a_limit_is_named(described):
    body = error("RATE_LIMITS", policyName="TEN_SECONDLY_ROLLING")
    described.stub("GET", PROPERTIES, body, status=429)
    with pytest.raises(Unavailable) as limited:
        await described.client().get(PROPERTIES)
    assert limited.value.detail == {"policy": "TEN_SECONDLY_ROLLING"}
    assert limited.value.retry_after_s == 10.0


def test_properties_are_named_from_the_context():
    said = read_error(
        error(
            "VALIDATION_ERROR",
            "Property values were not valid",
            errors=[
                {
                    "message": "x is not valid",
                    "code": "INVALID_EMAIL",
                    "context": {"propertyName": ["email"]},
                },
                {"message": "a rule", "context": {"propertyName": ["amount"]}},
                {"message": "no context"},
                "not even an object",
            ],
        )
    )
    assert said.fields == [
        {"path": "email", "problem": "x is not valid"},
        {"path": "amount", "problem": "a rule"},
    ]
    assert said.message == "HubSpot refused: email, amount"
    assert [field.path for field in said.trouble.fields] == ["email", "amount"]


def test_properties_are_named_from_the_list_inside_a_message():
    message = (
        'Property values were not valid: [{"message":"nope was not one of the allowed options",'
        '"error":"INVALID_OPTION","name":"lifecyclestage"},{"message":"nameless"}]'
    )
    said = read_error(error("VALIDATION_ERROR", message))
    problem = "nope was not one of the allowed options"
    assert said.fields == [{"path": "lifecyclestage", "problem": problem}]


@pytest.mark.parametrize("message", ["broken: [{not json}]", 'odd: [{"name": 5}]', ""])
def test_a_message_without_properties_is_shown_as_it_is(message):
    said = read_error(error("VALIDATION_ERROR", message))
    assert said.fields == []
    assert said.message.startswith("HubSpot")


def test_the_record_that_stands_in_the_way_is_known():
    said = read_error(error("CONFLICT", "Contact already exists. Existing ID: 37765128953"))
    assert (said.code, said.existing_id) == ("conflict", "37765128953")
    assert read_error(error("VALIDATION_ERROR", "Existing ID: 5")).code == "conflict"


async def test_the_record_that_stands_in_the_way_is_told(described):
    body = error("CONFLICT", "Contact already exists. Existing ID: 51")
    described.stub("POST", CREATE, body, status=409)
    with pytest.raises(Rejected) as refused:
        await described.client().write(CREATE, {"properties": {}}, key=None)
    assert refused.value.detail == {"existing_id": "51"}


async def test_an_error_without_a_usable_body_still_has_a_meaning(described):
    described.stub("POST", CREATE, ["odd"], status=400, unchecked=True)
    with pytest.raises(Rejected) as refused:
        await described.client().write(CREATE, {"properties": {}}, key=None)
    assert refused.value.message == "HubSpot refused it without a reason"


async def test_a_page_of_a_proxy_is_no_error_of_hubspots(portal):
    portal.sandbox.inject(Fault(kind="html", status=404))
    with pytest.raises(Rejected) as refused:
        await portal.client().get(PROPERTIES)
    assert refused.value.code == "not_found"
    assert "<" not in refused.value.message


def test_words_of_others_are_cleaned():
    said = read_error({"message": "a\u202eb\n\nc\x00 pat-na1-0123456789abcdef " + "x" * 500})
    assert said.message.startswith("HubSpot: ab c [redacted] x")
    assert len(said.message) == len("HubSpot: ") + 200
