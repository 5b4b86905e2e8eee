"""Webhooks of repositories and organisations by GitHub's API, as its description has it."""

from __future__ import annotations

from typing import Any

import pytest

from wirepost.core.errors import InvalidCall
from wirepost.providers.github.manage import GitHubManagement
from wirepost.webhooks.manage import Hook

URL = "https://hooks.example.com/webhooks/github"
HOOKS, HOOK = "/repos/{owner}/{repo}/hooks", "/repos/{owner}/{repo}/hooks/{hook_id}"


def row(**changes: Any) -> dict[str, Any]:
    """A hook as GitHub tells it."""
    return {
        "type": "Repository",
        "id": 12,
        "name": "web",
        "active": True,
        "events": ["*"],
        "config": {"url": URL, "content_type": "json", "insecure_ssl": "0", "secret": "********"},
        "updated_at": "2026-11-25T09:00:00Z",
        "created_at": "2026-11-25T09:00:00Z",
        "url": "https://api.github.com/repos/acme/shop/hooks/12",
        "test_url": "https://api.github.com/repos/acme/shop/hooks/12/test",
        "ping_url": "https://api.github.com/repos/acme/shop/hooks/12/pings",
        "last_response": {"code": 200, "status": "active", "message": "OK"},
        **changes,
    }


async def test_hooks_are_listed_with_their_last_delivery(github: Any) -> None:
    failed = {"code": 504, "status": "timeout", "message": "Service\x1b[31m Timeout"}
    other = row(id=13, active=False, events=["push", "issues"], last_response=failed)
    github.stub("GET", HOOKS, [row(), other])
    first, second = await GitHubManagement(github.client()).at("acme/shop").hooks()
    assert first == Hook("12", URL, [])
    assert (second.types, second.is_active) == (["push", "issues"], False)
    assert second.note == "The last delivery was answered 504: Service[31m Timeout"


async def test_a_new_hook_sends_json_that_we_can_check(github: Any) -> None:
    github.stub("POST", HOOKS, row(), status=201)
    management = GitHubManagement(github.client(may_write=True)).at("acme/shop")
    hook = await management.create(URL, ["issues.opened", "issues.closed", "push"], "it is secret")
    assert (hook.id, hook.secret) == ("12", None)
    (sent,) = github.sent("POST")
    assert sent["body"] == {
        "name": "web",
        "active": True,
        "events": ["issues", "push"],
        "config": {"url": URL, "content_type": "json", "insecure_ssl": "0", "secret": "it is secret"},
    }


async def test_a_hook_is_repaired_for_all_events(github: Any) -> None:
    github.stub("PATCH", HOOK, row())
    management = GitHubManagement(github.client(may_write=True)).at("acme/shop")
    await management.repair(Hook("12", URL, [], is_active=False), [], "it is secret")
    (sent,) = github.sent("PATCH")
    assert (sent["body"]["active"], sent["body"]["events"]) == (True, ["*"])
    assert sent["path"] == "/repos/acme/shop/hooks/12"


async def test_a_hook_of_an_organisation_is_removed(github: Any) -> None:
    management = GitHubManagement(github.client(may_write=True)).at("acme")
    await management.remove(Hook("12", URL, []))
    (sent,) = github.sent("DELETE")
    assert sent["path"] == "/orgs/acme/hooks/12"


async def test_a_hook_that_nobody_could_believe_is_not_made(github: Any) -> None:
    management = GitHubManagement(github.client(may_write=True)).at("acme/shop")
    with pytest.raises(InvalidCall, match="secret"):
        await management.create(URL, [], None)
    assert github.sent() == []


async def test_without_a_place_it_is_said_where_hooks_are(github: Any) -> None:
    with pytest.raises(InvalidCall) as refused:
        await GitHubManagement(github.client()).hooks()
    assert refused.value.code == "unsupported_by_provider"
    assert "places" in str(refused.value.hint)


def test_a_hook_is_as_asked_for_without_actions(github: Any) -> None:
    management = GitHubManagement(github.client())
    assert management.asked_for(["issues.opened", "issues.closed", "push"]) == ["issues", "push"]
    assert management.asked_for([]) == []
    assert management.keyed_by == "us"
