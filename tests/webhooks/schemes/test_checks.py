"""Times are read strictly, secrets are tried newest first, and large bodies hold nobody up."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.signatures import terms_with
from wirepost.webhooks.schemes.checks import (
    LARGE,
    check_window,
    find_secret,
    from_base64,
    from_base64url,
    is_among,
    key_bytes,
    latin,
    read_time,
)
from wirepost.webhooks.verdict import Rejected


def check_of(attempt) -> str:
    with pytest.raises(Rejected) as caught:
        attempt()
    return caught.value.check


@pytest.mark.parametrize(
    ("text", "unit", "seconds"),
    [
        ("1492774577", "s", 1492774577.0),
        ("1693657560000", "ms", 1693657560.0),
        ("1693657560123", "ms", 1693657560.123),
        ("0", "s", 0.0),
        ("2019-11-16T10:11:12.634234626Z", "iso", 1573899072.634234626),
        ("2021-06-15T12:00:00Z", "iso", 1623758400.0),
        ("2021-06-15T14:00:00+02:00", "iso", 1623758400.0),
    ],
)
def test_a_time_is_read_as_it_is_written(text: str, unit, seconds: float) -> None:
    assert read_time(text, unit) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "1_700",
        "+1700",
        "-1700",
        " 1700",
        "1700 ",
        "1700\n",
        "1e9",
        "nan",
        ".9",
        "1700.5",
        "١٧٠٠",
        "9" * 5000,
    ],
)
@pytest.mark.parametrize("unit", ["s", "ms"])
def test_only_ascii_digits_are_a_time(text: str, unit) -> None:
    assert check_of(lambda: read_time(text, unit)) == "bad_timestamp"


@pytest.mark.parametrize(
    "text",
    [
        "2021-06-15T12:00:00",  # no offset: nobody knows when that is
        "2021-06-15 12:00:00Z",
        "2021-13-15T12:00:00Z",
        "2021-06-15T12:00:00Z\n",
        "٢٠٢١-06-15T12:00:00Z",
        "2021-06-15",
        "1623758400",
        "2021-06-15T12:00:00+99:00",
    ],
)
def test_another_form_of_a_moment_is_no_time(text: str) -> None:
    assert check_of(lambda: read_time(text, "iso")) == "bad_timestamp"


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_a_bad_one(text: str) -> None:
    for unit in ("s", "ms", "iso"):
        with suppress(Rejected):
            assert read_time(text, unit) >= -62135596800 - 86400  # the year 1


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001 - the offset is written below
def test_every_moment_is_read_to_the_microsecond(moment: datetime) -> None:
    expected = (moment - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001
    assert read_time(moment.isoformat(timespec="microseconds") + "Z", "iso") == pytest.approx(
        expected, abs=1e-4
    )


def test_the_window_holds_in_both_directions_to_the_second() -> None:
    check_window(1000.0, 1300.0, 300.0)
    check_window(1300.0, 1000.0, 300.0)
    assert check_of(lambda: check_window(1000.0, 1300.001, 300.0)) == "timestamp_too_old"
    assert check_of(lambda: check_window(1300.001, 1000.0, 300.0)) == "timestamp_too_new"
    check_window(0.0, 1e9, float("inf"))  # off


async def test_the_newest_secret_that_fits_is_named() -> None:
    terms = terms_with("new", "old", "older")
    assert (await find_secret(terms, lambda each: each != "new")).label == "1"
    with pytest.raises(Rejected, match="signature_mismatch"):
        await find_secret(terms, lambda _: False)


@pytest.mark.parametrize("secrets", [(), ("",), ("", "")])
async def test_nobody_signs_with_an_empty_secret(secrets: tuple[str, ...]) -> None:
    with pytest.raises(Rejected, match="empty_secret"):
        await find_secret(terms_with(*secrets), lambda _: True)


async def test_an_empty_secret_beside_others_is_passed_over() -> None:
    tried: list[str] = []
    await find_secret(terms_with("", "real"), lambda each: tried.append(each) is None)
    assert tried == ["real"]


@pytest.mark.parametrize(("size", "is_here"), [(LARGE, True), (LARGE + 1, False)])
async def test_what_is_large_is_digested_in_a_thread(size: int, is_here) -> None:
    threads: list[int] = []
    await find_secret(terms_with("s"), lambda _: threads.append(threading.get_ident()) is None, size)
    assert (threads == [threading.get_ident()]) is is_here


@given(st.binary(max_size=40))
def test_base64_is_read_with_padding_and_without(raw: bytes) -> None:
    from base64 import b64encode, urlsafe_b64encode

    padded = b64encode(raw).decode()
    assert from_base64(padded) == from_base64(padded.rstrip("=")) == raw
    assert from_base64url(urlsafe_b64encode(raw).decode().rstrip("=")) == raw


@pytest.mark.parametrize("text", ["bad!", "a", "YQ==YQ==", "é", " YQ==", "YQ\n==", "Y=Q="])
def test_what_is_no_base64_is_nothing(text: str) -> None:
    assert from_base64(text) is None


@pytest.mark.parametrize("text", ["YQ==", "a+b/", "a", "é"])
def test_the_other_alphabet_is_not_taken_for_the_safe_one(text: str) -> None:
    assert from_base64url(text) is None


def test_one_of_several_is_enough() -> None:
    assert is_among(b"a", [b"", b"b", b"a"])
    assert not is_among(b"a", [])
    assert not is_among(b"a", [b"aa", b"A"])


def test_a_header_is_the_bytes_it_came_as() -> None:
    assert latin("th\xe9") == b"th\xe9"
    assert check_of(lambda: latin("\u20ac")) == "malformed_header"


def test_a_secret_keeps_the_bytes_of_its_variable() -> None:
    assert key_bytes("é") == b"\xc3\xa9"
    assert key_bytes("\udcff") == b"\xff"  # as Python reads an environment that is no UTF-8
