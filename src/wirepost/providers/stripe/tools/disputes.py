"""Disputes: list, respond."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from wirepost.core.errors import Rejected
from wirepost.core.money import Money
from wirepost.core.times import from_epoch
from wirepost.providers.stripe.arguments import AccountId, DisputeId, MetadataItem, PaymentId, wrong
from wirepost.providers.stripe.client import StripeClient
from wirepost.providers.stripe.models import (
    Json,
    Label,
    StripeRecord,
    expanded,
    id_of,
    labels,
    money,
    page_of,
    sifted,
)
from wirepost.providers.stripe.tools.payments import reference_of
from wirepost.tools.context import Call
from wirepost.tools.results import DETAIL, Effect, Page, Plan
from wirepost.tools.tool import Risk, tool

DisputeStatus = Literal[
    "needs_response",
    "under_review",
    "won",
    "lost",
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
    "prevented",
    "appeal_needs_response",
    "appeal_under_review",
]

# https://docs.stripe.com/api/disputes/evidence_object
_TEXTS = """
    access_activity_log billing_address cancellation_policy_disclosure cancellation_rebuttal
    customer_email_address customer_name customer_purchase_ip duplicate_charge_explanation
    duplicate_charge_id product_description refund_policy_disclosure refund_refusal_explanation
    service_date shipping_address shipping_carrier shipping_date shipping_tracking_number
    uncategorized_text
"""
_FILES = """
    cancellation_policy customer_communication customer_signature duplicate_charge_documentation
    receipt refund_policy service_documentation shipping_documentation uncategorized_file
