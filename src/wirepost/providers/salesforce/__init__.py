"""Salesforce: contacts, accounts, opportunities, cases and everything else in an organisation, as a CRM."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wirepost.contracts.auth import TokenExchange
from wirepost.contracts.crm import Crm
from wirepost.contracts.customer import CustomerCard
from wirepost.contracts.provider import Probe, Provider
from wirepost.core.text import clean_line
from wirepost.providers.salesforce.client import API_VERSION, ROOT, SalesforceClient
from wirepost.providers.salesforce.oauth import OAUTH
from wirepost.tools.tool import tools_in
from wirepost.upstream.limits import Limits
from wirepost.webhooks.webhook import Sender

if TYPE_CHECKING:
    from wirepost.contracts.crm_card import CrmCard
    from wirepost.contracts.jobs import JobKind
    from wirepost.providers.salesforce.crm import SalesforceCrm
    from wirepost.providers.salesforce.feed import SalesforceFeed
    from wirepost.providers.salesforce.sandbox import SalesforceSandbox
    from wirepost.tools.tool import AnyTool
    from wirepost.webhooks.webhook import Webhook

TEST_LOGIN, LOGIN = "https://test.salesforce.com", "https://login.salesforce.com"
_OF_TESTS = re.compile(
    r"test\.salesforce\.com|[a-z0-9-]+--[a-z0-9-]+\.sandbox\.my\.salesforce\.com", re.IGNORECASE
)


def environment_of(address: str) -> str:
    """Where an address belongs: sandboxes have their name and `sandbox` in it.

    https://help.salesforce.com/s/articleView?id=sf.domain_name_url_format_changes.htm
    """
    return "test" if _OF_TESTS.fullmatch(urlsplit(address).hostname or "") else "production"


def audience(address: str) -> str:
    """Whom a signed assertion is for.

    https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_jwt_flow.htm
    """
    return TEST_LOGIN if environment_of(address) == "test" else LOGIN


async def probe(client: SalesforceClient) -> Probe:
    """Read who the user is, and how many requests are left today, which every user with API access may."""
    limits = await client.get(f"{ROOT}/limits")
    who, warnings = await client.who(), list[str]()
    if not who:
        warnings.append("Salesforce does not tell who the user of this connection is; the app lacks `openid`")
    host = urlsplit(client.upstream.address).hostname or ""
    daily = limits.get("DailyApiRequests") or {}
    quota = {name.lower(): float(daily[name]) for name in ("Remaining", "Max") if name in daily}
    name = str(who.get("preferred_username") or who.get("email") or "a user")
    account = who.get("organization_id")
    return Probe(
        identity=clean_line(f"{name} on {host}", 200),
        account=host,
        account_id=str(account) if account else None,
        environment=environment_of(client.upstream.address),
        quota=quota or client.scope.quota,
        warnings=warnings or None,
    )


def crm_of(client: SalesforceClient) -> SalesforceCrm:
    """The account as a CRM; loaded when a call asks for it, because a list of tools does not."""
    from wirepost.providers.salesforce.crm import SalesforceCrm

    return SalesforceCrm(client)


def card_of(client: SalesforceClient) -> CrmCard:
    """The account as one that knows customers."""
    from wirepost.contracts.crm_card import CrmCard

    return CrmCard(crm_of(client))


def load_sandbox() -> type[SalesforceSandbox]:
    """The imitation of the vendor."""
    from wirepost.providers.salesforce.sandbox import SalesforceSandbox

    return SalesforceSandbox


def feed_of(client: SalesforceClient) -> SalesforceFeed:
    """What has happened, of which it may not have told; loaded when that is asked for."""
    from wirepost.providers.salesforce.feed import SalesforceFeed

    return SalesforceFeed(client)


def load_webhook() -> Webhook:
    """Salesforce's requests."""
    from wirepost.providers.salesforce.webhook import WEBHOOK

    return WEBHOOK


def load_tools() -> tuple[AnyTool, ...]:
    """Its tools."""
    from wirepost.providers.salesforce.tools import query

    return tools_in(query)


def load_jobs() -> tuple[JobKind[Any], ...]:
    """The kinds of its jobs."""
    from wirepost.providers.salesforce import bulk, ingest

    return (*bulk.KINDS, *ingest.KINDS)


CRM_TOOLS = (
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
    "crm_start_export",
    "crm_start_import",
)

PROVIDER = Provider(
    name="salesforce",
    title="Salesforce",
    base_url="",
    client=SalesforceClient,
    auth=(
        TokenExchange(
            path="/services/oauth2/token",
            audience=audience,
            environment_of=environment_of,
            help="Create an External Client App in the set-up of Salesforce, with the client credentials "
            "flow or the JWT bearer flow, and let a user of its own run it",
        ),
        OAUTH,
    ),
    load_tools=load_tools,
    load_sandbox=load_sandbox,
    sender=Sender(load_webhook, is_signed=False),
    feed=feed_of,
    load_jobs=load_jobs,
    # https://developer.salesforce.com/docs/atlas.en-us.salesforce_app_limits_cheatsheet.meta/
    # salesforce_app_limits_cheatsheet/salesforce_app_limits_platform_api.htm: no rate, but a number for
    # each day, and at most 25 requests at once that take long (5 in developer editions and trials).
    limits={
        "production": Limits(requests_per_s=20, burst=40, concurrency=20),
        "test": Limits(requests_per_s=20, burst=40, concurrency=20),
        "sandbox": Limits(requests_per_s=1000, burst=1000, concurrency=100),
    },
    # Each version lives for three years at least.
    api_versions={API_VERSION: None},
    probe=probe,
    offers={Crm: crm_of, CustomerCard: card_of},
    contract_scopes=dict.fromkeys(CRM_TOOLS, ("api",)),
)
