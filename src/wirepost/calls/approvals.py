"""`Approvals`: what a rule leaves to a person waits as a job, is decided, and then carried out once."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from wirepost.calls.caller import Caller
from wirepost.calls.confirm import shown
from wirepost.calls.outlive import keep
from wirepost.contracts.jobs import Problem
from wirepost.core.errors import InvalidCall, NotAllowed, Rejected
from wirepost.core.signing import digest
from wirepost.core.text import clean_line
from wirepost.core.times import from_epoch, to_rfc3339
from wirepost.jobs.jobs import LOOK
from wirepost.store.queue import Task

if TYPE_CHECKING:
    from wirepost.calls.attempt import Attempt, Outcome
    from wirepost.core.clock import Clock
    from wirepost.jobs.job import Job
    from wirepost.jobs.jobs import Jobs
    from wirepost.store.worker import Job as WorkItem

KIND = "approval"
CARRY_OUT = "approval.carry_out"
MOST = 500
"""So many that wait are listed."""
MOST_EACH = 100
"""So many calls of one caller wait; nobody crowds out the calls of others."""
WITHDRAWN = Problem(
    "forbidden_by_policy",
    "The token of whoever asked was withdrawn or has ended since; the call is not carried out any more",
)
_NOT_KEPT = frozenset({"confirmation", "mode"})
Verdict = Literal["approve", "deny"]


@dataclass(frozen=True)
class Approved:
    """A person's permission for one call, given while things stood as `state` says."""

    job: str
    by: str
    state: str
    """Digest of the state that the plan was made from."""


@dataclass(frozen=True)
class Decided:
    """Who said what, as the channel in which they said it knows them."""

    by: str
    verdict: Verdict
    via: Literal["command", "page", "slack"]
    note: str | None = None


Carry = Callable[[Caller, str, Mapping[str, Any], Approved], Awaitable["Outcome"]]
"""Runs the call that was approved."""