"""
EVIDENCE = frozenset((_TEXTS + _FILES).split())
MAX_EVIDENCE = 150_000
"""Characters of all evidence texts together (https://docs.stripe.com/disputes/responding)."""
_ANSWERABLE = frozenset({"needs_response", "warning_needs_response"})


class Dispute(StripeRecord):
    """A dispute: the cardholder's bank wants the money back."""

    status: str
    reason: str | None = None
    amount: str
    amount_minor: int
    currency: str
    payment: str | None = None
    charge: str | None = None
    created_at: str | None = None
    evidence_due_at: str | None = None
    has_evidence: bool | None = None
    submissions: int | None = None
    is_refundable: bool | None = None
    network_reason_code: Annotated[str | None, DETAIL] = None
    evidence: Annotated[list[Label] | None, DETAIL] = None
    metadata: Annotated[list[Label] | None, DETAIL] = None

    @classmethod
    def shown(cls, raw: Json) -> dict[str, Any]:
        """Field → value."""
        details = expanded(raw.get("evidence_details"))
        evidence = {
            name: id_of(value) or ""
            for name, value in expanded(raw.get("evidence")).items()
            if name in EVIDENCE and value
        }
        return {
            **{name: raw.get(name) for name in ("id", "status", "reason", "currency", "network_reason_code")},
            **money("amount", raw["amount"], raw["currency"]),
            "payment": id_of(raw.get("payment_intent")),
            "charge": id_of(raw.get("charge")),
            "created_at": from_epoch(raw.get("created")),
            "evidence_due_at": from_epoch(details.get("due_by")),
            "has_evidence": details.get("has_evidence"),
            "submissions": details.get("submission_count"),
            "is_refundable": raw.get("is_charge_refundable"),
            "evidence": labels(evidence),
            "metadata": labels(raw.get("metadata")),
        }


@tool(Risk.READ, scopes=["rak_dispute_read"], example={"status": "needs_response"})
async def stripe_list_disputes(
    call: Call[StripeClient],
    *,
    payment: PaymentId | None = None,
    status: DisputeStatus | None = None,
    account: AccountId | None = None,
) -> Page[Dispute]:
    """List disputes, newest first, with the date until which evidence is taken."""
    api = call.api.on(account)
    reference = {} if payment is None else await reference_of(api, payment)
    if status is None:
        raw = await api.get("/v1/disputes", **reference, limit=call.limit, starting_after=call.position)
        return page_of(Dispute, raw)
    raw = await api.get("/v1/disputes", **reference, limit=100, starting_after=call.position)
    return sifted(Dispute, raw, lambda row: row["status"] == status, call.limit)


@tool(
    Risk.DESTRUCTIVE,
    scopes=["rak_dispute_write"],
    example={
        "dispute": "dp_NordlichtExample",
        "evidence": [{"name": "shipping_tracking_number", "value": "00340434161094015902"}],
        "intent": "dispute-4711",
    },
    long_help=f"""
    Without `submit` the evidence is only stored and can still be changed. With `submit: true` it goes to the
    bank, once and for all; `evidence` may then be absent to submit what is stored. Texts: {_TEXTS} Ids of
    uploaded files: {_FILES} All texts together may have 150,000 characters.
    """,
)
async def stripe_respond_dispute(
    call: Call[StripeClient],
    *,
    dispute: DisputeId,
    evidence: list[MetadataItem] | None = None,
    submit: bool = False,
    account: AccountId | None = None,
) -> Dispute:
    """Store evidence for a dispute, or submit it to the bank for good. connection_help lists the names."""
    given = _evidence(evidence, submit=submit)
    raw = await call.api.on(account).post(
        f"/v1/disputes/{dispute}", key=call.key, evidence=given or None, submit=submit
    )
    return Dispute.read(raw)


@stripe_respond_dispute.plan
async def plan_response(
    call: Call[StripeClient],
    *,
    dispute: DisputeId,
    evidence: list[MetadataItem] | None = None,
    submit: bool = False,
    account: AccountId | None = None,
) -> Plan:
    """What the response would do."""
    given = _evidence(evidence, submit=submit)
    raw = await call.api.on(account).get(f"/v1/disputes/{dispute}")
    details = expanded(raw.get("evidence_details"))
    if raw["status"] not in _ANSWERABLE or details.get("past_due"):
        reason = "the date has passed" if details.get("past_due") else f"it is {raw['status']}"
        raise Rejected("conflict", f"Dispute {dispute} takes no evidence any more: {reason}")
    stored = {name for name, value in expanded(raw.get("evidence")).items() if name in EVIDENCE and value}
    if submit and not given and not stored:
        raise wrong("evidence", "is required: nothing is stored for this dispute yet")
    money_at_stake = Money(raw["amount"], raw["currency"])
    effects = [
        Effect(what=f"Evidence {name}", before="set" if name in stored else None, after="set")
        for name in given
    ]
    if submit:
        effects.append(Effect(what="Evidence goes to the bank for good; nothing can be added later"))
    return Plan(
        summary=f"{'Submit' if submit else 'Store'} evidence for dispute {dispute} "
        f"over {money_at_stake.major} {money_at_stake.currency}",
        effects=effects,
        reversible=not submit,
        state={
            "id": raw["id"],
            "status": raw["status"],
            "amount": raw["amount"],
            "stored": sorted(stored),
            "submissions": details.get("submission_count"),
        },
        notes=(f"Payment: {id_of(raw.get('payment_intent'))}", f"Due: {from_epoch(details.get('due_by'))}"),
    )


@stripe_respond_dispute.reconcile
async def find_response(
    call: Call[StripeClient],
    *,
    dispute: DisputeId,
    evidence: list[MetadataItem] | None = None,
    submit: bool = False,
    account: AccountId | None = None,
) -> Dispute | None:
    """The dispute, if it holds the evidence (and was submitted, where that was asked for)."""
    given = _evidence(evidence, submit=submit)
    raw = await call.api.on(account).get(f"/v1/disputes/{dispute}")
    stored = expanded(raw.get("evidence"))
    has_evidence = all(id_of(stored.get(name)) == value for name, value in given.items())
    was_submitted = raw["status"] not in _ANSWERABLE or bool(
        expanded(raw.get("evidence_details")).get("submission_count")
    )
    return Dispute.read(raw) if has_evidence and (was_submitted or not submit) else None


def _evidence(items: list[MetadataItem] | None, *, submit: bool) -> dict[str, str]:
    given = {item.name: item.value for item in items or ()}
    for index, item in enumerate(items or ()):
        if item.name not in EVIDENCE:
            raise wrong(f"evidence[{index}].name", "is no kind of evidence", sorted(EVIDENCE))
    if not given and not submit:
        raise wrong("evidence", "is required unless stored evidence is submitted")
    if sum(map(len, given.values())) > MAX_EVIDENCE:
        raise wrong("evidence", f"has more than {MAX_EVIDENCE} characters in all")
    return given
