"""Which fields of GitHub's objects an event shows, and who wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wirepost.webhooks.reading import paths

Json = dict[str, Any]
Paths = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Shape:
    """What is shown of the object of an event."""

    member: str
    """Where it is in the body."""
    values: Paths
    """Words and numbers of GitHub's."""
    texts: Paths
    """Written by others."""
    times: tuple[str, ...] = ("updated_at", "created_at")
    """Where its time stands; the first that is there."""


_ENTRY = "id number state state_reason author=user.login url=html_url locked comments created_at closed_at"
_COMMENT = Shape(
    "comment",
    paths("comment_id=id comment_url=html_url author=user.login"),
    paths("text=body path"),
)
_ALERT = Shape(
    "alert",
    paths("number state url=html_url severity=security_advisory.severity rule_severity=rule.severity"),
    paths("title=security_advisory.summary rule=rule.description package=dependency.package.name"),
)
SHAPES: Mapping[str, Shape] = {
    "issues": Shape("issue", paths(_ENTRY), paths("title text=body milestone=milestone.title")),
    "issue_comment": _COMMENT,
    "discussion": Shape("discussion", paths(_ENTRY), paths("title text=body category=category.name")),
    "discussion_comment": _COMMENT,
    "commit_comment": _COMMENT,
    "pull_request": Shape(
        "pull_request",
        paths(
            f"{_ENTRY} is_draft=draft is_merged=merged merged_at merged_by=merged_by.login "
            "head_commit=head.sha head_repository=head.repo.full_name base=base.ref additions deletions "
            "changed_files"
        ),
        paths("title text=body head=head.ref"),
    ),
    "pull_request_review": Shape(
        "review",
        paths("review_id=id verdict=state author=user.login url=html_url head_commit=commit_id"),
        paths("text=body"),
        ("submitted_at",),
    ),
    "pull_request_review_comment": _COMMENT,
    "release": Shape(
        "release",
        paths("id is_draft=draft is_prerelease=prerelease author=author.login url=html_url published_at"),
        paths("tag=tag_name name text=body"),
        ("published_at", "created_at"),
    ),
    "workflow_run": Shape(
        "workflow_run",
        paths(
            "id status conclusion cause=event number=run_number attempt=run_attempt head_commit=head_sha "
            "url=html_url author=actor.login"
        ),
        paths("name title=display_title head=head_branch path"),
    ),
    "deployment": Shape(
        "deployment",
        paths("id head_commit=sha author=creator.login"),
        paths("environment ref text=description"),
    ),
    "deployment_status": Shape(
        "deployment_status",
        paths("id state author=creator.login url=log_url"),
        paths("environment text=description"),
    ),
    "installation": Shape(
        "installation", paths("id app=app_slug selection=repository_selection target=target_type"), {}
    ),
    "dependabot_alert": _ALERT,
    "code_scanning_alert": _ALERT,
    "secret_scanning_alert": Shape(
        "alert", paths("number state url=html_url kind=secret_type resolution"), {}
    ),
}


def shape_like(event: str, body: Json) -> Shape:
    """An event we have no shape for: what is named like it, as far as it looks like all others."""
    name = event if isinstance(body.get(event), dict) else event.removesuffix("s")
    return Shape(
        name,
        paths("id number state status conclusion author=user.login url=html_url"),
        paths("title name text=body"),
    )
