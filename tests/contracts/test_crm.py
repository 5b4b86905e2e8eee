"""Every CRM does the same: its records come whole and once, and the same writes have the same outcomes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from support.clock import ManualClock
from support.crm_desk import CrmDesk
from support.crms import ANNA, CRMS, anna, described, found, opened, read, schema_of
from support.paper_shop import shop
from wirepost.contracts.records import ALIASES, NEUTRAL_OBJECTS
from wirepost.sandbox.faults import Fault
from wirepost.settings.faults import FaultKind

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@pytest.fixture(params=CRMS)
async def desk(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[CrmDesk]:
    async with opened(request.param, tmp_path, clock) as ready:
        yield ready


def contact(**values: str) -> dict[str, Any]:
    """A record to be written, under names that every CRM understands."""
    return {"fields": [{"name": name, "value": value} for name, value in values.items()]}


async def create(desk: CrmDesk, **values: str) -> str:
    """A new contact's id."""
    data = (await desk.ok("crm_create_records", object="contact", records=[contact(**values)]))["data"]
    return str(data["results"][0]["id"])


# --- the dictionary ---


async def test_neutral_names_lead_to_objects_of_the_vendor(desk: CrmDesk) -> None:
    kinds = await desk.records("crm_list_objects", limit=100)
    neutral = {kind["neutral"]: kind["object"] for kind in kinds if "neutral" in kind}
    assert {"contact", "company", "deal", "ticket", "note", "product"} <= set(neutral) <= set(NEUTRAL_OBJECTS)
    for name, own in neutral.items():
        assert (await described(desk, name))["object"] == own == (await described(desk, own))["object"]


@pytest.mark.parametrize("name", ["contact", "company", "deal", "ticket"])
async def test_a_description_holds_together(desk: CrmDesk, name: str) -> None:
    card = (await desk.ok("crm_describe_object", object=name, detail="full", max_tokens=20000))["data"]
    every = await schema_of(desk, name)
    fields = {field.name: field for field in every.fields}
    assert card["fields_in_all"] == len(fields) == len(every.fields)
    assert {*every.defaults, *every.aliases.values(), every.label_field} <= fields.keys()
    assert set(every.aliases) <= set(ALIASES)
    assert all(field.options for field in every.fields if field.type == "choices")


@pytest.mark.parametrize(
    ("name", "aliases"),
    [
        ("contact", {"email", "first_name", "last_name", "phone", "owner"}),
        ("deal", {"amount", "stage", "close_date", "owner"}),
    ],
)
async def test_names_that_every_crm_understands_are_understood(desk: CrmDesk, name, aliases) -> None:
    assert aliases <= (await described(desk, name))["aliases"].keys()


async def test_an_unknown_object_is_refused_with_those_there_are(desk: CrmDesk) -> None:
    error = await desk.error("crm_describe_object", object="zebra")
    assert (error["code"], error["fields"][0]["path"]) == ("invalid_arguments", "object")
    assert error["fields"][0]["allowed"]


async def test_the_team_can_own_records(desk: CrmDesk) -> None:
    owners = await desk.records("crm_list_owners", active_only=False, limit=5)
    team = {each.email: each.is_active for each in shop().team}
    assert {owner["email"]: owner["is_active"] for owner in owners if owner["email"] in team} == team
    active = {owner["email"] for owner in await desk.records("crm_list_owners", limit=100)}
    assert active & team.keys() == {email for email, is_active in team.items() if is_active}
    (frida,) = await desk.records("crm_list_owners", email="frida@nordlicht.example")
    assert frida["name"] == "Frida Nordlund"


async def test_deals_go_through_stages_that_are_their_choices(desk: CrmDesk) -> None:
    pipelines = await desk.records("crm_list_pipelines", object="deal")
    stages = [stage for pipeline in pipelines for stage in pipeline["stages"]]
    assert len(stages) >= 6
    for stage in stages:
        by_label = await found(desk, "deal", {"field": "stage", "op": "eq", "value": stage["label"]})
        by_value = await found(desk, "deal", {"field": "stage", "op": "eq", "value": stage["id"]})
        assert [deal["id"] for deal in by_label] == [deal["id"] for deal in by_value]


# --- pages and records ---


