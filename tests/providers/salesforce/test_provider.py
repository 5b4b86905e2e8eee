"""The declaration: whose address it is, what a session turns out to be, what is offered."""

from __future__ import annotations

import pytest

from support.salesforce import JudgedOrg
from wirepost.contracts.crm import Crm
from wirepost.contracts.customer import CustomerCard
from wirepost.core.errors import NotConnected
from wirepost.providers.salesforce import PROVIDER, audience, environment_of, probe
from wirepost.providers.salesforce.crm import SalesforceCrm
from wirepost.sandbox.faults import Fault

USER_INFO = "GET /services/oauth2/userinfo"


@pytest.mark.parametrize(
    ("address", "environment", "login"),
    [
        ("https://nordlicht.my.salesforce.com", "production", "https://login.salesforce.com"),
        ("https://nordlicht--uat.sandbox.my.salesforce.com", "test", "https://test.salesforce.com"),
        ("https://NORDLICHT--uat.sandbox.my.salesforce.com/", "test", "https://test.salesforce.com"),
        ("https://test.salesforce.com", "test", "https://test.salesforce.com"),
        ("https://login.salesforce.com", "production", "https://login.salesforce.com"),
        (
            "https://nordlicht--uat.sandbox.my.salesforce.com.evil.example",
            "production",
            "https://login.salesforce.com",
        ),
        ("", "production", "https://login.salesforce.com"),
    ],
)
def test_an_address_shows_its_environment(address: str, environment: str, login: str):
    # https://help.salesforce.com/s/articleView?id=sf.domain_name_url_format_changes.htm
    assert environment_of(address) == environment
    assert audience(address) == login


async def test_a_session_is_probed_with_two_reads(org: JudgedOrg):
    found = await probe(org.client(may_write=False))
    assert found.identity.endswith(" on nordlicht.my.salesforce.com")
    assert found.account == "nordlicht.my.salesforce.com"
    assert (found.account_id or "").startswith("00D")
    assert found.environment == "production"
    assert found.quota
    assert found.quota["max"] == org.sandbox.daily_limit
    assert found.warnings is None
    assert len([each for each in org.judge.requests if "token" not in each.url.path]) == 2


async def test_a_session_that_does_not_tell_its_user_is_still_good(org: JudgedOrg):
    org.sandbox.inject(Fault("status", status=404, match=USER_INFO))
    found = await probe(org.client(may_write=False))
    assert found.identity == "a user on nordlicht.my.salesforce.com"
    assert "openid" in (found.warnings or [""])[0]


async def test_a_refused_session_is_reported(org: JudgedOrg):
    org.sandbox.inject(Fault("status", status=401, match=USER_INFO, times=None))
    with pytest.raises(NotConnected) as refused:
        await probe(org.client(may_write=False))
    assert refused.value.code == "auth_expired"


def test_a_crm_and_what_it_knows_of_customers_are_offered(org: JudgedOrg):
    assert isinstance(PROVIDER.offers[Crm](org.client()), SalesforceCrm)
    assert isinstance(PROVIDER.offers[CustomerCard](org.client()), CustomerCard)
    assert set(PROVIDER.contract_scopes.values()) == {("api",)}
    assert [tool.name for tool in PROVIDER.tools] == ["salesforce_query"]


async def test_a_customer_is_known_with_deals_and_tickets(org: JudgedOrg):
    card = PROVIDER.offers[CustomerCard](org.client(may_write=False))
    facts = await card.facts(email="ANNA.lindqvist@example.com", customer_id=None, limit=20)
    assert [person.name for person in facts.people] == ["Anna Lindqvist"]
    assert len(facts.deals) == sum(deal.person == "person0001" for deal in org.sandbox.world.deals)
    assert facts.tickets
    assert facts.tickets[0].subject
    unknown = await card.facts(email=None, customer_id="cus_1", limit=5)
    assert unknown.people == []
