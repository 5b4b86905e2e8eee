"""Jobs on Hugging Face's machines: every end they can come to, and every stage that they have."""

from __future__ import annotations

import json

import pytest

from support.model_vendor import ModelVendor
from wirepost.contracts.generation import Endpoint
from wirepost.core.errors import InvalidCall, OutcomeUnknown, Rejected
from wirepost.providers.huggingface.jobs import STAGES
from wirepost.sandbox.faults import Fault
from wirepost.tools.jobs import Started


def container(*command: str) -> Endpoint:
    return Endpoint("python:3.12", json.dumps({"command": list(command)}), "application/json")


async def submitted(hub: ModelVendor, *command: str) -> Started:
    found = await hub.models.submit_invocation(
        container(*command or ("echo", "hello")), key="k", intent="int_1"
    )
    assert isinstance(found, Started)
    return found


def test_every_stage_has_a_status() -> None:
    """The stages of `JobStage` in `huggingface_hub` 2.4.0."""
    assert set(STAGES) == {"COMPLETED", "CANCELED", "ERROR", "DELETED", "SCHEDULING", "RUNNING"}


async def test_a_job_is_followed_to_its_logs(hub: ModelVendor) -> None:
    started = await submitted(hub)
    spec = json.loads(hub.judge.requests[-1].content)
    # As `huggingface_hub` 2.4.0 makes it: _create_job_spec with an image, a command and labels.
    assert spec == {
        "command": ["echo", "hello"],
        "arguments": [],
        "environment": {},
        "flavor": "cpu-basic",
        "labels": {"wirepost-intent": "int_1"},
        "dockerImage": "python:3.12",
    }
    assert (await hub.look(started)).status == "queued"
    hub.clock.advance(6)
    seen = await hub.look(started)
    assert (seen.status, seen.warnings) == ("running", ("It is billed while it runs",))
    hub.clock.advance(30)
    assert (await hub.look(started)).status == "succeeded"
    assert [row["line"] for row in await hub.rows(started)] == ["echo hello"]


async def test_a_job_that_fails_says_so(hub: ModelVendor) -> None:
    started = await submitted(hub, "sh", "-c", "exit 1")
    hub.clock.advance(60)
    seen = await hub.look(started)
    assert seen.status == "failed"
    assert seen.error is not None
    assert "exit code" in seen.error.message


async def test_a_job_is_cancelled(hub: ModelVendor) -> None:
    started = await submitted(hub)
    await hub.cancel(started)
    assert (await hub.look(started)).status == "cancelled"


async def test_a_job_that_is_not_there_is_not_found(hub: ModelVendor) -> None:
    with pytest.raises(Rejected) as refused:
        await hub.look(Started("hf.job", "nordlicht/none"))
    assert refused.value.code == "not_found"


async def test_a_job_whose_answer_was_lost_is_found_by_its_label(hub: ModelVendor) -> None:
    hub.sandbox.inject(Fault("lost_answer", match="POST /api/jobs/*"))
    with pytest.raises(OutcomeUnknown):
        await submitted(hub)
    found = await hub.models.find_invocation("int_1", hub.clock.now())
    assert found is not None
    assert (await hub.look(found)).status == "queued"
    assert await hub.models.find_invocation("int_2", hub.clock.now()) is None


async def test_a_space_is_run_by_its_name(hub: ModelVendor) -> None:
    endpoint = Endpoint("hf.co/spaces/team/app", '{"command": ["run"]}', "application/json")
    await hub.models.submit_invocation(endpoint, key="k", intent="i")
    spec = json.loads(hub.judge.requests[-1].content)
    assert (spec["spaceId"], "dockerImage" in spec) == ("team/app", False)


@pytest.mark.parametrize("payload", ["{}", '{"command": ["x"], "secrets": {}}', "[]"])
async def test_a_payload_that_is_no_job_is_refused(hub: ModelVendor, payload: str) -> None:
    with pytest.raises(InvalidCall):
        await hub.models.submit_invocation(Endpoint("python", payload, ""), key="k", intent="i")
    assert hub.judge.requests == []
