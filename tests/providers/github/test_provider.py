"""GitHub's declaration: its keys, and who a token, a person's consent or an installation turns out to be."""

from __future__ import annotations

import re

import pytest

from support.answering import answering
from support.clock import ManualClock
from wirepost.contracts.auth import ApiKey, AppInstallation, OAuth2
from wirepost.providers.github import PROVIDER, probe

# The examples of https://docs.github.com/en/rest/users/users and /rest/apps/installations.
OCTOCAT = {"login": "octocat", "id": 1, "type": "User", "name": "monalisa octocat"}
REPOSITORY = {"id": 1296269, "name": "Hello-World", "owner": {"login": "octocat", "id": 1}}


async def test_a_token_is_the_person_who_made_it(clock: ManualClock) -> None:
    github = answering("github", clock)
    github.put("GET /user", OCTOCAT, x_oauth_scopes="repo, read:org")
    found = await probe(github.client)
    assert (found.identity, found.account, found.account_id) == ("octocat", "octocat", "1")
    assert found.scopes == ["read:org", "repo"]
    assert found.environment is None


@pytest.mark.parametrize("headers", [{}, {"x_oauth_scopes": ""}])
async def test_a_token_with_permissions_instead_has_no_scopes_to_show(clock: ManualClock, headers) -> None:
    github = answering("github", clock, auth="oauth")
    github.put("GET /user", OCTOCAT, **headers)
    assert (await probe(github.client)).scopes is None


async def test_an_installation_is_known_by_the_owner_of_what_it_sees(clock: ManualClock) -> None:
    github = answering("github", clock, auth="installation", installation="42")
    github.put("GET /installation/repositories", {"total_count": 1, "repositories": [REPOSITORY]})
    found = await probe(github.client)
    assert (found.identity, found.account, found.account_id) == ("an app on octocat", "octocat", "42")
    assert found.warnings is None
    github.put("GET /installation/repositories", {"total_count": 0, "repositories": []})
    blind = await probe(github.client)
    assert blind.account == "installation 42"
    assert "no repository" in (blind.warnings or [""])[0]


@pytest.mark.parametrize(
    ("key", "is_one"),
    [
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", True),
        ("github_pat_11ABCDEFG0123456789_abcdefghijklmnop", True),
        ("ghr_16C7e42F292c6912E7710c838347Ae178B4a", False),
        ("sk_live_1", False),
    ],
)
def test_a_key_looks_like_one(key: str, *, is_one: bool) -> None:
    method = PROVIDER.auth[0]
    assert isinstance(method, ApiKey)
    assert any(re.fullmatch(pattern, key) for pattern in method.environments) is is_one


def test_there_are_three_ways_in() -> None:
    assert [method.name for method in PROVIDER.auth] == ["key", "oauth", "installation"]
    assert isinstance(PROVIDER.auth_method("oauth"), OAuth2)
    assert isinstance(PROVIDER.auth_method("installation"), AppInstallation)
