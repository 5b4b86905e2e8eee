"""The vendors Wirepost speaks to; each is loaded when it is first asked for."""

from __future__ import annotations

import difflib
from importlib import import_module
from typing import TYPE_CHECKING

from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.contracts.provider import Provider

PROVIDERS = {
    "anthropic": "wirepost.providers.anthropic",
    "bedrock": "wirepost.providers.bedrock",
    "embedded": "wirepost.providers.embedded",
    "gemini": "wirepost.providers.gemini",
    "github": "wirepost.providers.github",
    "google": "wirepost.providers.google",
    "http": "wirepost.providers.http",
    "huggingface": "wirepost.providers.huggingface",
    "hubspot": "wirepost.providers.hubspot",
    "sagemaker": "wirepost.providers.sagemaker",
    "openai": "wirepost.providers.openai",
    "salesforce": "wirepost.providers.salesforce",
    "shopify": "wirepost.providers.shopify",
    "slack": "wirepost.providers.slack",
    "stripe": "wirepost.providers.stripe",
    "vertex": "wirepost.providers.vertex",
}
"""Name → module that declares `PROVIDER`."""


def provider_names() -> tuple[str, ...]:
    """Every known provider, without loading any."""
    return tuple(PROVIDERS)


def load_provider(name: str) -> Provider:
    """The declaration of one provider; raises `ConfigError` for an unknown name."""
    if name not in PROVIDERS:
        close = difflib.get_close_matches(name, PROVIDERS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(PROVIDERS)}"
        message = f"there is no provider {name!r}"
        raise ConfigError(message, hint=hint)
    provider: Provider = import_module(PROVIDERS[name]).PROVIDER
    return provider
