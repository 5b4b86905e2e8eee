"""Errors: codes, words and fields of Salesforce's published samples in ours."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from support.salesforce import JudgedOrg
from wirepost.contracts.records import Choice, FieldSchema, ObjectSchema
from wirepost.core.errors import InvalidCall, NotConnected, OutcomeUnknown, Rejected, Unavailable
from wirepost.providers.salesforce.refusals import cleaned, code_of, read_errors, refused, unsupported
from wirepost.upstream.client import Answer, Ask

READ, WRITE = Ask("GET", "/x"), Ask("POST", "/x", is_write=True)
STAGE = FieldSchema(
    name="StageName", label="Stage", type="choice", options=[Choice(value="Won", label="Won")]
)
DEAL = ObjectSchema(object="Opportunity", label="Opportunity", fields=[STAGE], defaults=[])


def answer(status: int, *errors: dict[str, Any]) -> Answer:
    return Answer(status, {}, orjson.dumps(list(errors)))


def error(code: str, message: str = "No.", fields: list[str] | None = None) -> dict[str, Any]:
    return {"errorCode": code, "message": message, **({} if fields is None else {"fields": fields})}


@pytest.mark.parametrize(
    ("status", "code", "family", "ours"),
    [
        (401, "INVALID_SESSION_ID", NotConnected, "auth_expired"),
        (401, "SOMETHING_NEW", NotConnected, "auth_expired"),
        (403, "INVALID_SESSION_ID", NotConnected, "auth_expired"),
        (403, "REQUEST_LIMIT_EXCEEDED", Unavailable, "quota_exhausted"),
        (403, "API_DISABLED_FOR_ORG", NotConnected, "missing_scope"),
        (403, "INSUFFICIENT_ACCESS", NotConnected, "missing_scope"),
        (400, "INSUFFICIENT_ACCESS_OR_READONLY", NotConnected, "missing_scope"),
        (404, "NOT_FOUND", Rejected, "not_found"),
        (404, "ENTITY_IS_DELETED", Rejected, "not_found"),
        (412, "ENTITY_CHANGED", Rejected, "conflict"),
        (400, "DUPLICATE_VALUE", Rejected, "conflict"),
        (400, "INVALID_FIELD", Rejected, "upstream_rejected"),
        (400, "QUERY_TIMEOUT", Unavailable, "timeout"),
        (400, "UNABLE_TO_LOCK_ROW", Unavailable, "upstream_unavailable"),
        (503, "SERVER_UNAVAILABLE", Unavailable, "upstream_unavailable"),
        (500, "UNKNOWN_EXCEPTION", Unavailable, "upstream_unavailable"),
    ],
)
def test_each_code_has_its_meaning(status: int, code: str, family, ours: str):
    found = refused("sf", READ, answer(status, error(code)))
    assert (type(found), found.code, found.provider_code) == (family, ours, code)


@pytest.mark.parametrize("status", [500, 503])
def test_a_write_that_fails_over_there_may_have_happened(status: int):
    assert isinstance(refused("sf", WRITE, answer(status, error("SERVER_UNAVAILABLE"))), OutcomeUnknown)


@pytest.mark.parametrize("body", [b"<html>", b"", b"{}", b"[]", b'["x"]', b"null"])
def test_a_body_that_says_nothing_is_read_by_its_status(body: bytes):
    assert refused("sf", READ, Answer(404, {}, body)).code == "not_found"
    assert code_of(Answer(404, {}, body)) is None


def test_the_place_in_a_statement_is_left_out():
    # https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
    said = "\nSELECT Nope FROM Account\n  ^\nERROR at Row:1:Column:8\nNo such column 'Nope'."
    assert cleaned(said) == "No such column 'Nope'."


def test_a_missing_field_is_named():
    found = refused("sf", WRITE, answer(400, error("REQUIRED_FIELD_MISSING", "Required: [Name]", ["Name"])))
    assert found.fields == [{"path": "Name", "problem": "Required: [Name]"}]
    assert found.message == "Salesforce: Required: [Name]"


def test_a_wrong_choice_is_told_with_the_right_ones():
    raw = [
        {"statusCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "message": "bad", "fields": ["StageName"]}
    ]
    trouble = read_errors(raw, schema=DEAL).trouble
    assert trouble.fields is not None
    assert trouble.fields[0].allowed == ["Won"]


@pytest.mark.parametrize("name", ["duplicateResult", "duplicateResut"])
def test_a_duplicate_is_told_with_the_record_in_the_way(name: str):
    match = {"matchRecords": [{"record": {"attributes": {"type": "Contact"}, "Id": "001D000000IqhSLIAZ"}}]}
    raw = {"statusCode": "DUPLICATES_DETECTED", "message": "Use one?", name: {"matchResults": [match]}}
    said = read_errors([raw])
    assert (said.code, said.existing_id) == ("conflict", "001D000000IqhSLIAZ")


def test_a_unique_value_names_the_record_in_its_words():
    message = "duplicate value found: Shop_Number__c duplicates value on record with id: 001D000000IqhSL"
    found = refused("sf", WRITE, answer(400, error("DUPLICATE_VALUE", message)))
    assert found.detail == {"existing_id": "001D000000IqhSLIAZ"}


@pytest.mark.parametrize(
    "raw", [[{"duplicateResult": "x"}], [{"duplicateResult": {"matchResults": [{}]}}], {}]
)
def test_a_duplicate_without_a_record_names_none(raw):
    assert read_errors(raw).existing_id is None


def test_words_are_cleaned():
    found = refused("sf", READ, answer(400, error("X", "a\u202eb\n<b>" + "y" * 500)))
    assert "\u202e" not in found.message
    assert "\n" not in found.message
    assert len(found.message) < 250


def test_what_cannot_be_done_is_an_invalid_call():
    assert isinstance(unsupported("No", "Try"), InvalidCall)


async def test_the_sandbox_says_no_as_described(org: JudgedOrg):
    with pytest.raises(Rejected) as missing:
        await org.client().write(
            "POST", "/services/data/v68.0/sobjects/Contact", {"FirstName": "K"}, key=None
        )
    assert missing.value.provider_code == "REQUIRED_FIELD_MISSING"
    assert [problem["path"] for problem in missing.value.fields] == ["LastName"]