@pytest.mark.parametrize(("limit", "max_tokens"), [(100, 20000), (37, 20000), (100, 1200)])
async def test_every_contact_comes_once(desk: CrmDesk, limit: int, max_tokens: int) -> None:
    records = await desk.records("crm_list_records", object="contact", limit=limit, max_tokens=max_tokens)
    assert len({record["id"] for record in records}) == len(records) == len(shop().people)


async def test_every_deal_that_is_searched_for_comes_once(desk: CrmDesk) -> None:
    records = await desk.records(
        "crm_search_records",
        object="deal",
        filters=[{"field": "amount", "op": "gt", "value": "0"}],
        limit=30,
    )
    assert len({record["id"] for record in records}) == len(records) == len(shop().deals)


async def test_what_changed_lately_is_listed_alone(desk: CrmDesk, clock: ManualClock) -> None:
    clock.advance(3600)
    await desk.ok(
        "crm_update_records",
        object="contact",
        records=[{"id": await anna(desk), **contact(phone="+4912345")}],
    )
    clock.advance(3600)
    records = await desk.records("crm_list_records", object="contact", updated_after="-100m")
    assert [record["id"] for record in records] == [await anna(desk)]


async def test_values_have_their_types_and_records_their_place(desk: CrmDesk) -> None:
    aliases = (await described(desk, "deal"))["aliases"]
    for record in (await found(desk, "deal", fields=["amount", "close_date", "stage"]))[:20]:
        assert isinstance(record["fields"][aliases["amount"]], int | float)
        assert re.match(r"\d{4}-\d\d-\d\d", record["fields"][aliases["close_date"]])
        assert MOMENT.fullmatch(record["created_at"])
        assert MOMENT.fullmatch(record["updated_at"])
        assert record["url"].startswith("https://")


async def test_records_are_read_in_order_and_what_is_missing_is_named(desk: CrmDesk) -> None:
    records = (await desk.ok("crm_list_records", object="contact", limit=3))["data"]["records"]
    ids = [record["id"] for record in reversed(records)]
    gone = await create(desk, first_name="Kim", last_name="Gone", email="gone@nordlicht.example")
    await desk.confirmed("crm_archive_records", object="contact", ids=[gone])
    data = (await desk.ok("crm_get_records", object="contact", ids=[ids[0], gone, *ids[1:]]))["data"]
    assert [record["id"] for record in data["records"]] == ids
    assert data["missing"] == [gone]


async def test_linked_records_come_along(desk: CrmDesk) -> None:
    deals = (await described(desk, "deal"))["object"]
    (record,) = await read(desk, "contact", await anna(desk), include_links=["deal"])
    listed = await desk.records(
        "crm_list_links", object="contact", id=record["id"], to_object="deal", limit=1
    )
    assert {link["id"] for link in record["links"][deals]} == {link["id"] for link in listed}
    assert len(listed) == sum(deal.person == "person0001" for deal in shop().deals)


async def test_groups_are_counted_as_the_facts_are(desk: CrmDesk) -> None:
    data = (await desk.ok("crm_summarize_records", object="deal", group_by=["stage"]))["data"]
    counted = sorted(group["count"] for group in data["groups"] if group["count"])
    assert counted == sorted(Counter(deal.stage for deal in shop().deals).values())


async def test_hostile_text_is_clean_listed_and_within_the_budget(desk: CrmDesk) -> None:
    envelope = await desk.ok("crm_search_records", object="contact", limit=100, max_tokens=2000)
    assert len(orjson.dumps(envelope)) <= 2000 * 4
    hidden = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
    for record in await desk.records("crm_list_records", object="contact", limit=100):
        assert not hidden.search(str(record["fields"]))
    assert envelope["meta"]["untrusted"] == ["data.records[*].fields.*"]


async def test_what_looks_like_markup_in_a_plain_field_is_kept(desk: CrmDesk) -> None:
    name = (await described(desk, "contact"))["aliases"]["last_name"]
    made = await create(desk, last_name="A <b> & Co", email="ab@nordlicht.example")
    (record,) = await read(desk, "contact", made, fields=["last_name"])
    assert record["fields"][name] == "A <b> & Co"
    note = await desk.ok(
        "crm_log_activity",
        type="note",
        body="A <b> & Co\nasked",
        related=[{"object": "contact", "id": made}],
        intent="note",
    )
    assert "A <b> & Co" in str(note["data"]["fields"].values())
    assert "&lt;" not in str(note)


