"""What Stripe tells of, in our words: events with the object as it was, and thin ones that only name it."""

from __future__ import annotations

from typing import Any

from wirepost.providers.stripe.arguments import INTENT_LABEL
from wirepost.providers.stripe.models import money
from wirepost.providers.stripe.objects import shown
from wirepost.webhooks.reading import MAX_KEY, at, key, moment, needed, our_type, scalar, seconds, text, word
from wirepost.webhooks.webhook import Actor, Item, Unmapped

Json = dict[str, Any]

THIN = "v2.core.event"
_AT_ONCE = "v1."
"""Before the type of a thin event about an object of the first API, which has a name without it as well."""

TYPES = {
    "payment_intent.created": "payment.created",
    "payment_intent.processing": "payment.processing",
    "payment_intent.requires_action": "payment.action_required",
    "payment_intent.amount_capturable_updated": "payment.authorized",
    "payment_intent.succeeded": "payment.succeeded",
    "payment_intent.payment_failed": "payment.failed",
    "payment_intent.canceled": "payment.cancelled",
    "charge.refunded": "payment.refunded",
    "charge.dispute.created": "payment.dispute.opened",
    "charge.dispute.updated": "payment.dispute.updated",
    "charge.dispute.closed": "payment.dispute.closed",
    "charge.dispute.funds_withdrawn": "payment.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated": "payment.dispute.funds_reinstated",
    "radar.early_fraud_warning.created": "payment.fraud_warning",
    "review.opened": "payment.review.opened",
    "review.closed": "payment.review.closed",
    "refund.created": "refund.created",
    "refund.updated": "refund.updated",
    "refund.failed": "refund.failed",
    "invoice.created": "invoice.created",
    "invoice.updated": "invoice.updated",
    "invoice.deleted": "invoice.deleted",
    "invoice.finalized": "invoice.finalized",
    "invoice.finalization_failed": "invoice.finalization_failed",
    "invoice.sent": "invoice.sent",
    "invoice.upcoming": "invoice.upcoming",
    "invoice.will_be_due": "invoice.due_soon",
    "invoice.overdue": "invoice.overdue",
    "invoice.paid": "invoice.paid",
    "invoice.payment_failed": "invoice.payment_failed",
    "invoice.payment_action_required": "invoice.action_required",
    "invoice.voided": "invoice.voided",
    "invoice.marked_uncollectible": "invoice.uncollectible",
    "checkout.session.completed": "checkout.completed",
    "checkout.session.expired": "checkout.expired",
    "checkout.session.async_payment_succeeded": "checkout.payment_succeeded",
    "checkout.session.async_payment_failed": "checkout.payment_failed",
    "customer.subscription.created": "subscription.created",
    "customer.subscription.updated": "subscription.updated",
    "customer.subscription.deleted": "subscription.ended",
    "customer.subscription.paused": "subscription.paused",
    "customer.subscription.resumed": "subscription.resumed",
    "customer.subscription.trial_will_end": "subscription.trial_ending",
    "customer.created": "customer.created",
    "customer.updated": "customer.updated",
    "customer.deleted": "customer.deleted",
    "payment_method.attached": "payment_method.attached",
    "payment_method.detached": "payment_method.detached",
    "payment_method.updated": "payment_method.updated",
    "payment_method.automatically_updated": "payment_method.updated",
    "payout.created": "payout.created",
    "payout.updated": "payout.updated",
    "payout.paid": "payout.paid",
    "payout.failed": "payout.failed",
    "payout.canceled": "payout.cancelled",
    "product.created": "product.created",
    "product.updated": "product.updated",
    "product.deleted": "product.deleted",
    "price.created": "price.created",
    "price.updated": "price.updated",
    "price.deleted": "price.deleted",
    "quote.created": "quote.created",
    "quote.finalized": "quote.finalized",
    "quote.accepted": "quote.accepted",
    "quote.canceled": "quote.cancelled",
    "reporting.report_run.succeeded": "report.succeeded",
    "reporting.report_run.failed": "report.failed",
}
"""https://docs.stripe.com/api/events/types. `charge.succeeded`, `charge.failed`, `charge.refund.updated` and
`invoice.payment_succeeded` are not here, because another event tells the same."""


