"""Stripe: payments, refunds, invoices, subscriptions, disputes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirepost.contracts.auth import ApiKey
from wirepost.contracts.customer import CustomerCard
from wirepost.contracts.provider import Probe, Provider
from wirepost.providers.stripe.client import API_VERSION, StripeClient
from wirepost.providers.stripe.oauth import APPS, CONNECT
from wirepost.tools.tool import tools_in
from wirepost.upstream.limits import Limits
from wirepost.webhooks.webhook import Sender

if TYPE_CHECKING:
    from wirepost.contracts.jobs import JobKind
    from wirepost.providers.stripe.card import StripeCard
    from wirepost.providers.stripe.feed import StripeFeed
    from wirepost.providers.stripe.sandbox import StripeSandbox
    from wirepost.tools.tool import AnyTool
    from wirepost.webhooks.webhook import Webhook


async def probe(client: StripeClient) -> Probe:
    """Read the balance: a restricted key may not read the account, but most may read that.

    What a restricted key may do cannot be read at all.
    """
    is_live = (await client.get("/v1/balance")).get("livemode")
    identity = "a key" if is_live is None else "a live key" if is_live else "a test key"
    return Probe(identity=identity)


def card_of(client: StripeClient) -> StripeCard:
    """The account as one that knows customers; loaded when a call asks for it."""
    from wirepost.providers.stripe.card import StripeCard

    return StripeCard(client)


def load_sandbox() -> type[StripeSandbox]:
    """The imitation of the vendor."""
    from wirepost.providers.stripe.sandbox import StripeSandbox

    return StripeSandbox


def feed_of(client: StripeClient) -> StripeFeed:
    """What has happened, of which it may not have told; loaded when that is asked for."""
    from wirepost.providers.stripe.feed import StripeFeed

    return StripeFeed(client)


def load_webhook() -> Webhook:
    """The requests it sends."""
    from wirepost.providers.stripe.webhook import WEBHOOK

    return WEBHOOK


def load_tools() -> tuple[AnyTool, ...]:
    """Its tools."""
    from wirepost.providers.stripe.tools import (
        balance,
        customers,
        disputes,
        invoices,
        payments,
        prices,
        refunds,
        reports,
        subscriptions,
    )

    return tools_in(customers, payments, refunds, invoices, subscriptions, disputes, prices, balance, reports)


def load_jobs() -> tuple[JobKind[Any], ...]:
    """The kinds of its jobs."""
    from wirepost.providers.stripe.reports import KINDS

    return KINDS


PROVIDER = Provider(
    name="stripe",
    title="Stripe",
    base_url="https://api.stripe.com",
    client=StripeClient,
    auth=(
        ApiKey(
            environments={r"(rk|sk)_live_\w+": "production", r"(rk|sk)_test_\w+": "test"},
            help="Create a restricted key at https://dashboard.stripe.com/apikeys",
        ),
        CONNECT,
        APPS,
    ),
    load_tools=load_tools,
    load_sandbox=load_sandbox,
    # https://docs.stripe.com/rate-limits: requests a second of one account.
    limits={
        "production": Limits(requests_per_s=100, burst=100, concurrency=25),
        "test": Limits(requests_per_s=25, burst=25, concurrency=10),
        "sandbox": Limits(requests_per_s=1000, burst=1000, concurrency=100),
    },
    api_versions={API_VERSION: None},
    probe=probe,
    offers={CustomerCard: card_of},
    sender=Sender(load_webhook),
    feed=feed_of,
    load_jobs=load_jobs,
)