class Approvals:
    """All that waits for a person."""

    def __init__(self, jobs: Jobs, clock: Clock, lifetime_s: float) -> None:
        self._jobs, self._clock, self._lifetime = jobs, clock, timedelta(seconds=lifetime_s)
        self.carry: Carry | None = None
        """Set once there is something that runs calls."""
        self.is_current: Callable[[Caller], Awaitable[bool]] = _always
        """Whether a caller may still call."""
        self.on_asked: list[Callable[[Job], Awaitable[None]]] = []
        """Tell people that something waits for them."""
        self.also: Callable[[str], Task] | None = None
        """What else is to be done about one that waits, stored together with it."""
        self.on_decided: list[Callable[[Job, Decided], Awaitable[None]]] = []

    @property
    def work(self) -> dict[str, Any]:
        """What a worker does for it."""
        return {CARRY_OUT: self._carry_out}

    async def ask(self, attempt: Attempt, error: NotAllowed) -> None:
        """Have the call wait for a person, and say in the error where; the same call waits once."""
        reading, decision = attempt.reading, attempt.decision
        if await self._jobs.number_open(KIND, attempt.caller.id) >= MOST_EACH:
            error.hint = f"{MOST_EACH} calls of this caller wait for a person already; this one was not added"
            return
        expires_at = self._clock.now() + self._lifetime
        arguments = {name: value for name, value in attempt.raw.items() if name not in _NOT_KEPT}
        subject = [attempt.caller.id, attempt.connection_name, attempt.name, reading.hash if reading else ""]
        key = digest([*subject, reading.intent if reading else None])
        job, is_new = await self._jobs.add_waiting(
            KIND,
            key=key,
            owner=attempt.caller.id,
            tool=attempt.name,
            connection=attempt.connection_name,
            environment=attempt.environment,
            expires_at=expires_at,
            also=self.also,
            details={
                "arguments": arguments,
                "client": attempt.caller.client,
                "scopes": None if attempt.caller.scopes is None else sorted(attempt.caller.scopes),
                "plan": shown(attempt.plan, None) if attempt.plan else None,
                "state": _state(attempt),
                "rule": decision.rule if decision else None,
                "reason": decision.reason if decision else None,
                "asked_at": to_rfc3339(attempt.at),
            },
        )
        if is_new:
            for tell in self.on_asked:
                await tell(job)
        attempt.job = job.id
        error.detail |= {
            "approval": job.id,
            "expires_at": from_epoch(job.expires_at),
            "poll_after_s": job.poll_after_s,
        }
        error.hint = (
            f"It waits for a person. Do not repeat the call: job_get with job {job.id!r} tells when it is "
            "decided; once approved it is carried out by itself, and job_get_result has its result"
        )

    async def decide(self, approval: str, decided: Decided) -> Job:
        """What a person said; raises `Rejected` where there is nothing (any more) to decide."""
        job = await self._jobs.get(approval)
        if job is None or job.kind != KIND:
            raise Rejected("not_found", f"There is no approval {clean_line(approval, 60)!r}")
        now = self._clock.now()
        if job.status != "waiting_approval":
            earlier = (job.details.get("decided") or {}).get("by")
            raise Rejected(
                "conflict", f"It is {job.status} already" + (f", decided by {earlier}" if earlier else "")
            )
        if job.expires_at is not None and job.expires_at <= now.timestamp():
            raise Rejected("conflict", "It has expired; who asked can ask again")
        details = {**job.details, "decided": {**dataclasses.asdict(decided), "at": to_rfc3339(now)}}
        changes: dict[str, Any] = {"status": "running"}
        if decided.verdict == "deny":
            why = f": {clean_line(decided.note, 300)}" if decided.note else ""
            told = f"{decided.by} did not approve it{why}"
            changes = {"status": "failed", "error": {"code": "not_approved", "message": told}}
        due = Task(CARRY_OUT if decided.verdict == "approve" else LOOK, job.id, now.timestamp())
        ended = await self._jobs.change(job, details=details, work=due, **changes)
        if ended is None:
            raise Rejected("conflict", "Somebody else has decided in the same moment")
        for tell in self.on_decided:
            await tell(ended, decided)
        return ended

    async def listed(self, *, decided: int = 20) -> tuple[list[Job], list[Job]]:
        """What waits, the oldest first; and the newest of what was decided."""
        waiting = await self._jobs.of_kind(KIND, is_over=False, limit=MOST)
        over = await self._jobs.of_kind(KIND, is_over=True, limit=decided)
        return [each for each in waiting if each.status == "waiting_approval"][::-1], over

    async def _carry_out(self, item: WorkItem) -> None:
        """Run what was approved; a second run after a crash finds what the first has done."""
        job = await self._jobs.get(item.key)
        if job is None or job.is_over or self.carry is None:
            return
        details, decided = job.details, job.details["decided"]
        scopes = details["scopes"]
        caller = Caller(job.owner, None if scopes is None else frozenset(scopes), details["client"])
        if not await self.is_current(caller):
            await self._jobs.finish(job.id, "failed", error=WITHDRAWN)
            return
        given = {name: value for name, value in details["arguments"].items() if value is not None}
        arguments = {"intent": job.id, **given}
        outcome = await self.carry(
            caller, job.tool, arguments, Approved(job.id, decided["by"], details["state"])
        )
        await keep(self._jobs, job.id, outcome)


async def _always(_caller: Caller) -> bool:
    return True


def check(approved: Approved, attempt: Attempt) -> None:
    """Raise `confirmation_mismatch` where things are no longer as the person has seen them."""
    if approved.state != _state(attempt):
        raise InvalidCall(
            "confirmation_mismatch",
            "Things have changed since it was submitted for approval; nothing was done",
            hint="Make the call again; a person will see the present state",
            detail={"plan": shown(attempt.plan, None)} if attempt.plan else {},
        )


def _state(attempt: Attempt) -> str:
    return digest(attempt.plan.state if attempt.plan else None)
