"""Numbers of errors, by what the client was built on."""

from __future__ import annotations

import pytest

from wirepost.server.mcp_events.errors import invalid, numbers_for

PUBLISHED = {
    "NotFound": (-32023, -32011),
    "Forbidden": (-32024, -32012),
    "ResourceExhausted": (-32025, -32013),
    "Unsupported": (-32026, -32014),
    "CallbackEndpointError": (-32027, -32015),
}
"""Of the final text, and of the draft before it."""


@pytest.mark.parametrize("client", [None, "raw", "claude-code", "my-chatgpt-clone", "mcp"])
def test_clients_get_the_numbers_of_the_final_text(client):
    assert numbers_for(client) == {kind: final for kind, (final, _) in PUBLISHED.items()}


@pytest.mark.parametrize("client", ["ChatGPT", "chatgpt-web", "openai-mcp", "OpenAI"])
def test_clients_built_on_the_draft_get_its_numbers(client):
    assert numbers_for(client) == {kind: draft for kind, (_, draft) in PUBLISHED.items()}


def test_what_is_wrong_whoever_asks_has_the_number_of_json_rpc():
    assert invalid("x").error.code == -32602
