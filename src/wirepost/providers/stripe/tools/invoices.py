"""Invoices: list, read, draft, send, void."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from wirepost.core.errors import CallError, Rejected
from wirepost.core.money import Money
from wirepost.providers.stripe.arguments import (
    INTENT_LABEL,
    AccountId,
    Amount,
    CurrencyCode,
    CustomerId,
    InvoiceId,
    Moment,
    PriceId,
    SubscriptionId,
    epoch_of,
    metadata_of,
    money_at,
    since,
    wrong,
)
from wirepost.providers.stripe.billing import Invoice, InvoiceDetails, InvoiceLine
from wirepost.providers.stripe.client import StripeClient, subkey
from wirepost.providers.stripe.models import expanded, id_of, page_of
from wirepost.tools.context import Call
from wirepost.tools.results import Effect, Page, Plan
from wirepost.tools.tool import Argument, Risk, tool

POSITION_LABEL = "position"
"""Metadata entry of an invoice item: which of the wanted lines it is."""
DRAFT_AGE = timedelta(days=2)
"""How far back a draft of the same intent is looked for; Stripe forgets keys after a day."""
InvoiceStatus = Literal["draft", "open", "paid", "uncollectible", "void"]


class Item(Argument):
    """One line to bill: a price, or a text with an amount."""

    price: PriceId | None = None
    quantity: int | None = None
    description: str | None = None
    amount: Amount | None = None


@tool(Risk.READ, scopes=["rak_invoice_read"], example={"status": "open", "due_before": "today"})
async def stripe_list_invoices(
    call: Call[StripeClient],
    *,
    customer: CustomerId | None = None,
    subscription: SubscriptionId | None = None,
    status: InvoiceStatus | None = None,
    due_before: Moment | None = None,
    account: AccountId | None = None,
) -> Page[Invoice]:
    """List invoices, newest first. Overdue ones: status open with due_before."""
    due = epoch_of(due_before, now=call.now, path="due_before")
    raw = await call.api.on(account).get(
        "/v1/invoices",
        customer=customer,
        subscription=subscription,
        status=status,
        due_date=None if due is None else {"lt": due},
        limit=call.limit,
        starting_after=call.position,
    )
    return page_of(Invoice, raw)


@tool(
    Risk.READ,
    scopes=["rak_invoice_read"],
    example={"invoice": "in_NordlichtExample", "include_lines": True},
    long_help="""
    `include_lines` adds up to 100 lines. The link of the payment page (`payment_page`) is only returned
    when `fields` names it: whoever has it can see and pay the invoice.
    """,
)
async def stripe_get_invoice(
    call: Call[StripeClient],
    *,
    invoice: InvoiceId,
    include_lines: bool = False,
    account: AccountId | None = None,
) -> InvoiceDetails:
    """Get one invoice, with its lines if asked for."""
    api = call.api.on(account)
    details = InvoiceDetails.read(await api.get(f"/v1/invoices/{invoice}"))
    if not include_lines:
        return details
    raw = await api.get(f"/v1/invoices/{invoice}/lines", limit=100)
    if raw["has_more"]:
        call.warn("The invoice has more lines; the first 100 are shown")
    return details.model_copy(update={"lines": [InvoiceLine.read(row) for row in raw["data"]]})


@tool(
    Risk.WRITE,
    scopes=["rak_invoice_write", "rak_plan_read"],
    example={
        "customer": "cus_NordlichtExample",
        "currency": "eur",
        "items": [{"description": "Consulting", "amount": "120.00"}],
        "intent": "invoice-4711",
    },
    long_help="""
    Each item is either `{price, quantity}` or `{description, amount}` in the invoice's currency. The
    draft stays a draft: nothing is charged or sent until `stripe_send_invoice`. Pending items of the
    customer are not picked up. Prices are checked before anything is written; should Stripe still
    refuse an item, the error names the draft that is left.
    """,
)
async def stripe_create_invoice(
    call: Call[StripeClient],
    *,
    customer: CustomerId,
    currency: CurrencyCode,
    items: list[Item],
    days_until_due: int = 30,
    memo: str | None = None,
    account: AccountId | None = None,
) -> Invoice:
    """Draft an invoice from prices or free lines. Nothing is sent; stripe_send_invoice does that."""
    api = call.api.on(account)
    lines = [await _line(api, item, currency.lower(), index) for index, item in enumerate(items)]
    if not lines:
        raise wrong("items", "needs at least one item")
    draft = await _find_draft(api, customer, call.intent, call.now - DRAFT_AGE) or await api.post(
        "/v1/invoices",
        key=subkey(call.key, "invoice"),
        customer=customer,
        currency=currency.lower(),
        collection_method="send_invoice",
        days_until_due=days_until_due,
        description=memo,
        auto_advance=False,
        pending_invoice_items_behavior="exclude",
        metadata=metadata_of(None, call.intent),
    )
    present = await _positions(api, draft["id"])
    for position in range(len(lines)):
        if str(position) not in present:
            await _add_line(call, api, draft, position, lines[position])
    return Invoice.read(await api.get(f"/v1/invoices/{draft['id']}"))


@stripe_create_invoice.reconcile
async def find_invoice(
    call: Call[StripeClient],
    *,
    customer: CustomerId,
    currency: CurrencyCode,
    items: list[Item],
    days_until_due: int = 30,
    memo: str | None = None,
    account: AccountId | None = None,
) -> Invoice | None:
    """The draft of an earlier attempt, if it has all its items; otherwise the repetition completes it."""
    api = call.api.on(account)
    draft = await _find_draft(api, customer, call.intent, call.dispatched_at)
    if draft is None or len(await _positions(api, draft["id"])) < len(items):
        return None
    return Invoice.read(draft)


async def _find_draft(
    api: StripeClient, customer: str, intent: str | None, moment: datetime | None
) -> dict[str, Any] | None:
    """The invoice that carries an intent, among those created since `moment`."""
    async for row in api.rows("/v1/invoices", customer=customer, created=since(moment)):
        if expanded(row.get("metadata")).get(INTENT_LABEL) == intent:
            return row
    return None


async def _positions(api: StripeClient, invoice: str) -> set[str]:
    """Which of the wanted lines an invoice has already."""
    rows = api.rows("/v1/invoiceitems", invoice=invoice)
    return {str(expanded(row.get("metadata")).get(POSITION_LABEL)) async for row in rows}


async def _line(api: StripeClient, item: Item, currency: str, index: int) -> dict[str, Any]:
    """One item as parameters; a price must be active and in the invoice's currency."""
    path = f"items[{index}]"
    if item.price is not None:
        if item.amount is not None:
            raise wrong(path, "takes price and quantity, or description and amount")
        price = await api.get(f"/v1/prices/{item.price}")
        if price["currency"] != currency:
            raise wrong(f"{path}.price", f"is in {price['currency']}, the invoice in {currency}")
        if not price.get("active"):
            raise wrong(f"{path}.price", "is archived")
        return {
            "pricing": {"price": item.price},
            "quantity": item.quantity or 1,
            "description": item.description,
        }
    if item.amount is None or item.description is None:
        raise wrong(path, "takes price and quantity, or description and amount")
    if item.quantity not in {None, 1}:
        raise wrong(f"{path}.quantity", "goes with price; multiply the amount instead")
    return {
        "amount": money_at(f"{path}.amount", item.amount, currency).minor,
        "currency": currency,
        "description": item.description,
    }


