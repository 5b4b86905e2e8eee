"""Subscriptions: list, change, cancel."""

from __future__ import annotations

from typing import Any, Literal

from wirepost.core.errors import Rejected
from wirepost.core.money import CURRENCIES, Money
from wirepost.core.times import from_epoch
from wirepost.providers.stripe.arguments import AccountId, CustomerId, PriceId, SubscriptionId, wrong
from wirepost.providers.stripe.billing import CanceledSubscription, NextStep, Subscription, items_of
from wirepost.providers.stripe.client import StripeClient
from wirepost.providers.stripe.models import id_of, page_of
from wirepost.providers.stripe.tools.payments import payment_in_invoice
from wirepost.tools.context import Call
from wirepost.tools.results import Effect, Page, Plan
from wirepost.tools.tool import Argument, Risk, tool

SubscriptionStatus = Literal[
    "all",
    "active",
    "trialing",
    "past_due",
    "unpaid",
    "paused",
    "incomplete",
    "incomplete_expired",
    "canceled",
    "ended",
]
Proration = Literal["create_prorations", "always_invoice", "none"]
When = Literal["period_end", "now"]


class Change(Argument):
    """One change: of an item (`si_…`), or a price to add when no item is named."""

    item: str | None = None
    price: PriceId | None = None
    quantity: int | None = None
    remove: bool | None = None


@tool(Risk.READ, scopes=["rak_subscription_read"], example={"status": "past_due"})
async def stripe_list_subscriptions(
    call: Call[StripeClient],
    *,
    customer: CustomerId | None = None,
    price: PriceId | None = None,
    status: SubscriptionStatus | None = None,
    account: AccountId | None = None,
) -> Page[Subscription]:
    """List subscriptions, newest first; all but canceled unless a status is given."""
    raw = await call.api.on(account).get(
        "/v1/subscriptions",
        customer=customer,
        price=price,
        status=status,
        limit=call.limit,
        starting_after=call.position,
    )
    return page_of(Subscription, raw)


@tool(
    Risk.MONEY,
    scopes=["rak_subscription_write", "rak_invoice_write", "rak_plan_read"],
    example={
        "subscription": "sub_NordlichtExample",
        "changes": [{"item": "si_NordlichtExample", "quantity": 2}],
        "intent": "seats-4711",
    },
    long_help="""
    Each change is `{item, price}`, `{item, quantity}`, `{item, remove: true}`, or `{price, quantity}`
    to add an item; take the item ids (`si_…`) from stripe_list_subscriptions. `proration`:
    `create_prorations` puts the difference on the next invoice, `always_invoice` bills it now (the
    change is refused if that payment fails), `none` bills the new price from the next period on. The
    preview comes from Stripe's own calculation; prorated amounts move with every second.
    """,
)
async def stripe_change_subscription(
    call: Call[StripeClient],
    *,
    subscription: SubscriptionId,
    changes: list[Change],
    proration: Proration = "create_prorations",
    account: AccountId | None = None,
) -> Subscription:
    """Change price or quantity of subscription items, add or remove items.

    A change without item adds its price.
    """
    raw = await call.api.on(account).post(
        f"/v1/subscriptions/{subscription}",
        key=call.key,
        items=_items(changes),
        proration_behavior=proration,
        payment_behavior="error_if_incomplete" if proration == "always_invoice" else None,
    )
    return Subscription.read(raw)


@stripe_change_subscription.plan
async def plan_change(
    call: Call[StripeClient],
    *,
    subscription: SubscriptionId,
    changes: list[Change],
    proration: Proration = "create_prorations",
    account: AccountId | None = None,
) -> Plan:
    """What the change would do and cost, by Stripe's own preview of the next invoice."""
    api = call.api.on(account)
    wanted = _items(changes)
    raw = await _get_running(api, subscription)
    _check_items(changes, raw)
    preview = await api.read_post(
        "/v1/invoices/create_preview",
        subscription=subscription,
        subscription_details={"items": wanted, "proration_behavior": proration},
    )
    due = Money(max(preview["amount_due"], 0), preview["currency"])
    moment = "now" if proration == "always_invoice" else "with the next invoice"
    return Plan(
        summary=f"Change subscription {subscription}: {due.major} {due.currency} due {moment}",
        effects=[
            *(_effect(change, raw) for change in changes),
            Effect(what=f"Due {moment} ({due.currency}, prorated to the second)", after=due.major),
        ],
        reversible=True,
        state={**_state(raw), "changes": wanted, "proration": proration},
        money=due,
        notes=(f"Customer: {id_of(raw.get('customer'))}",),
    )


