"""Linear's events, named like the entity and what was done to it."""

from __future__ import annotations

import orjson

from support.payloads import instant, only, payload

DELIVERY = {"Linear-Delivery": "234d1a4e-b617-4388-90fe-adc3633d6b72", "Linear-Event": "Comment"}


def test_a_comment_is_read() -> None:
    item = only("linear", payload("linear/Comment.create.json"), DELIVERY)
    assert (item.type, item.provider_type) == ("issue.commented", "Comment.create")
    assert item.subject == "comment/2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9"
    assert item.time == instant("2023-02-10T19:22:20.508Z")
    assert (item.key, item.event_id) == (DELIVERY["Linear-Delivery"],) * 2
    assert item.data["body"] == "Indeed"
    assert item.data["issue_id"] == "539068e2-ae88-4d09-bd75-22eb4a59612f"
    assert "body" in item.untrusted
    assert (item.actor.kind, item.actor.id) == ("human", "aacdca22-6266-4c0a-ab3c-8fa70a26765c")


def test_an_update_names_what_changed_and_the_header_cannot_rename_it() -> None:
    body = {
        "action": "update",
        "type": "Issue",
        "organizationId": "org-1",
        "actor": {"id": "app-1", "type": "OauthClient"},
        "data": {"id": "i-1", "identifier": "ENG-7", "title": "Close the books"},
        "updatedFrom": {"updatedAt": "2023-02-10T19:22:20.508Z", "stateId": "s-1"},
    }
    item = only("linear", body, {"Linear-Event": "Project"})
    assert item.type == "linear.issue.update"
    assert item.data["changed"] == ["stateId", "updatedAt"]
    assert item.account == "org-1"
    assert item.actor.kind == "automation"
    assert item.key is None


def test_an_opened_issue_has_our_word() -> None:
    body = orjson.loads(payload("linear/Comment.create.json"))
    assert only("linear", {**body, "type": "Issue"}).type == "issue.opened"
