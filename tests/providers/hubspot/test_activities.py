"""Activities: the properties of each kind, and recognising one again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.contracts.records import Activity
from wirepost.providers.hubspot.activities import FORMS, is_same, properties_of

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
DUE = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "expected"),
    # Property names as at https://developers.hubspot.com/docs/api-reference/crm-notes-v3/guide and beside it.
    [
        ("note", {"hs_note_body": "S<br>a &lt; b<br>c"}),
        ("task", {"hs_task_body": "a &lt; b<br>c", "hs_task_subject": "S", "hs_task_status": "NOT_STARTED"}),
        ("call", {"hs_call_body": "a &lt; b<br>c", "hs_call_title": "S", "hs_call_status": "COMPLETED"}),
        (
            "email",
            {
                "hs_email_text": "a < b\nc",
                "hs_email_subject": "S",
                "hs_email_direction": "EMAIL",
                "hs_email_status": "SENT",
            },
        ),
        (
            "meeting",
            {
                "hs_meeting_body": "a &lt; b<br>c",
                "hs_meeting_title": "S",
                "hs_meeting_outcome": "COMPLETED",
                "hs_meeting_start_time": "2026-11-25T10:00:00Z",
            },
        ),
    ],
)
def test_each_kind_has_its_properties(kind, expected):
    made = properties_of(Activity(kind, "a < b\nc", "S"), NOW)
    assert made == {"hs_timestamp": "2026-11-25T10:00:00Z", **expected}


def test_a_task_is_dated_when_it_is_due_and_others_when_they_happened():
    due = Activity("task", "x", occurred_at=NOW, due_at=DUE, owner="70001")
    assert properties_of(due, NOW)["hs_timestamp"] == "2026-12-01T09:00:00Z"
    assert properties_of(due, NOW)["hubspot_owner_id"] == "70001"
    call = Activity("call", "x", occurred_at=DUE, due_at=NOW)
    assert properties_of(call, NOW)["hs_timestamp"] == "2026-12-01T09:00:00Z"


@given(st.sampled_from(sorted(FORMS)), st.text(min_size=1), st.one_of(st.none(), st.text(min_size=1)))
def test_what_was_stored_is_recognised(kind, body, subject):
    activity = Activity(kind, body, subject)
    assert is_same(activity, {"properties": properties_of(activity, NOW)})


@pytest.mark.parametrize("stored", ["<div><p>a &lt; b</p><p>c</p></div>", "a &lt; b<br/>c"])
def test_tidied_html_is_the_same(stored):
    assert is_same(Activity("note", "a < b\nc"), {"properties": {"hs_note_body": stored}})


def test_another_text_or_subject_is_another_activity():
    kept = {"properties": {"hs_call_title": "S", "hs_call_body": "b"}}
    assert is_same(Activity("call", "b", "S"), kept)
    assert not is_same(Activity("call", "b", "T"), kept)
    assert not is_same(Activity("call", "c", "S"), kept)
