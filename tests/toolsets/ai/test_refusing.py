"""Refusing arguments that do not go together."""

from __future__ import annotations

from wirepost.toolsets.ai.refusing import refusal


def test_a_refusal_names_the_argument_in_its_message_and_in_its_fields() -> None:
    refused = refusal("items", "must have 1 to 50 texts")
    assert (refused.code, refused.message) == ("invalid_arguments", "items must have 1 to 50 texts")
    assert refused.fields == [{"path": "items", "problem": "must have 1 to 50 texts"}]
