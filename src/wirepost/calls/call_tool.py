"""`Calls.call()`: the nine steps between a caller and a provider.

find → read → open → decide → claim → run → settle → shape → record. Every way out is an `Outcome`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import difflib
import logging
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from wirepost.calls import arguments, shape
from wirepost.calls.attempt import Attempt, Outcome
from wirepost.calls.cursor import Position
from wirepost.calls.shape import Shaped, View
from wirepost.core.errors import CallError, Internal, InvalidCall, NotAllowed, NotConnected, Unavailable
from wirepost.core.ids import new_id
from wirepost.core.redact import SECRETS
from wirepost.core.times import to_rfc3339
from wirepost.tools.context import Progress, no_progress
from wirepost.tools.results import Page
from wirepost.tools.scopes import caller_scope
from wirepost.upstream import faults
from wirepost.upstream.scope import Scope

if TYPE_CHECKING:
    from wirepost.calls.approvals import Approvals, Approved
    from wirepost.calls.audit import Audit
    from wirepost.calls.caller import Caller
    from wirepost.calls.consents import Consents
    from wirepost.calls.cursor import Cursors
    from wirepost.calls.decide import Judge
    from wirepost.calls.outlive import Outliving
    from wirepost.calls.remembering import Remembering
    from wirepost.calls.write import Writes
    from wirepost.connections.connections import Connections
    from wirepost.core.clock import Clock
    from wirepost.jobs.files import Files
    from wirepost.settings import LimitSettings
    from wirepost.tools.catalog import ToolList
    from wirepost.tools.tool import AnyTool

PATIENCE = 1.2
"""So much longer than the caller waits may a request be put off; what has to wait longer fails at once."""

log = logging.getLogger(__name__)
T = TypeVar("T")


def nothing_preferred(tool: AnyTool, own: Mapping[str, Any]) -> str | None:
    """Where the arguments of no tool say which connection is meant."""


class Calls:
    """Runs tools; nothing reaches a provider any other way."""

    def __init__(
        self,
        *,
        everything: ToolList,
        visible: Callable[[Caller], ToolList],
        enabled: Callable[[Caller], ToolList] | None = None,
        connections: Connections,
        consents: Consents,
        objects: Mapping[type, Callable[[Attempt], Any]],
        wraps: Mapping[type, Callable[[Attempt, Any], Any]] | None = None,
        prefer: Callable[[AnyTool, Mapping[str, Any]], str | None] = nothing_preferred,
        judge: Judge,
        writes: Writes,
        cursors: Cursors,
        audit: Audit,
        clock: Clock,
        limits: LimitSettings,
        log_prompts: bool = False,
        outliving: Outliving | None = None,
        approvals: Approvals | None = None,
        files: Files | None = None,
        remembering: Remembering | None = None,
    ) -> None:
        self._everything, self.tools, self._enabled = everything, visible, enabled or visible
        self._connections, self._consents, self._objects = connections, consents, objects
        self._wraps, self._prefer, self._log_prompts = wraps or {}, prefer, log_prompts
        self._judge, self._writes, self._cursors = judge, writes, cursors
        self._audit, self._clock, self._limits = audit, clock, limits
        self._outliving, self._approvals, self._files = outliving, approvals, files
        self._remembering = remembering
        self._ceiling_s = limits.job_s if outliving else limits.call_s
        self._under_way: set[asyncio.Task[Any]] = set()

    async def call(
        self, caller: Caller, name: str, raw: Mapping[str, Any], *, report: Progress = no_progress
    ) -> Outcome:
        """Run one tool for one caller. Raises nothing but the caller's own cancellation."""
        return await self._see_through(self._attempt(caller, name, raw, report))

    async def carry_out(
        self, caller: Caller, name: str, raw: Mapping[str, Any], approved: Approved
    ) -> Outcome:
        """Run what a person has approved, for as long as it takes. Raises nothing."""
        attempt = self._attempt(caller, name, raw, no_progress)
        attempt.approved = approved
        attempt.scope.deadline = attempt.deadline
        return await asyncio.shield(self._spawn(self._to_outcome(attempt)))

    def _attempt(self, caller: Caller, name: str, raw: Mapping[str, Any], report: Progress) -> Attempt:
        started = self._clock.monotonic()
        patience = Scope(started + min(self._limits.call_s * PATIENCE, self._ceiling_s))
        attempt = Attempt(
            caller,
            name,
            raw,
            report,
            self._clock.now(),
            started,
            started + self._ceiling_s,
            patience,
            answer_by=started + self._limits.call_s,
        )
        if self._files:
            attempt.rows_of = partial(self._files.rows_of, owner=caller.id)
        if self._remembering:
            attempt.remember = self._remembering.of(attempt)
        return attempt

    async def declined(
        self, caller: Caller, name: str, raw: Mapping[str, Any], *, connection: str | None = None
    ) -> Outcome:
        """A person was shown the plan, or a link, and said no: recorded like any other attempt."""
        started = self._clock.monotonic()
        now = self._clock.now()
        attempt = Attempt(caller, name, raw, no_progress, now, started, started, Scope(started))
        attempt.tool = self._everything.by_name.get(name)
        return await self._record(attempt, Outcome(attempt.failure(_declined(connection)), is_error=True))

    async def wait_for_account(self, caller: Caller, connection: str, since: float) -> None:
        """Return once an account of the caller has been connected since then, or after a while."""
        await self._consents.wait(caller.id, connection, since)

    async def close(self) -> None:
        """Let what was sent come to its end."""
        if self._outliving:
            self._outliving.stop_reads()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._limits.call_s)
        if self._outliving:
            await self._outliving.close()

    async def _see_through(self, attempt: Attempt) -> Outcome:
        """The outcome, or the handle of the job that the call has become.

        A cancelled read stops; a cancelled write stops before it is sent, and afterwards it is settled and
        recorded all the same.
        """
        task = self._spawn(self._to_outcome(attempt))
        try:
            return await self._followed(attempt, task)
        except asyncio.CancelledError:
            attempt.is_cancelled = True
            tool = self._everything.by_name.get(attempt.name)
            if tool is None or tool.risk.is_read:
                task.cancel()
            raise

    async def _followed(self, attempt: Attempt, task: asyncio.Task[Outcome]) -> Outcome:
        patience_s = self._limits.call_s if self._outliving else None
        done, _ = await asyncio.wait({task}, timeout=patience_s)
        if done or self._outliving is None:
            return task.result()
        try:
            # To its end, even where the caller leaves meanwhile: whoever stores a job must end it.
            handle = await asyncio.shield(self._spawn(self._outliving.take(attempt, task)))
        except CallError as error:
            log.warning("a call that takes long could not become a job: %s", error)
            return await asyncio.shield(task)
        attempt.scope.deadline, attempt.report = attempt.deadline, no_progress
        told = f"It takes longer than {self._limits.call_s:g} s and goes on as a job; job_get follows it"
        envelope = {"data": shape.dump(handle), "meta": attempt.meta(None), "warnings": [told]}
        return Outcome(SECRETS.result(envelope), is_error=False, job=handle.job)

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _to_outcome(self, attempt: Attempt) -> Outcome:
        """The call boundary: the one place where exceptions end."""
        try:
            outcome = Outcome(await self._guided(attempt), is_error=False)
        except CallError as error:
            if attempt.is_in_doubt:
                error.outcome = "unknown"
            outcome = Outcome(attempt.failure(error), is_error=True)
        except asyncio.CancelledError:
            attempt.is_cancelled = True
            self._spawn(self._record(attempt, Outcome(attempt.failure(_cancelled()), is_error=True)))
            raise
        except Exception as error:
            reference = new_id("log")
            log.exception("unexpected fault in %s (%s)", attempt.name, reference)
            fault: CallError = Internal("internal", "Internal error; nothing more can be said here")
            if attempt.connection and isinstance(error, ValidationError):  # of what the provider sent
                fault = faults.not_understood(attempt.connection.provider.title)
            fault.detail["reference"] = reference
            fault.outcome = "unknown" if attempt.is_sent or attempt.is_in_doubt else "not_applied"
            outcome = Outcome(attempt.failure(fault), is_error=True)
        return await self._record(attempt, outcome)

    async def _guided(self, attempt: Attempt) -> dict[str, Any]:
        """The steps; where a person has to do something first, the way to that person."""
        try:
            return await self._steps(attempt)
        except NotConnected as error:
            await self._consents.invite(attempt, error)
            raise
        except NotAllowed as error:
            if self._approvals and error.code == "approval_required" and not _is_preview(attempt):
                await self._approvals.ask(attempt, error)
            raise

    async def _steps(self, attempt: Attempt) -> dict[str, Any]:
        tool = self._find(attempt)
        reading, view = self._read(attempt, tool)
        await self._open(attempt, tool, reading)
        if tool.risk.is_read and not tool.starts_job:
            self._step(attempt, "decide")
            await self._judge.decide(attempt)
            self._step(attempt, "run")
            value = await self._run_read(attempt, tool, reading)
            self._step(attempt, "shape")
            return await self._returned(attempt, tool, reading, view, value)
        await self._judge.trace(attempt)
        if reading.mode == "preview":
            self._step(attempt, "decide")
            return attempt.envelope(await self._judge.preview(attempt))
        value = await self._writes.once(attempt, lambda name: self._step(attempt, name))
        self._step(attempt, "shape")
        # It happened, so this is no failure, however little of the result can be shown.
        try:
            return await self._returned(attempt, tool, reading, view, value)
        except InvalidCall:
            attempt.warnings.append("The result is too large to show; what was asked for is done")
        except Unavailable:
            attempt.warnings.append("The result cannot be shown now; what was asked for is done")
        return attempt.envelope({name: value[name] for name in ("id", "object") if name in value})

    async def _returned(
        self, attempt: Attempt, tool: AnyTool, reading: arguments.Reading, view: View, value: Any
    ) -> dict[str, Any]:
        """The result as the caller gets it; that it holds words of outsiders is noted before."""
        envelope = self._shape(attempt, reading, view, value)
        await self._judge.returned(attempt, tool.toolset, value, envelope["meta"].get("untrusted"))
        return envelope

    def _find(self, attempt: Attempt) -> AnyTool:
        self._step(attempt, "find")
        tool = self._enabled(attempt.caller).by_name.get(attempt.name)
        if tool:
            attempt.tool = tool
            return tool
        attempt.tool = self._everything.by_name.get(attempt.name)
        anybody = dataclasses.replace(attempt.caller, scopes=None)
        if attempt.tool and attempt.name in self._enabled(anybody).by_name:
            needed = caller_scope(attempt.tool)
            raise NotAllowed(
                "forbidden_by_policy",
                f"{attempt.name} needs the scope {needed}, which this caller does not have",
                hint="An operator can give the caller a token with that scope",
                detail={"rule": "scopes", "needed": [needed]},
            )
        if attempt.tool:
            raise NotAllowed(
                "forbidden_by_policy",
                f"{attempt.name} is not enabled on this server",
                hint="An operator can name it under `tools.include` in wirepost.yaml (or end read_only)",
                detail={"rule": "tools"},
            )
        close = difflib.get_close_matches(attempt.name, self._everything.by_name, n=3)
        raise InvalidCall(
            "invalid_arguments",
            f"There is no tool {attempt.name[:60]!r}",
            hint=f"Similar: {', '.join(close)}" if close else "tools/list names all tools",
        )

    def _read(self, attempt: Attempt, tool: AnyTool) -> tuple[arguments.Reading, View]:
        self._step(attempt, "read")
        reading = attempt.reading = arguments.read(tool, attempt.raw)
        return reading, View(tool.returns, reading.fields, min(reading.max_tokens, self._limits.max_tokens))

    async def _open(self, attempt: Attempt, tool: AnyTool, reading: arguments.Reading) -> None:
        self._step(attempt, "open")
        if tool.is_provider_tool:
            named = reading.connection or self._prefer(tool, reading.own)
            attempt.connection = self._connections.choose(tool, named)
            attempt.wrap = self._wraps.get(tool.needs)
            if tool.name not in self.tools(attempt.caller).by_name:
                await self._consents.check_granted(attempt.connection, attempt.caller.id, tool)
            attempt.api = await attempt.api_in(attempt.scope)
        else:
            attempt.api = self._objects[tool.needs](attempt)
        if reading.cursor:
            attempt.position = self._cursors.open(
                reading.cursor, owner=_owner(attempt), arguments_hash=reading.hash, now=attempt.at
            )

    async def _run_read(self, attempt: Attempt, tool: AnyTool, reading: arguments.Reading) -> Any:
        try:
            async with asyncio.timeout(self._ceiling_s):
                return await tool.operation(attempt.context(), **reading.own)
        except TimeoutError:
            message = f"{tool.name} had no answer within {self._ceiling_s:g} s"
            raise Unavailable(
                "timeout", message, hint="Ask for less, or try again later", retry_after_s=5
            ) from None

    def _shape(self, attempt: Attempt, reading: arguments.Reading, view: View, value: Any) -> dict[str, Any]:
        if attempt.connection and attempt.connection.settings.compact:
            view = dataclasses.replace(view, is_compact=True)
        if isinstance(value, Page):
            skip = attempt.position.skip if attempt.position else 0
            shaped = shape.page([shape.dump(record) for record in value.records[skip:]], view)
            page = self._page(attempt, reading, value, shaped)
            return attempt.envelope(shaped.data, page=page, shaped=shaped)
        shaped = shape.one(value if isinstance(value, dict) else shape.dump(value), view)
        return attempt.envelope(shaped.data, shaped=shaped)

    def _page(
        self, attempt: Attempt, reading: arguments.Reading, page: Page[Any], shaped: Shaped
    ) -> dict[str, Any]:
        """What was returned, and where the rest is; a page that was cut continues behind its last record."""
        kept = shaped.kept or 0
        end = (attempt.position.skip if attempt.position else 0) + kept
        is_cut = end < len(page.records)
        current = attempt.position.provider if attempt.position else None
        following: Position | None = None
        if is_cut:
            following = Position(page.after[end - 1]) if page.after else Position(current, end)
        elif page.has_more:
            following = Position(page.after[-1] if page.after else page.next)
        shown: dict[str, Any] = {"returned": kept, "has_more": following is not None}
        if following is not None:
            shown["next_cursor"] = self._cursors.mint(
                following, owner=_owner(attempt), arguments_hash=reading.hash, now=attempt.at
            )
        if page.total is not None:
            shown["total"] = page.total
        return {**shown, "total_is": page.total_is}

    async def _record(self, attempt: Attempt, outcome: Outcome) -> Outcome:
        """Step nine, always: an unrecorded read is withheld, a write that happened is not denied."""
        self._step(attempt, "record")
        try:
            duration_s = self._clock.monotonic() - attempt.started
            entry = attempt.audit_entry(outcome, duration_s, with_prompts=self._log_prompts)
            is_read = attempt.tool is not None and attempt.tool.risk.is_read
            await self._audit.record(to_rfc3339(attempt.at), entry, is_read=is_read, is_sent=attempt.is_sent)
        except CallError as error:
            if not attempt.is_sent:
                outcome = Outcome(attempt.failure(error), is_error=True)
            else:
                outcome.envelope.setdefault("warnings", []).append(
                    "The audit record is kept in memory until the store works again"
                )
        return Outcome(SECRETS.result(outcome.envelope), outcome.is_error, tuple(attempt.trace), attempt.job)

    def _step(self, attempt: Attempt, name: str) -> None:
        attempt.trace.append((name, self._clock.monotonic() - attempt.started))


def _is_preview(attempt: Attempt) -> bool:
    return attempt.reading is not None and attempt.reading.mode == "preview"


def _owner(attempt: Attempt) -> tuple[str, str, str]:
    return attempt.name, attempt.connection_name, attempt.caller.id


def _declined(connection: str | None) -> CallError:
    hint = "Do not repeat the call unless the person asks for it"
    if connection is None:
        message = "The person did not confirm; nothing was done"
        return NotAllowed("confirmation_required", message, hint=hint, detail={"declined": True})
    return NotConnected(
        "not_connected",
        f"The person did not want to connect {connection}; nothing was done",
        hint=hint,
        detail={"declined": True, "connection": connection},
    )


def _cancelled() -> Unavailable:
    return Unavailable("timeout", "The caller cancelled the call")
