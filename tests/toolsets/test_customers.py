"""One customer as all connected systems know them."""

from __future__ import annotations

import pytest

from support.running import running

ANNA = "anna.lindqvist@example.com"
TOOLS = {"preset": None, "include": ["customer_get_overview"]}
SHOPS = {
    name: {"provider": "stripe", "environment": "sandbox", "faults": faults}
    for name, faults in (("one", []), ("two", []))
}


async def test_facts_name_their_source_and_sources_say_when_they_were_asked(tmp_path, clock) -> None:
    async with running(tmp_path, clock, tools=TOOLS, connections=SHOPS) as wirepost:
        found = (await wirepost.ok("customer_get_overview", email=ANNA))["data"]
    assert found["is_complete"]
    assert {source["connection"]: source["status"] for source in found["sources"]} == {
        "one": "ok",
        "two": "ok",
    }
    asked = {source["connection"]: source["as_of"] for source in found["sources"]}
    assert all(asked.values())
    for fact in (*found["people"], *found["payments"], *found["subscriptions"]):
        assert fact["as_of"] == asked[fact["source"]]
    assert {person["source"] for person in found["people"]} == {"one", "two"}
    assert {person["email"] for person in found["people"]} == {ANNA}
    assert {payment["source"] for payment in found["payments"]} == {"one", "two"}
    moments = [payment["created_at"] for payment in found["payments"] if payment["source"] == "one"]
    assert moments == sorted(moments, reverse=True)


async def test_text_of_outsiders_is_listed_as_untrusted(tmp_path, clock) -> None:
    async with running(tmp_path, clock, tools=TOOLS) as wirepost:
        envelope = await wirepost.ok("customer_get_overview", email=ANNA)
    assert "data.people[*].name" in envelope["meta"]["untrusted"]


async def test_an_address_in_other_letters_is_the_same_person(tmp_path, clock) -> None:
    async with running(tmp_path, clock, tools=TOOLS) as wirepost:
        found = (await wirepost.ok("customer_get_overview", email=ANNA.upper()))["data"]
    assert {person["source"] for person in found["people"]} >= {"stripe-sandbox", "hubspot-sandbox"}
    assert {person["email"] for person in found["people"]} == {ANNA}


async def test_an_id_leads_to_the_same_person_in_every_system(tmp_path, clock) -> None:
    async with running(tmp_path, clock, tools=TOOLS, connections=SHOPS) as wirepost:
        found = (await wirepost.ok("customer_get_overview", customer="cus_NordlichtExample"))["data"]
    assert {person["source"] for person in found["people"]} == {"one", "two"}


@pytest.mark.parametrize("arguments", [{}, {"email": ANNA, "customer": "cus_NordlichtExample"}])
async def test_exactly_one_of_address_and_id_is_wanted(tmp_path, clock, arguments) -> None:
    async with running(tmp_path, clock, tools=TOOLS) as wirepost:
        error = await wirepost.error("customer_get_overview", **arguments)
    assert error["code"] == "invalid_arguments"


@pytest.mark.parametrize(
    "arguments", [{"email": "nobody@example.com"}, {"customer": "cus_Nobody"}, {"customer": "003xx/../a"}]
)
async def test_somebody_nobody_knows_is_not_found(tmp_path, clock, arguments) -> None:
    async with running(tmp_path, clock, tools=TOOLS) as wirepost:
        error = await wirepost.error("customer_get_overview", **arguments)
    assert error["code"] == "not_found"
