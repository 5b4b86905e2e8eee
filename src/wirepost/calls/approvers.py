"""`Approvers`: people are asked in a chat about what waits for them, and the word of some of them counts.

The question is a job at the chat's provider, owned by the server itself. One piece of work for each approval
puts the question, waits until the approval is decided, wherever that is, and puts the outcome in its place.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import orjson

from wirepost.calls.approvals import KIND, Decided
from wirepost.contracts.asking import Asking, Question
from wirepost.core.errors import CallError, Rejected
from wirepost.core.redact import SECRETS
from wirepost.core.text import clean_line
from wirepost.core.times import to_rfc3339
from wirepost.store.queue import WORK, Task, hasten
from wirepost.store.worker import ComeAgain
from wirepost.upstream.scope import Scope

if TYPE_CHECKING:
    from wirepost.calls.approvals import Approvals
    from wirepost.calls.audit import Audit
    from wirepost.connections.connections import Connection
    from wirepost.core.clock import Clock
    from wirepost.jobs.files import Files
    from wirepost.jobs.job import Job
    from wirepost.jobs.jobs import Jobs
    from wirepost.settings.approvals import SlackApprovals
    from wirepost.store.database import Database, Tx
    from wirepost.store.signals import Signals
    from wirepost.store.worker import Handler
    from wirepost.store.worker import Job as WorkItem

ASK = "approval.ask"
OWNER = "wirepost"
"""Who the question belongs to; no caller has that name."""
AGAIN_S = 30.0
"""The net below what hastens it."""
REQUESTS_S = 60.0
"""So long putting or closing one question may take."""
APPROVE, DENY = "Approve", "Deny"
_VERDICTS: dict[str, Literal["approve", "deny"]] = {APPROVE: "approve", DENY: "deny"}
_LINE, _FACTS = 300, 15

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Approvers:
    """Those of one configuration."""

    settings: SlackApprovals
    connection: Connection
    approvals: Approvals
    jobs: Jobs
    files: Files
    database: Database
    signals: Signals
    clock: Clock
    audit: Audit

    def listen(self) -> None:
        """From now on people are asked, and their answers count."""
        self.approvals.also = lambda approval: Task(ASK, approval, self.clock.now().timestamp())
        self.approvals.on_decided.append(self._decided)
        self.jobs.on_end.append(self._ended)

    @property
    def work(self) -> dict[str, Handler]:
        """What a worker does for it."""
        return {ASK: self._attend}

    async def _attend(self, item: WorkItem) -> None:
        """Put the question; once the approval is decided, put the outcome in its place."""
        approval = await self.jobs.get(item.key)
        if approval is None:
            return
        question = await self._question(approval)
        if approval.status == "waiting_approval":
            if question is None:
                await self._put(approval)
            raise ComeAgain(AGAIN_S)
        if question is not None:
            await self.jobs.finish(question.id, "cancelled")  # unless its answer has ended it
        asking = await self._asking()
        put = question or await asking.find(self._asked(approval))
        if put is not None:
            await self._note("approval.outcome", approval)
            await asking.close(put.details, _outcome(approval), key=approval.id)

    async def _question(self, approval: Job) -> Job | None:
        return await self.jobs.at_provider(self.connection.name, approval.id, OWNER)

    async def _put(self, approval: Job) -> None:
        """Ask, unless an attempt whose answer was lost has asked already; follow it as a job."""
        question, asking = self._asked(approval), await self._asking()
        started = await asking.find(question)
        if started is None:
            await self._note("approval.question", approval)
            started = await asking.ask(question)
        _, storing = self.jobs.opening(
            started,
            owner=OWNER,
            connection=self.connection.name,
            environment=self.connection.environment,
            tool="",
            intent=approval.id,
        )
        await self.database.write(storing)
        self.signals.tell(WORK)

    async def _note(self, event: str, approval: Job) -> None:
        """What the server writes into the chat by itself goes on record before it is sent."""
        at = to_rfc3339(self.clock.now())
        about = {"approval": approval.id, "connection": self.connection.name, "target": self.settings.channel}
        await self.audit.record(at, {"at": at, "event": event, **about})

    def _asked(self, approval: Job) -> Question:
        return Question(
            approval.id,
            self.settings.channel,
            _text(approval),
            (APPROVE, DENY),
            tuple(self.settings.approvers),
            datetime.fromtimestamp(approval.created_at, UTC),
            datetime.fromtimestamp(approval.expires_at or approval.created_at, UTC),
        )

    async def _asking(self) -> Asking:
        """The chat; what is written there is the server's own: looked for, not asked of the ledger."""
        scope = Scope(self.clock.monotonic() + REQUESTS_S, interactive=False, before_write=_is_known)
        found: Asking = (await self.connection.access(OWNER)).api(Asking, scope)
        return found

    async def _ended(self, job: Job) -> None:
        """An answer decides; the end of an approval is shown where it was asked for. May come twice."""
        if job.kind == KIND:
            await self._hasten(job.id)
        is_ours = job.owner == OWNER and job.connection == self.connection.name
        if not is_ours or job.status != "succeeded" or job.file is None:
            return
        async for row in self.files.rows_of(job.file, OWNER):
            said = Decided(row["by"], _VERDICTS[row["answer"]], "slack")
            await self._decide(job.provider_id or "", said)

    async def _decide(self, approval: str, decided: Decided) -> None:
        try:
            await self.approvals.decide(approval, decided)
        except Rejected as error:
            log.info("an answer about %s came too late: %s", approval, error)

    async def _decided(self, job: Job, decided: Decided) -> None:  # noqa: ARG002 - whoever it was
        try:
            await self._hasten(job.id)
        except CallError as error:  # the net below finds it
            log.warning("the outcome of %s is shown later: %s", job.id, error)

    async def _hasten(self, approval: str) -> None:
        async def work(tx: Tx) -> None:
            await hasten(tx, ASK, approval, self.clock.now().timestamp())

        await self.database.write(work)
        self.signals.tell(WORK)


