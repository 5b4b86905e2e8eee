"""How clients of others reach this server over HTTP, and how they are given a token."""

from __future__ import annotations

import json
from typing import Any

from wirepost.cli.clients.jsonc import JsonFile
from wirepost.cli.clients.targets import ENTRY_NAME, TARGETS

VARIABLE = "WIREPOST_TOKEN"
_INPUT = "wirepost-token"


def snippets(address: str, mode: str) -> list[tuple[str, str]]:
    """Title and text for each client, with a token of `wirepost tokens create` where one is asked for.

    In mode oauth every client finds the issuer by itself, so an entry is the address alone.
    """
    url, has_token = f"{address}/mcp", mode == "static"
    found = [
        ("Claude Code (all projects)", _claude(url, has_token=has_token)),
        (
            "Cursor (.cursor/mcp.json)",
            _shown("mcpServers", {"url": url, **_header(f"${{env:{VARIABLE}}}", has_token=has_token)}),
        ),
        ("VS Code (.vscode/mcp.json)", _vscode(url, has_token=has_token)),
        ("Codex (~/.codex/config.toml)", _codex(url, has_token=has_token)),
        (
            "Zed (settings.json)",
            _shown("context_servers", {"url": url, **_header("TOKEN", has_token=has_token)}),
        ),
        ("Clients that only start programs", _bridge(url, has_token=has_token)),
    ]
    if has_token:
        note = (
            "takes no token; it needs server.auth.mode oauth, or the program: wirepost install claude-desktop"
        )
        return [*found, ("Claude on the web, desktop and mobile", note)]
    return [*found, ("Claude on the web, desktop and mobile", f"Settings → Connectors → Add: {url}")]


def _header(token: str, *, has_token: bool) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token}"}} if has_token else {}


def _claude(url: str, *, has_token: bool) -> str:
    command = f"claude mcp add --scope user --transport http {ENTRY_NAME} {url}"
    return f'{command} --header "Authorization: Bearer ${VARIABLE}"' if has_token else command


def _vscode(url: str, *, has_token: bool) -> str:
    entry = {"type": "http", "url": url, **_header(f"${{input:{_INPUT}}}", has_token=has_token)}
    asked = {"type": "promptString", "id": _INPUT, "description": "Token for Wirepost", "password": True}
    whole = {"servers": {ENTRY_NAME: entry}, **({"inputs": [asked]} if has_token else {})}
    return json.dumps(whole, indent=2)


def _codex(url: str, *, has_token: bool) -> str:
    entry = {"url": url, **({"bearer_token_env_var": VARIABLE} if has_token else {})}
    return TARGETS["codex"].form.snippet(ENTRY_NAME, entry)


def _bridge(url: str, *, has_token: bool) -> str:
    header = ["--header", f"Authorization: Bearer ${{{VARIABLE}}}"] if has_token else []
    return _shown("mcpServers", {"command": "npx", "args": ["-y", "mcp-remote", url, *header]})


def _shown(group: str, entry: dict[str, Any]) -> str:
    return JsonFile(group).snippet(ENTRY_NAME, entry)