def item_of(event: Json) -> Item:
    """One event, however it was got; raises `Unmapped`."""
    event_id, kind = needed(event.get("id"), "id"), needed(event.get("type"), "type")
    item = _thin(event, kind) if event.get("object") == THIN else _snapshot(event, kind)
    item.event_id, item.key = event_id, key(event_id)
    is_live = event.get("livemode")
    if isinstance(is_live, bool):
        item.environment = "production" if is_live else "test"
    return item


def _snapshot(event: Json, kind: str) -> Item:
    raw = at(event, "data", "object")
    if not isinstance(raw, dict):
        raise Unmapped("has no object")
    object_kind, object_id = text(raw.get("object")), text(raw.get("id"))
    ours = our_type("stripe", kind, TYPES)
    fields, untrusted, amount = _told(event, kind, raw)
    words = [f"{object_kind} {object_id}" if word(object_kind) and word(object_id) else "object", amount]
    words += [f"{name} {fields[name]}" for name in ("status", "customer") if word(fields.get(name))]
    request_id, request_key = _request(event.get("request"))
    return Item(
        type=ours,
        provider_type=kind,
        summary=f"{ours}: {', '.join(each for each in words if each)}",
        data=fields,
        subject=f"{object_kind}/{object_id}" if object_kind and object_id else None,
        time=seconds(event.get("created")),
        account=text(event.get("account")),
        untrusted=untrusted,
        actor=_actor(event.get("request"), request_id),
        marks=_marks(request_id, request_key, object_id, at(raw, "metadata", INTENT_LABEL)),
    )


def _told(event: Json, kind: str, raw: Json) -> tuple[Json, tuple[str, ...], str | None]:
    """Fields, untrusted paths and the amount it is about: what was paid back now, not what the charge was."""
    found = shown(raw)
    previous = at(event, "data", "previous_attributes")
    if not isinstance(previous, dict):
        return found.fields, found.untrusted, found.amount
    fields, amount = found.fields, found.amount
    fields["changed"] = sorted(str(name)[:MAX_KEY] for name in previous)
    before, after = scalar(previous.get("amount_refunded")), fields.get("amount_refunded_minor")
    if kind == "charge.refunded" and isinstance(before, int) and isinstance(after, int):
        fields.update(money("refunded_now", after - before, fields["currency"]))
        amount = f"{fields['refunded_now']} {str(fields['currency']).upper()}"
    return fields, found.untrusted, amount


def _thin(event: Json, kind: str) -> Item:
    about = event.get("related_object")
    object_kind, object_id = text(at(about, "type")), text(at(about, "id"))
    path, account = text(at(about, "url")), text(event.get("context"))
    ours = our_type(
        "stripe", kind, {**TYPES, kind: TYPES[plain]} if (plain := _plain(kind)) in TYPES else None
    )
    named = f"{object_kind} {object_id}" if word(object_kind) and word(object_id) else "object"
    request_id, request_key = _request(at(event, "reason", "request"))
    return Item(
        type=ours,
        provider_type=kind,
        summary=f"{ours}: {named}",
        data={"id": object_id} if object_id else {},
        subject=f"{object_kind}/{object_id}" if object_kind and object_id else None,
        time=moment(event.get("created")),
        account=account,
        actor=_actor(event.get("reason"), request_id),
        marks=_marks(request_id, request_key, object_id, None),
        fetch=path and (f"{path}#{account}" if account else path),
    )


def _plain(kind: str) -> str:
    return kind.removeprefix(_AT_ONCE)


def _request(value: Any) -> tuple[str | None, str | None]:
    """Id and idempotency key of the request that caused it; before 2017 only the id was told."""
    if isinstance(value, dict):
        return text(value.get("id")), text(value.get("idempotency_key"))
    return text(value), None


def _actor(told: Any, request_id: str | None) -> Actor:
    """Without a request it was Stripe itself: a renewal, a retry, a bank; with one, it could be anybody."""
    return Actor() if request_id is not None or told is None else Actor("automation", "stripe")


def _marks(
    request_id: str | None, request_key: str | None, object_id: str | None, intent: Any
) -> tuple[str, ...]:
    """With a key, only that tells whose request it was; parts of one write have keys with one beginning."""
    own = (request_key.partition(":")[0],) if request_key else (object_id, text(intent))
    return tuple(mark for mark in (*own, request_id) if mark)
