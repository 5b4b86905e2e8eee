"""The declaration: what a token turns out to be, what each tool needs, how fast HubSpot may be asked."""

from __future__ import annotations

import re

import pytest

from support.hubspot import ANNA, JudgedPortal, Open
from wirepost.contracts.crm import Crm
from wirepost.contracts.customer import CustomerCard
from wirepost.core.errors import NotConnected
from wirepost.providers.hubspot import PROVIDER, probe
from wirepost.providers.hubspot.crm import HubSpotCrm
from wirepost.providers.hubspot.sandbox.app import SCOPES, HubSpotSandbox
from wirepost.sandbox.faults import Fault
from wirepost.settings import ConnectionSettings

CRM_TOOLS = {
    "crm_start_export",
    "crm_start_import",
    "crm_list_objects",
    "crm_describe_object",
    "crm_search_records",
    "crm_list_records",
    "crm_get_records",
    "crm_create_records",
    "crm_update_records",
    "crm_upsert_records",
    "crm_archive_records",
    "crm_list_links",
    "crm_link_records",
    "crm_unlink_records",
    "crm_log_activity",
    "crm_list_owners",
    "crm_list_pipelines",
    "crm_summarize_records",
}


async def test_a_token_is_probed_with_two_reads(portal: JudgedPortal):
    found = await probe(portal.client(may_write=False))
    assert found.account == found.account_id == "2468013"
    assert found.environment == "test"
    assert found.scopes == sorted(SCOPES)
    assert found.identity == "app 90001 on app-eu1.hubspot.com"
    assert found.quota
    assert found.warnings is None
    assert len(portal.judge.paths) == 2


async def test_a_token_whose_scopes_cannot_be_read_is_still_good(open_portal: Open):
    portal = open_portal()
    portal.sandbox.inject(Fault(kind="status", status=404, match="*/access-token-info", times=None))
    found = await probe(portal.client(may_write=False))
    assert found.scopes is None
    assert found.warnings


async def test_a_token_of_an_installed_app_is_not_shown_where_only_private_apps_may_ask(portal: JudgedPortal):
    client = portal.client(may_write=False)
    client.options = ConnectionSettings(provider="hubspot", environment="test", auth="oauth")
    found = await probe(client)
    assert (found.account, found.scopes, found.warnings) == ("2468013", None, None)
    assert portal.judge.paths == [("GET", "/account-info/2026-09/details")]


async def test_a_refused_token_is_reported(open_portal: Open):
    portal = open_portal()
    portal.token = "nonsense"
    with pytest.raises(NotConnected) as refused:
        await probe(portal.client(may_write=False))
    assert refused.value.code == "auth_expired"


def test_every_crm_tool_names_what_it_needs():
    assert set(PROVIDER.contract_scopes) == CRM_TOOLS
    named = {
        scope for entry in PROVIDER.contract_scopes.values() for each in entry for scope in each.split("|")
    }
    assert named <= SCOPES


async def test_a_crm_and_what_it_knows_of_customers_are_offered(portal: JudgedPortal):
    assert isinstance(PROVIDER.offers[Crm](portal.client()), HubSpotCrm)
    card = PROVIDER.offers[CustomerCard](portal.client(may_write=False))
    facts = await card.facts(email="anna.lindqvist@example.com", customer_id=None, limit=5)
    assert [person.id for person in facts.people] == [ANNA]
    assert facts.deals
    assert facts.tickets


def test_the_imitation_is_the_sandbox():
    assert PROVIDER.sandbox is HubSpotSandbox


@pytest.mark.parametrize("environment", ["production", "test"])
def test_the_limits_hold_in_any_ten_seconds(environment):
    # https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
    limits = PROVIDER.limits[environment]
    assert limits.burst + 10 * limits.requests_per_s <= 100
    search = limits.quotas["search"]
    assert search.burst + search.requests_per_s <= 5


@pytest.mark.parametrize(
    ("token", "is_accepted"),
    [
        ("pat-eu1-0f0e0d0c-1234-4321-abcd-0123456789ab", True),
        ("CKfZnLXkMhICAQEYs-gDIKe7HA", True),
        ("short", False),
        ("with space and more than twenty", False),
    ],
)
def test_tokens_say_nothing_of_their_environment(token, is_accepted):
    (pattern,) = PROVIDER.auth[0].environments
    assert bool(re.fullmatch(pattern, token)) is is_accepted
    assert PROVIDER.auth[0].environments[pattern] == "any"
