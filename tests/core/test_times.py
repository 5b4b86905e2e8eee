"""Times: RFC 3339 out; RFC 3339, dates and a few relative forms in; nothing guessed."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.core.errors import InvalidCall
from wirepost.core.times import from_epoch, parse, to_rfc3339

NOW = datetime(2026, 11, 25, 10, 30, 15, 250_000, tzinfo=UTC)
# https://www.rfc-editor.org/rfc/rfc3339#section-5.6
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=offsets)  # noqa: DTZ001 - the strategy adds the zone


def read(text: str) -> datetime:
    return parse(text, now=NOW, path="created_after")


@given(moments)
def test_output_is_rfc_3339_in_utc(moment: datetime) -> None:
    text = to_rfc3339(moment)
    assert DATE_TIME.fullmatch(text)
    assert read(text) == moment.astimezone(UTC).replace(microsecond=0)


@given(moments)
def test_any_rfc_3339_time_is_read_exactly(moment: datetime) -> None:
    assert read(moment.isoformat()) == moment


@given(moments)
def test_what_is_read_is_in_utc(moment: datetime) -> None:
    assert read(moment.isoformat()).utcoffset() == timedelta(0)


@given(st.dates())
def test_a_date_is_its_first_moment_in_utc(day: datetime) -> None:
    assert read(day.isoformat()) == datetime(day.year, day.month, day.day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", NOW),
        ("today", datetime(2026, 11, 25, tzinfo=UTC)),
        ("-0d", NOW),
        ("-90m", NOW - timedelta(minutes=90)),
        ("-36h", NOW - timedelta(hours=36)),
        ("-7d", NOW - timedelta(days=7)),
        ("-2w", NOW - timedelta(weeks=2)),
        # https://www.rfc-editor.org/rfc/rfc3339#section-5.8
        ("1985-04-12T23:20:50.52Z", datetime(1985, 4, 12, 23, 20, 50, 520_000, tzinfo=UTC)),
        ("1996-12-19T16:39:57-08:00", datetime(1996, 12, 20, 0, 39, 57, tzinfo=UTC)),
        ("1937-01-01T12:00:27.87+00:20", datetime(1937, 1, 1, 11, 40, 27, 870_000, tzinfo=UTC)),
    ],
)
def test_accepted_forms(text: str, moment: datetime) -> None:
    assert read(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-25T10:00:00",
        "2026-11-25 10:00:00",
        "2026-11-25T10:00",
        "2026-11-25T10:00:00.5",
    ],
)
def test_a_time_without_offset_is_refused_and_says_so(text: str) -> None:
    with pytest.raises(InvalidCall, match="needs an offset") as refused:
        read(text)
    assert refused.value.fields[0]["path"] == "created_after"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "yesterday",
        "NOW",
        "now ",
        "7d",
        "+7d",
        "-7",
        "-d",
        "-7d\n",
        "-7 d",
        "-7y",
        "-7.5d",
        "--7d",
        "-100000d",
        "-\N{ARABIC-INDIC DIGIT SEVEN}d",
        "2026-13-01",
        "2026-02-30",
        "2026-11-25\n",
        "2026-11-25T25:00:00Z",
        "2026-11-25T10:00:60Z",
        "2026-11-25T10:00:00+24:00",
        "20261125",
        "2026-W48-3",
        "2026W48T10",
        "2026-330",
        "20261125T100000Z",
        "2026-11-25T10",
        "2026-11-25T10Z",
        "2026-11-25X10:00:00Z",
        "1764065400",
        "0000-01-01",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "2026-11-25T10:00:00Z; DROP",
        "\ud800",
    ],
)
def test_everything_else_is_refused_naming_the_argument(text: str) -> None:
    with pytest.raises(InvalidCall) as refused:
        read(text)
    assert refused.value.code == "invalid_arguments"
    assert [field["path"] for field in refused.value.fields] == ["created_after"]


@given(st.text(max_size=30) | st.from_regex(r"-?[0-9T:+Zmhdw.\-]{1,30}"))
def test_any_text_gives_a_time_or_a_refusal(text: str) -> None:
    with contextlib.suppress(InvalidCall):
        assert read(text).utcoffset() == timedelta(0)


@given(st.integers(0, 99_999), st.sampled_from("mhdw"))
def test_relative_times_lie_in_the_past(count: int, unit: str) -> None:
    seconds = {"m": 60, "h": 3600, "d": 86400, "w": 604_800}[unit] * count
    assert read(f"-{count}{unit}") == NOW - timedelta(seconds=seconds)


def test_a_relative_time_before_the_year_one_is_refused() -> None:
    with pytest.raises(InvalidCall):
        parse("-99999w", now=datetime(1900, 1, 1, tzinfo=UTC), path="created_after")


@given(st.integers(0, 253_402_300_799))
def test_epoch_seconds_become_rfc_3339(seconds: int) -> None:
    text = from_epoch(seconds)
    assert text is not None
    assert read(text).timestamp() == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, None), (0, "1970-01-01T00:00:00Z"), (1_767_225_599, "2025-12-31T23:59:59Z")],
)
def test_known_epochs(seconds: int | None, text: str | None) -> None:
    assert from_epoch(seconds) == text
