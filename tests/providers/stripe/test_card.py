"""What Stripe knows about one person."""

from __future__ import annotations

from wirepost.providers.stripe.card import StripeCard

ANNA = "anna.lindqvist@example.com"


async def test_payments_and_subscriptions_of_the_customer_come_with_amounts_and_states(shop) -> None:
    found = await StripeCard(shop.call(may_write=False).api).facts(email=ANNA, customer_id=None, limit=3)
    assert [person.id for person in found.people] == ["cus_NordlichtExample"]
    assert 0 < len(found.payments) <= 3
    assert all(payment.currency == "eur" and "." in payment.amount for payment in found.payments)
    assert any("stripe_list_payments" in warning for warning in found.warnings)
