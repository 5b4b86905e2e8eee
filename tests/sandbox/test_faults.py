"""Faults as people write them."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.sandbox.faults import BadFault, Fault
from wirepost.settings.faults import FaultKind, FaultSettings


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "429;retry-after=2;times=3;match=POST /v1/refunds",
            Fault("status", "POST /v1/refunds", times=3, status=429, retry_after="2"),
        ),
        ("503", Fault("status", status=503)),
        ("500;applied", Fault("status", status=500, is_applied=True)),
        ("lost_answer ; match=POST *", Fault("lost_answer", "POST *")),
        ("cut;times=always", Fault("cut", times=None)),
        ("delay=1.5", Fault("slow", delay_s=1.5)),
        ("slow;delay=0.5", Fault("slow", delay_s=0.5)),
        ("slow=3", Fault("slow", delay_s=3)),
        ("html=200", Fault("html", status=200)),
        ("html;status=200", Fault("html", status=200)),
        ("malformed", Fault("malformed")),
        ("refused", Fault("refused")),
        (
            "429;retry-after=Wed, 25 Nov 2026 10:00:05 GMT",
            Fault("status", status=429, retry_after="Wed, 25 Nov 2026 10:00:05 GMT"),
        ),
    ],
)
def test_a_fault_is_read(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("explode", "kind must be one of status, slow, .*lost_answer"),
        ("lost_anser", r"did you mean lost_answer\?"),
        ("", "kind must be one of"),
        ("429;times=many", "times must be a whole number"),
        ("429;times=0", "times must be at least 1"),
        ("429;time=2", r"time is not a known option \(did you mean times\?\)"),
        ("429;colour=red", "known: .*retry_after"),
        ("200", "400 to 599"),
        ("999", "400 to 599"),
        ("html;status=302", "html may also have 200"),
        ("delay=soon", "delay_s must be a number"),
        ("delay=inf", "delay_s must be a number"),
    ],
)
def test_a_fault_that_cannot_be_read_says_what_is_possible(text: str, said: str) -> None:
    with pytest.raises(BadFault, match=said):
        Fault.parse(text)


@pytest.mark.parametrize("kind", get_args(FaultKind))
def test_what_is_left_out_is_the_same_in_the_sandbox_and_in_the_configuration(kind: FaultKind) -> None:
    assert Fault(kind).shown() == FaultSettings(kind=kind).model_dump()


@given(st.text())
def test_any_text_is_a_fault_or_refused_as_one(text: str) -> None:
    try:
        fault = Fault.parse(text)
    except BadFault:
        return
    assert fault.shown()["kind"] == fault.kind


@pytest.mark.parametrize(
    ("match", "method", "path", "is_hit"),
    [
        ("*", "GET", "/v1/x", True),
        ("/v1/refunds", "GET", "/v1/refunds", True),
        ("/v1/refunds", "POST", "/v1/refunds/re_1", False),
        ("/v1/refunds*", "POST", "/v1/refunds/re_1", True),
        ("post /v1/*", "POST", "/v1/refunds", True),
        ("POST /v1/*", "GET", "/v1/refunds", False),
        ("POST *", "POST", "/anything", True),
    ],
)
def test_a_fault_hits_by_method_and_path(match: str, method: str, path: str, *, is_hit: bool) -> None:
    assert Fault("cut", match).hits(method, path) is is_hit