@stripe_change_subscription.reconcile
async def find_change(
    call: Call[StripeClient],
    *,
    subscription: SubscriptionId,
    changes: list[Change],
    proration: Proration = "create_prorations",
    account: AccountId | None = None,
) -> Subscription | None:
    """The subscription, if every change holds."""
    raw = await call.api.on(account).get(f"/v1/subscriptions/{subscription}")
    return Subscription.read(raw) if all(_holds(change, raw) for change in changes) else None


@tool(
    Risk.DESTRUCTIVE,
    scopes=["rak_subscription_write", "rak_invoice_read"],
    example={"subscription": "sub_NordlichtExample", "when": "period_end", "intent": "cancel-4711"},
    long_help="""
    `period_end` lets the customer keep what is paid for; `now` ends it at once. Neither pays anything
    back. With `now` and `refund_unused` the answer names the payment and the amount for the unused time
    in `next_step`: decide on it with stripe_create_refund, which is confirmed on its own.
    """,
)
async def stripe_cancel_subscription(
    call: Call[StripeClient],
    *,
    subscription: SubscriptionId,
    when: When = "period_end",
    refund_unused: bool = False,
    account: AccountId | None = None,
) -> CanceledSubscription:
    """Cancel a subscription at the end of the paid period or now. Never refunds by itself."""
    api = call.api.on(account)
    _check_timing(when, refund_unused=refund_unused)
    if when == "period_end":
        raw = await api.post(f"/v1/subscriptions/{subscription}", key=call.key, cancel_at_period_end=True)
        return CanceledSubscription.read(raw)
    next_step = await _unused(call, api, await _get_running(api, subscription)) if refund_unused else None
    raw = await api.delete(f"/v1/subscriptions/{subscription}", invoice_now=False, prorate=False)
    return CanceledSubscription.read(raw).model_copy(update={"next_step": next_step})


@stripe_cancel_subscription.plan
async def plan_cancellation(
    call: Call[StripeClient],
    *,
    subscription: SubscriptionId,
    when: When = "period_end",
    refund_unused: bool = False,
    account: AccountId | None = None,
) -> Plan:
    """What cancelling would do."""
    api = call.api.on(account)
    _check_timing(when, refund_unused=refund_unused)
    raw = await _get_running(api, subscription)
    if when == "period_end" and raw.get("cancel_at_period_end"):
        raise Rejected("conflict", f"Subscription {subscription} already ends with its period")
    ends = "now" if when == "now" else from_epoch(_period(raw)[1]) or "with its period"
    next_step = await _unused(call, api, raw) if refund_unused else None
    suggestion = (
        f"; afterwards {next_step.amount} {next_step.currency} could be refunded" if next_step else ""
    )
    return Plan(
        summary=f"Cancel subscription {subscription}: it ends {ends}",
        effects=[
            Effect(what="Status of the subscription", before=raw["status"], after=_status_after(raw, when)),
            Effect(what=f"Cancelling pays nothing back{suggestion}"),
        ],
        reversible=when == "period_end",
        state={**_state(raw), "when": when},
        notes=(f"Customer: {id_of(raw.get('customer'))}",),
    )


@stripe_cancel_subscription.reconcile
async def find_cancellation(
    call: Call[StripeClient],
    *,
    subscription: SubscriptionId,
    when: When = "period_end",
    refund_unused: bool = False,
    account: AccountId | None = None,
) -> CanceledSubscription | None:
    """The subscription, if it is canceled (or will be, where that was asked for)."""
    api = call.api.on(account)
    raw = await api.get(f"/v1/subscriptions/{subscription}")
    if raw["status"] != "canceled" and not (when == "period_end" and raw.get("cancel_at_period_end")):
        return None
    next_step = await _unused(call, api, raw) if refund_unused and raw["status"] == "canceled" else None
    return CanceledSubscription.read(raw).model_copy(update={"next_step": next_step})


async def _get_running(api: StripeClient, subscription: str) -> dict[str, Any]:
    raw = await api.get(f"/v1/subscriptions/{subscription}")
    if raw["status"] in {"canceled", "incomplete_expired"}:
        raise Rejected("conflict", f"Subscription {subscription} has already ended ({raw['status']})")
    return raw


