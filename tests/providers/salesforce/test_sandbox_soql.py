"""The sandbox's SOQL: what statements mean there, and that our literals mean what they are made from."""
# ruff: noqa: S608 - statements are what is tested

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import ManualClock
from support.salesforce import shop
from wirepost.contracts.records import FieldSchema, FieldType, Filter, Operator, Value
from wirepost.providers.salesforce import soql
from wirepost.providers.salesforce.sandbox.errors import SalesforceError
from wirepost.providers.salesforce.sandbox.rows import Row, system_values
from wirepost.providers.salesforce.sandbox.selecting import select
from wirepost.providers.salesforce.sandbox.state import State
from wirepost.providers.salesforce.sandbox.syntax import parse

ANNA = "003Wp0000000001IAA"
BASE = "/services/data/v68.0"


@pytest.fixture
def state(clock: ManualClock) -> State:
    return State(shop(), clock)


def ask(state: State, statement: str) -> list[dict[str, Any]]:
    """Records without their attributes."""
    return [_plain(record) for record in select(state, parse(statement), BASE).records]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if name != "attributes"}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def refusal(state: State, statement: str) -> str:
    with pytest.raises(SalesforceError) as refused:
        ask(state, statement)
    return refused.value.code


def count(state: State, condition: str, object_name: str = "Contact") -> int:
    return select(state, parse(f"SELECT COUNT() FROM {object_name} WHERE {condition}"), BASE).total


# --- our literals ---

SPECIAL = st.sampled_from("'\\\"%_\n\r\t\b\f;()x ")
HOSTILE = st.text(SPECIAL | st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
PLAIN = st.text(SPECIAL | st.characters(codec="ascii"), min_size=1, max_size=12)
"""Letters of which each has one form in upper case and one in lower case."""


@cache
def empty() -> State:
    """One organisation for all examples, without contacts."""
    state = State(shop(), ManualClock())
    state.table("Contact").clear()
    return state


def two_contacts(name: str, column: str = "LastName") -> State:
    """One contact with this name, one with another."""
    state = empty()
    for number, value in enumerate((name, f"other {len(name)} than that")):
        key = f"003Wp000000000{number}AAA"
        system = system_values(key, state.now)
        state.table("Contact")[key] = Row("Contact", {**system, "LastName": "-", column: value})
    return state


def found(state: State, condition: str) -> int:
    return len(ask(state, soql.select(["Id"], "Contact", where=[condition])))


def field(kind: FieldType = "text", name: str = "LastName") -> FieldSchema:
    return FieldSchema(name=name, label=name, type=kind)


@given(HOSTILE)
def test_any_text_finds_itself_and_nothing_else(text: str) -> None:
    state = two_contacts(text)
    expected: tuple[tuple[Operator, list[Value], int], ...] = (
        ("eq", [text], 1),
        ("neq", [text], 1),
        ("in", [text, "x'"], 1),
        ("not_in", [text], 1),
        ("contains", [text], 1 + (text.lower() in f"other {len(text)} than that")),
        ("starts_with", [text], 1 + f"other {len(text)} than that".startswith(text.lower())),
    )
    for op, values, number in expected:
        condition = soql.condition(Filter(field(), op, tuple(values)))
        assert found(state, condition) == number, condition


@given(PLAIN, PLAIN)
def test_wildcards_in_a_text_stand_for_themselves(text: str, other: str) -> None:
    condition = soql.condition(Filter(field(), "contains", (text,)))
    names = (other, f"other {len(other)} than that")
    expected = sum(text.lower() in name.lower() for name in names)
    assert found(two_contacts(other), condition) == expected, condition


@given(HOSTILE.filter(lambda text: ";" not in text))
def test_a_choice_of_several_finds_itself(text: str) -> None:
    state = two_contacts(f"first;{text}", "Interests__c")
    choices = field("choices", "Interests__c")
    for op, values, number in (
        ("contains", (text,), 1),
        ("in", (text, "none"), 1),
        ("not_in", (text,), 1),
    ):
        condition = soql.condition(Filter(choices, op, values))
        assert found(state, condition) == number, condition


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53))
def test_any_number_finds_itself(number: float) -> None:
    state = two_contacts("x")
    next(iter(state.table("Contact").values())).values["Order_Count__c"] = float(number)
    condition = soql.condition(Filter(field("number", "Order_Count__c"), "eq", (number,)))
    assert found(state, condition) == 1, condition


