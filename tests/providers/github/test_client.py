"""Requests to GitHub, its hourly quota, and refusals that its pages do not show in full."""

from __future__ import annotations

import pytest

from support.answering import Answering, answering
from support.clock import ManualClock
from wirepost.core.errors import CallError, NotConnected, Unavailable
from wirepost.providers.github.client import scopes_in
from wirepost.upstream.client import WriteRefused


@pytest.fixture
def github(clock: ManualClock) -> Answering:
    return answering("github", clock)


async def test_a_request_names_version_and_form(github: Answering) -> None:
    github.put("GET /user", {"login": "octocat"}, x_github_request_id="C0DE:1")
    assert await github.client.get("/user", per_page="1") == {"login": "octocat"}
    (sent,) = github.sent
    assert sent.headers["x-github-api-version"] == "2022-11-28"
    assert sent.headers["accept"] == "application/vnd.github+json"
    assert sent.url.query == b"per_page=1"
    assert github.client.scope.api_version == "2022-11-28"
    assert github.client.scope.request_ids == ["C0DE:1"]


async def test_the_quota_of_the_hour_is_known_from_each_answer(github: Answering, clock: ManualClock) -> None:
    reset = str(int(clock.now().timestamp()) + 600)
    github.put(
        "GET /user",
        {},
        x_ratelimit_limit="5000",
        x_ratelimit_remaining="4987",
        x_ratelimit_reset=reset,
    )
    await github.client.get("/user")
    assert github.client.scope.quota == {"remaining": 4987.0, "resets_in_s": pytest.approx(600, abs=1)}


async def test_what_is_no_object_is_not_taken_for_one(github: Answering) -> None:
    github.put("GET /user", [])
    with pytest.raises(Unavailable):
        await github.client.get("/user")


@pytest.mark.parametrize(
    "header", ["required; url=https://evil.example/sso", "partial-results; organizations=1"]
)
async def test_only_a_page_of_github_s_is_shown_for_signing_in(github: Answering, header: str) -> None:
    github.put("GET /orgs/x", {"message": "no"}, status=403, x_github_sso=header)
    with pytest.raises(NotConnected) as refused:
        await github.client.get("/orgs/x")
    assert "evil" not in str(refused.value.hint)
    assert refused.value.provider_code is None


@pytest.mark.parametrize(
    "body", ["<html>", {"errors": "many"}, {"errors": [None, {}, {"field": ""}]}, [], {"message": "Short"}]
)
async def test_a_refusal_of_a_value_may_lack_every_detail(github: Answering, body: object) -> None:
    github.put("GET /x", body, status=422)
    with pytest.raises(CallError) as refused:
        await github.client.get("/x")
    assert refused.value.code == "upstream_rejected"
    assert refused.value.fields == []


async def test_a_limit_that_names_no_moment_is_waited_for_as_long_as_github_asks(github: Answering) -> None:
    github.put("GET /x", {}, status=403, x_ratelimit_remaining="0")
    with pytest.raises(Unavailable) as limited:
        await github.client.get("/x")
    assert limited.value.code == "rate_limited"
    assert limited.value.retry_after_s is None
    assert len(github.sent) == 3


@pytest.mark.parametrize(
    ("text", "scopes"),
    [(None, None), ("", []), ("repo, gist", ["gist", "repo"]), ("issues=write,  <b>", ["issues=write"])],
)
def test_scopes_are_read_from_a_header(text: str | None, scopes: list[str] | None) -> None:
    assert scopes_in(text) == scopes


async def test_lists_are_read_page_by_page_as_long_as_github_names_a_next_one(github: Answering) -> None:
    github.put("GET /x", [{"id": 1}], link='<https://api.github.com/x?per_page=1&cursor=v1_2>; rel="next"')
    found = []
    async for row in github.client.rows("/x", status="failure"):
        found.append(row)
        github.put("GET /x", [{"id": 2}], link='<https://api.github.com/x?per_page=1>; rel="prev"')
    assert found == [{"id": 1}, {"id": 2}]
    assert [request.url.query.decode() for request in github.sent] == [
        "per_page=100&status=failure",
        "per_page=1&cursor=v1_2",
    ]


@pytest.mark.parametrize("body", [{}, [1]])
async def test_a_list_that_is_none_is_not_read(github: Answering, body: object) -> None:
    github.put("GET /x", body)
    with pytest.raises(Unavailable):
        [row async for row in github.client.rows("/x")]


async def test_a_write_may_answer_nothing_and_needs_the_right_to_write(github: Answering) -> None:
    github.put("DELETE /x", "", status=204)
    with pytest.raises(WriteRefused):
        await github.client.write("DELETE", "/x")
    github.client.scope.before_write = nothing
    assert await github.client.write("DELETE", "/x") == {}
    assert "content-type" not in github.sent[-1].headers


async def nothing() -> None:
    return None
