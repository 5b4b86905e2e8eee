"""GitHub: a person's or an organisation's account, reached with a token, an OAuth app or a GitHub App."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirepost.contracts.auth import ANY, ApiKey, AppInstallation
from wirepost.contracts.provider import Probe, Provider
from wirepost.core.text import clean_line
from wirepost.providers.github.client import API_VERSION, GitHubClient, scopes_in
from wirepost.providers.github.oauth import OAUTH
from wirepost.upstream.limits import Limits
from wirepost.webhooks.webhook import Sender

if TYPE_CHECKING:
    from wirepost.providers.github.feed import GitHubFeed
    from wirepost.webhooks.webhook import Webhook

INSTALLATION = AppInstallation(
    # https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
    path="/app/installations/{installation}/access_tokens",
    help="Install the GitHub App, note the number at the end of the installation's address, and download "
    "a private key of the app",
)


async def probe(client: GitHubClient) -> Probe:
    """Read who the token is; of an installation, which repositories it sees, for it is nobody."""
    if client.options.auth == INSTALLATION.name:
        return await _installation(client)
    answer = await client.answer("/user")
    user = answer.json()
    login = clean_line(str(user.get("login")), 100)
    return Probe(
        identity=login,
        account=login,
        account_id=str(user.get("id")),
        # Tokens of GitHub Apps and fine-grained ones have permissions instead, which cannot be read.
        scopes=scopes_in(answer.headers.get("x-oauth-scopes")) or None,
        quota=client.scope.quota,
    )


async def _installation(client: GitHubClient) -> Probe:
    seen = await client.get("/installation/repositories", per_page="1")
    owners = [each.get("owner") or {} for each in seen.get("repositories") or []]
    owner = owners[0] if owners else {}
    login = clean_line(str(owner.get("login") or f"installation {client.options.installation}"), 100)
    return Probe(
        identity=f"an app on {login}",
        account=login,
        account_id=client.options.installation,
        quota=client.scope.quota,
        warnings=None if owners else ["The app sees no repository of this installation"],
    )


def feed_of(client: GitHubClient) -> GitHubFeed:
    """What has happened, of which it may not have told; loaded when that is asked for."""
    from wirepost.providers.github.feed import GitHubFeed

    return GitHubFeed(client)


def load_webhook() -> Webhook:
    """The requests it sends."""
    from wirepost.providers.github.webhook import WEBHOOK

    return WEBHOOK


PROVIDER = Provider(
    name="github",
    title="GitHub",
    base_url="https://api.github.com",
    client=GitHubClient,
    auth=(
        ApiKey(
            # https://github.blog/engineering/behind-githubs-new-authentication-token-formats/
            environments={r"gh[psou]_\w{20,}": ANY, r"github_pat_\w{20,}": ANY},
            help="Create a fine-grained token at https://github.com/settings/personal-access-tokens",
        ),
        OAUTH,
        INSTALLATION,
    ),
    load_sandbox=None,
    # https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api: 5,000 requests an
    # hour, 900 points a minute (a read is one), 100 at once.
    limits={
        "production": Limits(requests_per_s=10, burst=50, concurrency=20),
        "test": Limits(requests_per_s=10, burst=50, concurrency=20),
    },
    api_versions={API_VERSION: None},
    probe=probe,
    sender=Sender(load_webhook),
    feed=feed_of,
)
