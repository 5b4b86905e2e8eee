"""Links to messages, and `ts` as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.providers.slack.permalinks import Place, build, moment, parse, ts_of

URL = "https://nordlicht.slack.com/"


# The forms are those of https://docs.slack.dev/reference/methods/chat.getPermalink
@pytest.mark.parametrize(
    ("link", "place"),
    [
        (
            "https://ghostbusters.slack.com/archives/C1H9RESGA/p135854651500008",
            Place("C1H9RESGA", "135854651.500008"),
        ),
        (
            "https://a.slack.com/archives/C1H9RESGL/p135854651700023?thread_ts=1358546515.000008&cid=C1H9RESGL",
            Place("C1H9RESGL", "135854651.700023", "1358546515.000008"),
        ),
        ("https://acme.enterprise.slack.com/archives/D0TEAM001/p1735725600000100/",
         Place("D0TEAM001", "1735725600.000100")),
        ("https://acme.slack.com/archives/C0A/p1735725600000100?thread_ts=oops",
         Place("C0A", "1735725600.000100")),
    ],
)  # fmt: skip
def test_a_link_names_channel_message_and_thread(link, place):
    assert parse(link) == place


@pytest.mark.parametrize(
    "link",
    [
        *("", "C0SUPPORT", "https://example.com/archives/C0SUPPORT/p1735725600000100"),
        *("https://slack.com.evil.example/archives/C0SUPPORT/p1735725600000100", "https://[::1"),
        *("https://a.slack.com/archives/C0SUPPORT", "https://a.slack.com/archives/C0SUPPORT/p12a4567890"),
        "https://a.slack.com/archives/../C0SUPPORT/p1735725600000100",
    ],
)
def test_other_links_are_no_messages(link):
    assert parse(link) is None


@given(seconds=st.integers(10**9, 10**10 - 1), micro=st.integers(0, 999_999), in_thread=st.booleans())
def test_what_is_built_is_read_as_the_same_digit_for_digit(seconds, micro, in_thread):
    ts = f"{seconds}.{micro:06}"
    place = Place("C0SUPPORT", ts, "1735725600.000100" if in_thread else None)
    assert parse(build(URL, place)) == place


def test_the_first_message_of_a_thread_is_linked_as_a_message():
    place = Place("C0SUPPORT", "1735725600.000100", "1735725600.000100")
    assert build(URL, place) == "https://nordlicht.slack.com/archives/C0SUPPORT/p1735725600000100"


def test_times_become_ts_and_back_without_a_number_in_between():
    at = datetime(2025, 1, 1, 11, 0, 0, 100, tzinfo=timezone(timedelta(hours=1)))
    assert ts_of(at) == "1735725600.000100"
    assert moment("1735725600.000100") == "2025-01-01T10:00:00Z"
    assert ts_of(datetime(2025, 1, 1, 10, 0, 0, 999_999, tzinfo=UTC)) == "1735725600.999999"
