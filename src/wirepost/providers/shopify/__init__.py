"""Shopify: one shop, over the GraphQL Admin API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirepost.contracts.auth import ANY, ApiKey, TokenExchange
from wirepost.contracts.provider import Probe, Provider
from wirepost.core.text import clean_line
from wirepost.providers.shopify.client import API_VERSION, ShopifyClient
from wirepost.providers.shopify.oauth import HEADER, OAUTH
from wirepost.upstream.limits import Limits
from wirepost.webhooks.webhook import Sender

if TYPE_CHECKING:
    from wirepost.providers.shopify.feed import ShopifyFeed
    from wirepost.webhooks.webhook import Webhook

WHO = """query {
  shop { id name myshopifyDomain plan { partnerDevelopment } }
  currentAppInstallation { app { title } accessScopes { handle } }
}"""


async def probe(client: ShopifyClient) -> Probe:
    """Read the shop and what the app may do there, which every token may."""
    found = await client.query(WHO)
    shop, installation = found["shop"], found["currentAppInstallation"]
    title = clean_line(str(installation["app"].get("title") or "an app"), 100)
    return Probe(
        identity=f"{title} on {clean_line(str(shop['myshopifyDomain']), 100)}",
        account=clean_line(str(shop["name"]), 100),
        account_id=str(shop["myshopifyDomain"]),
        environment="test" if shop["plan"]["partnerDevelopment"] else "production",
        scopes=sorted(str(scope["handle"]) for scope in installation["accessScopes"]),
        quota=client.scope.quota,
    )


def feed_of(client: ShopifyClient) -> ShopifyFeed:
    """What has happened, of which it may not have told; loaded when that is asked for."""
    from wirepost.providers.shopify.feed import ShopifyFeed

    return ShopifyFeed(client)


def load_webhook() -> Webhook:
    """The requests it sends."""
    from wirepost.providers.shopify.webhook import WEBHOOK

    return WEBHOOK


PROVIDER = Provider(
    name="shopify",
    title="Shopify",
    base_url="",
    client=ShopifyClient,
    auth=(
        OAUTH,
        TokenExchange(
            # https://shopify.dev/docs/apps/build/authentication-authorization/client-credentials-grant
            path="/admin/oauth/access_token",
            audience=lambda address: address,
            environment_of=lambda _: ANY,
            help="Create an app in Shopify's Dev Dashboard and install it in a shop of your own organisation",
            lifetime_s=86_400,
            header=HEADER,
            form="{}",
        ),
        ApiKey(
            environments={r"shp(at|ca|pa)_\w{20,}": ANY},
            help="Copy the Admin API access token of a custom app of the shop",
            header=HEADER,
            form="{}",
        ),
    ),
    load_sandbox=None,
    # Points rather than requests are counted (https://shopify.dev/docs/api/usage/limits), and each answer
    # tells how many are left; this only keeps bursts apart.
    limits={
        "production": Limits(requests_per_s=10, burst=20, concurrency=10),
        "test": Limits(requests_per_s=10, burst=20, concurrency=10),
    },
    api_versions={API_VERSION: "2027-10-01"},
    probe=probe,
    sender=Sender(load_webhook),
    feed=feed_of,
)
