"""Slack: search, channels, threads, people, messages, reactions, files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirepost.contracts.asking import Asking
from wirepost.contracts.auth import ANY, ApiKey
from wirepost.contracts.customer import CustomerCard
from wirepost.contracts.provider import Probe, Provider
from wirepost.core.errors import NotConnected
from wirepost.providers.slack.client import SlackClient
from wirepost.providers.slack.limits import REAL, UNHURRIED
from wirepost.providers.slack.oauth import OAUTH
from wirepost.tools.tool import tools_in
from wirepost.webhooks.webhook import Sender

if TYPE_CHECKING:
    from wirepost.contracts.jobs import JobKind
    from wirepost.providers.slack.card import SlackCard
    from wirepost.providers.slack.feed import SlackFeed
    from wirepost.providers.slack.questions import SlackQuestions
    from wirepost.providers.slack.sandbox import SlackSandbox
    from wirepost.tools.tool import AnyTool
    from wirepost.webhooks.webhook import Webhook


async def probe(client: SlackClient) -> Probe:
    """Ask who the app is; Slack lists the scopes of a token in a header of each answer.

    A user token adds what it may search, which is all that it is used for.
    """
    body, granted = await client.identify()
    warnings: list[str] = []
    try:
        _, of_user = await client.identify(as_user=True)
    except NotConnected as error:
        of_user = []
        warnings.append(
            "There is no user token, so nothing can be searched"
            if error.code == "not_connected"
            else f"The user token is refused: {error.message}"
        )
    searching = [scope for scope in of_user if scope.startswith("search:")]
    return Probe(
        identity=str(body.get("user") or body["user_id"]),
        account=body.get("team"),
        account_id=body.get("team_id"),
        scopes=sorted({*granted, *searching}) if granted else None,
        warnings=warnings or None,
    )


def card_of(client: SlackClient) -> SlackCard:
    """The account as one that knows customers; loaded when a call asks for it."""
    from wirepost.providers.slack.card import SlackCard

    return SlackCard(client)


def questions_of(client: SlackClient) -> SlackQuestions:
    """The workspace as one where people are asked; loaded when that is configured."""
    from wirepost.providers.slack.questions import SlackQuestions

    return SlackQuestions(client)


def load_sandbox() -> type[SlackSandbox]:
    """The imitation of the vendor."""
    from wirepost.providers.slack.sandbox import SlackSandbox

    return SlackSandbox


def feed_of(client: SlackClient) -> SlackFeed:
    """What has happened, of which it may not have told; loaded when that is asked for."""
    from wirepost.providers.slack.feed import SlackFeed

    return SlackFeed(client)


def load_webhook() -> Webhook:
    """Slack's requests."""
    from wirepost.providers.slack.webhook import WEBHOOK

    return WEBHOOK


def load_tools() -> tuple[AnyTool, ...]:
    """Its tools."""
    from wirepost.providers.slack.tools import (
        asking,
        channels,
        files,
        messages,
        people,
        reactions,
        schedule,
        search,
    )

    return tools_in(search, channels, people, messages, schedule, reactions, files, asking)


def load_jobs() -> tuple[JobKind[Any], ...]:
    """The kinds of its jobs."""
    from wirepost.providers.slack.asking import KINDS

    return KINDS


PROVIDER = Provider(
    name="slack",
    title="Slack",
    base_url="https://slack.com/api",
    client=SlackClient,
    auth=(
        ApiKey(
            # The token does not show whether its workspace is a real one or for trying.
            environments={r"xoxb-[\w-]+": ANY, r"xoxe\.xoxb-[\w-]+": ANY},
            help="Install an app at https://api.slack.com/apps and copy its Bot User OAuth Token",
        ),
        OAUTH,
    ),
    user_auth=ApiKey(
        environments={r"xoxp-[\w-]+": ANY, r"xoxe\.xoxp-[\w-]+": ANY},
        help="Copy the User OAuth Token of the same app from https://api.slack.com/apps",
    ),
    load_tools=load_tools,
    load_sandbox=load_sandbox,
    sender=Sender(load_webhook),
    feed=feed_of,
    load_jobs=load_jobs,
    limits={"production": REAL, "test": REAL, "sandbox": UNHURRIED},
    api_versions={},
    probe=probe,
    offers={CustomerCard: card_of, Asking: questions_of},
)
