"""GitLab's events, named like their kind and what was done."""

from __future__ import annotations

import pytest

from support.payloads import instant, only, payload

MERGE_REQUEST, PUSH = payload("gitlab/merge_request.json"), payload("gitlab/push.json")
HEADERS = {"X-Gitlab-Event": "Merge Request Hook", "Idempotency-Key": "f5e5f430-f57b-4e6e-9fac-d9128cd7232f"}


def test_a_merge_request_is_read() -> None:
    item = only("gitlab", MERGE_REQUEST, HEADERS)
    assert (item.type, item.provider_type) == ("pull_request.opened", "merge_request.open")
    assert item.subject == "merge_request/gitlabhq/gitlab-test#1"
    assert item.time == instant("2013-12-03T17:23:34Z")
    assert (item.key, item.event_id) == ("f5e5f430-f57b-4e6e-9fac-d9128cd7232f",) * 2
    assert (item.data["title"], item.data["number"], item.data["state"]) == ("MS-Viewport", 1, "opened")
    assert {"title", "source_branch"} <= set(item.untrusted)
    assert item.actor.id == "1"


def test_a_push_is_read() -> None:
    item = only("gitlab", PUSH, {"X-Gitlab-Event": "Push Hook"})
    assert (item.type, item.provider_type) == ("code.pushed", "push")
    assert (item.subject, item.account) == ("push/mike/diaspora@refs/heads/master", "mike/diaspora")
    assert item.time == instant("2012-01-03T23:36:29+02:00")
    assert item.data["after"] == "da1560886d4f094c3e6c9ef40349f7d38b5d27d7"
    assert (item.data["commits"], item.actor.id, item.key) == (4, "4", None)


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({"X-Gitlab-Event-UUID": "13792a34"}, "13792a34"),
        ({"X-Gitlab-Event-UUID": "13792a34", "Idempotency-Key": "f5e5f430"}, "f5e5f430"),
        ({"webhook-id": "msg_1", "webhook-signature": "v1,x", "Idempotency-Key": "f5e5f430"}, "msg_1"),
    ],
)
def test_the_id_that_is_signed_goes_first(headers: dict[str, str], key: str) -> None:
    assert only("gitlab", PUSH, headers).key == key


def test_a_comment_is_named_like_what_it_is_about_and_the_older_spelling_of_times_is_read() -> None:
    body = {
        "object_kind": "note",
        "project": {"path_with_namespace": "a/b"},
        "object_attributes": {
            "id": 7,
            "noteable_type": "Issue",
            "note": "x",
            "updated_at": "2015-05-17 17:06:40 UTC",
        },
    }
    item = only("gitlab", body)
    assert (item.type, item.provider_type, item.subject) == ("issue.commented", "note.Issue", "note/a/b#7")
    assert item.time == instant("2015-05-17T17:06:40Z")
