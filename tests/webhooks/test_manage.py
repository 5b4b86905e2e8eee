"""Webhooks at the provider: a secret is not shown by accident, and not every provider has places."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from wirepost.core.errors import InvalidCall
from wirepost.webhooks.manage import Hook, Management, unsupported


class OnePlace(Management):
    """A provider with one list of hooks."""

    async def hooks(self) -> list[Hook]:
        return []

    async def create(self, url: str, types: Sequence[str], secret: str | None) -> Hook:
        return Hook("1", url, types, secret=secret)

    async def repair(self, hook: Hook, types: Sequence[str], secret: str | None) -> Hook:
        return Hook(hook.id, hook.url, types, secret=secret)

    async def remove(self, hook: Hook) -> None:
        return None


async def test_a_secret_is_not_shown_by_accident() -> None:
    hook = await OnePlace().create("https://hooks.example.com", [], "whsec_hidden")
    assert hook.secret == "whsec_hidden"
    assert "hidden" not in repr(hook)


def test_a_provider_without_places_says_so() -> None:
    with pytest.raises(InvalidCall, match="acme/shop"):
        OnePlace().at("acme/shop")


def test_what_cannot_be_done_is_said_with_a_hint() -> None:
    error = unsupported("No", hint="Ask somebody")
    assert (error.code, error.hint) == ("unsupported_by_provider", "Ask somebody")
