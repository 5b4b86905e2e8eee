"""Clients that other vendors wrote, run as programs: a plan goes in, what the client saw comes out."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from support.node import CLIENTS, find_node, is_current

StripeCall = tuple[str, list[Any], dict[str, str]]
"""Such as `("refunds.create", [{"payment_intent": "pi_1"}], {"idempotency_key": "k"})`."""


class Seen(TypedDict):
    """What a client printed, spelt as in the protocol (`inputSchema`, `structuredContent`, `isError`)."""

    tools: list[dict[str, Any]]
    functions: dict[str, Any]
    """The same tools as the client hands them to a model: the AI SDK's input schemas by name, the Agents
    SDK's functions for OpenAI as `strict` and as `plain` ones."""
    results: list[dict[str, Any]]


Signing = dict[str, Any]
"""One step: `by`, `secret`, `at` (seconds since 1970), `body`; `message` to sign with, `headers` to judge."""


class Signed(TypedDict):
    """What libraries that sign printed: headers for each request, and whether each other one was genuine."""

    signed: list[dict[str, str]]
    judged: list[bool]


def stdio(command: str, *arguments: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    """A transport for the plan: start this program and speak over its standard streams."""
    return {"type": "stdio", "command": command, "args": list(arguments), "env": env or {}}


def http(url: str, **headers: str) -> dict[str, Any]:
    """A transport for the plan: Streamable HTTP at this address."""
    return {"type": "http", "url": url, "headers": headers}


@cache
def find_python(client: str) -> Path | None:
    """The Python of the environment that `scripts/install_clients` made for this client, if it is there."""
    environment = CLIENTS / f".venv-{client}"
    is_there = is_current(environment / "installed.lock", CLIENTS / f"{client}.lock")
    return environment / "bin" / "python" if is_there else None


async def use_ai_sdk(transport: dict[str, Any], *calls: tuple[str, dict[str, Any]]) -> Seen:
    """List the tools with the AI SDK's client and make the calls; needs the marker `services("node")`."""
    seen: Seen = await _run(find_node(), "aisdk.mjs", _plan(transport, calls))
    return seen


async def use_openai_agents(transport: dict[str, Any], *calls: tuple[str, dict[str, Any]]) -> Seen:
    """The same with the OpenAI Agents SDK; needs the marker `services("openai-agents")`."""
    python = find_python("openai-agents")
    seen: Seen = await _run(python, "openai_agents_client.py", _plan(transport, calls))
    return seen


async def use_stripe(base: str, *calls: StripeCall, key: str = "sk_test_sandbox") -> list[dict[str, Any]]:
    """Make the calls with Stripe's own library against `base`; needs the marker `services("stripe")`.

    Each result has `answer`, or `status`, `kind` and `error` where the library raised.
    """
    steps = [{"call": call, "arguments": arguments, "options": options} for call, arguments, options in calls]
    plan = {"base": base, "key": key, "calls": steps}
    results: list[dict[str, Any]] = await _run(find_python("stripe"), "stripe_client.py", plan)
    return results


async def use_aws(
    *calls: tuple[str, str, dict[str, Any]],
    base: str | None = None,
    region: str = "us-east-1",
    key: tuple[str, str] = ("AKIDEXAMPLE", "a-key-that-opens-nothing"),
    requests: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """Make calls (service, operation, arguments) with AWS's own library; needs the marker `services("moto")`.

    Without `base` nothing is sent, and `calls` are the requests that would have been: `method`, `url`,
    `headers`, `body` in Base64. `signatures` are those of the library for `requests` of that form.
    """
    steps = [{"service": each, "operation": name, "arguments": given} for each, name, given in calls]
    plan = {"base": base, "region": region, "key": key, "calls": steps, "requests": list(requests)}
    said: dict[str, Any] = await _run(find_python("moto"), "aws_client.py", plan)
    return said


async def use_signing(sign: Sequence[Signing] = (), judge: Sequence[Signing] = ()) -> Signed:
    """Sign and judge requests with vendors' libraries, `by` which each step says (`signing_client.py`).

    Needs the marker `services("signatures")`.
    """
    plan = {"sign": list(sign), "judge": list(judge)}
    said: Signed = await _run(find_python("signatures"), "signing_client.py", plan)
    return said


async def use_octokit(sign: Sequence[Signing] = (), judge: Sequence[Signing] = ()) -> Signed:
    """The same with Octokit, which asks for no clock; needs the marker `services("node")`."""
    said: Signed = await _run(find_node(), "octokit.mjs", {"sign": list(sign), "judge": list(judge)})
    return said


async def judge_standard(*requests: tuple[str, dict[str, str], bytes]) -> list[str]:
    """What the library of Standard Webhooks says of requests (secret, headers, body): `valid`, or why not.

    It compares with the real time; needs the marker `services("standard-webhooks")`.
    """
    told = [
        {"secret": secret, "headers": headers, "body": base64.b64encode(body).decode()}
        for secret, headers, body in requests
    ]
    plan = {"requests": told}
    verdicts: list[str] = await _run(find_python("standard-webhooks"), "standard_webhooks.py", plan)
    return verdicts


def _plan(transport: dict[str, Any], calls: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    return {"transport": transport, "calls": [{"name": name, "arguments": given} for name, given in calls]}


async def _run(program: Path | None, script: str, plan: dict[str, Any]) -> Any:
    assert program is not None, f"{script} has nothing to run with; is the marker `services` missing?"
    pipe = asyncio.subprocess.PIPE
    command = [str(program), str(CLIENTS / script), json.dumps(plan)]
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    async with asyncio.timeout(45):
        printed, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return json.loads(printed)
