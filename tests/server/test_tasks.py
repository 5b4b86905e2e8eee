"""Clients that know tasks get jobs as tasks; others get handles, and hear what is missing."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Any

import pytest

from support.extension import ERAS, Speaker, speaking
from support.raw import MODERN_META
from support.running import running
from wirepost.contracts.jobs import Problem
from wirepost.server.mcp import build_mcp
from wirepost.server.tasks import IDENTIFIER, TasksExtension

CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
MISSING_CAPABILITY, INVALID_PARAMS, NO_METHOD = -32021, -32602, -32601


class Knowing(Speaker):
    """A client that declares the extension with each request."""

    async def begin(self, method: str, **params: Any) -> int:
        self._number += 1
        params["_meta"] = {**MODERN_META, CAPABILITIES: {"extensions": {IDENTIFIER: {}}}}
        await self.raw.send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        return self._number


@asynccontextmanager
async def offering(tmp_path, era=ERAS[0], **options: Any):
    async with running(tmp_path / "app", **options) as live:
        app = live.app
        tasks = TasksExtension(app.long_work.jobs, app.calls)
        server = build_mcp(app.calls, secret=app.secret, version="1", tasks=tasks)
        async with speaking(server, tmp_path, era) as plain:
            yield app, plain, Knowing(plain.raw, era, "knowing")


async def started(app, **values: Any) -> str:
    handle = await app.long_work.jobs.add_local("call", owner="local", tool="stripe_get_payment", **values)
    return handle.job


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("queued", "working"),
        ("running", "working"),
        ("cancelling", "working"),
        ("unknown", "working"),
        ("waiting_input", "input_required"),
        ("waiting_approval", "input_required"),
    ],
)
async def test_what_goes_on_is_shown_in_the_words_of_tasks(tmp_path, status, state) -> None:
    async with offering(tmp_path) as (app, _, knowing):
        task = await knowing.ask("tasks/get", taskId=await started(app, status=status))
        assert (task["status"], "result" in task, "error" in task) == (state, False, False)
        assert isinstance(task["pollIntervalMs"], int)


@pytest.mark.parametrize("status", ["succeeded", "partial"])
async def test_what_has_ended_brings_its_result_along(tmp_path, status) -> None:
    async with offering(tmp_path) as (app, _, knowing):
        job = await started(app)
        await app.long_work.jobs.finish(job, status, rows=[{"id": "pi_1"}])
        task = await knowing.ask("tasks/get", taskId=job)
        assert task["status"] == "completed"
        assert task["result"]["isError"] is False
        assert "pi_1" in task["result"]["content"][0]["text"]


async def test_a_failure_is_a_result_and_a_fault_of_ours_an_error(tmp_path) -> None:
    async with offering(tmp_path) as (app, _, knowing):
        refused, stumbled = await started(app), await started(app)
        await app.long_work.jobs.finish(refused, "failed", error=Problem("not_found", "No such payment"))
        await app.long_work.jobs.finish(stumbled, "failed", error=Problem("internal", "A fault"))
        task = await knowing.ask("tasks/get", taskId=refused)
        assert task["status"] == "completed"
        assert task["result"]["isError"] is True
        assert task["result"]["structuredContent"]["error"]["code"] == "not_found"
        fault = await knowing.ask("tasks/get", taskId=stumbled)
        assert (fault["status"], fault["error"]["message"], "result" in fault) == ("failed", "A fault", False)


async def test_a_task_of_somebody_else_is_unknown(tmp_path) -> None:
    async with offering(tmp_path) as (app, _, knowing):
        handle = await app.long_work.jobs.add_local("call", owner="anna", tool="stripe_get_payment")
        for method in ("tasks/get", "tasks/cancel", "tasks/update"):
            assert (await knowing.refusal(method, taskId=handle.job))["code"] == INVALID_PARAMS


async def test_who_does_not_know_tasks_is_told_what_is_missing(tmp_path) -> None:
    async with offering(tmp_path) as (app, plain, _):
        assert IDENTIFIER in plain.said["capabilities"]["extensions"]
        assert (await plain.refusal("tasks/get", taskId=await started(app)))["code"] == MISSING_CAPABILITY


async def test_the_older_generation_has_no_tasks(tmp_path) -> None:
    async with offering(tmp_path, ERAS[1]) as (app, plain, _):
        assert (await plain.refusal("tasks/get", taskId=await started(app)))["code"] == NO_METHOD


async def test_a_call_that_waits_for_approval_is_a_task_and_for_others_an_error(tmp_path) -> None:
    rules = [{"id": "eyes", "effect": "approve", "tools": ["crm_create_records"]}]
    async with offering(tmp_path, policy={"rules": rules}) as (_, plain, knowing):
        record = {"fields": [{"name": "email", "value": "a@example.com"}]}
        arguments = {"connection": "hubspot-sandbox", "object": "contact", "records": [record]}
        call = {"name": "crm_create_records", "arguments": arguments}
        refused = await plain.ask("tools/call", **call)
        assert refused["isError"] is True
        waiting = refused["structuredContent"]["error"]["approval"]
        task = await knowing.ask("tools/call", **call)
        assert (task["resultType"], task["taskId"], task["status"]) == ("task", waiting, "input_required")
        assert (await knowing.ask("tasks/cancel", taskId=waiting))["resultType"] == "complete"
        assert (await knowing.ask("tasks/get", taskId=waiting))["status"] == "cancelled"
        assert (await knowing.ask("tasks/cancel", taskId=waiting))["resultType"] == "complete"
