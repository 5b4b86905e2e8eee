"""The tool that starts jobs of any service."""

from __future__ import annotations

from typing import Annotated

import orjson
from pydantic import Field

from wirepost.core.errors import InvalidCall, OutcomeUnknown
from wirepost.providers.http.client import HttpClient
from wirepost.providers.http.jobs import KIND, at, described, provider_id
from wirepost.tools.context import Call
from wirepost.tools.jobs import Started
from wirepost.tools.tool import Risk, tool

JobName = Annotated[str, Field(max_length=40, description="As the connection calls it")]
Payload = Annotated[str, Field(max_length=500_000, description="JSON, as the service wants it")]


@tool(
    Risk.WRITE,
    title="Start a job of a service",
    example={"connection": "warehouse", "job": "export", "payload": '{"since": "2026-11-01"}'},
    long_help="""Which jobs there are, an operator says under `jobs` of the connection. The job goes on at the
    service: job_get follows it, job_get_result reads what it has brought.""",
)
async def http_start_job(call: Call[HttpClient], *, job: JobName, payload: Payload = "{}") -> Started:
    """Start a job at a service that the configuration describes."""
    about = described(call.api, job)
    content = _checked(payload)
    header = about.submit.key_header
    answer = await call.api.write(
        about.submit.method,
        about.submit.path,
        content=content,
        headers={header: call.key} if header and call.key else {},
        key=call.key if header else None,
    )
    try:
        found = at(answer.json(), about.id)
    except ValueError:
        found = None
    if not isinstance(found, str | int) or isinstance(found, bool) or found == "":
        message = f"The service has taken the job, but its answer has no id at {about.id}"
        raise OutcomeUnknown("outcome_unknown", message, hint="Look at the service whether it goes on")
    return Started(KIND, provider_id(job, str(found)))


@http_start_job.reconcile
async def find_job(call: Call[HttpClient], *, job: JobName, payload: Payload = "{}") -> Started | None:  # noqa: ARG001 - as the operation is asked
    """Nothing finds it; where the service knows our key, the same request is harmless."""
    if described(call.api, job).submit.key_header:
        return None
    message = "Whether the job was started cannot be found out by reading"
    raise OutcomeUnknown("outcome_unknown", message, hint="Look at the service; then use a new intent")


def _checked(payload: str) -> bytes:
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        problem = f"is no JSON: {error}"
        raise InvalidCall(
            "invalid_arguments", "The payload is no JSON", fields=[{"path": "payload", "problem": problem}]
        ) from None
    return payload.encode()