async def _add_line(
    call: Call[StripeClient], api: StripeClient, draft: dict[str, Any], position: int, line: dict[str, Any]
) -> None:
    try:
        await api.post(
            "/v1/invoiceitems",
            key=subkey(call.key, f"items:{position}"),
            customer=id_of(draft["customer"]),
            invoice=draft["id"],
            metadata={POSITION_LABEL: str(position)},
            **line,
        )
    except Rejected as error:
        error.hint = (
            f"The draft {draft['id']} is left without all of its items; stripe_void_invoice deletes it"
        )
        raise


@tool(
    Risk.MONEY,
    scopes=["rak_invoice_write"],
    example={"invoice": "in_NordlichtExample", "intent": "send-4711"},
    long_help="""
    A draft is finalised (it gets its number and cannot be edited any more) and e-mailed to the
    customer; an open invoice is e-mailed again. The customer must have an e-mail address. A finalised
    invoice can be voided, not deleted.
    """,
)
async def stripe_send_invoice(
    call: Call[StripeClient], *, invoice: InvoiceId, account: AccountId | None = None
) -> Invoice:
    """Finalise a draft invoice and e-mail it to the customer; an open one is sent again."""
    api = call.api.on(account)
    found = await api.get(f"/v1/invoices/{invoice}")
    if found["status"] == "draft":
        await api.post(f"/v1/invoices/{invoice}/finalize", key=subkey(call.key, "finalize"))
    return Invoice.read(await api.post(f"/v1/invoices/{invoice}/send", key=subkey(call.key, "send")))


