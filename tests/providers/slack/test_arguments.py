"""Arguments: ids told from names, times as Slack compares them."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from support.clock import START
from wirepost.core.errors import InvalidCall
from wirepost.providers.slack.arguments import Ts, is_channel_id, is_user_id, ts_at, wrong


@pytest.mark.parametrize("text", ["C0SUPPORT", "G0123456789", "D0TEAM001"])
def test_ids_of_channels(text):
    assert is_channel_id(text)
    assert not is_user_id(text)


@pytest.mark.parametrize("text", ["support", "#support", "C0", "c0support", "U0TEAM001", "C0SUPPORT/..", ""])
def test_names_are_no_ids_of_channels(text):
    assert not is_channel_id(text)


@pytest.mark.parametrize("text", ["U0TEAM001", "W0123456789"])
def test_ids_of_users(text):
    assert is_user_id(text)
    assert not is_channel_id(text)


def test_a_ts_is_text_and_nothing_else():
    adapter = TypeAdapter(Ts)
    assert adapter.validate_python("1735725600.000100") == "1735725600.000100"
    for other in (
        1735725600.0001,
        "1735725600.0001",
        "1735725600",
        "1735725600.000100 ",
        "p1735725600",
    ):
        with pytest.raises(ValidationError):
            adapter.validate_python(other)


def test_times_are_read_relative_to_the_call():
    assert ts_at(None, now=START, path="after") is None
    assert ts_at("-1h", now=START, path="after") == "1795597200.000000"
    with pytest.raises(InvalidCall) as refused:
        ts_at("yesterday", now=START, path="after")
    assert refused.value.fields[0]["path"] == "after"


def test_a_refusal_names_the_argument_and_what_is_allowed():
    assert wrong("channel", "is odd", ["C1"]).fields == [
        {"path": "channel", "problem": "is odd", "allowed": ["C1"]}
    ]
    assert wrong("channel", "is odd").fields == [{"path": "channel", "problem": "is odd"}]
