"""Steps four to seven of a write: decided, claimed, sent once, settled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from wirepost.calls import allowance
from wirepost.calls.ledger import Entry, Identity
from wirepost.calls.own_writes import ids_in
from wirepost.calls.shape import dump
from wirepost.core.errors import CallError, InvalidCall, NotAllowed, OutcomeUnknown, Rejected, Unavailable
from wirepost.core.times import from_epoch
from wirepost.tools.jobs import Started
from wirepost.upstream.scope import Scope

if TYPE_CHECKING:
    from wirepost.calls.attempt import Attempt
    from wirepost.calls.decide import Judge
    from wirepost.calls.ledger import Ledger, State
    from wirepost.calls.own_writes import OwnWrites
    from wirepost.core.clock import Clock
    from wirepost.jobs.jobs import Jobs
    from wirepost.store.database import Tx, Work
    from wirepost.tools.tool import AnyTool

RECONCILE_S = 15.0
"""How long looking for the trace of a lost attempt may take."""

log = logging.getLogger(__name__)
Json = Any


class Writes:
    """Carries out writes so that each business action happens once."""

    def __init__(self, judge: Judge, ledger: Ledger, clock: Clock, own: OwnWrites, jobs: Jobs) -> None:
        self._judge, self._ledger, self._clock, self._own, self._jobs = judge, ledger, clock, own, jobs

    async def once(self, attempt: Attempt, step: Callable[[str], None]) -> Json:
        """The result of the action, carried out now or found to be done already."""
        identity = _identity(attempt)
        while True:
            step("decide")
            prior = await self._ledger.find(identity)
            if prior is not None:
                _refuse_other_arguments(prior, identity)
                if prior.is_in_progress:
                    await self._ledger.wait(prior, attempt.deadline)
                    continue
                attempt.is_in_doubt = prior.state == "unknown"
                found = await self._already_done(attempt, prior, identity)
                if found is not None:
                    return found
            try:
                await self._decide(attempt, prior)
            except (InvalidCall, NotAllowed):
                if await self._has_moved_on(identity, prior):
                    continue  # what was read had changed because this very action was carried out
                raise
            _stop_if_cancelled(attempt)
            step("claim")
            entry, is_ours = await self._claim(attempt, identity, prior)
            if is_ours:
                attempt.entry, attempt.is_in_doubt = entry, False
                step("run")
                with self._own.under_way(attempt.connection_name):
                    return await self._carry_out(attempt, entry, step)

    async def _decide(self, attempt: Attempt, prior: Entry | None) -> None:
        if prior is None or prior.state == "not_applied":
            await self._judge.decide(attempt)
            return
        attempt.money = await self._ledger.reserved(prior)
        await self._judge.resume(attempt)

    async def _has_moved_on(self, identity: Identity, prior: Entry | None) -> bool:
        """Whether somebody else has taken the action up since it was looked for."""
        found = await self._ledger.find(identity)
        if found is None:
            return False
        return prior is None or (found.id, found.attempt, found.state) != (
            prior.id,
            prior.attempt,
            prior.state,
        )

    async def _claim(self, attempt: Attempt, identity: Identity, prior: Entry | None) -> tuple[Entry, bool]:
        reserve = None
        if attempt.connection:
            rules, money = attempt.connection.settings.money, attempt.money
            reserve = allowance.reservation(rules, money, attempt.connection.name, attempt.at)
        try:
            return await self._ledger.claim(identity, nonce=attempt.nonce, reserve=reserve, again=prior)
        except InvalidCall as error:  # somebody else used the confirmation
            error.detail["plan"] = self._judge.new_plan(attempt)
            raise

    async def _already_done(self, attempt: Attempt, prior: Entry, identity: Identity) -> Json | None:
        """The result of an earlier attempt, stored or found by reading; `None` when it did not happen."""
        result = prior.result if prior.state == "applied" else None
        if prior.state == "unknown":
            found = await self._find_by_reading(attempt, prior)
            if found is not None:
                result = await self._settle_applied(attempt, prior, found)
        if result is None:
            return None
        if prior.state == "applied" and identity.intent is None:
            raise _suspected(prior)
        attempt.entry, attempt.is_replayed = prior, True
        attempt.job = result.get("job") if _tool(attempt).starts_job else None
        return result

    async def _carry_out(self, attempt: Attempt, entry: Entry, step: Callable[[str], None]) -> Json:
        tool = _tool(attempt)
        attempt.scope.before_write = lambda: self._dispatch(attempt, entry)
        context = attempt.context(key=self._ledger.upstream_key(entry), intent=entry.id)
        own = attempt.reading.own if attempt.reading else {}
        try:
            async with asyncio.timeout(max(0.1, attempt.deadline - self._clock.monotonic())):
                value = await tool.operation(context, **own)
        except TimeoutError:
            raise await self._failed(attempt, entry, _too_late(attempt)) from None
        except OutcomeUnknown as error:
            step("settle")
            return await self._look_once(attempt, entry, error)
        except CallError as error:
            step("settle")
            raise await self._failed(attempt, entry, error) from None
        except BaseException:
            is_open = attempt.is_sent or entry.dispatched_at is not None
            await self._settle(attempt, entry, "unknown" if is_open else "not_applied")
            raise
        step("settle")
        return await self._settle_applied(attempt, entry, value)

    async def _settle_applied(self, attempt: Attempt, entry: Entry, value: Any) -> Json:
        """Note what was carried out; a job is there before anybody is told of it. Returns the result."""
        if not isinstance(value, Started):
            result = dump(value)
            await self._settle(attempt, entry, "applied", result=result)
            return result
        job, opening = self._jobs.opening(
            value,
            owner=attempt.caller.id,
            connection=attempt.connection_name,
            environment=attempt.environment,
            tool=attempt.name,
            intent=entry.id,
        )
        result, attempt.job = dump(job), job.job
        marks = [] if value.provider_id is None else [value.provider_id]
        also = together(opening, self._noting(attempt, entry, marks))
        try:
            await self._ledger.settle(entry, "applied", result=result, also=also)
        except CallError as error:
            log.warning("the job of %s could not be noted: %s", entry.id, error)
            message = f"{attempt.name} was started, but the server could not note it"
            raise OutcomeUnknown("outcome_unknown", message, hint=_repeat_hint(entry)) from None
        return result

    async def _dispatch(self, attempt: Attempt, entry: Entry) -> None:
        """Runs before the first byte of the write leaves."""
        _stop_if_cancelled(attempt)
        marks = [self._ledger.upstream_key(entry), entry.id]
        also = self._noting(attempt, entry, [*marks, *ids_in(dict(attempt.raw))])
        await self._ledger.mark_dispatched(entry, also)
        attempt.dispatched_at = self._clock.now()
        attempt.is_sent = True

    def _noting(self, attempt: Attempt, entry: Entry, marks: Iterable[str]) -> Work[None] | None:
        """Stored with the state of a write: by what an event would show that it was ours."""
        if attempt.connection is None:
            return None
        sent_at = attempt.dispatched_at.timestamp() if attempt.dispatched_at else None
        return self._own.noting(attempt.connection_name, marks, entry.id, attempt.hops, at=sent_at)

    async def _failed(self, attempt: Attempt, entry: Entry, error: CallError) -> CallError:
        """Settle an attempt that ended with an error.

        A part that was carried out keeps its key, so that a repetition completes it. Where an earlier attempt
        may have been carried out, only the provider's own no settles the action.
        """
        is_open = entry.dispatched_at is not None and not isinstance(error, Rejected)
        has_part = attempt.scope.writes_applied and not error.applied_nothing
        if is_open or has_part or error.outcome != "not_applied":
            error.outcome = "unknown"
            error.hint = error.hint or _repeat_hint(entry)
            await self._settle(attempt, entry, "unknown")
        else:
            await self._settle(attempt, entry, "not_applied")
        return error

    async def _look_once(self, attempt: Attempt, entry: Entry, error: OutcomeUnknown) -> Json:
        """The answer was lost: look whether it happened. Not finding it proves nothing yet."""
        found = None
        try:
            found = await self._find_by_reading(attempt, entry)
        except CallError:
            log.info("could not look for the trace of %s yet", entry.id)
        except BaseException:
            await self._settle(attempt, entry, "unknown", last_status=error.last_status)
            raise
        if found is None:
            await self._settle(attempt, entry, "unknown", last_status=error.last_status)
            error.hint = _repeat_hint(entry)
            error.detail["ledger"] = entry.id
            raise error
        attempt.warnings.append("The provider's answer was lost; the result was found by reading")
        return await self._settle_applied(attempt, entry, found)

    async def _find_by_reading(self, attempt: Attempt, entry: Entry) -> Any:
        """What the reconciler of the tool has found, or `None`."""
        tool = _tool(attempt)
        if tool.reconciler is None or attempt.reading is None:
            raise OutcomeUnknown(
                "outcome_unknown",
                "Whether the earlier attempt happened cannot be found out by reading",
                hint="Check at the provider; then use a new intent",
            )
        scope = Scope(self._clock.monotonic() + RECONCILE_S)
        context = attempt.context(intent=entry.id)
        if attempt.connection:
            context.api = await attempt.api_in(scope)
        if entry.dispatched_at is not None:
            context.dispatched_at = datetime.fromtimestamp(entry.dispatched_at, UTC)
        return await tool.reconciler(context, **attempt.reading.own)

    async def _settle(
        self,
        attempt: Attempt,
        entry: Entry,
        state: State,
        *,
        result: Json = None,
        last_status: int | None = None,
    ) -> None:
        """What was applied stays applied even if our store cannot note it; the next start reconciles it."""
        try:
            also = self._noting(attempt, entry, ids_in(result))
            await self._ledger.settle(entry, state, result=result, last_status=last_status, also=also)
        except CallError:
            log.exception("intent %s could not be settled as %s", entry.id, state)
            if state != "applied":
                return
            attempt.warnings.append("The result could not be stored; a repetition will find it by reading")


def together(*works: Work[None] | None) -> Work[None]:
    """Pieces of one transaction, as far as there are any."""

    async def work(tx: Tx) -> None:
        for each in filter(None, works):
            await each(tx)

    return work


def _identity(attempt: Attempt) -> Identity:
    reading, tool = attempt.reading, _tool(attempt)
    return Identity(
        attempt.caller.id,
        attempt.connection_name,
        tool.name,
        reading.hash if reading else "",
        reading.intent if reading else None,
        looks_back=tool.risk.has_preview,
    )


def _tool(attempt: Attempt) -> AnyTool:
    if attempt.tool is None:
        msg = "the tool is not known yet"
        raise RuntimeError(msg)
    return attempt.tool


def _refuse_other_arguments(prior: Entry, identity: Identity) -> None:
    """An intent stands for what was done under it; as long as nothing was, its arguments can be corrected."""
    if prior.state != "not_applied" and prior.arguments_hash != identity.arguments_hash:
        raise Rejected(
            "conflict",
            f"The intent {prior.intent!r} was already used with other arguments",
            hint="Use a new intent for a new action, or the same arguments to repeat this one",
            fields=[{"path": "intent", "problem": "names another action"}],
        )


def _suspected(prior: Entry) -> NotAllowed:
    at = from_epoch(prior.claimed_at)
    return NotAllowed(
        "duplicate_suspected",
        f"The same action was already carried out at {at}; it was not repeated",
        hint="If it really shall happen again, choose a new intent for it",
        detail={"earlier": {"intent": prior.public_intent, "at": at}},
    )


def _too_late(attempt: Attempt) -> CallError:
    if attempt.is_sent:
        return OutcomeUnknown("outcome_unknown", f"{attempt.name} was sent, but no answer came in time")
    return Unavailable(
        "timeout", f"{attempt.name} could not be sent in time; nothing was done", retry_after_s=5
    )


def _repeat_hint(entry: Entry) -> str:
    return (
        f"Repeat the call with intent {entry.public_intent!r} and the same arguments: it is looked up first "
        "and cannot happen twice"
        if not entry.is_derived
        else "Repeat the identical call: it is looked up first and cannot happen twice"
    )


def _stop_if_cancelled(attempt: Attempt) -> None:
    if attempt.is_cancelled:
        raise Unavailable("timeout", "The caller cancelled the call before anything was sent")
