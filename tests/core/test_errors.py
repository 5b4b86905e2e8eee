"""Errors: each code has one family, and what callers read is complete and safe."""

from __future__ import annotations

from typing import Any

import pytest

from wirepost.core.errors import (
    FAMILIES,
    CallError,
    ConfigError,
    Internal,
    InvalidCall,
    NotAllowed,
    NotConnected,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)

# The public list of codes and who has to react: the caller, a person, the operator, nobody, time, or care.
PUBLISHED: dict[type[CallError], str] = {
    InvalidCall: """invalid_arguments connection_required confirmation_mismatch result_too_large
        unsupported_by_provider""",
    NotAllowed: "forbidden_by_policy confirmation_required approval_required duplicate_suspected",
    NotConnected: "not_connected auth_expired missing_scope key_unavailable",
    Rejected: "not_found conflict upstream_rejected",
    Unavailable: "rate_limited quota_exhausted upstream_unavailable server_unavailable timeout",
    OutcomeUnknown: "outcome_unknown",
    Internal: "internal",
}
EVERY_CODE = [(family, code) for family, codes in PUBLISHED.items() for code in codes.split()]


def test_families_are_the_published_ones() -> None:
    assert {family: set(family.codes) for family in FAMILIES} == {
        family: set(codes.split()) for family, codes in PUBLISHED.items()
    }


@pytest.mark.parametrize(("family", "code"), EVERY_CODE)
def test_code_belongs_to_one_family_only(family: type[CallError], code: str) -> None:
    assert family(code, "Something.").code == code
    for other in FAMILIES:
        if other is not family:
            with pytest.raises(ValueError, match="is not a code of"):
                other(code, "Something.")


def test_root_has_no_code_of_its_own() -> None:
    with pytest.raises(ValueError, match="is not a code of CallError"):
        CallError("internal", "Something.")


@pytest.mark.parametrize(("family", "code"), EVERY_CODE)
def test_only_unavailable_is_worth_repeating_as_it_is(family: type[CallError], code: str) -> None:
    assert family(code, "Something.").payload()["retryable"] is (family is Unavailable)


@pytest.mark.parametrize(("family", "code"), EVERY_CODE)
def test_nothing_was_applied_unless_the_outcome_is_unknown(family: type[CallError], code: str) -> None:
    expected = "unknown" if family is OutcomeUnknown else "not_applied"
    assert family(code, "Something.").payload()["outcome"] == expected


def test_unknown_outcome_cannot_be_talked_away() -> None:
    assert OutcomeUnknown("outcome_unknown", "Lost.", outcome="not_applied").outcome == "unknown"


def test_payload_leaves_out_what_is_not_known() -> None:
    assert Rejected("not_found", "There is no such customer.").payload() == {
        "code": "not_found",
        "message": "There is no such customer.",
        "retryable": False,
        "outcome": "not_applied",
    }


def test_payload_shows_everything_that_is_known() -> None:
    fields: list[Any] = [{"path": "amount", "problem": "is too large", "allowed": ["10.00"]}]
    error = Unavailable(
        "rate_limited",
        "Too many requests.",
        hint="Wait.",
        outcome="applied",
        retry_after_s=0.0,
        provider_code="rate_limit",
        provider_request_id="req_1",
        fields=fields,
        detail={"needed": ["a"], "granted": None},
    )
    assert error.payload() == {
        "code": "rate_limited",
        "message": "Too many requests.",
        "retryable": True,
        "outcome": "applied",
        "retry_after_s": 0.0,
        "provider_code": "rate_limit",
        "provider_request_id": "req_1",
        "fields": fields,
        "hint": "Wait.",
        "needed": ["a"],
    }


def test_text_of_an_error_names_code_and_message() -> None:
    error = InvalidCall("invalid_arguments", "amount is required")
    assert str(error) == "invalid_arguments: amount is required"
    assert error.args == ("amount is required",)


def test_errors_are_told_apart_by_identity() -> None:
    """Libraries keep exceptions in sets and compare them; two failures that look alike are still two."""
    one, other = Rejected("conflict", "No."), Rejected("conflict", "No.")
    assert len({one, other, one}) == 2
    assert one != other


def test_two_errors_share_no_lists() -> None:
    one, other = Rejected("conflict", "No."), Rejected("conflict", "No.")
    one.fields.append({"path": "amount"})
    one.detail["plan"] = {}
    assert other.fields == []
    assert other.detail == {}


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ({}, "is wrong"),
        ({"key": "server.port"}, "server.port: is wrong"),
        ({"file": "w.yaml"}, "w.yaml: is wrong"),
        ({"file": "w.yaml", "line": 7, "key": "server.port"}, "w.yaml:7: server.port: is wrong"),
        ({"hint": "use a number"}, "is wrong (use a number)"),
    ],
)
def test_configuration_error_says_where_and_what(where: dict[str, Any], text: str) -> None:
    error = ConfigError("is wrong", **where)
    assert str(error) == text
    assert error.message == "is wrong"
