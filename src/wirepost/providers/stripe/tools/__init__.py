"""Stripe tool modules, one per resource."""
