"""What one request has changed, and which events Stripe makes of that (https://docs.stripe.com/api/events/types)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wirepost.providers.stripe.sandbox.tables import Row

Rule = Callable[["Row | None", "Row | None"], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Told:
    """One event to be made."""

    type: str
    object: Row
    previous: Row | None
    """What the changed fields were before."""


class Changes:
    """The objects a request touches, each as it was before and as it is now."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[Row | None, Row | None]] = {}
        self._acts: list[Told] = []

    def note(self, kind: str, before: Row | None, after: Row | None) -> None:
        """An object was made (`before` is `None`), changed, or removed (`after` is `None`)."""
        row = after or before
        if kind not in RULES or row is None:
            return
        key = (kind, row["id"])
        first = self._seen[key][0] if key in self._seen else before and dict(before)
        self._seen[key] = (first, after)

    def tell(self, kind: str, row: Row) -> None:
        """Something that changes no field, such as a mail."""
        self._acts.append(Told(kind, dict(row), None))

    def take(self) -> list[Told]:
        """The events since the last time, in the order in which the objects were first touched."""
        found = [
            Told(event, dict(row), _previous(before, after))
            for (kind, _), (before, after) in self._seen.items()
            if (row := after or before) is not None
            for event in RULES[kind](before, after)
        ]
        found += self._acts
        self._seen.clear()
        self._acts = []
        return found


def _previous(before: Row | None, after: Row | None) -> Row | None:
    """The fields that are others now; of objects inside only the parts that are."""
    if before is None or after is None:
        return None
    found: Row = {}
    for name, old in before.items():
        new = after.get(name)
        if old == new:
            continue
        found[name] = _previous(old, new) if isinstance(old, dict) and isinstance(new, dict) else old
    return {**found, **{name: None for name in after if name not in before}}


def _plain(name: str, *kinds: str) -> Rule:
    """`name.created`, `name.updated` and `name.deleted`, as far as Stripe has them."""

    def rule(before: Row | None, after: Row | None) -> Iterator[str]:
        kind = "created" if before is None else "deleted" if after is None else "updated"
        if kind in kinds and before != after:
            yield f"{name}.{kind}"

    return rule


def _status(row: Row | None) -> Any:
    return row and row["status"]


_OUTCOMES = {
    "succeeded": "payment_intent.succeeded",
    "requires_payment_method": "payment_intent.payment_failed",
    "canceled": "payment_intent.canceled",
}


def _intent(before: Row | None, after: Row | None) -> Iterator[str]:
    if before is None:
        yield "payment_intent.created"
    if _status(before) != _status(after) and (outcome := _OUTCOMES.get(_status(after))):
        yield outcome


def _charge(before: Row | None, after: Row | None) -> Iterator[str]:
    if before is None:
        yield f"charge.{_status(after)}"
    elif after is not None and after["amount_refunded"] != before["amount_refunded"]:
        yield "charge.refunded"
    elif before != after:
        yield "charge.updated"


def _refund(before: Row | None, after: Row | None) -> Iterator[str]:
    if before is None:
        yield "refund.created"
    elif before != after:
        yield "refund.failed" if _status(after) == "failed" else "refund.updated"


_CLOSED = frozenset({"won", "lost", "warning_closed"})


def _dispute(before: Row | None, after: Row | None) -> Iterator[str]:
    if before is None:
        yield "charge.dispute.created"
    elif before != after:
        is_closed = _status(after) in _CLOSED and _status(before) not in _CLOSED
        yield f"charge.dispute.{'closed' if is_closed else 'updated'}"


def _subscription(before: Row | None, after: Row | None) -> Iterator[str]:
    if before is None:
        yield "customer.subscription.created"
    elif before != after:
        is_over = _status(after) == "canceled" != _status(before)
        yield f"customer.subscription.{'deleted' if is_over else 'updated'}"


_ENDS = {
    "paid": ("invoice.paid", "invoice.payment_succeeded"),
    "void": ("invoice.voided",),
    "uncollectible": ("invoice.marked_uncollectible",),
}


def _invoice(before: Row | None, after: Row | None) -> Iterator[str]:
    if after is None:
        yield "invoice.deleted"
        return
    if before is None:
        yield "invoice.created"
    elif before != after:
        yield "invoice.updated"
    was, is_now = _status(before) or "draft", after["status"]
    if was == "draft" != is_now:
        yield "invoice.finalized"
    if was != is_now:
        yield from _ENDS.get(is_now, ())
    if is_now == "open" and after["attempt_count"] > (before["attempt_count"] if before else 0):
        yield "invoice.payment_failed"


def _report(_before: Row | None, after: Row | None) -> Iterator[str]:
    if _status(after) in {"succeeded", "failed"}:
        yield f"reporting.report_run.{_status(after)}"


RULES: Mapping[str, Rule] = {
    "customers": _plain("customer", "created", "updated", "deleted"),
    "payment_intents": _intent,
    "charges": _charge,
    "refunds": _refund,
    "disputes": _dispute,
    "subscriptions": _subscription,
    "invoices": _invoice,
    "invoiceitems": _plain("invoiceitem", "created", "deleted"),
    "payment_links": _plain("payment_link", "created", "updated"),
    "report_runs": _report,
}
"""Table → the events that a change of one of its objects makes."""