# --- writes ---


async def test_a_new_contact_can_be_read_at_once(desk: CrmDesk) -> None:
    made = await create(desk, first_name="Kim", last_name="Larsen", email="kim.larsen@nordlicht.example")
    aliases = (await described(desk, "contact"))["aliases"]
    (record,) = await read(desk, "contact", made, fields=["first_name", "last_name", "email"])
    assert record["fields"] == {
        aliases["first_name"]: "Kim",
        aliases["last_name"]: "Larsen",
        aliases["email"]: "kim.larsen@nordlicht.example",
    }


async def test_of_a_batch_with_a_duplicate_the_others_are_made(desk: CrmDesk) -> None:
    records = [
        contact(first_name="Kim", last_name="Larsen", email="kim.larsen@nordlicht.example"),
        contact(first_name="Anna", last_name="Lindqvist", email=ANNA),
    ]
    data = (await desk.ok("crm_create_records", object="contact", records=records, on_duplicate="skip"))[
        "data"
    ]
    assert [result["status"] for result in data["results"]] == ["ok", "skipped"]
    assert data["results"][1]["id"] == await anna(desk)
    error = await desk.error("crm_create_records", object="contact", records=records[1:])
    assert error["outcome"] == "not_applied"


async def test_only_named_fields_change_and_an_empty_one_is_cleared(desk: CrmDesk) -> None:
    person = await anna(desk)
    (before,) = await read(desk, "contact", person)
    aliases = (await described(desk, "contact"))["aliases"]
    await desk.ok("crm_update_records", object="contact", records=[{"id": person, **contact(phone="")}])
    (after,) = await read(desk, "contact", person)
    assert after["fields"].get(aliases["phone"]) is None
    rest = {name: value for name, value in before["fields"].items() if name != aliases["phone"]}
    assert {name: after["fields"].get(name) for name in rest} == rest


async def test_of_a_batch_of_changes_each_has_its_outcome(desk: CrmDesk) -> None:
    gone = await create(desk, first_name="Kim", last_name="Gone", email="gone@nordlicht.example")
    await desk.confirmed("crm_archive_records", object="contact", ids=[gone])
    changes = [{"id": each, **contact(phone="+4912345")} for each in (gone, await anna(desk))]
    data = (await desk.ok("crm_update_records", object="contact", records=changes))["data"]
    assert [result["status"] for result in data["results"]] == ["failed", "ok"]
    assert data["results"][0]["error"]["message"]


async def test_a_record_that_was_changed_since_is_left_alone(desk: CrmDesk, clock: ManualClock) -> None:
    person = await anna(desk)
    clock.advance(600)
    await desk.ok("crm_update_records", object="contact", records=[{"id": person, **contact(phone="+491")}])
    clock.advance(600)
    change = {"object": "contact", "records": [{"id": person, **contact(phone="+492")}]}
    error = await desk.error("crm_update_records", **change, if_unchanged_since="-15m")
    assert (error["code"], error["outcome"]) == ("conflict", "not_applied")
    await desk.ok("crm_update_records", **change, if_unchanged_since="-5m")


async def test_what_nobody_has_touched_since_it_was_read_can_be_changed(desk: CrmDesk) -> None:
    """The time that a record tells of itself is exact enough to be told again."""
    for record in (await found(desk, "contact", fields=["email"]))[:20]:
        changes = [{"id": record["id"], "fields": {"last_name": "Changed"}}]
        told = await desk.ok(
            "crm_update_records", object="contact", records=changes, if_unchanged_since=record["updated_at"]
        )
        assert [each["status"] for each in told["data"]["results"]] == ["ok"], record["updated_at"]


async def test_a_unique_field_finds_the_record_or_makes_one(desk: CrmDesk) -> None:
    schema = await schema_of(desk, "contact")
    unique = next(f.name for f in schema.fields if f.unique and f.writable and f.type == "text")
    person = await anna(desk)
    (before,) = await read(desk, "contact", person, fields=[unique])
    records = [
        contact(**{unique: value, "last_name": "Again"})
        for value in (before["fields"][unique], "new@x.example")
    ]
    data = (await desk.ok("crm_upsert_records", object="contact", match_field=unique, records=records))[
        "data"
    ]
    assert [result["status"] for result in data["results"]] == ["ok", "ok"]
    assert data["results"][0]["id"] == person
    for result in data["results"]:
        (record,) = await read(desk, "contact", result["id"], fields=["last_name"])
        assert list(record["fields"].values()) == ["Again"]


