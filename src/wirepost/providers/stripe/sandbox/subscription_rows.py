"""Subscriptions as Stripe shows them."""

from __future__ import annotations

from typing import Any

from wirepost.providers.stripe.sandbox.catalog import plan_of
from wirepost.providers.stripe.sandbox.pages import list_of
from wirepost.providers.stripe.sandbox.state import State, epoch, epoch_or_none
from wirepost.providers.stripe.sandbox.tables import Row
from wirepost.sandbox.facts import Subscription


def world_subscriptions(state: State) -> list[Row]:
    """The subscriptions of the world."""
    latest = {
        invoice.subscription: state.id_of("in", invoice.key)
        for invoice in state.world.invoices
        if invoice.subscription
    }
    return [
        _subscription(state, subscription, latest.get(subscription.key))
        for subscription in state.world.subscriptions
    ]


def _subscription(state: State, subscription: Subscription, latest: str | None) -> Row:
    subscription_id = state.id_of("sub", subscription.key)
    started, ended = epoch(subscription.started_at), epoch_or_none(subscription.ended_at)
    start, end = epoch(subscription.period_start), epoch(subscription.period_end)
    is_trial = subscription.status == "trialing"
    items = [
        item_row(
            state.get("prices", state.id_of("price", line.price or "")),
            id=state.id_of("si", f"{subscription.key}-{index}"),
            created=started,
            current_period_end=end,
            current_period_start=started if is_trial else start,
            quantity=line.quantity,
            subscription=subscription_id,
        )
        for index, line in enumerate(subscription.lines)
    ]
    is_ending = ended is not None or subscription.cancels_at_period_end
    return {
        "id": subscription_id,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": end if is_trial else started,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": None, "type": "classic"},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": end if subscription.cancels_at_period_end else None,
        "cancel_at_period_end": subscription.cancels_at_period_end,
        "canceled_at": ended or (start if subscription.cancels_at_period_end else None),
        "cancellation_details": {
            "comment": None,
            "feedback": None,
            "reason": "cancellation_requested" if is_ending else None,
        },
        "collection_method": "charge_automatically",
        "created": started,
        "currency": subscription.currency,
        "customer": state.id_of("cus", subscription.person),
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": ended,
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "items": item_list(subscription_id, items),
        "latest_invoice": latest,
        "livemode": False,
        "managed_payments": None,
        "metadata": {},
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": started,
        "status": subscription.status,
        "test_clock": None,
        "transfer_data": None,
        "trial_end": end if is_trial else None,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": started if is_trial else None,
    }


def item_row(price: Row, **known: Any) -> Row:
    """An item of a subscription."""
    return {
        "object": "subscription_item",
        "billing_thresholds": None,
        "discounts": [],
        "metadata": {},
        "plan": plan_of(price),
        "price": price,
        "quantity": 1,
        "tax_rates": [],
        **known,
    }


def item_list(subscription_id: str, items: list[Row]) -> Row:
    """The list of items inside a subscription."""
    return list_of(items, f"/v1/subscription_items?subscription={subscription_id}")
