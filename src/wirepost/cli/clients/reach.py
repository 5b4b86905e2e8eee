"""What reaches whom: how each client learns of events, and what starts it when nobody is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Extension = Literal["callback", "library", "no"]


@dataclass(frozen=True)
class Reach:
    """One client; all of them have the tools (`event_wait` and others)."""

    client: str
    extension: Extension
    """The ways of the Events extension that it uses; `library`: what the program around it makes of it."""
    resources: Literal["shown", "ignored", "no"]
    """What becomes of a notification that a resource has changed; it starts no turn anywhere."""
    woken_by: str
    """What starts it while nobody is there; empty: nothing does, so tell a person."""
    version: str
    """What it was checked with; empty where the vendor numbers no versions."""
    checked: str
    """When, and how far: year and month, and `used` where our tests drive it, else `documented`."""


REACHES = (
    Reach(
        "ChatGPT",
        "callback",
        "no",
        "the Events extension; a chat may wake without the event and then asks for it with event_list",
        "",
        "2026-11, documented",
    ),
    Reach(
        "Claude Code",
        "no",
        "ignored",
        "wirepost channel; wirepost events watch in a monitor; sinks claude_routine and command (claude -p)",
        "2.1.80",
        "2026-11, documented",
    ),
    Reach(
        "Claude Desktop, claude.ai", "no", "no", "a routine (sink claude_routine)", "", "2026-11, documented"
    ),
    Reach("VS Code", "no", "shown", "", "1.140", "2026-11, documented"),
    Reach("Cursor", "no", "shown", "a webhook of its automations (sink http)", "", "2026-11, documented"),
    Reach("Windsurf, Zed, JetBrains", "no", "shown", "", "", "2026-11, documented"),
    Reach("Codex", "no", "ignored", "codex exec (sink command)", "", "2026-11, documented"),
    Reach(
        "Goose, OpenCode, Hermes, OpenClaw",
        "library",
        "ignored",
        "their HTTP API or webhook inbox (sink http); goose run (sink command)",
        "",
        "2026-11, documented",
    ),
    Reach("AI SDK", "callback", "no", "the Events extension", "@ai-sdk/mcp 2.0.99", "2026-11, used"),
    Reach("FastMCP", "no", "no", "the program around it, or the sink http", "4.2.3", "2026-11, documented"),
    Reach("Mastra", "no", "no", "the program around it, or the sink http", "2.0.0", "2026-11, documented"),
    Reach("MCP SDK for Python", "library", "shown", "the program around it", "2.3.0", "2026-11, used"),
    Reach(
        "Agents SDK of OpenAI",
        "library",
        "no",
        "the program around it, or the sink http",
        "",
        "2026-11, documented",
    ),
)
