"""One person as a CRM knows them, whichever CRM it is."""

from __future__ import annotations

import pytest

from support.paper_crm import PaperCrm
from support.paper_shop import shop_book
from support.worlds import world_at
from wirepost.contracts.crm_card import CrmCard
from wirepost.contracts.records import ObjectSchema
from wirepost.core.errors import NotConnected

ANNA = "anna.lindqvist@example.com"


class Forbidding(PaperCrm):
    """A CRM whose credential may not see tickets."""

    async def describe(self, object_name: str) -> ObjectSchema:
        if object_name == "ticket":
            raise NotConnected("missing_scope", "The token may not read tickets")
        return await super().describe(object_name)


async def test_deals_have_the_label_of_their_stage_and_come_last_changed_first(clock) -> None:
    world = world_at(clock.now())
    mine = [deal for deal in world.deals if deal.person == world.people[0].key]
    found = await CrmCard(PaperCrm(shop_book(clock))).facts(email=ANNA, customer_id=None, limit=50)
    assert {deal.name for deal in found.deals} == {deal.name for deal in mine}
    assert {deal.stage for deal in found.deals} <= {
        "New",
        "Qualified",
        "Proposal sent",
        "Negotiation",
        "Won",
        "Lost",
    }
    moments = [deal.updated_at for deal in found.deals]
    assert moments == sorted(moments, reverse=True)
    assert {ticket.subject for ticket in found.tickets} == {
        ticket.subject for ticket in world.tickets if ticket.person == world.people[0].key
    }
    assert found.warnings == []


async def test_what_may_not_be_read_is_named_and_the_rest_is_told(clock) -> None:
    found = await CrmCard(Forbidding(shop_book(clock))).facts(email=ANNA, customer_id=None, limit=5)
    assert found.people
    assert found.deals
    assert found.tickets == []
    assert found.warnings == ["tickets may not be read: The token may not read tickets"]


@pytest.mark.parametrize("wanted", [{"email": "nobody@example.com"}, {"customer_id": "nobody"}])
async def test_somebody_unknown_has_no_facts(clock, wanted) -> None:
    card = CrmCard(PaperCrm(shop_book(clock)))
    found = await card.facts(**{"email": None, "customer_id": None, "limit": 5, **wanted})
    assert (found.people, found.deals, found.tickets) == ([], [], [])


async def test_a_short_overview_shows_what_was_changed_last(clock) -> None:
    """Links come in an order of the CRM's own."""
    card = CrmCard(PaperCrm(shop_book(clock)))
    whole = await card.facts(email=ANNA, customer_id=None, limit=50)
    short = await card.facts(email=ANNA, customer_id=None, limit=1)
    assert len(whole.deals) > 1
    assert short.deals == whole.deals[:1]
