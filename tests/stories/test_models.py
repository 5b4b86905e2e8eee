"""An agent asks a model through a whole server: judged by an imitation, counted, kept, on record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.running import running

TEXT = "Terrible. The parcel came broken and nobody answers."


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_a_review_is_judged_once_and_counted(tmp_path: Path, provider: str) -> None:
    model = {"openai": "gpt-5-mini", "anthropic": "claude-sonnet-4-5"}[provider]
    options: dict[str, Any] = {
        "connections": {"cloud": {"provider": provider, "environment": "sandbox"}},
        "ai": {"models": {"default": {"connection": "cloud", "model": model}}},
    }
    async with running(tmp_path, **options) as wirepost:
        asked = {"task": "sentiment", "text": TEXT}
        first = await wirepost.ok("ai_analyze_text", **asked)
        again = await wirepost.ok("ai_analyze_text", **asked)
        records = await wirepost.records()
    (item,) = first["data"]["items"]
    assert item["label"] in {"positive", "neutral", "negative"}
    assert first["data"]["usage"]["input_tokens"] > 0
    assert float(first["data"]["usage"]["cost"]) > 0
    assert (first["meta"]["connection"], first["meta"]["model"]) == ("cloud", model)
    assert (again["meta"]["cache"], again["data"]["items"]) == ("hit", [item])
    assert "parcel" not in json.dumps(records)
