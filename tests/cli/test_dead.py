"""`wirepost events dead`: both kinds, listed, shown, tried again, dropped."""

from __future__ import annotations

import json

import pytest

from support.occurred import delivered
from support.operating import operate, receive, shop
from support.receiving import refund


@pytest.fixture
def dead(home, configure):
    """A request that is no JSON, and a refund whose delivery to `refunds` was given up; their ids."""
    configure(shop(home))

    async def work(opened):
        letter = json.loads((await receive(opened, b"no json")).body)["id"]
        await receive(opened, refund(1))
        (event,) = await opened.hub.events.after(0, 10)
        to = await opened.subscription("refunds")
        now = opened.clock.now().timestamp()
        await delivered(opened.database, to.id, "hook", event, now=now)
        for each in await opened.hub.deliveries.claim("hook", holder="me", lease_s=60, limit=9):
            await opened.hub.deliveries.dead(each, "me", "HTTP 500")
        return letter, event.id

    return operate(work)


def test_both_kinds_are_listed(cli, dead):
    letter, event = dead
    listed = cli("events", "dead", "list", "--json").json
    assert [(each["id"], each["source"], each["endpoint"]) for each in listed["requests"]] == [
        (letter, "shop", "default")
    ]
    (given_up,) = listed["deliveries"]
    assert (given_up["event"], given_up["sink"], given_up["attempts"], given_up["reason"]) == (
        event,
        "hook",
        1,
        "HTTP 500",
    )
    text = cli("events", "dead", "list").out
    assert "requests that could not be read" in text
    assert letter in text
    assert "deliveries that were given up" in text
    assert "  refunds  " in text, "a person knows a subscription by its name"


@pytest.mark.parametrize(
    ("options", "requests", "deliveries"),
    [
        (["--source", "shop"], 1, 1),
        (["--source", "other"], 0, 0),
        (["--sink", "hook"], 0, 1),
        (["--subscription", "refunds"], 0, 1),
        (["--sink", "pull"], 0, 0),
    ],
)
def test_a_list_is_narrowed(cli, dead, options, requests, deliveries):
    listed = cli("events", "dead", "list", "--json", *options).json
    assert (len(listed["requests"]), len(listed["deliveries"])) == (requests, deliveries)


def test_one_is_shown_with_its_reason_and_its_request_on_record(cli, dead):
    letter, event = dead
    shown = cli("events", "dead", "show", letter, "--raw", "--json").json
    assert shown["letter"]["id"] == letter
    assert shown["letter"]["settled_at"] is None
    assert shown["request"]["body"] == "no json"
    text = cli("events", "dead", "show", letter).out
    assert f"id: {letter}" in text
    assert "no json" not in text.partition("reason:")[0]
    assert "no json" in cli("events", "dead", "show", letter, "--raw").out
    assert "hook: dead, attempt 1, HTTP 500" in cli("events", "dead", "show", event).out
    unknown = cli("events", "dead", "show", "dead_unknown")
    assert (unknown.code, "there is no 'dead_unknown'" in unknown.err) == (2, True)
    names = [each["record"]["event"] for each in cli("audit", "list", "--json").json]
    assert names == ["event.raw"] * 2


@pytest.mark.parametrize("command", ["redrive", "drop"])
def test_which_ones_must_be_said(cli, dead, command):
    result = cli("events", "dead", command)
    assert result.code == 2
    assert "say which" in result.err


@pytest.mark.parametrize("command", [["redrive"], ["drop", "--yes"]])
def test_nothing_is_done_where_one_of_the_ids_is_of_nothing_dead(cli, dead, command):
    letter, event = dead
    for ids in (["dead_nope"], ["evt_nope"], [letter, event, "dead_nope"], [letter, "--sink", "hook"]):
        result = cli("events", "dead", *command, *ids)
        assert (result.code, "nothing dead is called" in result.err) == (2, True)
    listed = cli("events", "dead", "list", "--json").json
    assert (len(listed["requests"]), len(listed["deliveries"])) == (1, 1)
    assert cli("audit", "list", "--json").json == []


def test_what_still_cannot_be_read_fails_and_says_so(cli, dead):
    letter, _ = dead
    again = cli("events", "dead", "redrive", letter)
    assert again.code == 1
    assert f"{letter} still cannot be read" in again.err
    assert "tried anew: 0 deliveries" in again.err


def test_a_delivery_is_tried_anew(cli, dead):
    _, event = dead
    again = cli("events", "dead", "redrive", event, "--json")
    assert (again.code, len(again.json["deliveries"]), again.json["requests"]) == (0, 1, [])
    assert cli("events", "dead", "list", "--json").json["deliveries"] == []
    (way,) = cli("events", "show", event, "--json").json["deliveries"]
    assert (way["state"], way["attempt"]) == ("pending", 0)
    assert cli("audit", "list", "--json").json[0]["record"]["event"] == "event.redriven"


def test_both_are_dropped_after_a_question(cli, dead):
    _, event = dead
    asked = cli("events", "dead", "drop", "--all", given="n\n")
    assert (asked.code, "Drop 1 requests and 1 deliveries?" in asked.err) == (1, True)
    assert cli("events", "dead", "drop", "--all", "--yes", "--json").json == {"requests": 1, "deliveries": 1}
    assert cli("events", "dead", "list").err == "nothing is dead\n"
    assert cli("events", "show", event, "--json").json["event"]["id"] == event
    assert cli("audit", "list", "--json").json[0]["record"]["event"] == "event.dropped"


def test_nobody_is_asked_where_json_is_printed(cli, dead):
    refused = cli("events", "dead", "drop", "--all", "--json", given="y\n")
    assert (refused.code, refused.err) == (2, "")
    assert refused.json["error"] == {"message": "nobody can be asked here", "hint": "--yes goes ahead"}
    assert len(cli("events", "dead", "list", "--json").json["requests"]) == 1


def test_one_kind_is_dropped_by_its_id(cli, dead):
    letter, event = dead
    assert cli("events", "dead", "drop", letter, "-y", "--json").json == {"requests": 1, "deliveries": 0}
    assert cli("events", "dead", "drop", event, "-y", "--json").json == {"requests": 0, "deliveries": 1}
