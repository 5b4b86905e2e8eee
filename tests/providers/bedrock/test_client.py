"""What is sent to Bedrock is what AWS's own library sends, down to the signature."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from support.aws import ROLE, compare, recording_account
from support.secret_stores import AWS_KEY
from wirepost.contracts.generation import BatchItem, Endpoint, Prompt
from wirepost.providers.bedrock.client import token
from wirepost.providers.bedrock.converse import body_of
from wirepost.upstream import s3
from wirepost.upstream.s3 import Place

MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
JOB = "arn:aws:bedrock:eu-central-1:123456789012:model-invocation-job/abcdef012345"
INVOCATION = "arn:aws:bedrock:eu-central-1:123456789012:async-invoke/abcdef012345"
SCHEMA = {"type": "object", "properties": {"mood": {"enum": ["negative", "positive"]}}}
PROMPT = Prompt(MODEL, "Judge «this»", "Be brief", ("Great & fast",), SCHEMA, 99)
pytestmark = pytest.mark.services("moto")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", AWS_KEY[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", AWS_KEY[1])


async def test_questions_are_sent_as_the_library_sends_them():
    account = recording_account("bedrock", {})
    client = account.client()
    await client.converse(MODEL, body_of(PROMPT))
    await client.invoke("amazon.titan-embed-text-v2:0", b'{"inputText":"a"}')
    await client.models()
    await client.job("abcdef012345")
    await client.invocation(INVOCATION)
    await client.jobs_named("wirepost-int-1", "2026-11-25T10:00:00Z")
    await compare(
        account,
        ("bedrock-runtime", "converse", {"modelId": MODEL, **body_of(PROMPT)}),
        (
            "bedrock-runtime",
            "invoke_model",
            {
                "modelId": "amazon.titan-embed-text-v2:0",
                "body": '{"inputText":"a"}',
                "contentType": "application/json",
            },
        ),
        ("bedrock", "list_foundation_models", {}),
        ("bedrock", "get_model_invocation_job", {"jobIdentifier": "abcdef012345"}),
        ("bedrock-runtime", "get_async_invoke", {"invocationArn": INVOCATION}),
        (
            "bedrock",
            "list_model_invocation_jobs",
            {"nameContains": "wirepost-int-1", "submitTimeAfter": "2026-11-25T10:00:00Z"},
        ),
    )


async def test_a_batch_is_put_and_started_as_the_library_does_it():
    account = recording_account("bedrock", {"jobArn": JOB})
    models = account.models(may_write=True)
    started = await models.submit_batch([BatchItem("a", PROMPT)], key="wp_01", intent="int_1")
    assert (started.provider_id, started.status, started.total) == ("abcdef012345", "queued", 1)
    line = orjson.dumps({"recordId": "a", "modelInput": body_of(PROMPT)}) + b"\n"
    source, target = "s3://acme-jobs/wirepost/int-1/input.jsonl", "s3://acme-jobs/wirepost/int-1/output/"
    await compare(
        account,
        (
            "s3",
            "put_object",
            {
                "Bucket": "acme-jobs",
                "Key": "wirepost/int-1/input.jsonl",
                "Body": line.decode(),
                "ContentType": "application/jsonl",
            },
        ),
        (
            "bedrock",
            "create_model_invocation_job",
            {
                "jobName": "wirepost-int-1",
                "roleArn": ROLE,
                "clientRequestToken": "wp-01",
                "modelId": MODEL,
                "modelInvocationType": "Converse",
                "inputDataConfig": {"s3InputDataConfig": {"s3Uri": source, "s3InputFormat": "JSONL"}},
                "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": target}},
            },
        ),
    )


async def test_invocations_and_ends_are_asked_for_as_the_library_does_it():
    account = recording_account("bedrock", {"invocationArn": INVOCATION})
    asked = Endpoint("amazon.nova-reel-v1:1", '{"taskType":"TEXT_VIDEO"}', "application/json")
    started = await account.models(may_write=True).submit_invocation(asked, key="wp_01", intent="int_1")
    assert started.provider_id == INVOCATION
    await account.client(may_write=True).stop_job("abcdef012345")
    await compare(
        account,
        (
            "bedrock-runtime",
            "start_async_invoke",
            {
                "clientRequestToken": "wp-01",
                "modelId": "amazon.nova-reel-v1:1",
                "modelInput": {"taskType": "TEXT_VIDEO"},
                "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://acme-jobs/wirepost/int-1"}},
            },
        ),
        ("bedrock", "stop_model_invocation_job", {"jobIdentifier": "abcdef012345"}),
    )


async def test_objects_are_read_as_the_library_reads_them():
    account = recording_account("bedrock", {}, {"content-length": "2"})
    client, place = account.client(), Place("acme-jobs", "a b/ü+(1)~.jsonl.out")
    found = await s3.find(client, place)
    assert found is not None
    assert [piece async for piece in s3.pieces(client, found)] == [b"{}"]
    await compare(
        account,
        ("s3", "head_object", {"Bucket": "acme-jobs", "Key": place.key}),
        ("s3", "get_object", {"Bucket": "acme-jobs", "Key": place.key, "Range": "bytes=0-1"}),
    )


async def test_the_intent_is_looked_for_since_the_first_attempt():
    account = recording_account(
        "bedrock", {"invocationJobSummaries": [{"jobName": "wirepost-int-1", "jobArn": JOB}]}
    )
    found = await account.models().find_batch("int_1", datetime(2026, 11, 25, 10, tzinfo=UTC))
    assert found.provider_id == "abcdef012345"
    assert token("int_1") == "int-1"
