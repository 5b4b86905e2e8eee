"""`wirepost events`: listed, shown, offered again, exported and erased, on the store of the project."""

from __future__ import annotations

import json

import pytest

from support.operating import operate, receive, shop
from support.receiving import refund
from wirepost.events.deliveries import PULL, Deliveries
from wirepost.store.signals import Signals


@pytest.fixture
def events(home, configure):
    """Three refunds of the shop, the second one sent twice; their ids in the order in which they came."""
    configure(shop(home))

    async def work(opened):
        of_jane = refund(2, receipt_email="jane@example.com")
        for body in (refund(1), of_jane, of_jane, refund(3)):
            await receive(opened, body)
        return [each.id for each in await opened.hub.events.after(0, 10)]

    return operate(work)


def records(cli):
    """Names of what is on record, the oldest first."""
    return [each["record"]["event"] for each in cli("audit", "list", "--json").json][::-1]


def test_events_are_listed_newest_first_as_a_table_and_as_json(cli, events):
    assert [each["id"] for each in cli("events", "list", "--json").json] == events[::-1]
    table = cli("events", "list", "--limit", "1").out.splitlines()
    assert table[0].split() == ["RECEIVED", "TYPE", "SOURCE", "SUBJECT", "SUMMARY", "ID"]
    assert len(table) == 2
    assert "payment.refunded  shop    charge/ch_1" in table[1]
    assert table[1].endswith(events[2])


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--type", "payment.*"], 3),
        (["--type", "order.*"], 0),
        (["--source", "shop", "--environment", "test"], 3),
        (["--environment", "production"], 0),
        (["--object", "ch_1"], 3),
        (["--object", "ch_2"], 0),
        (["--since", "-1h"], 3),
        (["--since", "2999-01-01"], 0),
    ],
)
def test_a_list_is_narrowed(cli, events, options, count):
    assert len(cli("events", "list", "--json", *options).json) == count


def test_a_time_that_is_none_is_misuse(cli, events):
    result = cli("events", "list", "--since", "yesterday")
    assert result.code == 2
    assert "--since" in result.err


def test_an_event_is_shown_with_how_it_came_and_where_it_went(cli, events):
    shown = cli("events", "show", events[1], "--json").json
    assert shown["event"]["id"] == events[1]
    assert shown["received"]["scheme"] == "stripe-v1"
    assert shown["received"]["duplicates"] == 1
    assert shown["received"]["repeats"][0]["outcome"] == "duplicate"
    assert "request" not in shown
    text = cli("events", "show", events[1]).out
    assert f"id                 {events[1]}" in text
    assert "duplicates    1" in text
    assert "no subscription wanted it" in text


def test_the_request_is_shown_when_it_is_asked_for_and_that_goes_on_record(cli, events):
    shown = cli("events", "show", events[0], "--raw", "--json").json
    assert json.loads(shown["request"]["body"])["id"] == "evt_1"
    assert cli("events", "show", events[0], "--raw").out.rstrip().endswith(refund(1).decode().split("\n")[-1])
    assert records(cli) == ["event.raw", "event.raw"]


def test_an_event_that_never_was_is_not_found(cli, events):
    result = cli("events", "show", "evt_unknown")
    assert (result.code, result.out) == (1, "")
    assert "There is no event 'evt_unknown'" in result.err


def test_events_are_offered_again_by_id_and_by_time(cli, events):
    one = cli("events", "replay", events[0], "evt_unknown", "--subscription", "refunds", "--json")
    assert one.json == {"subscription": "refunds", "events": 1}
    assert "1 of them are not there" in one.err
    every = cli("events", "replay", "--since", "-1h", "--subscription", "refunds")
    assert every.err.endswith("offered to refunds once more: 3 events\n")
    assert cli("events", "replay", "--since", "-2h", "--until", "-1h", "--subscription", "refunds").code == 0

    async def copies(opened):
        deliveries = Deliveries(opened.database, Signals(), opened.clock)
        taken = await deliveries.claim(PULL, holder="me", lease_s=60, limit=50)
        return sorted((each.event.id, each.copy) for each in taken)

    expected = [(events[0], 1), (events[0], 2), (events[1], 1), (events[2], 1)]
    assert [each for each in operate(copies) if each[1]] == sorted(expected)
    assert records(cli) == ["event.replayed"] * 3
    shown = cli("events", "show", events[0]).out
    assert "refunds by pull (replay): offered, attempt 1, fetched" in shown


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--subscription", "refunds"], "name either events or --since"),
        (["evt_1", "--since", "-1h", "--subscription", "refunds"], "name either events or --since"),
        (["evt_1", "--subscription", "refund"], "there is no subscription 'refund' (there are: refunds)"),
    ],
)
def test_a_replay_that_says_too_little_or_too_much_is_misuse(cli, events, arguments, problem):
    result = cli("events", "replay", *arguments)
    assert (result.code, result.err) == (2, f"error: {problem}\n")


def test_an_export_holds_every_event_in_order(cli, events, home):
    lines = [json.loads(each) for each in cli("events", "export").out.splitlines()]
    assert [each["id"] for each in lines] == events
    (first, *_) = cli("events", "export", "--format", "cloudevents", "--since", "-1h").out.splitlines()
    cloud = json.loads(first)
    assert (cloud["specversion"], cloud["id"], cloud["type"]) == ("1.0", events[0], "payment.refunded")
    assert cli("events", "export", "--since", "2999-01-01").out == ""
    assert cli("events", "export", "--type", "order.*").out == ""
    path = home / "events.jsonl"
    assert cli("events", "export", "-o", str(path)).err == f"wrote 3 events to {path}\n"
    assert len(path.read_text().splitlines()) == 3
    again = cli("events", "export", "-o", str(path))
    assert (again.code, "is there already" in again.err) == (2, True)
    assert cli("events", "export", "-o", str(home / "no" / "file")).code == 2
    assert set(records(cli)) == {"event.exported"}


def test_nobody_is_asked_where_json_is_printed(cli, events):
    refused = cli("events", "erase", "--person", "jane@example.com", "--json", given="y\n")
    assert (refused.code, refused.err) == (2, "")
    assert refused.json == {"error": {"message": "nobody can be asked here", "hint": "--yes goes ahead"}}
    assert len(cli("events", "list", "--json").json) == len(events)


def test_a_person_is_forgotten_after_a_question_and_the_record_does_not_say_who(cli, events):
    refused = cli("events", "erase", "--person", "jane@example.com", given="n\n")
    assert refused.code == 1
    assert "Forget everything that mentions jane@example.com?" in refused.err
    gone = cli("events", "erase", "--person", "jane@example.com", given="y\n")
    assert gone.err.endswith("forgotten: 1 events, 1 requests\n")
    assert "jane" not in cli("audit", "list", "--json").out
    assert records(cli) == ["event.erased"]
    assert cli("events", "erase", "--person", "ch_1", "--yes").err == "forgotten: 2 events, 2 requests\n"
    assert cli("events", "list", "--json").json == []
    assert "What it said is forgotten." in cli("events", "show", events[0]).out
    assert cli("events", "erase", "--person", "ab", "--yes").code == 1
