"""Owners: people of the organisation, active ones first."""

from __future__ import annotations

from support.salesforce import JudgedOrg


async def test_people_are_found_by_name_address_and_state(org: JudgedOrg):
    crm = org.crm(may_write=False)
    everybody = await crm.owners(email=None, name_contains=None, is_active=None, limit=100)
    states = [owner.is_active for owner in everybody]
    assert states == sorted(states, reverse=True)
    assert {owner.email for owner in everybody} >= {each.email for each in org.sandbox.world.team}
    (frida,) = await crm.owners(email="Frida@nordlicht.example", name_contains=None, is_active=None, limit=5)
    assert frida.name == "Frida Nordlund"
    named = await crm.owners(email=None, name_contains="nordlund", is_active=True, limit=5)
    assert frida in named
    assert len(await crm.owners(email=None, name_contains=None, is_active=None, limit=2)) == 2


async def test_former_colleagues_are_told_apart(org: JudgedOrg):
    gone = await org.crm().owners(email=None, name_contains=None, is_active=False, limit=100)
    assert {owner.email for owner in gone} == {
        each.email for each in org.sandbox.world.team if not each.is_active
    }


async def test_a_name_with_wildcards_and_quotes_is_only_text(org: JudgedOrg):
    for name in ("%", "_", "' OR Name != '", "\\"):
        assert await org.crm().owners(email=None, name_contains=name, is_active=None, limit=5) == []
