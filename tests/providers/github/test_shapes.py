"""The fields of GitHub's objects: those that are there in what GitHub sends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from wirepost.providers.github.shapes import SHAPES, shape_like
from wirepost.webhooks.reading import at

PAYLOADS = Path(__file__).parent / "payloads"
RECORDED = {path.stem.partition(".")[0]: path for path in PAYLOADS.glob("*.json")}
LATER = {
    "issues": {"state_reason"},
    "issue_comment": {"path"},  # of comments on code
    "pull_request": {"state_reason"},  # of issues
    "installation": {"app_slug"},
}
"""Fields that GitHub has added since, or that only a relative of the object has."""


@pytest.mark.parametrize("event", sorted(set(SHAPES) & set(RECORDED)))
def test_every_field_is_one_that_github_sends(event: str) -> None:
    shape = SHAPES[event]
    raw: dict[str, Any] = orjson.loads(RECORDED[event].read_bytes())[shape.member]
    named = {path[0] for path in (*shape.values.values(), *shape.texts.values())}
    assert named - set(raw) - LATER.get(event, set()) == set()
    assert any(at(raw, name) for name in shape.times)


def test_an_event_without_a_shape_is_looked_for_under_its_own_name() -> None:
    assert shape_like("label", {"label": {}}).member == "label"
    assert shape_like("deploy_keys", {"deploy_key": {}}).member == "deploy_key"
