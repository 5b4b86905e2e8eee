"""Events of GitHub become items of ours: recorded bodies, and whatever else could be signed."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.providers.github.items import TYPES, item_of
from wirepost.providers.github.shapes import SHAPES
from wirepost.webhooks.webhook import Actor, Item, Unmapped

PAYLOADS = Path(__file__).parent / "payloads"
GUID = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
SHOP = "Codertocat/Hello-World"

# Read off the bodies: type, subject, time (of the object), account (the owner).
RECORDED = {
    "installation.created": (
        "github.installation.created",
        "installation/957387",
        1557933591.0,  # installation.updated_at
        "Codertocat",
    ),
    "issue_comment.created": (
        "issue.commented",
        f"issue/{SHOP}#1",
        1557933621.0,  # comment.updated_at: 2019-05-15T15:20:21Z
        "Codertocat",
    ),
    "issues.opened": (
        "issue.opened",
        f"issue/{SHOP}#1",
        1557933618.0,  # issue.updated_at: 2019-05-15T15:20:18Z
        "Codertocat",
    ),
    "pull_request.opened": (
        "pull_request.opened",
        f"pull_request/{SHOP}#2",
        1557933633.0,  # pull_request.updated_at: 2019-05-15T15:20:33Z
        "Codertocat",
    ),
    "pull_request_review.submitted": (
        "pull_request.reviewed",
        f"pull_request/{SHOP}#2",
        1557933638.0,  # review.submitted_at: 2019-05-15T15:20:38Z
        "Codertocat",
    ),
    "push": (
        "code.pushed",
        f"ref/{SHOP}@refs/tags/simple-tag",
        1557933657.0,  # repository.pushed_at
        "Codertocat",
    ),
    "push.new_branch": (
        "code.pushed",
        f"ref/{SHOP}@refs/heads/master",
        1557933657.0,  # repository.pushed_at
        "Codertocat",
    ),
    "release.published": (
        "release.published",
        f"release/{SHOP}@0.0.1",
        1557933653.0,  # release.published_at: 2019-05-15T15:20:53Z
        "Codertocat",
    ),
    "star.created": (
        "github.star.created",
        f"repository/{SHOP}",
        1557933640.0,  # starred_at: 2019-05-15T15:20:40Z
        "Codertocat",
    ),
    "workflow_run.completed": (
        "build.finished",
        "workflow_run/octo-org/octo-repo#289782451",
        1601915629.0,  # workflow_run.updated_at: 2020-10-05T16:33:49Z
        "octo-org",
    ),
}


def recorded(name: str) -> dict[str, Any]:
    """A recorded body."""
    found: dict[str, Any] = orjson.loads((PAYLOADS / f"{name}.json").read_bytes())
    return found


def item(name: str, /, *, own_ids: tuple[str, ...] = (), **changes: Any) -> Item:
    """A recorded event with other fields at the top, read."""
    return item_of(name.partition(".")[0], GUID, recorded(name) | changes, own_ids)


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_event_says_what_happened_to_what_and_when(name: str) -> None:
    found = item(name)
    assert (found.type, found.subject, found.time, found.account) == RECORDED[name]
    assert (found.key, found.event_id) == (GUID, GUID)
    assert found.provider_type == name.removesuffix(".new_branch")
    assert found.environment is None
    assert found.actor == Actor("human", "Codertocat")


def test_every_recorded_body_is_tried() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.json")} == {*RECORDED, "ping"}


def test_an_issue_is_told_with_what_is_in_it() -> None:
    found = item("issues.opened")
    assert found.summary == "issue.opened: Codertocat/Hello-World#1, by Codertocat"
    assert found.data["title"] == "Spelling error in the README file"
    assert found.data["labels"] == ["bug"]
    assert (found.data["id"], found.data["number"], found.data["state"]) == ("444500041", 1, "open")
    assert set(found.untrusted) == {"title", "text", "milestone", "labels[]"}


def test_a_comment_is_about_what_was_commented() -> None:
    found = item("issue_comment.created")
    assert found.data["text"] == "You are totally right! I'll get this fixed right away."
    assert (found.data["parent_title"], found.data["number"]) == ("Spelling error in the README file", 1)
    assert {"text", "parent_title", "labels[]"} == set(found.untrusted)
    assert "492700400" in found.marks
    issue = recorded("issue_comment.created")["issue"] | {"pull_request": {"url": "x"}}
    assert item("issue_comment.created", issue=issue).data["is_pull_request"] is True
    assert "is_pull_request" not in found.data


def test_a_review_has_a_verdict_and_a_pull_request() -> None:
    found = item("pull_request_review.submitted")
    assert (found.data["verdict"], found.data["number"], found.data["review_id"]) == (
        "commented",
        2,
        "237895671",
    )


def test_names_of_branches_are_written_by_outsiders() -> None:
    pull_request = recorded("pull_request.opened")["pull_request"]
    found = item("pull_request.opened", pull_request=pull_request)
    assert (found.data["head"], found.data["base"]) == ("changes", "master")
    assert "head" in found.untrusted
    assert "changes" not in found.summary


def test_a_push_lists_its_newest_commits() -> None:
    found = item("push.new_branch")
    assert found.data["commits"] == [
        {
            "id": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
            "message": "Initial commit",
            "author": "Codertocat",
        }
    ]
    assert (found.data["is_new"], found.data["commit_count"]) == (True, 1)
    assert found.summary == "code.pushed: Codertocat/Hello-World, by Codertocat, 1 commit"
    assert "6113728f27ae82c7b1a177c8d03f9e96e0adf246" in found.marks
    many = item("push", commits=[{"id": str(n)} for n in range(30)])
    assert (many.data["commit_count"], len(many.data["commits"]), many.data["commits"][-1]["id"]) == (
        30,
        20,
        "29",
    )


def test_a_push_without_the_time_of_the_repository_has_that_of_its_last_commit() -> None:
    repository = recorded("push.new_branch")["repository"] | {"pushed_at": None}
    assert item("push.new_branch", repository=repository).time == 1557933565.0  # 2019-05-15T15:19:25Z


def test_a_removed_branch_leaves_no_commit_as_a_mark() -> None:
    assert item("push").marks == (f"ref/{SHOP}@refs/tags/simple-tag",)


def test_a_program_is_told_from_a_person_and_from_us() -> None:
    bot = {"login": "dependabot[bot]", "id": 49699333, "type": "Bot"}
    assert item("issues.opened", sender=bot).actor == Actor("automation", "dependabot[bot]")
    for own in ("dependabot[bot]", "49699333"):
        assert item("issues.opened", sender=bot, own_ids=(own,)).actor.kind == "self"
    assert item("issues.opened", sender=None).actor == Actor()


def test_the_owner_is_the_account_whichever_hook_it_was() -> None:
    by_app = item("pull_request.opened", installation={"id": 1})
    assert by_app.account == item("pull_request.opened", installation=None).account == "Codertocat"
    assert item("issues.opened", organization={"login": "acme"}).account == "acme"


def test_an_event_without_a_shape_shows_what_is_named_like_it() -> None:
    body = {
        "action": "created",
        "label": {"id": 7, "name": "urgent"},
        "repository": {"full_name": "acme/shop"},
    }
    found = item_of("label", None, body)
    assert (found.type, found.subject, found.key) == ("github.label.created", "label/acme/shop#7", None)
    assert (found.data["name"], found.untrusted) == ("urgent", ("name",))


@pytest.mark.parametrize("event", sorted(SHAPES))
def test_a_header_of_another_event_is_not_believed(event: str) -> None:
    with pytest.raises(Unmapped):
        item_of(event, GUID, {"action": "created", "repository": {"full_name": "acme/shop"}})


def test_a_push_needs_a_place() -> None:
    with pytest.raises(Unmapped):
        item_of("push", GUID, recorded("issues.opened"))


def test_types_are_events_with_their_action() -> None:
    assert {name.partition(".")[0] for name in TYPES} <= {*SHAPES, "push"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(data=st.data(), name=st.sampled_from(sorted(RECORDED)))
def test_a_field_may_be_anything(data: st.DataObject, name: str) -> None:
    body = copy.deepcopy(recorded(name))
    places = [place for place in _places(body) if place]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places))
        place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JSON)
    try:
        found = item_of(name.partition(".")[0], GUID, body, ["1"])
    except Unmapped:
        return
    orjson.dumps([found.data, found.marks, found.summary, found.subject, found.account, found.untrusted])
    assert "\n" not in found.summary


def _places(value: Any) -> list[dict[str, Any]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [
        *([value] if isinstance(value, dict) else []),
        *(place for each in inner for place in _places(each)),
    ]
