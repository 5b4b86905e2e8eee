"""Failed deliveries: read from GitHub's list, oldest first, each event once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from wirepost.core.errors import NotConnected
from wirepost.providers.github.feed import GitHubFeed
from wirepost.webhooks.webhook import Item

HOOKS = "/repos/{owner}/{repo}/hooks"
DELIVERIES = f"{HOOKS}/{{hook_id}}/deliveries"
BODY = orjson.loads((Path(__file__).parent / "payloads" / "issues.opened.json").read_bytes())
NINE = 1764061200.0  # 2025-11-25T09:00:00Z


def delivery(number: int, minute: int, guid: str, event: str = "issues") -> dict[str, Any]:
    """A failed delivery as GitHub lists it."""
    return {
        "id": number,
        "guid": guid,
        "delivered_at": f"2025-11-25T09:{minute:02}:00Z",
        "redelivery": False,
        "duration": 10.0,
        "status": "timed out",
        "status_code": 504,
        "event": event,
        "action": "opened",
        "installation_id": None,
        "repository_id": 186853002,
        "throttled_at": None,
    }


def with_content(row: dict[str, Any], body: Any = BODY) -> dict[str, Any]:
    """The same with what was sent."""
    return {
        **row,
        "url": "https://hooks.example.com/webhooks/github",
        "request": {"headers": {"X-GitHub-Delivery": row["guid"]}, "payload": body},
        "response": {"headers": {}, "payload": None},
    }


@pytest.fixture
def hooked(github: Any) -> Any:
    """GitHub with one hook of ours."""
    github.settings["webhooks"] = {"default": {"places": ["acme/shop"]}}
    hook = {
        "type": "Repository",
        "id": 12,
        "name": "web",
        "active": True,
        "events": ["*"],
        "config": {"url": "https://hooks.example.com/webhooks/github"},
        "updated_at": "2025-11-25T09:00:00Z",
        "created_at": "2025-11-25T09:00:00Z",
        "url": "https://api.github.com/repos/acme/shop/hooks/12",
        "test_url": "https://api.github.com/repos/acme/shop/hooks/12/test",
        "ping_url": "https://api.github.com/repos/acme/shop/hooks/12/pings",
        "last_response": {"code": 504, "status": "timeout", "message": "timed out"},
    }
    github.stub("GET", HOOKS, [hook])
    return github


async def all_of(github: Any, position: str | None, after: float = NINE) -> list[tuple[str, Item]]:
    """Everything behind a position."""
    return [found async for found in GitHubFeed(github.client()).since(position, after)]


async def test_failed_deliveries_come_oldest_first_and_once(hooked: Any) -> None:
    rows = [delivery(4, 9, "g-2"), delivery(3, 6, "g-1"), delivery(2, 5, "g-2"), delivery(1, 0, "g-0")]
    hooked.stub("GET", DELIVERIES, rows)
    for row in rows:
        hooked.stub("GET", f"/repos/acme/shop/hooks/12/deliveries/{row['id']}", with_content(row))
    found = await all_of(hooked, None, NINE + 1)
    assert [item.key for _, item in found] == ["g-2", "g-1"]
    assert [item.subject for _, item in found] == ["issue/Codertocat/Hello-World#1"] * 2
    assert found[0][0] == "1764061500.000/2"
    listed = next(entry for entry in hooked.sent() if entry["path"].endswith("/deliveries"))
    assert "status=failure" in listed["query"]


async def test_it_goes_on_behind_a_position(hooked: Any) -> None:
    rows = [delivery(3, 6, "g-3"), delivery(2, 5, "g-2"), delivery(1, 5, "g-1")]
    hooked.stub("GET", DELIVERIES, rows)
    for row in rows:
        hooked.stub("GET", f"/repos/acme/shop/hooks/12/deliveries/{row['id']}", with_content(row))
    first, *others = await all_of(hooked, None)
    assert await all_of(hooked, first[0]) == others
    assert [item.key for _, item in others] == ["g-2", "g-3"]
    assert await all_of(hooked, others[-1][0]) == []


async def test_pings_and_what_was_not_kept_are_passed_over(hooked: Any) -> None:
    rows = [delivery(3, 7, "g-3", "ping"), delivery(2, 6, "g-2"), delivery(1, 5, "g-1")]
    hooked.stub("GET", DELIVERIES, rows)
    hooked.stub("GET", "/repos/acme/shop/hooks/12/deliveries/2", with_content(rows[1], None))
    hooked.stub("GET", "/repos/acme/shop/hooks/12/deliveries/1", with_content(rows[2], {"action": "opened"}))
    assert await all_of(hooked, None) == []
    assert not [entry for entry in hooked.sent() if entry["path"].endswith("/3")]


async def test_a_refusal_is_passed_on(hooked: Any) -> None:
    hooked.stub("GET", DELIVERIES, {"message": "Bad credentials"}, status=401)
    with pytest.raises(NotConnected):
        await all_of(hooked, None)
