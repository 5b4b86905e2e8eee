"""Netlify: deploys and form submissions."""

from __future__ import annotations

from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.reading import (
    fingerprint,
    line,
    moment,
    our_type,
    parse_object,
    picked,
    text,
)
from wirepost.webhooks.schemes.jwt import NETLIFY
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Item, Reading, Terms, Unmapped, Webhook

_FIELDS = {
    "id": ("id",),
    "state": ("state",),
    "branch": ("branch",),
    "context": ("context",),
    "commit": ("commit_ref",),
    "title": ("title",),
    "error": ("error_message",),
    "url": ("deploy_ssl_url",),
    "form": ("form_name",),
    "name": ("name",),
    "email": ("email",),
}


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """One event; what it is stands in the signed body, the header that names it is not signed."""
    body = parse_object(request.body)
    own, state = text(body.get("id")), text(body.get("state"))
    if body.get("form_id") or body.get("form_name"):
        kind, entity = "submission.created", "submission"
    elif state:
        kind, entity = f"deploy.{state}", "deploy"
    else:
        raise Unmapped("is neither a deploy nor a submission")
    changed_at = body.get("updated_at") or body.get("created_at")
    subject = f"{entity}/{own}" if own else None
    item = Item(
        type=our_type("netlify", kind),
        provider_type=kind,
        summary=line("Netlify", kind, subject),
        data=picked(body, _FIELDS),
        subject=subject,
        key=fingerprint(kind, own, changed_at) if own and changed_at else None,
        event_id=own,
        time=moment(changed_at),
        account=text(body.get("site_id")),
        untrusted=("branch", "title", "error", "name", "email"),
    )
    return Reading((item,))


WEBHOOK = Webhook(
    name="netlify",
    title="Netlify",
    scheme=NETLIFY,
    read=read,
    steps="In Netlify open the project's Notifications, HTTP POST request: URL {url} and a JWS secret token, "
    "which also goes into `secrets`.",
)
