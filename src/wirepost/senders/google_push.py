"""Google push channels (Drive, Calendar, …): that a watched resource changed, in headers alone."""

from __future__ import annotations

from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import key, line, our_type
from wirepost.webhooks.replies import ALLOWED
from wirepost.webhooks.schemes.tokens import GOOGLE_CHANNEL
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Item, Reading, Terms, Unmapped, Webhook


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """One event; numbers grow within a channel, so both together are its id."""
    try:
        state, channel, number, resource = (
            request.required(f"x-goog-{name}")
            for name in ("resource-state", "channel-id", "message-number", "resource-id")
        )
    except Rejected as error:
        raise Unmapped(f"has no {error.where}") from error
    subject = f"resource/{resource}"
    data = {"channel": channel, "resource": resource, "state": state, "number": number}
    if changed := request.header("x-goog-changed"):
        data["changed"] = changed
    item = Item(
        type=our_type("google_push", state),
        provider_type=state,
        summary=line("Google", state, subject),
        data=data,
        subject=subject,
        key=key(f"{channel}:{number}"),
        event_id=number,
    )
    return Reading((item,))


async def _be_there(request: Incoming, terms: Terms) -> Reply | None:
    """A channel that has just been opened says so; it is no event."""
    return ALLOWED if request.header("x-goog-resource-state") == "sync" else None


WEBHOOK = Webhook(
    name="google_push",
    title="Google push channels",
    scheme=GOOGLE_CHANNEL,
    read=read,
    reply=_be_there,
    steps="Open a channel with the API's watch method: type web_hook, address {url}, and a token, which also "
    "goes into `token`.",
)
