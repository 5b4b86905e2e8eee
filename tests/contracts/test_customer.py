"""Every provider that knows customers tells the same kinds of facts about the same person."""

from __future__ import annotations

import pytest

from support.worlds import world_at
from wirepost.connections.connections import Connection
from wirepost.contracts.customer import CustomerCard
from wirepost.contracts.facts import Facts
from wirepost.providers import load_provider, provider_names
from wirepost.settings import ConnectionSettings
from wirepost.upstream.scope import Scope

ANNA = "anna.lindqvist@example.com"
KNOWING = [name for name in provider_names() if load_provider(name).can_serve(CustomerCard)]


async def facts(name: str, clock, **wanted) -> Facts:
    settings = ConnectionSettings(provider=name, environment="sandbox")
    connection = Connection(name, load_provider(name), settings, clock, world=lambda: world_at(clock.now()))
    try:
        card = connection.shared.api(CustomerCard, Scope(clock.monotonic() + 45))
        return await card.facts(**{"email": None, "customer_id": None, "limit": 5, **wanted})
    finally:
        await connection.close()


@pytest.mark.parametrize("name", KNOWING)
async def test_somebody_is_known_by_address_in_any_case(name, clock) -> None:
    found = await facts(name, clock, email=ANNA)
    assert found.people or found.messages
    assert {(person.email or "").lower() for person in found.people} <= {ANNA}
    assert [person.id for person in (await facts(name, clock, email=ANNA.upper())).people] == [
        person.id for person in found.people
    ]


@pytest.mark.parametrize("name", KNOWING)
async def test_the_id_that_was_found_leads_to_the_same_person(name, clock) -> None:
    found = await facts(name, clock, email=ANNA)
    for person in found.people:
        assert [each.id for each in (await facts(name, clock, customer_id=person.id)).people] == [person.id]


@pytest.mark.parametrize("name", KNOWING)
@pytest.mark.parametrize(
    "wanted", [{"email": "nobody@example.com"}, {"customer_id": "nobody"}, {"customer_id": "../../x?y"}]
)
async def test_somebody_unknown_is_no_error(name, clock, wanted) -> None:
    found = await facts(name, clock, **wanted)
    assert (found.people, found.deals, found.payments, found.messages) == ([], [], [], [])


@pytest.mark.parametrize("name", KNOWING)
async def test_no_more_rows_of_a_kind_than_asked_for(name, clock) -> None:
    found = await facts(name, clock, email=ANNA, limit=1)
    for rows in (found.deals, found.tickets, found.payments, found.subscriptions, found.messages):
        assert len(rows) <= max(1, len(found.people))
