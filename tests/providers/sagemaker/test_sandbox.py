"""The imitation of SageMaker, as AWS's own library reads its answers."""

from __future__ import annotations

from typing import Any

import pytest

from support.clients import use_aws
from support.clock import ManualClock
from support.serving import served
from support.worlds import world_at
from wirepost.providers.sagemaker.sandbox import ENDPOINTS, FAILS, REVIEWS, STARTS, SageMakerSandbox

BODY = '{"inputs": ["Great!", "Broken."]}'
pytestmark = pytest.mark.services("moto")


@pytest.fixture
def sandbox(clock: ManualClock) -> SageMakerSandbox:
    return SageMakerSandbox(world_at(clock.now()), clock)


async def asked(sandbox: SageMakerSandbox, *calls: tuple[str, str, dict[str, Any]]) -> list[dict[str, Any]]:
    """What AWS's library makes of the answers."""
    async with served(sandbox.socket_app) as url:
        found: list[dict[str, Any]] = (await use_aws(*calls, base=url))["calls"]
    return found


async def test_answers_have_the_form_the_library_knows(sandbox, clock):
    sandbox.objects["jobs", "in"] = BODY.encode()
    given = {"EndpointName": REVIEWS, "InputLocation": "s3://jobs/in", "InferenceId": "int_1"}
    now, later, listed = await asked(
        sandbox,
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": REVIEWS, "Body": BODY}),
        ("sagemaker-runtime", "invoke_endpoint_async", given),
        ("sagemaker", "list_endpoints", {}),
    )
    assert (now["ContentType"], '"positive"' in now["Body"]) == ("application/json", True)
    assert later["InferenceId"] == "int_1"
    assert {each["EndpointName"] for each in listed["Endpoints"]} == set(ENDPOINTS)
    clock.advance(15)
    bucket, _, key = later["OutputLocation"].removeprefix("s3://").partition("/")
    (found,) = await asked(sandbox, ("s3", "get_object", {"Bucket": bucket, "Key": key}))
    assert found["Body"] == now["Body"]


async def test_refusals_are_those_the_library_knows(sandbox):
    absent = {"EndpointName": REVIEWS, "InputLocation": "s3://jobs/absent"}
    refused = await asked(
        sandbox,
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": FAILS, "Body": BODY}),
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": STARTS, "Body": BODY}),
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": REVIEWS, "Body": "no json"}),
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "absent", "Body": BODY}),
        ("sagemaker-runtime", "invoke_endpoint_async", absent),
    )
    assert [(each["kind"], each["status"]) for each in refused] == [
        ("ModelError", 424),
        ("ModelNotReadyException", 429),
        ("ModelError", 424),
        ("ValidationError", 400),
        ("ValidationError", 400),
    ]
