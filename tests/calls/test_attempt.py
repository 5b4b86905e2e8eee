"""Attempts: the envelope a call ends with, and what the audit keeps of it, whatever was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import START, ManualClock
from support.sample_vendor import Assembled, assembled
from support.samples import sample_get_note, sample_send_note
from wirepost.calls.arguments import read
from wirepost.calls.attempt import Attempt, Outcome
from wirepost.calls.audit import records, verify
from wirepost.calls.caller import LOCAL, Caller
from wirepost.core.errors import InvalidCall, Rejected
from wirepost.sandbox.faults import Fault
from wirepost.tools.context import no_progress
from wirepost.upstream.scope import Scope


@pytest.fixture
async def path(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Assembled]:
    async with assembled(tmp_path, clock) as parts:
        yield parts


def attempt(name: str = "sample_get_note", raw: Any = None, caller: Caller = LOCAL) -> Attempt:
    return Attempt(caller, name, raw or {}, no_progress, START, 1000.0, 1045.0, Scope(1045.0))


def audited(raw: Any, name: str = "sample_get_note") -> dict[str, Any]:
    entry = attempt(name, raw).audit_entry(Outcome({}, is_error=False), 0.0123)
    assert orjson.loads(orjson.dumps(entry)) == entry
    return entry


async def last_record(path: Assembled) -> dict[str, Any]:
    rows = [row async for row in records(path.database)]
    record: dict[str, Any] = orjson.loads(rows[-1][2])
    return record


# --- what the caller gets ---


def test_a_success_says_when_it_was_true() -> None:
    made = attempt()
    assert made.envelope({"id": "n_1"}) == {
        "data": {"id": "n_1"},
        "meta": {"as_of": "2026-11-25T10:00:00Z"},
        "warnings": [],
    }
    assert made.envelope({}, page={"returned": 0})["page"] == {"returned": 0}


def test_meta_tells_what_the_provider_said_about_the_request() -> None:
    made = attempt()
    made.scope.api_version = "2026-10-28"
    made.scope.request_ids += ["req_1", "req_2"]
    made.scope.quota = {"remaining": 92, "resets_in_s": 7}
    assert made.meta(None) == {
        "as_of": "2026-11-25T10:00:00Z",
        "api_version": "2026-10-28",
        "request_id": "req_2",
        "quota": {"remaining": 92, "resets_in_s": 7},
    }


def test_warnings_of_reading_come_before_those_of_the_operation() -> None:
    made = attempt()
    made.reading = read(sample_get_note, {"note": "n", "max_tokens": "600"})
    made.context().warn("slow today\u202e")
    made.context().warn("slow today\u202e")
    assert made.shown_warnings() == [made.reading.warnings[0], "slow today"]
    assert made.failure(Rejected("conflict", "No."))["warnings"] == made.shown_warnings()


def test_a_failure_is_only_an_error() -> None:
    assert attempt().failure(Rejected("conflict", "No.")) == {"error": Rejected("conflict", "No.").payload()}


def test_a_preview_needs_a_plan() -> None:
    with pytest.raises(RuntimeError, match="needs a plan"):
        attempt().preview(None)


def test_before_anything_was_read_an_operation_gets_nothing() -> None:
    context = attempt().context()
    assert (context.limit, context.fields, context.position, context.connection) == (0, (), None, None)


async def test_an_envelope_names_the_connection_it_came_from(path: Assembled) -> None:
    outcome = await path.call("sample_get_note", note="n_1")
    assert outcome.envelope == {
        "data": {"id": "n_1"},
        "meta": {
            "connection": "sample",
            "provider": "sample",
            "environment": "sandbox",
            "as_of": "2026-11-25T10:00:00Z",
        },
        "warnings": [],
    }
    assert [step for step, _ in outcome.trace] == ["find", "read", "open", "decide", "run", "shape", "record"]


async def test_a_write_says_under_which_name_it_can_be_repeated(path: Assembled) -> None:
    named = await path.confirmed("sample_send_note", note="n_1", intent="send it")
    assert named.envelope["meta"]["idempotency"] == {"intent": "send it", "replayed": False}
    unnamed = await path.confirmed("sample_send_note", note="n_2")
    assert unnamed.envelope["meta"]["idempotency"]["intent"].startswith("int_")


async def test_a_failed_write_names_connection_and_action(path: Assembled) -> None:
    path.vendor.inject(Fault("status", status=409, times=None, match="POST *"))
    failed = await path.confirmed("sample_send_note", note="n_1", intent="send it")
    assert failed.envelope["error"]["connection"] == "sample"
    assert failed.envelope["meta"]["idempotency"] == {"intent": "send it", "replayed": False}
    assert "data" not in failed.envelope


# --- what the audit keeps ---


def test_a_read_is_recorded_with_what_is_known() -> None:
    made = attempt("sample_get_note", {"note": "n_1"}, Caller("anna", client="editor 1.0"))
    made.tool, made.reading = sample_get_note, read(sample_get_note, {"note": "n_1"})
    assert made.audit_entry(Outcome({"data": {}}, is_error=False), 0.0123) == {
        "at": "2026-11-25T10:00:00Z",
        "caller": "anna",
        "client": "editor 1.0",
        "tool": "sample_get_note",
        "risk": "R",
        "arguments": {"note": "n_1"},
        "arguments_hash": made.reading.hash,
        "result": "ok",
        "duration_ms": 12.3,
    }


def test_a_refused_write_is_recorded_with_why() -> None:
    made = attempt("sample_send_note", {"note": "n_1"})
    made.tool = sample_send_note
    made.reading = read(sample_send_note, {"note": "n_1", "intent": "i", "reason": "asked"})
    made.is_cancelled = True
    error = {"code": "forbidden_by_policy", "outcome": "not_applied", "rule": "night", "reference": "log_1"}
    entry = made.audit_entry(Outcome({"error": error}, is_error=True), 0)
    assert {name: entry[name] for name in ("result", "outcome", "rule", "reference", "cancelled")} == {
        "result": "forbidden_by_policy",
        "outcome": "not_applied",
        "rule": "night",
        "reference": "log_1",
        "cancelled": True,
    }
    assert (entry["mode"], entry["reason"], entry["intent"]) == ("execute", "asked", "i")


async def test_a_preview_and_an_execution_are_told_apart(path: Assembled) -> None:
    await path.call("sample_send_note", note="n_1", mode="preview")
    preview = await last_record(path)
    assert (preview["mode"], preview["outcome"], preview["decision"]) == ("preview", "not_applied", "confirm")
    await path.confirmed("sample_send_note", note="n_1", intent="i")
    done = await last_record(path)
    assert (done["mode"], done["outcome"], done["rule"]) == ("execute", "applied", "default:W2")
    await path.call("sample_send_note", note="n_1", intent="i")
    again = await last_record(path)
    assert (again["replayed"], again["outcome"], again["ledger"]) == (True, "applied", done["ledger"])


def test_tokens_are_not_kept() -> None:
    entry = audited({"note": "n", "confirmation": "abc.def", "cursor": "c1.ghi"})
    assert entry["arguments"] == {"note": "n", "confirmation": "[token]", "cursor": "[token]"}


SECRET = "sk_" + "live_51Hx0verySecretPart"


@pytest.mark.parametrize(
    "raw",
    [
        {"note": f"use {SECRET} please"},
        {"note": [{"deep": SECRET}]},
        {SECRET: "x"},
        {"note": "-----BEGIN PRIVATE KEY-----\n51Hx0verySecretPart", "text": "x"},
        {"password": "51Hx0verySecretPart"},
        {"note": "https://anna:51Hx0verySecretPart@example.com"},
        {"note": "Bearer 51Hx0verySecretPart"},
    ],
)
def test_secrets_are_not_kept(raw: dict[str, Any]) -> None:
    assert "51Hx0verySecretPart" not in str(audited(raw))


def test_redaction_never_joins_two_arguments() -> None:
    """Text that ends like an address and text that goes on like its user name are still two arguments."""
    raw = {"note": "see http://shop", "text": "anna@example.com"}
    assert audited(raw)["arguments"] == raw


def test_bulk_is_cut() -> None:
    entry = audited({"note": "x" * 100_000})
    assert entry["arguments"] == '{"note":"' + "x" * 3991
    assert audited({"note": "x" * 3900})["arguments"] == {"note": "x" * 3900}


def nested(depth: int) -> Any:
    value: Any = "bottom"
    for _ in range(depth):
        value = [value]
    return value


NO_JSON = [
    {"note": "\ud800"},
    {"\ud800": 1},
    {"note": 2**70},
    {"note": nested(300)},
    {"note": nested(5000)},
    {"note": object()},
    {"note": {1: 2, (3, 4): 5}},
    {"note": float("nan")},
    {"note": b"\xff"},
]


@pytest.mark.parametrize("raw", NO_JSON, ids=range(len(NO_JSON)))
async def test_a_call_with_arguments_that_are_no_json_is_refused_and_recorded(
    path: Assembled, raw: Any
) -> None:
    outcome = await path.calls.call(LOCAL, "sample_get_note", raw)
    assert outcome.envelope["error"]["code"] == "invalid_arguments"
    orjson.dumps(outcome.envelope)
    assert (await last_record(path))["result"] == "invalid_arguments"
    assert (await verify(path.database)).is_whole


@pytest.mark.parametrize("name", ["", "\ud800", "x" * 10_000, "a\u202eb\x00", "\u202e" * 500])
async def test_a_call_of_a_tool_with_any_name_is_refused_and_recorded(path: Assembled, name: str) -> None:
    outcome = await path.calls.call(LOCAL, name, {})
    assert outcome.envelope["error"]["code"] == "invalid_arguments"
    assert len(orjson.dumps(outcome.envelope)) < 1000
    record = await last_record(path)
    assert len(record["tool"]) <= 80
    assert "\u202e" not in record["tool"]


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(st.dictionaries(st.text(max_size=10), anything, max_size=4))
def test_whatever_was_sent_can_be_recorded(raw: dict[str, Any]) -> None:
    entry = attempt("sample_get_note", raw).audit_entry(Outcome({}, is_error=False), 0)
    orjson.dumps(entry)


def test_an_error_of_reading_is_what_the_audit_calls_the_result() -> None:
    error = InvalidCall("invalid_arguments", "note is required")
    made = attempt()
    assert made.audit_entry(Outcome(made.failure(error), is_error=True), 0)["result"] == "invalid_arguments"


async def test_before_a_connection_is_chosen_nothing_can_be_asked_of_it() -> None:
    with pytest.raises(RuntimeError, match="no connection yet"):
        await attempt().api_in(Scope(1045.0))
