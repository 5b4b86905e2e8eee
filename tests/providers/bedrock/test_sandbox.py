"""The imitation of Bedrock, as AWS's own library reads its answers."""

from __future__ import annotations

from typing import Any

import pytest

from support.clients import use_aws
from support.clock import ManualClock
from support.serving import served
from support.worlds import world_at
from wirepost.providers.bedrock.sandbox import DIMENSIONS, FAILS, FILM, TEXT, TITAN, BedrockSandbox
from wirepost.sandbox.faults import Fault

MESSAGES = [{"role": "user", "content": [{"text": "Judge"}, {"text": "Great shop"}]}]
TOOLS = {
    "tools": [
        {
            "toolSpec": {
                "name": "answer",
                "inputSchema": {"json": {"type": "object", "properties": {"a": {"enum": ["x"]}}}},
            }
        }
    ],
    "toolChoice": {"tool": {"name": "answer"}},
}
ROLE = "arn:aws:iam::123456789012:role/bedrock-batch"
JOB = {
    "jobName": "wirepost-1",
    "roleArn": ROLE,
    "clientRequestToken": "t-1",
    "modelId": TEXT,
    "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://jobs/in/input.jsonl"}},
    "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://jobs/out/"}},
}
pytestmark = pytest.mark.services("moto")


@pytest.fixture
def sandbox(clock: ManualClock) -> BedrockSandbox:
    return BedrockSandbox(world_at(clock.now()), clock)


async def asked(sandbox: BedrockSandbox, *calls: tuple[str, str, dict[str, Any]]) -> list[dict[str, Any]]:
    """What AWS's library makes of the answers."""
    async with served(sandbox.socket_app) as url:
        found: list[dict[str, Any]] = (await use_aws(*calls, base=url))["calls"]
    return found


async def test_questions_are_answered_in_the_form_the_library_knows(sandbox):
    plain, forced, vector, models = await asked(
        sandbox,
        ("bedrock-runtime", "converse", {"modelId": TEXT, "messages": MESSAGES}),
        ("bedrock-runtime", "converse", {"modelId": TEXT, "messages": MESSAGES, "toolConfig": TOOLS}),
        ("bedrock-runtime", "invoke_model", {"modelId": TITAN, "body": '{"inputText": "a"}'}),
        ("bedrock", "list_foundation_models", {}),
    )
    assert plain["output"]["message"] == {"role": "assistant", "content": [{"text": "In short: Great shop"}]}
    assert (plain["stopReason"], set(plain["usage"])) == (
        "end_turn",
        {"inputTokens", "outputTokens", "totalTokens"},
    )
    (part,) = forced["output"]["message"]["content"]
    assert (forced["stopReason"], part["toolUse"]["input"]) == ("tool_use", {"a": "x"})
    assert vector["body"].count(",") == DIMENSIONS  # one between two numbers, one before the count of tokens
    assert TEXT in [each["modelId"] for each in models["modelSummaries"]]


async def test_batches_are_told_of_in_the_form_the_library_knows(sandbox, clock):
    line = '{"recordId": "a", "modelInput": {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}}\n'
    made, again, listed = await asked(
        sandbox,
        ("bedrock", "create_model_invocation_job", JOB),
        ("bedrock", "create_model_invocation_job", JOB),
        ("bedrock", "list_model_invocation_jobs", {"nameContains": "wirepost"}),
    )
    assert made == again
    assert [each["jobName"] for each in listed["invocationJobSummaries"]] == ["wirepost-1"]
    sandbox.objects["jobs", "in/input.jsonl"] = line.encode()
    clock.advance(30)
    job, objects, stopped = await asked(
        sandbox,
        ("bedrock", "get_model_invocation_job", {"jobIdentifier": made["jobArn"]}),
        ("s3", "list_objects_v2", {"Bucket": "jobs", "Prefix": "out/"}),
        ("bedrock", "stop_model_invocation_job", {"jobIdentifier": made["jobArn"]}),
    )
    assert (job["status"], job["successRecordCount"], job["roleArn"]) == ("Completed", 1, ROLE)
    job_id = made["jobArn"].rpartition("/")[2]
    assert [each["Key"] for each in objects["Contents"]] == [
        f"out/{job_id}/input.jsonl.out",
        f"out/{job_id}/manifest.json.out",
    ]
    assert (stopped["kind"], stopped["status"]) == ("ConflictException", 400)


async def test_invocations_are_told_of_in_the_form_the_library_knows(sandbox, clock):
    target = {"s3OutputDataConfig": {"s3Uri": "s3://jobs/films"}}
    asked_for = {"modelId": FILM, "modelInput": {"taskType": "TEXT_VIDEO"}, "outputDataConfig": target}
    (made,) = await asked(sandbox, ("bedrock-runtime", "start_async_invoke", asked_for))
    clock.advance(20)
    (found,) = await asked(sandbox, ("bedrock-runtime", "get_async_invoke", made))
    assert (found["status"], found["invocationArn"]) == ("Completed", made["invocationArn"])
    assert found["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"].startswith("s3://jobs/films/")


async def test_refusals_are_those_the_library_knows(sandbox):
    refused = await asked(
        sandbox,
        ("bedrock-runtime", "converse", {"modelId": FAILS, "messages": MESSAGES}),
        ("bedrock-runtime", "converse", {"modelId": "nobody.knows-v1:0", "messages": MESSAGES}),
        ("bedrock-runtime", "converse", {"modelId": TEXT, "messages": []}),
        ("bedrock-runtime", "invoke_model", {"modelId": TEXT, "body": "{}"}),
        ("bedrock", "get_model_invocation_job", {"jobIdentifier": "0123456789ab"}),
        ("s3", "get_object", {"Bucket": "jobs", "Key": "missing"}),
    )
    assert [(each["kind"], each["status"]) for each in refused] == [
        ("ModelErrorException", 424),
        ("ValidationException", 400),
        ("ValidationException", 400),
        ("ValidationException", 400),
        ("ResourceNotFoundException", 404),
        ("NoSuchKey", 404),
    ]


async def test_overload_is_told_as_each_service_tells_it(sandbox):
    sandbox.limit(per_s=0.001, burst=1)
    call = ("bedrock-runtime", "converse", {"modelId": TEXT, "messages": MESSAGES})
    served_first, limited, slow = await asked(
        sandbox, call, call, ("s3", "list_objects_v2", {"Bucket": "jobs"})
    )
    assert "output" in served_first
    assert (limited["kind"], limited["status"]) == ("ThrottlingException", 429)
    assert (slow["kind"], slow["status"]) == ("SlowDown", 503)
    sandbox.reset()
    sandbox.inject(Fault("status", status=503))
    (overloaded,) = await asked(sandbox, call)
    assert (overloaded["kind"], overloaded["status"]) == ("ServiceUnavailableException", 503)
