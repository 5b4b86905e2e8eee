"""Where hooks are kept, and which of them bring their events to us."""

from __future__ import annotations

from typing import Any

import pytest

from wirepost.core.errors import InvalidCall
from wirepost.providers.github.hooks import own_hooks, path_of


def hook(number: int, url: str) -> dict[str, Any]:
    """A hook as GitHub lists it."""
    place = "https://api.github.com/repos/acme/shop/hooks"
    return {
        "type": "Repository",
        "id": number,
        "name": "web",
        "active": True,
        "events": ["*"],
        "config": {"url": url, "content_type": "json", "insecure_ssl": "0"},
        "updated_at": "2026-11-25T09:00:00Z",
        "created_at": "2026-11-25T09:00:00Z",
        "url": f"{place}/{number}",
        "test_url": f"{place}/{number}/test",
        "ping_url": f"{place}/{number}/pings",
        "last_response": {"code": None, "status": "unused", "message": None},
    }


def test_a_place_is_a_repository_or_an_organisation() -> None:
    assert path_of("acme/shop") == "/repos/acme/shop/hooks"
    assert path_of("acme") == "/orgs/acme/hooks"


@pytest.mark.parametrize("place", ["", "a/b/c", "../user", "acme/..", "acme/shop?x", "acme shop"])
def test_nothing_else_is_a_place(place: str) -> None:
    with pytest.raises(InvalidCall):
        path_of(place)


async def test_ours_are_those_that_lead_to_our_endpoints(github: Any) -> None:
    github.settings["webhooks"] = {
        "default": {"places": ["acme/shop"]},
        "builds": {"places": ["acme/shop"], "url": "https://tunnel.example.com/b"},
        "other": {},
    }
    urls = {
        1: "https://hooks.example.com/webhooks/github",
        2: "https://tunnel.example.com/b",
        3: "https://hooks.example.com/webhooks/github/other",
        4: "https://hooks.example.com/webhooks/github-2",
        5: "https://ci.example.com/",
    }
    github.stub("GET", "/repos/{owner}/{repo}/hooks", [hook(number, url) for number, url in urls.items()])
    found = [path async for path in own_hooks(github.client())]
    assert found == ["/repos/acme/shop/hooks/1", "/repos/acme/shop/hooks/2"]


async def test_without_places_nobody_is_asked(github: Any) -> None:
    github.settings["webhooks"] = {"default": {}}
    assert [path async for path in own_hooks(github.client())] == []
    assert github.sent() == []
