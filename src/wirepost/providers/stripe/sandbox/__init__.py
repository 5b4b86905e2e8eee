"""Stripe in memory: the same paths, forms, pages, errors and idempotency as the real API."""

from wirepost.providers.stripe.sandbox.app import StripeSandbox

__all__ = ["StripeSandbox"]