@given(st.datetimes().map(lambda at: at.replace(year=max(at.year, 1000), microsecond=0)))
def test_any_moment_finds_itself(moment: Any) -> None:
    text = moment.isoformat() + "Z"
    state = two_contacts("x")
    rows = iter(state.table("Contact").values())
    next(rows).values["CreatedDate"] = moment.replace(tzinfo=state.now.tzinfo)
    next(rows).values["CreatedDate"] = moment.replace(tzinfo=state.now.tzinfo, year=moment.year % 100 + 100)
    condition = soql.condition(Filter(field("datetime", "CreatedDate"), "eq", (text,)))
    assert found(state, condition) == 1, condition


# --- what statements mean ---


def test_parents_are_nested_and_empty_ones_null(state: State):
    rows = ask(state, "SELECT Account.Name, Account.Owner.Name FROM Contact ORDER BY Id LIMIT 40")
    assert rows[0] == {"Account": None}
    full = next(row for row in rows if row["Account"])
    assert full["Account"].keys() == {"Name", "Owner"}


def test_children_come_with_their_parent(state: State):
    (row,) = ask(state, f"SELECT (SELECT Subject FROM Cases LIMIT 2), Name FROM Contact WHERE Id = '{ANNA}'")
    assert row["Name"] == "Anna Lindqvist"
    assert (row["Cases"]["totalSize"], row["Cases"]["done"]) == (2, True)
    rows = ask(state, "SELECT (SELECT Id FROM Cases) FROM Contact")
    assert None in [each["Cases"] for each in rows]


def test_names_have_no_case_and_results_have_their_own(state: State):
    (row,) = ask(state, f"select NAME, account.name from contact where ID = '{ANNA[:15]}'")
    assert row == {"Name": "Anna Lindqvist", "Account": None}


def test_an_alias_stands_for_the_object(state: State):
    rows = ask(state, "SELECT c.Id, c.Account.Name FROM Contact c WHERE c.Email LIKE 'anna.l%' ORDER BY c.Id")
    assert rows[0]["Id"] == ANNA


def test_references_to_several_objects_know_which(state: State):
    rows = ask(state, "SELECT What.Type, What.Name FROM Task WHERE What.Type = 'Opportunity' LIMIT 3")
    assert [row["What"]["Type"] for row in rows] == ["Opportunity"] * 3


def test_figures_of_groups(state: State):
    rows = ask(
        state,
        "SELECT StageName, COUNT(Id) n, SUM(Amount), MIN(Amount) low FROM Opportunity GROUP BY StageName "
        "HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC, StageName",
    )
    assert sorted(row["n"] for row in rows) == sorted(Counter(d.stage for d in shop().deals).values())
    assert [row["n"] for row in rows] == sorted((row["n"] for row in rows), reverse=True)
    assert rows[0].keys() == {"StageName", "n", "expr0", "low"}
    (all_of_them,) = ask(
        state, "SELECT COUNT(Id), COUNT(AccountId) a, COUNT_DISTINCT(StageName) s FROM Opportunity"
    )
    assert (all_of_them["expr0"], all_of_them["s"]) == (160, 6)
    assert all_of_them["a"] < 160
    years = ask(
        state,
        "SELECT CALENDAR_YEAR(CloseDate) y, COUNT(Id) n FROM Opportunity GROUP BY CALENDAR_YEAR(CloseDate)",
    )
    assert {row["y"]: row["n"] for row in years} == Counter(d.closes_at.year for d in shop().deals)


