"""Disputes and the evidence against them."""

from __future__ import annotations

from wirepost.providers.stripe.sandbox.balance import dispute_transactions
from wirepost.providers.stripe.sandbox.errors import StripeError
from wirepost.providers.stripe.sandbox.forms import (
    EXPAND,
    METADATA,
    Fields,
    Flag,
    Param,
    Text,
    merge_metadata,
)
from wirepost.providers.stripe.sandbox.pages import DATED, created_in, listed
from wirepost.providers.stripe.sandbox.payment_rows import charge_id, intent_id
from wirepost.providers.stripe.sandbox.state import Call, Kind, Route, State, epoch
from wirepost.providers.stripe.sandbox.tables import Row
from wirepost.sandbox.facts import Dispute

# https://docs.stripe.com/api/disputes/evidence_object
EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)
ANSWERABLE = ("needs_response", "warning_needs_response")
MOST_CHARACTERS = 150_000
NETWORK_CODES = {"fraudulent": "10.4", "product_not_received": "13.1", "product_unacceptable": "13.3",
                 "duplicate": "12.6", "subscription_canceled": "13.2"}  # fmt: skip


def _disputes(state: State) -> list[Row]:
    return [_dispute(state, dispute) for dispute in state.world.disputes]


def _dispute(state: State, dispute: Dispute) -> Row:
    payment = state.world.payment[dispute.payment]
    was_answered = dispute.status != "needs_response"
    evidence: Row = {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}}
    if was_answered:
        evidence["uncategorized_text"] = "Parcel was handed over in person."
    return {
        "id": state.id_of("dp", dispute.key),
        "object": "dispute",
        "amount": payment.amount,
        "balance_transactions": dispute_transactions(state, dispute),
        "charge": charge_id(state, payment.key),
        "created": epoch(dispute.created_at),
        "currency": payment.currency,
        "enhanced_eligibility_types": [],
        "evidence": evidence,
        "evidence_details": {
            "due_by": epoch(dispute.due_at),
            "enhanced_eligibility": {},
            "has_evidence": was_answered,
            "past_due": not was_answered and epoch(dispute.due_at) < state.now,
            "submission_count": int(was_answered),
            "submission_method": "manual" if was_answered else "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "network_reason_code": NETWORK_CODES[dispute.reason],
        "payment_intent": intent_id(state, payment.key),
        "payment_method_details": {
            "card": {
                "brand": state.world.person[payment.person].card.brand,
                "case_type": "chargeback",
                "network": state.world.person[payment.person].card.brand,
                "network_reason_code": NETWORK_CODES[dispute.reason],
            },
            "type": "card",
        },
        "reason": dispute.reason,
        "status": dispute.status,
    }


def _list(call: Call) -> Row:
    given = call.given
    return listed(
        call,
        "disputes",
        created_in(given),
        kind="dispute",
        charge=given.get("charge"),
        payment_intent=given.get("payment_intent"),
    )


def _get(call: Call) -> Row:
    return call.state.get("disputes", call.id, param="dispute")


def _update(call: Call) -> Row:
    row = call.state.get("disputes", call.id, param="dispute")
    given = call.given
    changes: Row = {}
    if "metadata" in given:
        changes["metadata"] = merge_metadata(row["metadata"], given["metadata"])
    evidence = {**row["evidence"], **given.get("evidence", {})}
    if "evidence" in given or given.get("submit"):
        _check_open(call, row, evidence)
        changes["evidence"] = evidence
        changes["evidence_details"] = {
            **row["evidence_details"],
            "has_evidence": any(evidence[name] for name in EVIDENCE),
        }
    # Without `submit` Stripe submits at once (https://docs.stripe.com/api/disputes/update).
    if given.get("submit", "evidence" in given):
        changes["status"] = "under_review"
        changes["evidence_details"] = {
            **changes["evidence_details"],
            "submission_count": row["evidence_details"]["submission_count"] + 1,
            "submission_method": "manual",
        }
    return call.state.table("disputes").change(call.id, **changes)


def _check_open(call: Call, row: Row, evidence: Row) -> None:
    if row["status"] not in ANSWERABLE or row["evidence_details"]["due_by"] < call.state.now:
        message = f"Evidence for dispute {row['id']} can no longer be submitted: it is {row['status']}."
        raise StripeError(message)
    if sum(len(evidence[name] or "") for name in EVIDENCE) > MOST_CHARACTERS:
        message = f"The combined character count of all evidence must not exceed {MOST_CHARACTERS}."
        raise StripeError(message, param="evidence")


def _close(call: Call) -> Row:
    row = call.state.get("disputes", call.id, param="dispute")
    if row["status"] not in ANSWERABLE:
        message = f"Dispute {row['id']} is already {row['status']}."
        raise StripeError(message)
    return call.state.table("disputes").change(call.id, status="lost")


KINDS = {
    "disputes": Kind(
        "dispute",
        _disputes,
        {"charge": lambda row: row["charge"], "payment_intent": lambda row: row["payment_intent"]},
    )
}
_UPDATE: dict[str, Param] = {
    "evidence": Fields({name: Text(20_000, can_unset=True) for name in EVIDENCE}),
    "expand": EXPAND,
    "metadata": METADATA,
    "submit": Flag(),
}
ROUTES = [
    Route(
        "GET",
        "/v1/disputes",
        _list,
        "rak_dispute_read",
        {**DATED, "charge": Text(), "payment_intent": Text()},
    ),
    Route("GET", "/v1/disputes/{dispute}", _get, "rak_dispute_read", {"expand": EXPAND}),
    Route("POST", "/v1/disputes/{dispute}", _update, "rak_dispute_write", _UPDATE),
    Route("POST", "/v1/disputes/{dispute}/close", _close, "rak_dispute_write", {"expand": EXPAND}),
]
