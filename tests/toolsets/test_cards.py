"""Asking every system that knows customers: rights, faults, and one deadline."""

from __future__ import annotations

from support.running import running
from support.spoiled import rewritten, spoil

ANNA = "anna.lindqvist@example.com"
TOOLS = {"preset": None, "include": ["customer_get_overview"]}


def shops(**faults: list[str]):
    return {
        name: {"provider": "stripe", "environment": "sandbox", "faults": lines}
        for name, lines in faults.items()
    }


def by_source(found):
    return {source["connection"]: source for source in found["sources"]}


async def test_a_source_that_is_down_is_named_and_the_others_answer(tmp_path, clock) -> None:
    connections = shops(up=[], down=["400;times=always"])
    async with running(tmp_path, clock, tools=TOOLS, connections=connections) as wirepost:
        found = (await wirepost.ok("customer_get_overview", email=ANNA))["data"]
    sources = by_source(found)
    assert (sources["up"]["status"], sources["down"]["status"]) == ("ok", "failed")
    assert sources["down"]["problem"]
    assert not found["is_complete"]
    assert {person["source"] for person in found["people"]} == {"up"}


async def test_when_all_are_down_the_call_fails(tmp_path, clock) -> None:
    connections = shops(down=["400;times=always"])
    async with running(tmp_path, clock, tools=TOOLS, connections=connections) as wirepost:
        error = await wirepost.error("customer_get_overview", email=ANNA)
    assert (error["code"], error["connection"]) == ("upstream_rejected", "down")


async def test_a_source_that_policy_forbids_is_not_asked(tmp_path, clock) -> None:
    rule = {"id": "no", "effect": "deny", "connections": ["secret"], "reason": "not for agents"}
    options = {"connections": shops(open=[], secret=[]), "policy": {"rules": [rule]}}
    async with running(tmp_path, clock, tools=TOOLS, **options) as wirepost:
        found = (await wirepost.ok("customer_get_overview", email=ANNA))["data"]
        assert wirepost.sent("secret", method="GET") == []
    source = by_source(found)["secret"]
    assert source["status"] == "denied"
    assert "not for agents" in source["problem"]
    assert {person["source"] for person in found["people"]} == {"open"}


async def test_only_the_named_connections_are_asked(tmp_path, clock) -> None:
    async with running(tmp_path, clock, tools=TOOLS, connections=shops(a=[], b=[])) as wirepost:
        found = (await wirepost.ok("customer_get_overview", email=ANNA, connections=["b"]))["data"]
        assert [source["connection"] for source in found["sources"]] == ["b"]
        assert wirepost.sent("a", method="GET") == []
        error = await wirepost.error("customer_get_overview", email=ANNA, connections=["c"])
    assert error["fields"][0]["allowed"] == ["a", "b"]


async def test_a_source_that_answers_in_a_form_of_its_own_does_not_take_the_others_along(
    tmp_path, clock
) -> None:
    async with running(tmp_path, clock, tools=TOOLS) as wirepost:
        odd = {"description", "name"}
        spoil(wirepost, "stripe", lambda request, status, body: rewritten(body, odd, lambda _: 5))
        found = (await wirepost.ok("customer_get_overview", email=ANNA))["data"]
    sources = by_source(found)
    assert sources["stripe-sandbox"]["status"] == "failed"
    assert "not understood" in sources["stripe-sandbox"]["problem"]
    assert sources["hubspot-sandbox"]["status"] == "ok"
    assert not found["is_complete"]