@pytest.mark.parametrize(
    ("condition", "same"),
    [
        ("Email = NULL", "NOT Email != NULL"),
        ("Email = ''", "Email = NULL"),
        ("NOT (LastName LIKE 'l%')", "NOT LastName LIKE 'L%'"),
        ("MailingCountry IN ('SE', 'DE')", "MailingCountry = 'se' OR MailingCountry = 'de'"),
        ("MailingCountry NOT IN ('SE')", "MailingCountry <> 'SE'"),
        ("Order_Count__c >= 2 AND Order_Count__c < 3", "Order_Count__c = 2.0"),
        ("Interests__c INCLUDES ('wool')", "NOT Interests__c EXCLUDES ('wool')"),
        (
            "Interests__c INCLUDES ('wool;bags')",
            "Interests__c INCLUDES ('wool') AND Interests__c INCLUDES ('bags')",
        ),
        ("HasOptedOutOfEmail = TRUE", "HasOptedOutOfEmail != false"),
        ("Id IN (SELECT ContactId FROM Case)", "NOT Id NOT IN (SELECT ContactId FROM Case)"),
        ("LastName LIKE '_i%'", "LastName LIKE '_i%' AND LastName LIKE '%'"),
        ("CreatedDate = LAST_N_DAYS:30", "CreatedDate >= LAST_N_DAYS:30 AND CreatedDate <= TODAY"),
        ("CreatedDate = THIS_YEAR", "CreatedDate > LAST_YEAR AND CreatedDate < NEXT_YEAR"),
        ("Account.Name != NULL", "AccountId != NULL"),
    ],
)
def test_conditions_that_mean_the_same(state: State, condition: str, same: str):
    assert 0 < count(state, condition) < 400
    assert count(state, condition) == count(state, same)


@pytest.mark.parametrize(
    ("word", "first", "last"),
    [  # on Wednesday 2026-11-25
        ("TODAY", "2026-11-25", "2026-11-25"),
        ("YESTERDAY", "2026-11-24", "2026-11-24"),
        ("TOMORROW", "2026-11-26", "2026-11-26"),
        ("THIS_WEEK", "2026-11-22", "2026-11-28"),
        ("LAST_WEEK", "2026-11-15", "2026-11-21"),
        ("THIS_MONTH", "2026-11-01", "2026-11-30"),
        ("NEXT_MONTH", "2026-12-01", "2026-12-31"),
        ("LAST_QUARTER", "2026-07-01", "2026-09-30"),
        ("NEXT_YEAR", "2027-01-01", "2027-12-31"),
        ("LAST_N_DAYS:3", "2026-11-22", "2026-11-25"),
        ("NEXT_N_DAYS:3", "2026-11-26", "2026-11-28"),
        ("N_DAYS_AGO:3", "2026-11-22", "2026-11-22"),
        ("LAST_N_MONTHS:2", "2026-09-01", "2026-10-31"),
        ("NEXT_N_MONTHS:1", "2026-12-01", "2026-12-31"),
    ],
)
def test_words_for_days(clock: ManualClock, word: str, first: str, last: str):
    state = State(shop(), clock)
    clock.advance((date_of("2026-11-25") - clock.now().date()).days * 86_400)
    rows = list(state.table("Contact").values())[:4]
    days = [date_of(first), date_of(last), date_of(first) - DAY, date_of(last) + DAY]
    for row, day in zip(rows, days, strict=True):
        row.values["Customer_Since__c"] = day
    keys = [
        row["Id"]
        for row in ask(state, f"SELECT Id FROM Contact WHERE Customer_Since__c = {word} ORDER BY Id")
    ]
    assert [row.id in keys for row in rows] == [True, True, False, False]


DAY = timedelta(days=1)


def date_of(text: str) -> Any:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("function", "figure"),
    [
        ("CALENDAR_QUARTER", lambda day: (day.month - 1) // 3 + 1),
        ("CALENDAR_MONTH", lambda day: day.month),
    ],
)
def test_parts_of_days_make_groups_and_conditions(state: State, function: str, figure: Any):
    days = [deal.closes_at.date() for deal in shop().deals]
    part = f"{function}(CloseDate)"
    rows = ask(state, f"SELECT {part} part, COUNT(Id) n FROM Opportunity GROUP BY {part}")
    assert {row["part"]: row["n"] for row in rows} == Counter(map(figure, days))
    first = figure(days[0])
    assert count(state, f"{part} = {first}", "Opportunity") == Counter(map(figure, days))[first]


def test_moments_have_a_day(state: State):
    rows = ask(
        state, "SELECT DAY_ONLY(CreatedDate) day, COUNT(Id) n FROM Case GROUP BY DAY_ONLY(CreatedDate)"
    )
    assert {row["day"]: row["n"] for row in rows} == Counter(
        ticket.created_at.date().isoformat() for ticket in shop().tickets
    )
    (row,) = ask(state, "SELECT toLabel(Status) label FROM Case LIMIT 1")
    assert row["label"] in {"New", "Working", "Waiting", "Closed"}


