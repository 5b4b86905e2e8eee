"""OpenAI: batches, responses, fine-tuning, evals, calls; an event names what is finished, no more."""

from __future__ import annotations

from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.reading import at, key, line, needed, our_type, parse_object, scalars, seconds, text
from wirepost.webhooks.schemes.standard import OPENAI, signed_id
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Actor, Item, Reading, Terms, Webhook


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:  # noqa: ARG001 - a reader's form
    """One event; the message's id stays the same when it is sent again."""
    body = parse_object(request.body)
    kind = needed(body.get("type"), "type")
    own = text(at(body, "data", "id")) or text(at(body, "data", "call_id"))
    subject = f"{kind.rpartition('.')[0] or kind}/{own}" if own else None
    item = Item(
        type=our_type("openai", kind),
        provider_type=kind,
        summary=line("OpenAI", kind, subject),
        data=scalars(body.get("data")),
        subject=subject,
        key=key(signed_id(request)),
        event_id=text(body.get("id")),
        time=seconds(body.get("created_at")),
        actor=Actor("automation"),
    )
    return Reading((item,))


WEBHOOK = Webhook(
    name="openai",
    title="OpenAI",
    scheme=OPENAI,
    read=read,
    sign=OPENAI.sign,
    steps="In the OpenAI platform settings of your project open Webhooks, Create: URL {url}; its signing "
    "secret goes into `secrets`.",
)
