"""Statements of callers: what is read, how it is written anew, and what is refused."""
# ruff: noqa: S608 - statements are what is tested

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import ManualClock
from support.salesforce import shop
from wirepost.core.errors import InvalidCall
from wirepost.providers.salesforce.sandbox.selecting import select
from wirepost.providers.salesforce.sandbox.state import State
from wirepost.providers.salesforce.sandbox.syntax import parse
from wirepost.providers.salesforce.statement import read

STATEMENTS = [
    "SELECT Id FROM Contact ORDER BY Id",
    "SELECT Id, Account.Name n FROM Contact c WHERE c.Email != NULL ORDER BY c.Id DESC NULLS LAST",
    "SELECT Name FROM Contact WHERE (FirstName = 'a' OR LastName LIKE 'l\\'%') AND Email != 'x' ORDER BY Id",
    "SELECT Type, COUNT(Id) n FROM Opportunity GROUP BY Type HAVING COUNT(Id) > 2 ORDER BY COUNT(Id)",
    "SELECT COUNT(Id), MAX(Amount) FROM Opportunity WHERE CloseDate >= LAST_N_DAYS:90",
    "SELECT Id FROM Contact WHERE Id IN (SELECT ContactId FROM Case WHERE Origin IN ('Email')) ORDER BY Id",
    "SELECT Id FROM Case WHERE CreatedDate > 2026-01-01T00:00:00+02:00 WITH USER_MODE ORDER BY Id",
    "SELECT Id FROM Opportunity WHERE Amount >= -1.5 AND CloseDate > 2020-01-01 ORDER BY Id LIMIT 7 OFFSET 2",
    "select id from contact where lastname = 'SELECT x FROM y FOR UPDATE' order by id",
    "SELECT FIELDS(CUSTOM) FROM Contact ORDER BY Id LIMIT 5",
]


