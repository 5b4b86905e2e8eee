"""What Stripe knows about one person: customers with that address, their payments and subscriptions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wirepost.contracts.customer import CustomerCard
from wirepost.contracts.facts import Facts, PaymentFact, PersonFact, SubscriptionFact
from wirepost.core.errors import Rejected
from wirepost.providers.stripe.billing import Subscription
from wirepost.providers.stripe.client import StripeClient, together
from wirepost.providers.stripe.encoding import equals
from wirepost.providers.stripe.models import Customer, Payment

MOST_CUSTOMERS = 5
"""Several customers may share an address; people sign up twice."""
_WITH_CHARGE = ["data.latest_charge"]
_ID = re.compile(r"cus_[A-Za-z0-9]+", re.ASCII)


class StripeCard(CustomerCard):
    """The customers behind an e-mail address or a customer id."""

    def __init__(self, client: StripeClient) -> None:
        self._client = client

    async def facts(self, *, email: str | None, customer_id: str | None, limit: int) -> Facts:
        """Customers, payments and subscriptions; each list newest first."""
        facts = Facts()
        customers = await self._by_id(customer_id) if customer_id else await self._by_email(email, facts)
        facts.people.extend(_person(raw) for raw in customers)
        for raw in customers:
            payments, subscriptions = await together(
                self._client.get("/v1/payment_intents", customer=raw["id"], limit=limit, expand=_WITH_CHARGE),
                self._client.get("/v1/subscriptions", customer=raw["id"], limit=limit, status="all"),
            )
            facts.payments.extend(_payment(each) for each in payments["data"])
            facts.subscriptions.extend(_subscription(each) for each in subscriptions["data"])
            if payments["has_more"]:
                facts.warnings.append(f"{raw['id']} has more payments: stripe_list_payments")
        facts.payments.sort(key=lambda payment: payment.created_at or "", reverse=True)
        del facts.payments[limit:]
        return facts

    async def _by_id(self, customer_id: str) -> list[Mapping[str, Any]]:
        if not _ID.fullmatch(customer_id):
            return []
        try:
            found = await self._client.get(f"/v1/customers/{customer_id}")
        except Rejected as error:
            if error.code != "not_found":
                raise
            return []
        return [] if found.get("deleted") else [found]

    async def _by_email(self, email: str | None, facts: Facts) -> list[Mapping[str, Any]]:
        """The list is up to date but matches letter by letter; the search ignores case but lags behind."""
        exact = await self._client.get("/v1/customers", email=email, limit=MOST_CUSTOMERS)
        found = {raw["id"]: raw for raw in exact["data"]}
        try:
            query = equals("email", email or "")
            similar = await self._client.get("/v1/customers/search", query=query, limit=MOST_CUSTOMERS)
        except Rejected:  # accounts in some regions have no search
            facts.warnings.append("only customers with exactly this spelling of the address were found")
        else:
            found |= {raw["id"]: raw for raw in similar["data"]}
        return list(found.values())[:MOST_CUSTOMERS]


def _person(raw: Mapping[str, Any]) -> PersonFact:
    customer = Customer.read(raw)
    return PersonFact(
        id=customer.id,
        name=customer.name,
        email=customer.email,
        phone=customer.phone,
        created_at=customer.created_at,
    )


def _payment(raw: Mapping[str, Any]) -> PaymentFact:
    payment = Payment.read(raw)
    return PaymentFact(
        id=payment.id,
        amount=payment.amount,
        currency=payment.currency,
        status=payment.status,
        amount_refunded=payment.amount_refunded,
        description=payment.description,
        created_at=payment.created_at,
    )


def _subscription(raw: Mapping[str, Any]) -> SubscriptionFact:
    subscription = Subscription.read(raw)
    items = subscription.items or []
    first = items[0] if items else None
    return SubscriptionFact(
        id=subscription.id,
        status=subscription.status or "unknown",
        amount=first.amount if first and len(items) == 1 else None,
        currency=subscription.currency,
        interval=first.interval if first else None,
        renews_at=first.period_end if first and not subscription.cancel_at_period_end else None,
    )
