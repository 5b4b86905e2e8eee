"""What is sent to SageMaker is what AWS's own library sends, and moto takes it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from support.aws import Account, compare, far_account, recording_account
from support.secret_stores import AWS_KEY, secrets_manager
from wirepost.contracts.generation import Endpoint
from wirepost.upstream.aws import S3

LOCATIONS = {
    "X-Amzn-SageMaker-OutputLocation": "s3://acme-jobs/out/1.out",
    "X-Amzn-SageMaker-FailureLocation": "s3://acme-jobs/out/1-error.out",
}
ASKED = Endpoint("reviews", '{"inputs":"a"}', "application/json")
pytestmark = pytest.mark.services("moto")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", AWS_KEY[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", AWS_KEY[1])


@pytest.fixture
async def moto() -> AsyncIterator[Account]:
    """SageMaker as moto plays it, with a bucket."""
    with secrets_manager() as url:
        account = far_account("sagemaker", base_url=url, bucket={"name": "acme-jobs"})
        place = b"<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint>"
        content = place + b"</CreateBucketConfiguration>"
        client = account.client(may_write=True)
        await client.ask(S3, "PUT", "/acme-jobs", content=content, is_write=True)
        yield account
        await account.connection.close()


async def test_endpoints_are_asked_as_the_library_asks_them():
    account = recording_account("sagemaker", {"Endpoints": []}, LOCATIONS)
    models = account.models(may_write=True)
    await models.invoke(ASKED)
    started = await models.submit_invocation(ASKED, key="wp_1", intent="int_1")
    await models.list_models()
    assert started.details == {
        "endpoint": "reviews",
        "output": "s3://acme-jobs/out/1.out",
        "failure": "s3://acme-jobs/out/1-error.out",
    }
    await compare(
        account,
        (
            "sagemaker-runtime",
            "invoke_endpoint",
            {"EndpointName": "reviews", "Body": ASKED.payload, "ContentType": "application/json"},
        ),
        (
            "s3",
            "put_object",
            {
                "Bucket": "acme-jobs",
                "Key": "wirepost/int_1/input",
                "Body": ASKED.payload,
                "ContentType": "application/json",
            },
        ),
        (
            "sagemaker-runtime",
            "invoke_endpoint_async",
            {
                "EndpointName": "reviews",
                "InputLocation": "s3://acme-jobs/wirepost/int_1/input",
                "ContentType": "application/json",
                "InferenceId": "int_1",
                "RequestTTLSeconds": 21600,
                "InvocationTimeoutSeconds": 3600,
            },
        ),
        ("sagemaker", "list_endpoints", {"StatusEquals": "InService", "MaxResults": 100}),
    )


async def test_moto_answers_at_once_and_lists_endpoints(moto):
    answer = await moto.models(may_write=True).invoke(ASKED)
    assert answer.body == "body"
    assert await moto.models().list_models() == []


async def test_the_object_that_moto_writes_is_the_result(moto):
    started = await moto.models(may_write=True).submit_invocation(ASKED, key="wp_1", intent="int_1")
    assert (await moto.seen(started)).status == "succeeded"
    assert await moto.rows(started) == [{"default": "response"}]


async def test_the_failure_that_moto_writes_is_told(moto):
    told = {"region": "eu-central-1", "results": [{"is_failure": True, "data": "out of memory"}]}
    url = f"{moto.connection.configured_address}/moto-api/static/sagemaker/async-endpoint-results"
    async with httpx2.AsyncClient() as http:
        assert (await http.post(url, json=told)).is_success
    started = await moto.models(may_write=True).submit_invocation(ASKED, key="wp_1", intent="int_1")
    seen = await moto.seen(started)
    assert (seen.status, seen.error.message) == ("failed", "out of memory")
