"""HubSpot: contacts, companies, deals, tickets and everything else in a HubSpot account, as a CRM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirepost.contracts.auth import ANY, ApiKey
from wirepost.contracts.crm import Crm
from wirepost.contracts.customer import CustomerCard
from wirepost.contracts.provider import Probe, Provider
from wirepost.core.text import clean_line
from wirepost.providers.hubspot.client import API_VERSION, SEARCH, HubSpotClient
from wirepost.providers.hubspot.oauth import OAUTH
from wirepost.upstream.limits import Limits, Quota
from wirepost.webhooks.webhook import Sender

if TYPE_CHECKING:
    from wirepost.contracts.crm_card import CrmCard
    from wirepost.contracts.jobs import JobKind
    from wirepost.providers.hubspot.crm import HubSpotCrm
    from wirepost.providers.hubspot.feed import HubSpotFeed
    from wirepost.providers.hubspot.sandbox import HubSpotSandbox
    from wirepost.webhooks.webhook import Webhook

KINDS_OF_ACCOUNT = {"STANDARD": "production", "SANDBOX": "test", "DEVELOPER_TEST": "test"}
"""Kind of an account → environment; app developer accounts hold no records."""


async def probe(client: HubSpotClient) -> Probe:
    """Read the account, which every token may, and what the token may do, where HubSpot tells."""
    account = await client.account()
    granted = await client.granted()
    number = str(account["portalId"])
    app = (await client.token()).get("appId") if granted is not None else None
    who = "a token" if app is None else f"app {app}"
    return Probe(
        identity=clean_line(f"{who} on {account['uiDomain']}", 200),
        account=number,
        account_id=number,
        environment=KINDS_OF_ACCOUNT.get(account["accountType"]),
        scopes=granted,
        quota=client.scope.quota,
        warnings=None
        if granted is not None or client.is_consented
        else ["HubSpot does not tell what this token may do; all tools are listed"],
    )


_RECORDS = ("contacts", "companies", "deals", "products", "custom")
READ = "|".join((*(f"crm.objects.{each}.read" for each in _RECORDS), "tickets", "e-commerce"))
WRITE = "|".join((*(f"crm.objects.{each}.write" for each in _RECORDS), "tickets", "e-commerce"))
"""A token that may read or write one kind of records makes a tool useful; HubSpot checks the others."""


def crm_of(client: HubSpotClient) -> HubSpotCrm:
    """The account as a CRM; loaded when a call asks for it, because a list of tools does not."""
    from wirepost.providers.hubspot.crm import HubSpotCrm

    return HubSpotCrm(client)


def card_of(client: HubSpotClient) -> CrmCard:
    """The account as one that knows customers."""
    from wirepost.contracts.crm_card import CrmCard

    return CrmCard(crm_of(client))


def load_sandbox() -> type[HubSpotSandbox]:
    """The imitation of the vendor."""
    from wirepost.providers.hubspot.sandbox import HubSpotSandbox

    return HubSpotSandbox


def feed_of(client: HubSpotClient) -> HubSpotFeed:
    """What has happened, of which it may not have told; loaded when that is asked for."""
    from wirepost.providers.hubspot.feed import HubSpotFeed

    return HubSpotFeed(client)


def load_webhook() -> Webhook:
    """HubSpot's requests."""
    from wirepost.providers.hubspot.webhook import WEBHOOK

    return WEBHOOK


def load_jobs() -> tuple[JobKind[Any], ...]:
    """The kinds of its jobs."""
    from wirepost.providers.hubspot import exports, imports

    return (*exports.KINDS, *imports.KINDS)


PROVIDER = Provider(
    name="hubspot",
    title="HubSpot",
    base_url="https://api.hubapi.com",
    client=HubSpotClient,
    auth=(
        ApiKey(
            # Tokens of private apps, service keys and OAuth look alike for every kind of account.
            environments={r"[\x21-\x7e]{20,}": ANY},
            help="Create a service key in HubSpot under Development, Keys, Service keys",
        ),
        OAUTH,
    ),
    load_sandbox=load_sandbox,
    sender=Sender(load_webhook),
    feed=feed_of,
    load_jobs=load_jobs,
    # https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines: in ten seconds 100
    # requests of a private app, 190 from Professional on; searches 5 a second for the whole account.
    limits={
        "production": Limits(requests_per_s=9, burst=10, quotas={SEARCH: Quota(4, 1)}),
        "test": Limits(requests_per_s=9, burst=10, quotas={SEARCH: Quota(4, 1)}),
        "sandbox": Limits(
            requests_per_s=1000, burst=1000, concurrency=100, quotas={SEARCH: Quota(1000, 1000)}
        ),
    },
    # Each dated version lives for 18 months at least.
    api_versions={API_VERSION: None},
    probe=probe,
    offers={Crm: crm_of, CustomerCard: card_of},
    contract_scopes={
        **dict.fromkeys(
            (
                "crm_list_objects",
                "crm_describe_object",
                "crm_search_records",
                "crm_list_records",
                "crm_get_records",
                "crm_list_links",
                "crm_list_pipelines",
                "crm_summarize_records",
            ),
            (READ,),
        ),
        **dict.fromkeys(
            (
                "crm_create_records",
                "crm_update_records",
                "crm_upsert_records",
                "crm_archive_records",
                "crm_link_records",
                "crm_unlink_records",
            ),
            (WRITE,),
        ),
        "crm_log_activity": ("crm.objects.contacts.write",),
        "crm_list_owners": ("crm.objects.owners.read",),
        "crm_start_export": ("crm.export",),
        "crm_start_import": ("crm.import",),
    },
)