@pytest.mark.parametrize("text", STATEMENTS)
def test_what_is_written_anew_means_the_same(text: str) -> None:
    state = State(shop(), ManualClock())
    again = read(text).text()
    assert select(state, parse(again), "").records == select(state, parse(text), "").records
    assert read(again).text() == again


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("SELECT Id FROM A", "SELECT Id FROM A ORDER BY Id LIMIT 11 OFFSET 10"),
        ("SELECT Id FROM A LIMIT 500", "SELECT Id FROM A ORDER BY Id LIMIT 11 OFFSET 10"),
        ("SELECT Id FROM A LIMIT 15", "SELECT Id FROM A ORDER BY Id LIMIT 5 OFFSET 10"),
        ("SELECT Id FROM A LIMIT 3", "SELECT Id FROM A ORDER BY Id LIMIT 0 OFFSET 10"),
        ("SELECT Id FROM A OFFSET 5", "SELECT Id FROM A ORDER BY Id LIMIT 11 OFFSET 15"),
        ("SELECT Id FROM A ORDER BY B", "SELECT Id FROM A ORDER BY B LIMIT 11 OFFSET 10"),
        ("SELECT B FROM A GROUP BY B", "SELECT B FROM A GROUP BY B LIMIT 11 OFFSET 10"),
        ("SELECT COUNT(Id) FROM A", "SELECT COUNT(Id) FROM A"),
        ("SELECT COUNT() FROM A LIMIT 9", "SELECT COUNT() FROM A LIMIT 9"),
        (
            "SELECT Id, (SELECT Id FROM Bs) FROM A",
            "SELECT Id, (SELECT Id FROM Bs LIMIT 21) FROM A ORDER BY Id LIMIT 11 OFFSET 10",
        ),
        (
            "SELECT (SELECT Id FROM Bs ORDER BY C LIMIT 5) FROM A",
            "SELECT (SELECT Id FROM Bs ORDER BY C LIMIT 5) FROM A ORDER BY Id LIMIT 11 OFFSET 10",
        ),
        (
            "SELECT\n\tId\nFROM   A\nWHERE(B=1)AND(C='x  y')",
            "SELECT Id FROM A WHERE (B=1)AND(C='x  y') ORDER BY Id LIMIT 11 OFFSET 10",
        ),
        ("SELECT Id FROM Order", "SELECT Id FROM Order ORDER BY Id LIMIT 11 OFFSET 10"),
    ],
)
def test_pages_are_bounded_and_in_order(text: str, written: str) -> None:
    assert read(text).text(limit=11, offset=10) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "Id",
        "DELETE FROM Contact",
        "FIND {x} IN ALL FIELDS",
        "SELECT",
        "SELECT Id",
        "SELECT FROM Contact",
        "SELECT Id FROM",
        "SELECT Id FROM Contact;",
        "SELECT Id FROM Contact; SELECT Id FROM Case",
        "SELECT Id FROM Contact SELECT Id FROM Case",
        "SELECT Id FROM Contact, Contact.Cases",
        "SELECT Id FROM Contact FOR UPDATE",
        "SELECT Id FROM Contact FOR VIEW",
        "SELECT Id FROM Contact LIMIT 5 FOR REFERENCE",
        "SELECT Id FROM Contact UPDATE TRACKING",
        "SELECT Id FROM Contact USING SCOPE mine",
        "SELECT Id FROM Contact ALL ROWS",
        "SELECT Id FROM Contact WHERE LastName = 'x' ALL ROWS",
        "SELECT Id FROM Contact WITH SYSTEM_MODE",
        "SELECT Id FROM Contact WITH",
        "SELECT Id FROM Contact WHERE",
        "SELECT Id FROM Contact WHERE (LastName = 'x'",
        "SELECT Id FROM Contact WHERE LastName = 'x')",
        "SELECT Id FROM Contact WHERE LastName = :name",
        "SELECT Id FROM Contact WHERE LastName = 'x",
        "SELECT Id FROM Contact WHERE LastName = 'x\\q'",
        "SELECT Id FROM Contact -- all",
        "SELECT Id /* all */ FROM Contact",
        'SELECT Id FROM Contact WHERE LastName = "x"',
        "SELECT Id FROM Contact WHERE LastName = {0}",
        "SELECT Id FROM Contact LIMIT",
        "SELECT Id FROM Contact LIMIT -1",
        "SELECT Id FROM Contact LIMIT 1.5",
        "SELECT Id FROM Contact LIMIT 99999999999",
        "SELECT Id FROM Contact OFFSET x",
        "SELECT Id FROM Contact GROUP Name",
        "SELECT Id FROM Contact ORDER BY",
        "SELECT Id FROM a.b",
        "SELECT Id,, Name FROM Contact",
        "SELECT (SELECT Id FROM Cases FOR UPDATE) FROM Contact",
        "SELECT (SELECT (SELECT (SELECT Id FROM D) FROM C) FROM B) FROM A",
        "SELECT Id FROM Contact WHERE Id IN (SELECT ContactId FROM Case ALL ROWS)",
        "SELECT Id FROM Contact WHERE (FOR UPDATE)",
        "SELECT Id FROM Contact\x00",
        "(SELECT Id FROM Contact)",
    ],
)
def test_anything_but_one_select_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidCall) as refused:
        read(text)
    assert refused.value.fields[0]["path"] == "soql"


def test_a_refusal_says_what_to_do() -> None:
    with pytest.raises(InvalidCall, match="leave them out"):
        read("SELECT Id FROM Contact FOR UPDATE")
    with pytest.raises(InvalidCall, match="at 'SECURITY': WITH takes"):
        read("SELECT Id FROM Contact WITH SECURITY")


_PIECES = [*"(),=' ", "SELECT ", "FROM ", "WHERE ", "Id ", "LIMIT ", "FOR ", "UPDATE ", "7 ", "\\", "IN "]


@given(st.lists(st.sampled_from(_PIECES), max_size=20).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        written = read(f"SELECT Id FROM Contact WHERE {text}").text(limit=5)
    except InvalidCall:
        return
    assert read(written).text() == written
    outside = "".join(written.replace("\\'", "").split("'")[::2]).upper().split()
    assert not {"FOR", "UPDATE"} & set(outside)