async def _is_known() -> None:
    """Putting the same question again is prevented by looking for it."""


def _title(approval: Job) -> str:
    plan = approval.details.get("plan") or {}
    return clean_line(plan.get("plan") or approval.tool, _LINE)


def _text(approval: Job) -> str:
    """What a person needs to decide; each fact in one line, so that no text can pass for another fact."""
    details, plan = approval.details, approval.details.get("plan") or {}
    facts = [*map(_effect, plan.get("effects") or ()), *(str(note) for note in plan.get("notes") or ())]
    is_cut = len(facts) > _FACTS or any(len(fact) > _LINE for fact in facts)
    reason = details["arguments"].get("reason")
    arguments = orjson.dumps(SECRETS.value(details["arguments"])).decode()
    lines = [
        f"Approve? {_title(approval)}",
        *(f"• {clean_line(fact, _LINE)}" for fact in facts[:_FACTS]),
        "• That is not all: read the page before you approve" if is_cut else "",
        "" if plan else f"Arguments: {clean_line(arguments, 2 * _LINE)}",
        "It cannot be undone" if plan and not plan.get("reversible") else "",
        f"Tool: {approval.tool}, connection: {approval.connection or 'none'} {approval.environment}".rstrip(),
        f"Asked by: {clean_line(approval.owner, _LINE)}",
        f"Why it waits: {clean_line(str(details.get('reason')), _LINE)} (rule {details.get('rule')})",
        f"The caller says: {clean_line(str(reason), _LINE)}" if reason else "",
    ]
    return "\n".join(line for line in lines if line)


def _effect(effect: dict[str, Any]) -> str:
    change = f": {effect.get('before') or 'nothing'} → {effect['after']}" if effect.get("after") else ""
    return f"{effect.get('what')}{change}"


def _outcome(approval: Job) -> str:
    """What has become of it, below what it was about."""
    decided = approval.details.get("decided")
    told = "Nobody decided in time" if approval.status == "expired" else "It was withdrawn"
    if decided:
        word = "Approved" if decided["verdict"] == "approve" else "Denied"
        told = f"{word} by {clean_line(decided['by'], _LINE)} ({decided['via']})"
    return f"{_title(approval)}\n{told}"