@stripe_send_invoice.plan
async def plan_sending(
    call: Call[StripeClient], *, invoice: InvoiceId, account: AccountId | None = None
) -> Plan:
    """What sending would do."""
    raw = await call.api.on(account).get(f"/v1/invoices/{invoice}")
    status, due = raw["status"], Money(raw["amount_remaining"], raw["currency"])
    if status not in {"draft", "open"}:
        raise Rejected("conflict", f"Invoice {invoice} is {status}; only draft and open invoices can be sent")
    if raw["collection_method"] != "send_invoice":
        message = f"Stripe charges invoice {invoice} to the customer's payment method and does not send it"
        raise Rejected("conflict", message)
    if not raw.get("customer_email"):
        message = f"The customer of invoice {invoice} has no e-mail address"
        raise Rejected("conflict", message, hint="Set one with stripe_save_customer")
    effects = [Effect(what=f"The customer is asked by e-mail to pay {due.major} {due.currency}")]
    if status == "draft":
        effects.insert(
            0, Effect(what="Status of the invoice; it cannot be edited any more", before=status, after="open")
        )
    return Plan(
        summary=f"Send invoice {invoice} over {due.major} {due.currency}",
        effects=effects,
        reversible=False,
        state=_state(raw),
        money=due,
        notes=(f"Customer: {id_of(raw.get('customer'))}",),
    )


@stripe_send_invoice.reconcile
async def find_sent(
    call: Call[StripeClient], *, invoice: InvoiceId, account: AccountId | None = None
) -> Invoice | None:
    """A paid invoice has reached its customer; of an open one nothing tells whether the e-mail went out."""
    raw = await call.api.on(account).get(f"/v1/invoices/{invoice}")
    return Invoice.read(raw) if raw["status"] == "paid" else None


@tool(
    Risk.DESTRUCTIVE,
    scopes=["rak_invoice_write"],
    example={"invoice": "in_NordlichtExample", "intent": "void-4711"},
    long_help="""
    An open or uncollectible invoice becomes `void` for good: it stays on record with a total of zero
    due and cannot be paid. A draft is deleted. A paid invoice cannot be voided: refund its payment
    instead.
    """,
)
async def stripe_void_invoice(
    call: Call[StripeClient], *, invoice: InvoiceId, account: AccountId | None = None
) -> Invoice:
    """Void an open invoice, or delete a draft. Cannot be undone."""
    api = call.api.on(account)
    if (await api.get(f"/v1/invoices/{invoice}"))["status"] == "draft":
        return Invoice.read(await api.delete(f"/v1/invoices/{invoice}"))
    return Invoice.read(await api.post(f"/v1/invoices/{invoice}/void", key=call.key))


@stripe_void_invoice.plan
async def plan_voiding(
    call: Call[StripeClient], *, invoice: InvoiceId, account: AccountId | None = None
) -> Plan:
    """What voiding would do."""
    raw = await call.api.on(account).get(f"/v1/invoices/{invoice}")
    status, open_amount = raw["status"], Money(raw["amount_remaining"], raw["currency"])
    if status not in {"draft", "open", "uncollectible"}:
        message = f"Invoice {invoice} is {status}; only draft, open and uncollectible invoices can be voided"
        raise Rejected("conflict", message)
    ends_as = "deleted" if status == "draft" else "void"
    return Plan(
        summary=f"{'Delete draft' if status == 'draft' else 'Void'} invoice {invoice}",
        effects=[
            Effect(what="Status of the invoice", before=status, after=ends_as),
            Effect(
                what=f"Amount the customer owes on it ({open_amount.currency})",
                before=open_amount.major,
                after="0",
            ),
        ],
        reversible=False,
        state=_state(raw),
        notes=(f"Customer: {id_of(raw.get('customer'))}",),
    )


@stripe_void_invoice.reconcile
async def find_voided(
    call: Call[StripeClient], *, invoice: InvoiceId, account: AccountId | None = None
) -> Invoice | None:
    """The invoice, if it is void or gone."""
    try:
        raw = await call.api.on(account).get(f"/v1/invoices/{invoice}")
    except CallError as error:
        if error.code != "not_found":
            raise
        raw = {"id": invoice, "deleted": True}
    return Invoice.read(raw) if raw.get("deleted") or raw.get("status") == "void" else None


def _state(raw: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "status", "total", "amount_remaining", "currency", "due_date", "collection_method")
    return {**{name: raw.get(name) for name in names}, "customer": id_of(raw.get("customer"))}
