"""The wire form of what a call has brought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

COMPLETE = {"resultType": "complete"}
"""Wanted by the current protocol; the SDK takes it out for older ones."""


def result(envelope: Mapping[str, Any], *, is_error: bool, text: str | None = None) -> dict[str, Any]:
    """The envelope as structured content, and the same JSON as the one text block."""
    return {
        "content": [{"type": "text", "text": text or orjson.dumps(envelope).decode()}],
        "structuredContent": envelope,
        "isError": is_error,
        **COMPLETE,
    }
