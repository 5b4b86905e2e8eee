"""What GitHub tells of, in our words: issues, pull requests, pushes, releases, runs, and everything else.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wirepost.providers.github.shapes import SHAPES, Shape, shape_like
from wirepost.webhooks.reading import at, key, moment, our_type, paths, picked, scalar, seconds, text, word
from wirepost.webhooks.webhook import Actor, Item, Unmapped

Json = dict[str, Any]

TYPES = {
    "issues.opened": "issue.opened",
    "issues.closed": "issue.closed",
    "issues.reopened": "issue.reopened",
    "issues.edited": "issue.updated",
    "issues.assigned": "issue.assigned",
    "issues.unassigned": "issue.unassigned",
    "issues.labeled": "issue.labeled",
    "issues.unlabeled": "issue.unlabeled",
    "issues.deleted": "issue.deleted",
    "issues.transferred": "issue.transferred",
    "issue_comment.created": "issue.commented",
    "discussion.created": "discussion.opened",
    "discussion.answered": "discussion.answered",
    "discussion.closed": "discussion.closed",
    "discussion_comment.created": "discussion.commented",
    "pull_request.opened": "pull_request.opened",
    "pull_request.closed": "pull_request.closed",
    "pull_request.reopened": "pull_request.reopened",
    "pull_request.edited": "pull_request.updated",
    "pull_request.synchronize": "pull_request.updated",
    "pull_request.ready_for_review": "pull_request.ready",
    "pull_request.review_requested": "pull_request.review_requested",
    "pull_request.assigned": "pull_request.assigned",
    "pull_request.labeled": "pull_request.labeled",
    "pull_request_review.submitted": "pull_request.reviewed",
    "pull_request_review_comment.created": "pull_request.commented",
    "push": "code.pushed",
    "commit_comment.created": "code.commented",
    "release.published": "release.published",
    "release.created": "release.created",
    "release.edited": "release.updated",
    "release.deleted": "release.deleted",
    "workflow_run.completed": "build.finished",
    "workflow_run.requested": "build.requested",
    "deployment.created": "deployment.started",
    "deployment_status.created": "deployment.updated",
    "dependabot_alert.created": "security_alert.opened",
    "dependabot_alert.fixed": "security_alert.closed",
    "dependabot_alert.dismissed": "security_alert.closed",
    "code_scanning_alert.created": "security_alert.opened",
    "code_scanning_alert.fixed": "security_alert.closed",
    "secret_scanning_alert.created": "security_alert.opened",
    "secret_scanning_alert.resolved": "security_alert.closed",
}
"""Event and action → ours."""

MAX_COMMITS, MAX_LABELS = 20, 20
NO_COMMIT = "0" * 40
"""Where a branch was before it was made, and is after it was removed."""
_MESSAGE = 300


def item_of(event: str, delivery: str | None, body: Json, own_ids: Iterable[str] = ()) -> Item:
    """One event; `event` and `delivery` are headers. Raises `Unmapped` where the body is of another event."""
    action = text(body.get("action"))
    provider_type = f"{event}.{action}" if action else event
    ours = our_type("github", provider_type, TYPES)
    shape = SHAPES.get(event)
    found = body.get(shape.member) if shape else None
    if shape is not None and not isinstance(found, dict):
        raise Unmapped(f"has no {shape.member}, although it is said to be about one")
    repository = text(at(body, "repository", "full_name"))
    subject, fields, untrusted, time = (
        _push(body, repository) if event == "push" else _about(event, body, shape, repository)
    )
    actor = _actor(body.get("sender"), own_ids)
    told = {"repository": repository, "action": action, "sender": actor.id, **fields}
    about = word((subject or "").partition("/")[2]) if event != "push" else word(repository)
    words = [about or "event", word(actor.id) and f"by {actor.id}", _count(fields)]
    return Item(
        type=ours,
        provider_type=provider_type,
        summary=f"{ours}: {', '.join(each for each in words if each)}",
        data={name: value for name, value in told.items() if value is not None},
        subject=subject,
        key=key(delivery),
        event_id=delivery,
        time=time,
        account=_account(body),
        untrusted=untrusted,
        actor=actor,
        marks=tuple(
            mark
            for mark in (fields.get("comment_id"), fields.get("id"), fields.get("after"), subject)
            if isinstance(mark, str) and mark != NO_COMMIT
        ),
    )


Told = tuple[str | None, Json, tuple[str, ...], float | None]


def _about(event: str, body: Json, shape: Shape | None, repository: str | None) -> Told:
    """Subject, fields, untrusted paths and time of everything but a push."""
    if shape is None:
        shape = shape_like(event, body)
    raw = body.get(shape.member)
    texts = {name: value for name, value in picked(raw, shape.texts).items() if value != ""}
    fields = picked(raw, shape.values)
    for name in ("id", "comment_id", "review_id"):
        if name in fields:
            fields[name] = str(fields[name])
    labels = _labels(at(body, "issue", "labels") or at(body, "pull_request", "labels"))
    on_pull_request = event == "issue_comment" and at(body, "issue", "pull_request") is not None
    parent = _parent(event, body)
    fields |= {**parent, **({"is_pull_request": True} if on_pull_request else {}), **labels}
    untrusted = (
        *texts,
        *(("labels[]",) if labels else ()),
        *(("parent_title",) if "parent_title" in parent else ()),
    )
    times = (at(raw, name) for name in shape.times)
    time = next((value for each in times if (value := moment(each) or seconds(each))), None)
    return (
        _subject(event, body, fields, repository),
        {**fields, **texts},
        untrusted,
        time or moment(body.get("starred_at")),
    )


def _parent(event: str, body: Json) -> Json:
    """What was commented or reviewed."""
    for name in ("issue", "pull_request", "discussion"):
        if event.startswith((f"{name}_comment", f"{name}_review")):
            found = body.get(name)
            told = picked(found, paths("number state")) | {"parent_title": text(at(found, "title"))}
            return {each: value for each, value in told.items() if value}
    return {}


def _labels(raw: Any) -> Json:
    names = [text(at(each, "name"), 100) for each in raw[:MAX_LABELS]] if isinstance(raw, list) else []
    kept = [name for name in names if name]
    return {"labels": kept} if kept else {}


_KINDS = {"issues": "issue", "issue_comment": "issue", "discussion_comment": "discussion"}
_ON_PULL_REQUESTS = "pull_request"


def _subject(event: str, body: Json, fields: Json, repository: str | None) -> str | None:
    """Kind and entity: a comment is about what was commented, so all events of one thing are together."""
    if event == "installation" or repository is None:
        number = text(at(body, "installation", "id"))
        return f"installation/{number}" if number else None
    kind = _ON_PULL_REQUESTS if event.startswith(_ON_PULL_REQUESTS) else _KINDS.get(event, event)
    if kind == "release":
        tag = text(at(body, "release", "tag_name"), 100)
        return f"release/{repository}@{tag}" if tag else f"repository/{repository}"
    number = fields.get("id") if kind == "workflow_run" else fields.get("number") or fields.get("id")
    return f"{kind}/{repository}#{number}" if number is not None else f"repository/{repository}"


def _push(body: Json, repository: str | None) -> Told:
    """Subject, fields, untrusted paths and time of a push, also one that made or removed a branch."""
    ref = text(body.get("ref"), 200)
    if ref is None or repository is None:
        raise Unmapped("has no ref or repository, although it is said to be a push")
    commits = body.get("commits")
    rows = [each for each in commits if isinstance(each, dict)] if isinstance(commits, list) else []
    values = picked(
        body, paths("before after is_new=created is_deleted=deleted is_forced=forced url=compare")
    )
    fields = {
        **values,
        "ref": ref,
        "commit_count": len(rows),
        "commits": [_commit(row) for row in rows[-MAX_COMMITS:]],
    }
    # The moment of the push; a commit may have been made long before.
    time = seconds(at(body, "repository", "pushed_at")) or moment(at(body, "head_commit", "timestamp"))
    return f"ref/{repository}@{ref}", fields, ("ref", "commits[].message", "commits[].author"), time


def _commit(row: Json) -> Json:
    found = {
        "id": scalar(row.get("id")),
        "message": text(row.get("message"), _MESSAGE),
        "author": text(at(row, "author", "name"), 100),
    }
    return {name: value for name, value in found.items() if value is not None}


def _count(fields: Json) -> str | None:
    count = fields.get("commit_count")
    return f"{count} commit{'' if count == 1 else 's'}" if count else None


def _actor(sender: Any, own_ids: Iterable[str]) -> Actor:
    login, number = text(at(sender, "login"), 100), text(at(sender, "id"))
    if login is None:
        return Actor()
    if {login, number} & set(own_ids):
        return Actor("self", login)
    return Actor("automation" if at(sender, "type") == "Bot" else "human", login)


def _account(body: Json) -> str | None:
    """The owner, who is the same whether the hook is an organisation's, a repository's or an app's."""
    for path in (("organization",), ("repository", "owner"), ("installation", "account")):
        login = text(at(body, *path, "login"))
        if login:
            return login
    return None