async def test_an_archived_record_is_gone(desk: CrmDesk) -> None:
    made = await create(desk, first_name="Kim", last_name="Gone", email="gone@nordlicht.example")
    data = (await desk.confirmed("crm_archive_records", object="contact", ids=[made]))["data"]
    assert data["succeeded"] == 1
    assert (await desk.error("crm_get_records", object="contact", ids=[made]))["code"] == "not_found"


async def test_records_are_linked_and_unlinked(desk: CrmDesk) -> None:
    person = await anna(desk)
    company = (await desk.ok("crm_list_records", object="company", limit=1))["data"]["records"][0]["id"]
    asked = {
        "from_object": "contact",
        "to_object": "company",
        "pairs": [{"from_id": person, "to_id": company}],
    }

    async def linked() -> list[str]:
        links = await desk.records("crm_list_links", object="contact", id=person, to_object="company")
        return [link["id"] for link in links]

    assert await linked() == []
    for number in range(2):
        await desk.ok("crm_link_records", **asked, intent=f"link-{number}")
        assert await linked() == [company]
    await desk.confirmed("crm_unlink_records", **asked)
    assert await linked() == []


async def test_a_note_stands_on_the_contact_it_concerns(desk: CrmDesk) -> None:
    person = await anna(desk)
    record = (
        await desk.ok(
            "crm_log_activity",
            type="note",
            body="Asked for a quote by Friday",
            related=[{"object": "contact", "id": person}],
            owner="frida@nordlicht.example",
        )
    )["data"]
    links = await desk.records("crm_list_links", object="contact", id=person, to_object="note", limit=100)
    assert record["id"] in {link["id"] for link in links}


@pytest.mark.parametrize("desk", [name for name in CRMS if name != "paper"], indirect=True)
@pytest.mark.parametrize("kind", ["lost_answer", "malformed", "cut"])
async def test_a_contact_whose_answer_is_lost_is_made_once(
    desk: CrmDesk, clock: ManualClock, kind: FaultKind
) -> None:
    await create(desk, first_name="Kim", last_name="First", email="first@nordlicht.example")
    desk.sandbox.inject(Fault(kind, match=desk.last_write))
    values = {"first_name": "Kim", "last_name": "Second", "email": "second@nordlicht.example"}
    made = {"object": "contact", "records": [contact(**values)], "intent": "kim"}
    await repeated(desk, clock, "crm_create_records", made)
    clock.advance(120)
    assert len(await found(desk, "contact", {"field": "email", "op": "eq", "value": values["email"]})) == 1


@pytest.mark.parametrize("desk", [name for name in CRMS if name != "paper"], indirect=True)
@pytest.mark.parametrize("kind", ["lost_answer", "cut"])
async def test_a_note_whose_answer_is_lost_is_written_once(
    desk: CrmDesk, clock: ManualClock, kind: FaultKind
) -> None:
    person = await anna(desk)

    async def notes() -> int:
        asked = {"object": "contact", "id": person, "to_object": "note", "limit": 100}
        return len(await desk.records("crm_list_links", **asked))

    def note(body: str) -> dict[str, Any]:
        return {
            "type": "note",
            "body": body,
            "related": [{"object": "contact", "id": person}],
            "intent": body,
        }

    await desk.ok("crm_log_activity", **note("first"))
    before = await notes()
    desk.sandbox.inject(Fault(kind, match=desk.last_write))
    await repeated(desk, clock, "crm_log_activity", note("second"))
    assert await notes() == before + 1


async def repeated(desk: CrmDesk, clock: ManualClock, name: str, arguments: dict[str, Any]) -> None:
    """Make a call as its hint says: again with the same intent, while the outcome is unknown."""
    for _ in range(4):
        outcome = await desk.outcome(name, **arguments)
        if not outcome.is_error:
            return
        assert outcome.envelope["error"]["code"] == "outcome_unknown"
        clock.advance(60)
    pytest.fail("the outcome stayed unknown")
