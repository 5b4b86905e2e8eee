"""What clients that speak HTTP are given to paste."""

from __future__ import annotations

import json
import tomllib

import pytest

from wirepost.cli.clients.over_http import snippets

ADDRESS = "https://wirepost.example.com"


def test_each_client_gets_a_token_where_its_own_documents_say() -> None:
    found = dict(snippets(ADDRESS, "static"))
    cursor = json.loads(found["Cursor (.cursor/mcp.json)"])["mcpServers"]["wirepost"]
    assert cursor == {
        "url": f"{ADDRESS}/mcp",
        "headers": {"Authorization": "Bearer ${env:WIREPOST_TOKEN}"},
    }
    code = json.loads(found["VS Code (.vscode/mcp.json)"])
    assert code["servers"]["wirepost"]["headers"] == {"Authorization": "Bearer ${input:wirepost-token}"}
    assert code["inputs"][0]["password"] is True
    codex = tomllib.loads(found["Codex (~/.codex/config.toml)"])["mcp_servers"]["wirepost"]
    assert codex == {"url": f"{ADDRESS}/mcp", "bearer_token_env_var": "WIREPOST_TOKEN"}
    assert '--header "Authorization: Bearer $WIREPOST_TOKEN"' in found["Claude Code (all projects)"]
    assert "mode oauth" in found["Claude on the web, desktop and mobile"]


@pytest.mark.parametrize("mode", ["none", "oauth"])
def test_without_a_token_the_address_is_all(mode) -> None:
    found = snippets(ADDRESS, mode)
    assert all(f"{ADDRESS}/mcp" in text for _, text in found)
    assert not any("Bearer" in text or "bearer" in text for _, text in found)
