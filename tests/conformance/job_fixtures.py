"""Tools of the conformance suite that go on as tasks: jobs of the product, with the names of the suite."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

import mcp_types as t

from conformance.fixtures import NOTHING, Fixtures, Run, answered, ask, form, text
from wirepost.contracts.jobs import Problem
from wirepost.core.clock import Clock
from wirepost.jobs.job import Job
from wirepost.jobs.jobs import Jobs
from wirepost.jobs.local import LocalKind
from wirepost.server.identity import caller_of
from wirepost.server.tasks import TasksExtension, is_declared, require_tasks

KIND = "fixture"
NAME = {"name": {"type": "string"}}


class JobFixtures:
    """Each runs here, as a job of its own."""

    def __init__(self, jobs: Jobs, tasks: TasksExtension, clock: Clock) -> None:
        self._jobs, self._tasks, self._clock = jobs, tasks, clock
        self._running: dict[str, asyncio.Task[None]] = {}
        jobs.local[KIND] = LocalKind(stop=self._stop, answer=self._answer)

    def extend(self, fixtures: Fixtures) -> None:
        """Add the tools to the others."""
        seconds = {"seconds": {"type": "number"}, "label": {"type": "string"}}
        fixtures.add("greet", self._greet, {"type": "object", "properties": NAME})
        fixtures.add("slow_compute", self._slow_compute, {"type": "object", "properties": seconds})
        fixtures.add("failing_job", self._failing(Problem("upstream_rejected", "It always fails")))
        fixtures.add("protocol_error_job", self._failing(Problem("internal", "It has stumbled")))
        filename = {"type": "object", "properties": {"filename": {"type": "string"}}}
        fixtures.add("confirm_delete", self._asking("confirm"), filename)
        fixtures.add("multi_input", self._asking("first", "second"))
        fixtures.add("test_tool_with_task", self._after_a_question, NOTHING)

    async def _greet(self, ctx: Any, params: Any) -> t.CallToolResult:
        return t.CallToolResult(content=[text(f"Hello, {params.arguments['name']}!")])

    async def _slow_compute(self, ctx: Any, params: Any) -> Any:
        seconds = params.arguments["seconds"]
        if seconds == 0 or not is_declared(ctx):
            return t.CallToolResult(content=[text("computed at once")])
        return await self._task(ctx, "slow_compute", lambda job: self._compute(job, seconds))

    async def _compute(self, job: str, seconds: float) -> None:
        try:
            await self._clock.sleep(seconds)
        except asyncio.CancelledError:
            await self._jobs.finish(job, "cancelled")
            raise
        await self._jobs.finish(job, "succeeded", rows=[{"text": f"computed for {seconds} s"}])

    def _failing(self, problem: Problem) -> Run:
        async def fail(job: str) -> None:
            await self._jobs.finish(job, "failed", error=problem)

        async def run(ctx: Any, params: Any) -> Any:
            require_tasks(ctx)
            return await self._task(ctx, params.name, fail)

        return run

    def _asking(self, *keys: str) -> Run:
        async def run(ctx: Any, params: Any) -> Any:
            question = form("Shall it go on?", ok={"type": "boolean"})
            shown = question.model_dump(by_alias=True, exclude_none=True, mode="json")
            handle = await self._jobs.add_local(
                KIND,
                owner=caller_of(ctx).id,
                tool=params.name,
                status="waiting_input",
                details={"input_requests": dict.fromkeys(keys, shown)},
            )
            return await self._tasks.created(ctx, handle.job)

        return run

    async def _after_a_question(self, ctx: Any, params: Any) -> Any:
        if not answered(params, "user_name"):
            return ask(user_name=form("What is your name?", name={"type": "string"}))
        name = params.input_responses["user_name"].content["name"]

        async def greet(job: str) -> None:
            await self._jobs.finish(job, "succeeded", rows=[{"text": f"Hello, {name}!"}])

        return await self._task(ctx, params.name, greet)

    async def _task(self, ctx: Any, tool: str, work: Any) -> dict[str, Any] | None:
        handle = await self._jobs.add_local(KIND, owner=caller_of(ctx).id, tool=tool)
        run: Awaitable[None] = work(handle.job)
        self._running[handle.job] = asyncio.ensure_future(run)
        return await self._tasks.created(ctx, handle.job)

    async def _stop(self, job: Job) -> bool:
        running = self._running[job.id]
        running.cancel()
        await asyncio.wait({running})
        return True

    async def _answer(self, job: Job, responses: Mapping[str, Any]) -> None:
        left = {key: each for key, each in job.details["input_requests"].items() if key not in responses}
        if left:
            await self._jobs.change(job, details={**job.details, "input_requests": left})
        else:
            await self._jobs.finish(job.id, "succeeded", rows=[{"text": "It went on"}])