def test_what_is_missing_comes_first_or_last(state: State):
    rows = ask(state, "SELECT Email FROM Contact ORDER BY Email")
    assert rows[0]["Email"] is None
    rows = ask(state, "SELECT Email FROM Contact ORDER BY Email DESC NULLS LAST")
    assert rows[-1]["Email"] is None
    assert [row["Email"] for row in rows[:-5]] == sorted((row["Email"] for row in rows[:-5]), reverse=True)


def test_ids_are_in_the_order_in_which_they_compare(state: State):
    """Letters of both cases are digits of ids, so who goes on behind the last id misses none."""
    keys, last = list[str](), ""
    while page := ask(
        state, f"SELECT Id FROM Contact WHERE Id > '{last}' ORDER BY Id LIMIT 90" if last else FIRST
    ):
        keys += [row["Id"] for row in page]
        last = keys[-1]
    assert len(keys) == len(set(keys)) == 400


FIRST = "SELECT Id FROM Contact ORDER BY Id LIMIT 90"


def test_limits_and_offsets(state: State):
    rows = ask(state, "SELECT Id FROM Contact ORDER BY Id")
    assert ask(state, "SELECT Id FROM Contact ORDER BY Id LIMIT 3 OFFSET 2") == rows[2:5]


def test_groups_of_fields_stand_for_all_of_them(state: State):
    (standard,) = ask(state, "SELECT FIELDS(STANDARD) FROM Contact LIMIT 1")
    (custom,) = ask(state, "SELECT FIELDS(CUSTOM) FROM Contact LIMIT 1")
    (every,) = ask(state, "SELECT FIELDS(ALL) FROM Contact LIMIT 1")
    assert standard.keys() | custom.keys() == every.keys()
    assert custom.keys() == {"Shop_Number__c", "Customer_Since__c", "Order_Count__c", "Interests__c"}


def test_notes_are_found_by_what_they_are_linked_to(state: State):
    rows = ask(
        state,
        "SELECT ContentDocument.Title FROM ContentDocumentLink "
        f"WHERE LinkedEntityId = '{ANNA}' AND ContentDocument.FileType = 'SNOTE'",
    )
    notes = [one for one in shop().activities if one.kind == "note" and one.person == "person0001"]
    assert sorted(row["ContentDocument"]["Title"] for row in rows) == sorted(note.subject for note in notes)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("SELECT Nope FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Rocket", "INVALID_TYPE"),
        ("SELECT Id FROM Contact WHERE Nope.Name = 'x'", "INVALID_FIELD"),
        ("SELECT Id, (SELECT Id FROM Rockets) FROM Contact", "INVALID_TYPE"),
        ("SELECT Id, Id FROM Contact", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact ORDER BY Description", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Order_Count__c = '1'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE LastName = 1", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE HasOptedOutOfEmail = 'true'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Customer_Since__c = 2026-01-01T00:00:00Z", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE CreatedDate > 2026-01-01", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE CreatedDate > 2026-01-01T00:00:00", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Contact WHERE Id LIKE '003%'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Contact WHERE LastName INCLUDES ('x')", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Contact WHERE LastName > NULL", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Contact WHERE LastName IN (SELECT Id FROM Case)", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Contact WHERE FirstName = 'a' AND LastName = 'b' OR Phone = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE LastName = 'a\\%'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE LastName = 'a\\q'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE LastName = 'a", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE LastName = :name", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact; SELECT Id FROM Case", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact FOR UPDATE", "MALFORMED_QUERY"),
        ("SELECT Id, COUNT(Email) FROM Contact", "MALFORMED_QUERY"),
        ("SELECT COUNT(Id) FROM Contact LIMIT 1", "MALFORMED_QUERY"),
        ("SELECT SUM(LastName) FROM Contact", "MALFORMED_QUERY"),
        ("SELECT Amount, COUNT(Id) FROM Opportunity GROUP BY Amount", "INVALID_FIELD"),
        ("SELECT FIELDS(ALL) FROM Contact", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        ("SELECT Id FROM ContentDocumentLink", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE CreatedDate = LAST_N_AEONS:3", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE CreatedDate = SOMETIMES", "MALFORMED_QUERY"),
        ("SELECT FROM Contact", "MALFORMED_QUERY"),
        ("SELECT Id", "MALFORMED_QUERY"),
        ("", "MALFORMED_QUERY"),
    ],
)
def test_what_salesforce_refuses_is_refused(state: State, statement: str, code: str):
    assert refusal(state, statement) == code
