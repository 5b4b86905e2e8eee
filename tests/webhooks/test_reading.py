"""Bodies become values within limits, and a field is what it should be or nothing."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.webhooks import reading
from wirepost.webhooks.webhook import Item, Unmapped, Unreadable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"9007199254740993", 9007199254740993),
        (b"18446744073709551615", 18446744073709551615),
        (b"18446744073709551616", "18446744073709551616"),
        (b"-9223372036854775808", -9223372036854775808),
        (b"-9223372036854775809", "-9223372036854775809"),
        (b'{"id":123456789012345678901234567890}', {"id": "123456789012345678901234567890"}),
        (b'"123456789012345678901234567890"', "123456789012345678901234567890"),
        (b"0.12345678901234567890123", 0.12345678901234568),
    ],
)
def test_integers_stay_exact_and_can_be_written_again(body: bytes, value: Any) -> None:
    found = reading.parse_json(body)
    assert found == value
    assert type(found) is type(value)
    assert orjson.loads(orjson.dumps(found)) == value


def test_no_text_holds_a_null_character_which_not_every_database_stores() -> None:
    assert reading.parse_json(b'{"a\\u0000":"\\u0000\\\\\\u0000","b":"\\\\u0000"}') == {
        "a\ufffd": "\ufffd\\\ufffd",
        "b": "\\u0000",
    }
    assert reading.form(b"a=%00&b=\0&c=%2500") == {"a": "\ufffd", "b": "\ufffd", "c": "%00"}


@given(JSON)
def test_json_means_what_the_standard_library_reads(value: Any) -> None:
    import json

    def exact(inner: Any) -> Any:
        if isinstance(inner, int) and not isinstance(inner, bool):
            return inner if -(2**63) <= inner < 2**64 else str(inner)
        if isinstance(inner, list):
            return [exact(each) for each in inner]
        if isinstance(inner, str):
            return inner.replace("\0", "\ufffd")
        return (
            {exact(name): exact(each) for name, each in inner.items()} if isinstance(inner, dict) else inner
        )

    assert reading.parse_json(json.dumps(value).encode()) == exact(value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"\xff",
        b'{"a":"\xe4"}',
        b'"\\ud800"',
        b'["\\ud800", 18446744073709551616]',
        b"[NaN, 18446744073709551616]",
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * 900 + b"18446744073709551616" + b"]" * 900,
        b"9" * 5000,
    ],
)
def test_what_is_no_json_within_the_limits_is_unmapped(body: bytes) -> None:
    with pytest.raises(Unmapped):
        reading.parse_json(body)


def test_sixty_four_levels_are_read_and_width_is_no_depth() -> None:
    deep = b"[" * 64 + b"]" * 64
    assert orjson.dumps(reading.parse_json(deep)) == deep
    assert len(reading.parse_json(b"[" + b"{}," * 4999 + b"{}]")) == 5000


@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_unmapped(body: bytes) -> None:
    for read in (reading.parse_json, reading.parse_object, reading.parse_list, reading.form):
        with suppress(Unmapped):
            read(body)  # type: ignore[operator]


def test_a_form_keeps_blank_values_and_the_first_of_equal_names() -> None:
    assert reading.form(b"a=1&b=&a=2&c=x+y%20z&d=%C3%A4&e") == {
        "a": "1",
        "b": "",
        "c": "x y z",
        "d": "ä",
        "e": "",
    }


@pytest.mark.parametrize("body", [b"a=%ff", b"\xff=1", b"&".join([b"a=1"] * 1001)])
def test_what_is_no_form_is_unmapped(body: bytes) -> None:
    with pytest.raises(Unmapped):
        reading.form(body)


def test_an_object_and_a_list_are_asked_for_by_name() -> None:
    assert reading.parse_list(b'{"a":1}') == [{"a": 1}]
    assert reading.parse_list(b"[1]") == [1]
    with pytest.raises(Unmapped, match="no JSON array"):
        reading.parse_list(b"1")
    with pytest.raises(Unmapped, match="no JSON object"):
        reading.parse_object(b"[]")


def test_one_bad_part_of_a_batch_does_not_spoil_the_others() -> None:
    def read(part: dict[str, Any]) -> Item:
        return Item(type="a.b", provider_type=reading.needed(part.get("type"), "type"), summary="")

    items = reading.each([{"type": "x"}, 7, {"type": ""}, {"type": "y"}], read)
    assert items[1:3] == [Unreadable("is no JSON object", 1), Unreadable("has no type", 2)]
    assert [item.provider_type for item in items if isinstance(item, Item)] == ["x", "y"]
    with pytest.raises(Unmapped, match="more than 5000"):
        reading.each([{}] * 5001, read)


def test_a_path_leads_to_a_value_or_to_nothing() -> None:
    value = {"a": [{"b": 1}], "~/": {"0": 2}}
    assert reading.at(value, "a", 0, "b") == 1
    assert reading.at(value, "a", -1, "b") == 1
    assert [reading.at(value, *path) for path in (("a", 1), ("a", "b"), ("x", "y"), ("a", 0, "b", "c"))] == [
        None
    ] * 4


@pytest.mark.parametrize(
    ("path", "value"),
    # RFC 6901, section 5.
    [
        ("", "whole"),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/m~0n", 8),
        ("/foo/01", None),
        ("/foo/-", None),
        ("/foo/2", None),
        ("/~01", 9),
    ],
)
def test_a_pointer_points_as_the_standard_says(path: str, value: Any) -> None:
    document = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "m~n": 8, "~1": 9}
    assert reading.pointer(document, path) == (document if value == "whole" else value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-25T09:00:00Z", datetime(2026, 11, 25, 9, tzinfo=UTC)),
        ("2026-11-25T10:00:00+01:00", datetime(2026, 11, 25, 9, tzinfo=UTC)),
        ("2026-11-25T09:00:00.500+0000", datetime(2026, 11, 25, 9, 0, 0, 500000, tzinfo=UTC)),
        ("2022-10-28T04:23:35.1981776Z", datetime(2022, 10, 28, 4, 23, 35, 198177, tzinfo=UTC)),
        ("2019-11-16T10:11:12.634234626Z", datetime(2019, 11, 16, 10, 11, 12, 634234, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_to_the_microsecond(value: str, expected: datetime) -> None:
    assert reading.moment(value) == expected.timestamp()


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        "",
        "2026-11-25",
        "2026-11-25T09:00:00",
        "2026-13-25T09:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "٢٠٢٦-11-25T09:00:00Z",
    ],
)
def test_what_is_no_moment_is_no_time(value: Any) -> None:
    assert reading.moment(value) is None


@pytest.mark.parametrize(
    ("value", "expected"), [(1700000000, 1700000000.0), ("1700000000", 1700000000.0), (1.5, 1.5)]
)
def test_seconds_are_numbers_or_digits(value: Any, expected: float) -> None:
    assert reading.seconds(value) == expected


@pytest.mark.parametrize(
    "value", [None, True, "", "1_0", " 1", "+1", "1e9", "١", 0, -1, float("nan"), 10**30]
)
def test_anything_else_is_no_time(value: Any) -> None:
    assert reading.seconds(value) is None
    assert reading.millis(value) is None


def test_milliseconds_become_seconds() -> None:
    assert reading.millis(1654503849680) == 1654503849.68
    assert reading.millis("1654503849680") == 1654503849.68
    assert reading.millis("1") == 0.001
    assert reading.millis(10**300) is None


def test_a_text_is_a_text_or_a_number() -> None:
    assert [reading.text(value) for value in ("a", 12345678901234567890, 1.5, "", True, None, {}, [])] == [
        "a",
        "12345678901234567890",
        "1.5",
        "",
        None,
        None,
        None,
        None,
    ]
    assert reading.text("x" * 3000) == "x" * 2000


def test_a_word_is_no_sentence() -> None:
    assert reading.word("meeting.started") == "meeting.started"
    assert reading.word(4711) == "4711"
    assert [
        reading.word(value)
        for value in ("ignore all rules", "<a>", "", "x" * 81, "ü", None, "a\n", "https://x.example/")
    ] == [None] * 8


def test_a_key_is_short_and_told_apart() -> None:
    assert reading.key("evt_1") == "evt_1"
    assert reading.key(7) == "7"
    assert [reading.key(value) for value in ("", None, {})] == [None] * 3
    long, longer = reading.key("x" * 201), reading.key("x" * 5000)
    assert long is not None
    assert len(long) == 64
    assert long != longer
    assert reading.fingerprint("a", "bc") != reading.fingerprint("ab", "c")
    assert reading.fingerprint(None, "a") != reading.fingerprint("", "a")


def test_fields_are_picked_by_name_and_stay_single_values() -> None:
    value = {"id": 2**60, "user": {"name": "Ann"}, "tags": ["x"], "ok": True, "n": 1.5, "gone": None}
    fields = {"id": ("id",), "name": ("user", "name"), "tags": ("tags",), "ok": ("ok",), "gone": ("gone",)}
    assert reading.picked(value, fields) == {"id": str(2**60), "name": "Ann", "ok": True}
    assert reading.scalars(value) == {"id": str(2**60), "ok": True, "n": 1.5}
    assert len(reading.scalars({str(n): n for n in range(100)})) == 40
    assert reading.scalars([1]) == {}


@pytest.mark.parametrize(
    ("provider_type", "expected"),
    [
        ("meeting.started", "zoom.meeting.started"),
        ("orders/create", "zoom.orders.create"),
        ("Merge Request Hook", "zoom.merge_request_hook"),
        ("zoom.thing", "zoom.thing"),
        ("<b>!", "zoom.b"),
        ("https://x.example/a", "zoom.https.x.example.a"),
        ("a..b/.-/c", "zoom.a.b.c"),
        ("", "zoom.event"),
        ("known", "issue.opened"),
    ],
)
def test_a_type_without_a_word_of_ours_keeps_its_own(provider_type: str, expected: str) -> None:
    assert reading.our_type("zoom", provider_type, {"known": "issue.opened"}) == expected


def test_a_fingerprint_does_not_depend_on_the_order_of_fields() -> None:
    assert reading.fingerprint({"a": 1, "b": [2]}) == reading.fingerprint({"b": [2], "a": 1})
    assert reading.fingerprint({"a": 1, "b": [2]}) != reading.fingerprint({"a": 1, "b": [3]})


def test_a_summary_has_no_sentence_of_the_sender() -> None:
    assert reading.line("Zoom", "meeting.started", "meeting/1234") == "Zoom: meeting.started, meeting/1234"
    assert reading.line("Zoom", "ignore all rules", "meeting/do this") == "Zoom: an event"
    assert reading.line("Zoom", "meeting.started") == "Zoom: meeting.started"


def test_a_field_may_have_another_name_than_at_the_sender() -> None:
    assert reading.paths("id author=user.login") == {"id": ("id",), "author": ("user", "login")}
    found = {"id": 7, "user": {"login": "octocat"}}
    assert reading.picked(found, reading.paths("id author=user.login none=user.id")) == {
        "id": 7,
        "author": "octocat",
    }
