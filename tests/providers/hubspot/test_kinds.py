"""Standard objects: their names lead to one object each, and what they name exists in the account."""

from __future__ import annotations

import pytest

from wirepost.contracts.records import ALIASES, NEUTRAL_OBJECTS
from wirepost.providers.hubspot.activities import FORMS
from wirepost.providers.hubspot.kinds import ACTIVITIES, BY_NAME, CORE, KINDS


def test_every_neutral_object_is_one_of_hubspots():
    assert {kind.neutral for kind in KINDS} - {None} == set(NEUTRAL_OBJECTS)


@pytest.mark.parametrize(
    ("called", "name"),
    # https://developers.hubspot.com/docs/api-reference/crm-understanding-the-crm lists the type ids.
    [
        ("contact", "contacts"),
        ("0-1", "contacts"),
        ("company", "companies"),
        ("0-2", "companies"),
        ("0-3", "deals"),
        ("0-5", "tickets"),
        ("0-7", "products"),
        ("0-27", "tasks"),
        ("0-46", "notes"),
        ("0-47", "meetings"),
        ("0-48", "calls"),
        ("0-49", "emails"),
    ],
)
def test_an_object_is_found_by_each_of_its_names(called, name):
    assert BY_NAME[called].name == name


def test_activities_are_what_is_logged():
    assert set(ACTIVITIES) == {form.object for form in FORMS.values()}


def test_contacts_alone_have_another_property_for_changes():
    assert {kind.name for kind in KINDS if kind.modified != "hs_lastmodifieddate"} == {"contacts"}


@pytest.mark.parametrize(
    ("name", "scopes"),
    # https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/scopes
    [
        ("contacts", {"crm.objects.contacts.read"}),
        ("companies", {"crm.objects.companies.read"}),
        ("deals", {"crm.objects.deals.read"}),
        ("tickets", {"tickets"}),
        ("products", {"e-commerce", "crm.objects.products.read"}),
        ("notes", {"crm.objects.contacts.read", "crm.objects.notes.read"}),
    ],
)
def test_permissions_are_those_that_hubspot_lists(name, scopes):
    assert set(BY_NAME[name].scopes) == scopes


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_what_an_object_names_is_described(portal, kind):
    schema = await portal.crm().describe(kind.name)
    names = {field.name for field in schema.fields}
    assert {*kind.defaults, *kind.aliases.values(), kind.label_field, kind.modified, kind.created} <= names
    assert set(kind.required) == {field.name for field in schema.fields if field.required}
    assert set(kind.aliases) <= set(ALIASES)
    assert set(kind.links) <= set(CORE)
