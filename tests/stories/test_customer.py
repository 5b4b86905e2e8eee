"""An agent helps one customer across CRM, payments and chat: the same calls, whichever CRM it is."""

from __future__ import annotations

from typing import Any

import pytest

from support.running import Running, running
from wirepost.contracts.crm import Crm
from wirepost.providers import load_provider, provider_names

ANNA = "anna.lindqvist@example.com"
CRMS = [name for name in provider_names() if load_provider(name).can_serve(Crm)]


async def find(wirepost: Running, crm: str) -> str:
    by_email = [{"field": "email", "op": "eq", "value": ANNA}]
    found = await wirepost.ok("crm_search_records", connection=crm, object="contact", filters=by_email)
    assert found["page"]["total"] == 1
    record: dict[str, Any] = found["data"]["records"][0]
    return str(record["id"])


async def open_deal(wirepost: Running, crm: str, contact: str) -> dict[str, Any]:
    """The contact's deal that is not closed yet, with the id of another open stage."""
    links = await wirepost.ok(
        "crm_list_links", connection=crm, object="contact", id=contact, to_object="deal"
    )
    ids = [link["id"] for link in links["data"]["records"]]
    deals = (await wirepost.ok("crm_get_records", connection=crm, object="deal", ids=ids))["data"]["records"]
    (pipeline,) = (await wirepost.ok("crm_list_pipelines", connection=crm, object="deal"))["data"]["records"]
    is_open = {stage["id"]: not stage["is_closed"] for stage in pipeline["stages"]}
    stage_of = {
        deal["id"]: next(value for value in deal["fields"].values() if value in is_open) for deal in deals
    }
    chosen = next(deal for deal, stage in stage_of.items() if is_open[stage])
    following = next(stage for stage in is_open if is_open[stage] and stage != stage_of[chosen])
    return {"id": chosen, "stage": following}


@pytest.mark.parametrize("provider", CRMS)
async def test_the_customer_is_found_understood_and_helped(tmp_path, clock, provider) -> None:
    crm = f"{provider}-sandbox"
    async with running(tmp_path, clock) as wirepost:
        contact = await find(wirepost, crm)
        known = (await wirepost.ok("customer_get_overview", email=ANNA))["data"]
        assert {person["id"] for person in known["people"] if person["source"] == crm} == {contact}
        assert known["payments"]
        assert known["messages"]
        assert {source["status"] for source in known["sources"]} == {"ok"}

        deal = await open_deal(wirepost, crm, contact)
        change = {"id": deal["id"], "fields": [{"name": "stage", "value": deal["stage"]}]}
        await wirepost.ok("crm_update_records", connection=crm, object="deal", records=[change])
        (record,) = (await wirepost.ok("crm_get_records", connection=crm, object="deal", ids=[deal["id"]]))[
            "data"
        ]["records"]
        assert deal["stage"] in record["fields"].values()

        related = [{"object": "contact", "id": contact}, {"object": "deal", "id": deal["id"]}]
        note = {
            "connection": crm,
            "type": "note",
            "body": "Asked for a proposal",
            "related": related,
        }
        logged = await wirepost.ok("crm_log_activity", **note, intent="note-anna")
        again = await wirepost.ok("crm_log_activity", **note, intent="note-anna")
        assert again["data"] == logged["data"]
        assert again["meta"]["idempotency"]["replayed"]

        said = {"channel": "#sales", "text": "Anna wants a proposal"}
        refused = await wirepost.error("slack_send_message", **said, intent="tell-sales")
        assert refused["code"] == "confirmation_required"
        sent = await wirepost.confirmed("slack_send_message", **said, intent="tell-sales")
        read = await wirepost.ok("slack_read_channel", channel="#sales", limit=1)
        assert read["data"]["records"][0]["ts"] == sent["data"]["ts"]
