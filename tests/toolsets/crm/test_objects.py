"""The dictionary of a CRM: short unless asked, honest about what it leaves out."""

from __future__ import annotations

from support.crm_desk import CrmDesk, crm_desk, on_paper
from support.paper_shop import PERSON, choices, column, shop

COUNTRIES = choices(**{f"C{number}": f"Country {number}" for number in range(40)})


async def test_objects_are_listed_with_their_neutral_names(desk: CrmDesk) -> None:
    kinds = await desk.records("crm_list_objects")
    assert {kind["object"]: kind.get("neutral") for kind in kinds} == {
        "Person": "contact",
        "Firm": "company",
        "Sale": "deal",
        "Case": "ticket",
        "Memo": "note",
        "Article": "product",
        "MyCar": None,
    }


async def test_custom_objects_and_others_can_be_left_out(desk: CrmDesk) -> None:
    standard = await desk.records("crm_list_objects", include_custom=False)
    assert "MyCar" not in {kind["object"] for kind in standard}
    assert [kind["object"] for kind in await desk.records("crm_list_objects", name_contains="con")] == [
        "Person"
    ]


async def test_a_summary_leaves_out_what_is_rarely_needed_and_says_how_much(desk: CrmDesk) -> None:
    card = (await desk.ok("crm_describe_object", object="contact"))["data"]
    names = [field["name"] for field in card["fields"]]
    assert names == ["Email", "FirstName", "LastName", "Phone", "OwnerId", "Custom1"]
    assert card["fields_in_all"] == len(PERSON.fields)
    full = (await desk.ok("crm_describe_object", object="contact", detail="full"))["data"]
    assert [field["name"] for field in full["fields"]] == [field.name for field in PERSON.fields]


async def test_only_what_is_unusual_is_said_of_a_field(desk: CrmDesk) -> None:
    full = (await desk.ok("crm_describe_object", object="contact", detail="full"))["data"]
    fields = {field["name"]: field for field in full["fields"]}
    assert fields["Phone"] == {"name": "Phone", "label": "Phone", "type": "text"}
    assert fields["Email"]["unique"] is True
    assert fields["LastName"]["required"] is True
    assert fields["Score"]["writable"] is False
    assert (fields["TaxId"]["filterable"], fields["TaxId"]["sensitive"]) == (False, True)
    assert fields["OwnerId"]["references"] == ["User"]
    assert {"value": "da", "label": "Danish"} in fields["Language"]["options"]


async def test_fields_are_found_by_part_of_name_or_label(desk: CrmDesk) -> None:
    card = (await desk.ok("crm_describe_object", object="contact", name_contains="shoe"))["data"]
    assert [field["name"] for field in card["fields"]] == ["Custom1"]
    card = (await desk.ok("crm_describe_object", object="contact", name_contains="tax"))["data"]
    assert [field["name"] for field in card["fields"]] == ["TaxId"]


async def test_long_lists_of_values_are_cut_in_a_summary_with_a_warning(tmp_path, clock, book) -> None:
    country = column("Country", "choice", options=COUNTRIES, required=True)
    book.schemas = {**book.schemas, "Person": PERSON.model_copy(update={"fields": [country]})}
    async with crm_desk(tmp_path, clock, on_paper(book), shop()) as desk:
        short = await desk.ok("crm_describe_object", object="contact")
        whole = await desk.ok("crm_describe_object", object="contact", detail="full")
    assert len(short["data"]["fields"][0]["options"]) == 25
    assert short["warnings"] == ["Country allows 40 values; detail=full shows all"]
    assert len(whole["data"]["fields"][0]["options"]) == 40
    assert whole["warnings"] == []


async def test_pipelines_and_links_belong_to_the_description(desk: CrmDesk) -> None:
    sale = (await desk.ok("crm_describe_object", object="deal"))["data"]
    assert sale["aliases"]["amount"] == "Amount"
    assert sale["pipelines"][0]["stages"][2] == {
        "id": "proposal",
        "label": "Proposal sent",
        "is_closed": False,
    }
    person = (await desk.ok("crm_describe_object", object="contact"))["data"]
    assert {"to_object": "Firm", "labels": ["Employee", "Advisor"]} in person["links"]


async def test_pipelines_are_listed_for_objects_that_have_some(desk: CrmDesk) -> None:
    (pipeline,) = await desk.records("crm_list_pipelines", object="deal")
    assert [stage["id"] for stage in pipeline["stages"]][-2:] == ["won", "lost"]
    assert await desk.records("crm_list_pipelines", object="contact") == []


async def test_owners_are_those_who_work_here_unless_all_are_asked_for(desk: CrmDesk) -> None:
    team = shop().team
    active = await desk.records("crm_list_owners", limit=3)
    assert [owner["name"] for owner in active] == [each.name for each in team if each.is_active]
    everybody = await desk.records("crm_list_owners", active_only=False, limit=3)
    assert [owner["id"] for owner in everybody] == [each.key for each in team]


async def test_owners_are_found_by_address_or_part_of_a_name(desk: CrmDesk) -> None:
    (frida,) = await desk.records("crm_list_owners", email="FRIDA@nordlicht.example")
    assert frida["name"] == "Frida Nordlund"
    (mikkel,) = await desk.records("crm_list_owners", name_contains="mik")
    assert mikkel["email"] == "mikkel@nordlicht.example"


async def test_no_total_is_claimed_for_owners_that_were_not_counted(desk: CrmDesk) -> None:
    first = (await desk.ok("crm_list_owners", limit=3))["page"]
    assert (first["has_more"], first["total_is"]) == (True, "unknown")
    last = (await desk.ok("crm_list_owners", limit=100))["page"]
    assert (last["has_more"], last["total"], last["total_is"]) == (False, 7, "exact")
