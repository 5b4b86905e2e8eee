"""`/approvals`: what waits for a person, what it would do, and the two buttons that decide it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import RedirectResponse, Response

from wirepost.calls.approvals import Decided
from wirepost.core.errors import CallError
from wirepost.core.redact import SECRETS
from wirepost.core.text import clean, clean_line
from wirepost.server.browser import is_ours, read_form
from wirepost.server.markup import Markup, field, form, guarded, page, problem, tag
from wirepost.server.sign_in import SEE_OTHER

if TYPE_CHECKING:
    from starlette.requests import Request

    from wirepost.calls.approvals import Approvals
    from wirepost.jobs.job import Job
    from wirepost.server.browser import Browsers, Session
    from wirepost.server.sign_in import SignIn

APPROVALS = "/approvals"
_LONGEST, _LONGEST_ARGUMENTS = 300, 4000
_VERDICTS = {"approve": "Approve", "deny": "Deny"}


class ApprovalPages:
    """Open to operators alone: who asks must not be who decides."""

    def __init__(self, approvals: Approvals, browsers: Browsers, sign_in: SignIn) -> None:
        self._approvals, self._browsers, self._sign_in = approvals, browsers, sign_in

    async def show(self, request: Request) -> Response:
        """Everything that waits, the oldest first, and below it what was decided lately."""
        session = await self._sign_in.session(request)
        if session is None:
            return await self._sign_in.begin(request)
        if not session.is_operator:
            return _closed()
        waiting, decided = await self._approvals.listed()
        nothing = None if waiting else tag("p", "Nothing waits for you.")
        history = [tag("h2", "Decided lately"), tag("ul", *map(_line, decided))] if decided else []
        response = page("Approvals", nothing, *(_section(each, session) for each in waiting), *history)
        self._browsers.keep_session(response, session)
        return response

    async def decide(self, request: Request) -> Response:
        """Take down what the person said."""
        session = self._browsers.session(request)
        fields = await read_form(request)
        verdict = fields.get("verdict")
        if session is None or not session.is_operator or not is_ours(fields, session):
            return _closed()
        if verdict not in _VERDICTS:
            return _closed()
        said = Decided(session.caller, "approve" if verdict == "approve" else "deny", "page")
        try:
            await self._approvals.decide(request.path_params["approval"], said)
        except CallError as error:
            return problem("Nothing was decided", error, status=409)
        return RedirectResponse(APPROVALS, SEE_OTHER, guarded())


def _section(job: Job, session: Session) -> Markup:
    heading = f"approval-{job.id}"
    inside = field("token", session.form_token)
    buttons = [
        form(
            f"{APPROVALS}/{job.id}",
            label,
            inside,
            field("verdict", verdict),
            kind="primary" if verdict == "approve" else "grave",
            about=f"{label}: {_title(job)}",
        )
        for verdict, label in _VERDICTS.items()
    ]
    return tag(
        "section",
        tag("h2", _title(job), id=heading),
        tag("dl", *(part for name, value in _facts(job) for part in (tag("dt", name), tag("dd", value)))),
        *buttons,
        aria_labelledby=heading,
    )


def _title(job: Job) -> str:
    plan = job.details.get("plan") or {}
    return clean_line(plan.get("plan") or job.tool, _LONGEST)


def _facts(job: Job) -> list[tuple[str, str | Markup]]:
    details, plan = job.details, job.details.get("plan") or {}
    facts: list[tuple[str, str | Markup]] = [
        ("Tool", tag("code", job.tool)),
        ("Connection", f"{job.connection or 'none'}{', ' + job.environment if job.environment else ''}"),
        ("Asked by", clean_line(job.owner, _LONGEST)),
        ("Why it waits", clean_line(f"{details.get('reason')} (rule {details.get('rule')})", _LONGEST)),
        ("Asked", _time(job.created_at)),
        ("Ends", _time(job.expires_at)),
    ]
    if plan.get("effects"):
        facts.append(("Effects", tag("ul", *(tag("li", _effect(each)) for each in plan["effects"]))))
    if plan.get("notes"):
        facts.append(
            ("Notes", tag("ul", *(tag("li", clean_line(str(each), _LONGEST)) for each in plan["notes"])))
        )
    if plan:
        facts.append(("Can be undone", "yes" if plan.get("reversible") else "no"))
    reason = details["arguments"].get("reason")
    if reason:
        facts.append(("The caller says", clean_line(str(reason), _LONGEST)))
    shown = orjson.dumps(SECRETS.value(details["arguments"]), option=orjson.OPT_INDENT_2).decode()
    facts.append(("Arguments", tag("pre", clean(shown, _LONGEST_ARGUMENTS))))
    return facts


def _effect(effect: dict[str, Any]) -> str:
    change = f": {effect.get('before') or 'nothing'} → {effect['after']}" if effect.get("after") else ""
    return clean_line(f"{effect.get('what')}{change}", _LONGEST)


def _line(job: Job) -> Markup:
    decided = job.details.get("decided") or {}
    said = {"approve": "approved", "deny": "denied"}.get(decided.get("verdict", ""))
    who = f"{said} by {decided['by']}, {job.status}" if said else job.status
    return tag("li", f"{_title(job)}: {clean_line(who, _LONGEST)}")


def _time(seconds: float | None) -> Markup | str:
    if seconds is None:
        return "never"
    moment = datetime.fromtimestamp(seconds, UTC)
    return tag("time", f"{moment:%Y-%m-%d %H:%M} UTC", datetime=f"{moment:%Y-%m-%dT%H:%M:%SZ}")


def _closed() -> Response:
    body = tag("p", "Only an operator decides about approvals, here or on the command line.")
    return page("Not for you", body, tag("p", tag("code", "wirepost approvals list")), status=403)
