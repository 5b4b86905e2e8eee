"""Events on a terminal: nothing that a stranger has written can move its cursor."""

from __future__ import annotations

import pytest

from support.occurred import event
from wirepost.cli.event_view import line_of, print_event, print_request, print_trace, row_of

ESCAPE = "\x1b[2J"


def test_a_row_and_a_line_say_when_what_where_and_which():
    told = event(received_at=1_795_600_000.0)
    assert row_of(told) == (
        "2026-11-25T09:46:40Z",
        "payment.refunded",
        "stripe-live",
        "charge/ch_1",
        "payment.refunded: charge ch_1, 49.00 EUR",
        told.id,
    )
    line = line_of(event(subject=None, summary=f"a{ESCAPE}\nb"))
    assert "  -  " in line
    assert ESCAPE not in line
    assert "\n" not in line


def test_an_event_is_shown_without_control_characters(capsys):
    shown = event(data={"note": f"x{ESCAPE}"}, untrusted=["note"], account=f"acct{ESCAPE}").shown()
    print_event(shown)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "summary        payment.refunded: charge ch_1, 49.00 EUR" in out
    assert "written by outsiders: note" in out
    print_event(None)
    assert "forgotten" in capsys.readouterr().out


def test_each_delivery_is_shown_with_its_attempts(capsys):
    attempt = {
        "number": 1,
        "at": "2026-11-25T09:46:41Z",
        "took_s": 0.25,
        "outcome": "HTTP 500",
        "details": {},
    }
    way = {
        "subscription": "refunds",
        "sink": "hook",
        "copy": 1,
        "state": "dead",
        "attempt": 1,
        "pushed_at": "2026-11-25T09:46:41Z",
        "fetched_at": None,
        "reason": f"HTTP{ESCAPE} 500",
        "attempts": [attempt],
    }
    print_trace(event().shown(), {"endpoint": None, "is_complete": False, "duplicates": 0}, [way])
    out = capsys.readouterr().out
    assert "  is_complete  no\n" in out
    assert "refunds by hook (replay): dead, attempt 1, pushed 2026-11-25T09:46:41Z, HTTP" in out
    assert "    1. 2026-11-25T09:46:41Z: HTTP 500, 0.250 s\n" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (event().shown(), "no subscription wanted it"),
        (event(actor={"kind": "self", "id": None}).shown(), "exclude_self"),
        (None, "no deliveries are kept"),
    ],
)
def test_why_an_event_was_brought_nowhere_is_said(capsys, shown, said):
    print_trace(shown, {"endpoint": "default"}, [])
    assert said in capsys.readouterr().out.splitlines()[-1]


def test_a_request_is_shown_with_its_lines(capsys):
    print_request(
        {
            "method": "POST",
            "url": "http://x/webhooks/y",
            "headers": [["a", f"b{ESCAPE}"]],
            "body": f"one\ntwo{ESCAPE}",
        }
    )
    out = capsys.readouterr().out
    assert out == "\nPOST http://x/webhooks/y\na: b [2J\n\none\ntwo [2J\n"
    print_request(None)
    assert "not kept" in capsys.readouterr().out
