"""The tasks extension of MCP over the rows of jobs, for clients that declare it (SEP-2663).

A call that has become a job is answered with a task, whose id is the job's; the `job_` tools stay for all
other clients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import decode_header_value
from mcp_types import (
    HEADER_MISMATCH,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    RequestParams,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import Field

from wirepost.core.errors import CallError, Rejected
from wirepost.core.times import from_epoch
from wirepost.jobs.local import NOTHING
from wirepost.server.identity import caller_of
from wirepost.server.wire import COMPLETE, result

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server

    from wirepost.calls.caller import Caller
    from wirepost.jobs.job import Job
    from wirepost.jobs.jobs import Jobs
    from wirepost.server.mcp import CallPath

    Context = ServerRequestContext[Any, Any]

IDENTIFIER = "io.modelcontextprotocol/tasks"
_STATES = {
    **dict.fromkeys(("queued", "running", "cancelling", "unknown"), "working"),
    **dict.fromkeys(("waiting_input", "waiting_approval"), "input_required"),
    **dict.fromkeys(("succeeded", "partial", "failed", "expired"), "completed"),
    "cancelled": "cancelled",
}


class TaskParams(RequestParams):
    """Of `tasks/get` and `tasks/cancel`."""

    task_id: str = Field(max_length=200)


class UpdateParams(TaskParams):
    """Of `tasks/update`."""

    input_responses: dict[str, Any] = Field(default_factory=dict)


class TasksExtension:
    """The three methods, and the answer to a call that goes on."""

    def __init__(self, jobs: Jobs, calls: CallPath) -> None:
        self._jobs, self._calls = jobs, calls

    def install(self, server: Server[Any]) -> None:
        """Serve the methods and say so."""
        server.extensions[IDENTIFIER] = {}
        server.add_request_handler("tasks/get", TaskParams, self.get)
        server.add_request_handler("tasks/cancel", TaskParams, self.cancel)
        server.add_request_handler("tasks/update", UpdateParams, self.update)

    async def created(self, ctx: Context, job_id: str | None) -> dict[str, Any] | None:
        """The task that answers a call, where the call has become a job and the client knows tasks."""
        if job_id is None or not is_declared(ctx):
            return None
        job = await self._jobs.get(job_id)
        return None if job is None else {**_task(job), "resultType": "task"}

    async def get(self, ctx: Context, params: TaskParams) -> dict[str, Any]:
        """How a task stands, and what it has brought once it has ended."""
        job = await self._job(ctx, params)
        return {**_task(job), **await self._outcome(caller_of(ctx), job), **COMPLETE}

    async def cancel(self, ctx: Context, params: TaskParams) -> dict[str, Any]:
        """Ask for the end of a task; what has ended stays as it is."""
        job = await self._job(ctx, params)
        if not job.is_over:
            await self._calls.call(caller_of(ctx), "job_cancel", {"job": job.id})
        return dict(COMPLETE)

    async def update(self, ctx: Context, params: UpdateParams) -> dict[str, Any]:
        """Take answers to questions; those that nobody asked are ignored."""
        job = await self._job(ctx, params)
        answer = self._jobs.local.get(job.kind, NOTHING).answer
        if answer is not None and job.status == "waiting_input":
            await answer(job, params.input_responses)
        return dict(COMPLETE)

    async def _job(self, ctx: Context, params: TaskParams) -> Job:
        if ctx.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            raise MCPError(METHOD_NOT_FOUND, "Tasks belong to a newer version of the protocol")
        require_tasks(ctx)
        named = ctx.request.headers.get("mcp-name") if ctx.request is not None else None
        if named is not None and decode_header_value(named) != params.task_id:
            raise MCPError(HEADER_MISMATCH, "Mcp-Name does not match params.taskId")
        try:
            return await self._jobs.find(params.task_id, caller_of(ctx).id)
        except Rejected:
            raise MCPError(INVALID_PARAMS, "Unknown task") from None
        except CallError as error:
            raise MCPError(INTERNAL_ERROR, error.message) from None

    async def _outcome(self, caller: Caller, job: Job) -> dict[str, Any]:
        """`result`, `error` or `inputRequests`, as the state has it."""
        if job.error is not None and job.error["code"] == "internal":
            return {"status": "failed", "error": {"code": INTERNAL_ERROR, "message": job.error["message"]}}
        if job.status in {"waiting_input", "waiting_approval"}:
            return {"inputRequests": job.details.get("input_requests") or {}}
        if job.status not in {"succeeded", "partial", "failed", "expired"}:
            return {}
        if job.status in {"failed", "expired"} and job.file is None:
            problem = job.error or {"code": "expired", "message": f"The job is {job.status}"}
            return {"result": result({"error": problem}, is_error=True)}
        ended = await self._calls.call(caller, "job_get_result", {"job": job.id})
        return {"result": result(ended.envelope, is_error=ended.is_error or job.status == "failed")}


def is_declared(ctx: Context) -> bool:
    """Whether the client knows tasks."""
    capabilities = ctx.session.client_capabilities
    is_modern = ctx.protocol_version in MODERN_PROTOCOL_VERSIONS
    return is_modern and bool(capabilities and IDENTIFIER in (capabilities.extensions or {}))


def require_tasks(ctx: Context) -> None:
    """Refuse a client that does not know tasks, and say what it would have to declare."""
    if not is_declared(ctx):
        needed: dict[str, Any] = {"requiredCapabilities": {"extensions": {IDENTIFIER: {}}}}
        raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "This needs the tasks extension", needed)


def _task(job: Job) -> dict[str, Any]:
    life_ms = None if job.expires_at is None else round((job.expires_at - job.created_at) * 1000)
    return {
        "taskId": job.id,
        "status": _STATES[job.status],
        "statusMessage": job.status,
        "createdAt": from_epoch(job.created_at),
        "lastUpdatedAt": from_epoch(job.changed_at),
        "ttlMs": life_ms,
        "pollIntervalMs": round(job.poll_after_s * 1000),
    }
