"""AWS's own library as a client: makes the calls of the plan in its one argument, and signs requests of others.

Runs in an environment of its own, see `support/clients.py` for the form of the plan. Calls go to `base`; without it they
are not sent, and what would have been sent is printed.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

import boto3
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

plan = json.loads(sys.argv[1])
key_id, secret = plan["key"]
recorded: list[dict[str, Any]] = []


class Recorded(Exception):
    """Stops a request before it is sent."""


def record(request: AWSPreparedRequest, **_: Any) -> None:
    """Keep a request instead of sending it."""
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
    headers = {
        name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()
    }
    recorded.append(
        {
            "method": request.method,
            "url": request.url,
            "headers": headers,
            "body": base64.b64encode(body).decode(),
        }
    )
    raise Recorded


def call(step: dict[str, Any]) -> dict[str, Any]:
    """One call; a refusal is an answer too."""
    client = boto3.client(
        step["service"],
        region_name=plan["region"],
        endpoint_url=plan["base"],
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=Config(
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    if plan["base"] is None:
        client.meta.events.register("before-send", record)
    try:
        answer = getattr(client, step["operation"])(**step["arguments"])
    except Recorded:
        return recorded[-1]
    except ClientError as error:
        return {
            "kind": error.response["Error"]["Code"],
            "message": error.response["Error"]["Message"],
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
        }
    answer.pop("ResponseMetadata")
    return {
        name: value.read().decode() if hasattr(value, "read") else value for name, value in answer.items()
    }


def signature(given: dict[str, Any]) -> str:
    """The signature of a request at the time and with the headers that it says are signed."""
    auth = (S3SigV4Auth if given["service"] == "s3" else SigV4Auth)(
        Credentials(key_id, secret), given["service"], plan["region"]
    )
    request = AWSRequest(given["method"], given["url"], given["headers"], base64.b64decode(given["body"]))
    request.context["timestamp"] = given["headers"]["x-amz-date"]
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


print(
    json.dumps(
        {
            "calls": [call(step) for step in plan["calls"]],
            "signatures": [signature(each) for each in plan["requests"]],
        },
        default=str,
    )
)