def _items(changes: list[Change]) -> list[dict[str, Any]]:
    """The changes as Stripe takes them; raises for one that says nothing or contradicts itself."""
    if not changes:
        raise wrong("changes", "needs at least one change")
    for index, change in enumerate(changes):
        path = f"changes[{index}]"
        if change.item is None and change.price is None:
            raise wrong(path, "needs an item to change, or a price to add")
        if change.item is None and change.remove:
            raise wrong(path, "needs the item to remove")
        if change.remove and (change.price is not None or change.quantity is not None):
            raise wrong(path, "removes the item, so price and quantity must be absent")
        if change.item is not None and not change.remove and change.price is None and change.quantity is None:
            raise wrong(path, "says nothing to change: give price, quantity or remove")
    return [
        {
            "id": change.item,
            "price": change.price,
            "quantity": change.quantity,
            "deleted": change.remove or None,
        }
        for change in changes
    ]


def _check_items(changes: list[Change], raw: dict[str, Any]) -> None:
    known = [item["id"] for item in items_of(raw)]
    for index, change in enumerate(changes):
        if change.item is not None and change.item not in known:
            raise wrong(f"changes[{index}].item", "is not an item of this subscription", known)


def _effect(change: Change, raw: dict[str, Any]) -> Effect:
    item = next((item for item in items_of(raw) if item["id"] == change.item), None)
    if item is None:
        return Effect(what=f"Item with price {change.price}", after=f"quantity {change.quantity or 1}")
    price, quantity = id_of(item["price"]), item.get("quantity")
    before = f"price {price}, quantity {quantity}"
    after = (
        f"price {change.price or price}, quantity {quantity if change.quantity is None else change.quantity}"
    )
    return Effect(what=f"Item {change.item}", before=before, after="removed" if change.remove else after)


def _holds(change: Change, raw: dict[str, Any]) -> bool:
    rows = items_of(raw)
    if change.item is not None:
        rows = [item for item in rows if item["id"] == change.item]
        if change.remove:
            return not rows
    return any(
        (change.price is None or id_of(item["price"]) == change.price)
        and (change.quantity is None or item.get("quantity") == change.quantity)
        for item in rows
    )


def _check_timing(when: str, *, refund_unused: bool) -> None:
    if refund_unused and when == "period_end":
        raise wrong("refund_unused", "goes with when=now: at the end of the period nothing is unused")


def _status_after(raw: dict[str, Any], when: str) -> str:
    return "canceled" if when == "now" else f"{raw['status']}, ends with its period"


def _period(raw: dict[str, Any]) -> tuple[int | None, int | None]:
    """The period that is paid for; items may have their own, the longest counts."""
    rows = [item for item in items_of(raw) if item.get("current_period_end")]
    if not rows:
        return None, None
    longest = max(rows, key=lambda item: int(item["current_period_end"]))
    return longest["current_period_start"], longest["current_period_end"]


async def _unused(call: Call[StripeClient], api: StripeClient, raw: dict[str, Any]) -> NextStep | None:
    """The share of the last paid invoice for the time that is left; a suggestion, not a booking."""
    invoice_id, (start, end) = id_of(raw.get("latest_invoice")), _period(raw)
    if invoice_id is None or start is None or end is None:
        return None
    ended = raw.get("canceled_at") if raw["status"] == "canceled" else None
    left = max(0, min(end - (ended or int(call.now.timestamp())), end - start))
    invoice = await api.get(f"/v1/invoices/{invoice_id}", expand=["payments"])
    payment, currency = payment_in_invoice(invoice), invoice["currency"]
    share = invoice["amount_paid"] * left // max(end - start, 1)
    unused = Money(share - share % CURRENCIES[currency].step, currency)
    if payment is None or unused.minor == 0:
        return None
    return NextStep(
        tool="stripe_create_refund",
        payment=payment,
        amount=unused.major,
        amount_minor=unused.minor,
        currency=unused.currency,
        note="For the unused time of the paid period; nothing is refunded until this is called and confirmed",
    )


def _state(raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": raw["id"],
        "status": raw["status"],
        "cancel_at_period_end": raw.get("cancel_at_period_end"),
        "period_end": _period(raw)[1],
        "items": [[item["id"], id_of(item["price"]), item.get("quantity")] for item in items_of(raw)],
    }
