"""GitHub's webhook: how its requests are signed, read, set up, and made for trying."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.core.clock import Clock
from wirepost.core.ids import new_id
from wirepost.providers.github.items import TYPES, item_of
from wirepost.providers.github.shapes import SHAPES
from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import form, needed, parse_object
from wirepost.webhooks.replies import ALLOWED
from wirepost.webhooks.samples import sample_file, sample_type, with_fields
from wirepost.webhooks.schemes.hmacs import GITHUB
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Reading, Terms, Unmapped, Webhook

if TYPE_CHECKING:
    from wirepost.providers.github.client import GitHubClient
    from wirepost.providers.github.manage import GitHubManagement


EVENT, DELIVERY = "x-github-event", "x-github-delivery"
PING = "ping"
FORM = "application/x-www-form-urlencoded"

SAMPLES = {
    "installation.created": "installation.created",
    "issue_comment.created": "issue_comment.created",
    "issues.opened": "issues.opened",
    "pull_request.opened": "pull_request.opened",
    "pull_request_review.submitted": "pull_request_review.submitted",
    "push": "push.new_branch",
    "release.published": "release.published",
    "star.created": "star.created",
    "workflow_run.completed": "workflow_run.completed",
    "ping": "ping",
}
"""Event with action → the file of its sample."""


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:  # noqa: ARG001 - the signature says all
    """The one event of a request."""
    event = needed(_header(request, EVENT), EVENT)
    return Reading([item_of(event, _header(request, DELIVERY), _body(request), terms.settings.own_ids)])


def _body(request: Incoming) -> dict[str, Any]:
    """A hook that was set up for forms puts the JSON into a field."""
    if (_header(request, "content-type") or "").lower().startswith(FORM):
        return parse_object(form(request.body).get("payload", "").encode())
    return parse_object(request.body)


def _header(request: Incoming, name: str) -> str | None:
    try:
        return request.header(name) or None
    except Rejected as twice:
        raise Unmapped(str(twice)) from twice


async def answer_ping(request: Incoming, terms: Terms) -> Reply | None:  # noqa: ARG001 - nothing is asked of it
    """The first request of a new hook only wants to be answered."""
    return ALLOWED if _header(request, EVENT) == PING else None


def sample(kind: str, fields: Mapping[str, Any]) -> tuple[Mapping[str, str], bytes]:
    """A request of this type, ours or GitHub's; raises `ValueError` naming those there are."""
    found = sample_type(kind, SAMPLES, TYPES)
    body = orjson.loads(sample_file("wirepost.providers.github", f"{SAMPLES[found]}.json"))
    event = found.partition(".")[0]
    # A body that is equal to an earlier one would be taken for a repetition.
    now = Clock().now().isoformat(timespec="microseconds")
    for member in ("repository", "installation", SHAPES[event].member if event in SHAPES else event):
        if isinstance(body.get(member), dict) and "updated_at" in body[member]:
            body[member]["updated_at"] = now
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/0000000",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": new_id("sample"),
    }
    return headers, orjson.dumps(with_fields(body, fields))


def manage(client: GitHubClient) -> GitHubManagement:
    """Where its webhooks are set up; loaded when somebody does that."""
    from wirepost.providers.github.manage import GitHubManagement

    return GitHubManagement(client)


WEBHOOK = Webhook(
    name="github",
    title="GitHub",
    scheme=GITHUB,
    read=read,
    types=TYPES,
    reply=answer_ping,
    addresses="github",
    sample=sample,
    sign=GITHUB.sign,
    manage=manage,
    steps="Settings of the repository, the organisation or the GitHub App, Webhooks: Payload URL {url}, "
    "content type application/json, a random secret of at least 20 characters, which is also named under "
    "`secrets`, and the events to be sent",
)
