"""What vendors' own libraries sign is genuine here, and what is signed here is genuine to them."""

from __future__ import annotations

from typing import Any

import pytest

from support.clients import use_octokit, use_signing
from support.signatures import incoming, terms_with, verdict
from wirepost.core.clock import Clock
from wirepost.webhooks.schemes.hmacs import GITHUB, SLACK, STRIPE
from wirepost.webhooks.schemes.standard import STANDARD, SVIX

BODIES = [
    '{"id":"evt_1","amount":4200}',
    '{\n  "name": "Zoë 🦀 日本", "escaped": "\\u00e4\\/"\n}\r\n',
    "payload=%7B%22a%22%3A1%7D&text=a+b%20c",
    "",
]
SCHEMES: dict[str, Any] = {
    "github": (GITHUB, "It's a Secret to Everybody"),
    "slack": (SLACK, "8f742231b10e8888abcd99yyyzzz85a5"),
    "standardwebhooks": (STANDARD, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
    "stripe": (STRIPE, "whsec_test_secret"),
    "svix": (SVIX, "whsec_plJ3nmyCDGBKInavdOK15jsl"),
}
PYTHON = ("slack", "standardwebhooks", "stripe", "svix")
URL = "https://hooks.example.com/webhooks/x"


def now() -> int:
    """These libraries ask the system for the time."""
    return int(Clock().now().timestamp())


def signings(*names: str) -> list[dict[str, Any]]:
    return [
        {"by": name, "secret": SCHEMES[name][1], "at": now(), "message": f"msg_{number}", "body": body}
        for name in names
        for number, body in enumerate(BODIES)
        if body or name != "github"  # Octokit signs no empty body
    ]


async def check_theirs(steps: list[dict[str, Any]], signed: list[dict[str, str]]) -> None:
    assert len(steps) == len(signed) > 0
    for step, headers in zip(steps, signed, strict=True):
        scheme, secret = SCHEMES[step["by"]]
        request = incoming(step["body"].encode(), headers, url=URL, now=step["at"])
        assert await verdict(scheme, request, terms_with(secret)) == "valid", step
        forged = incoming(step["body"].encode() + b" ", headers, url=URL, now=step["at"])
        assert await verdict(scheme, forged, terms_with(secret)) == "invalid:signature_mismatch", step


def ours(steps: list[dict[str, Any]], spoil: str = "") -> list[dict[str, Any]]:
    """The same requests signed here; `spoil` is added to the body after that."""
    made = []
    for step in steps:
        scheme, secret = SCHEMES[step["by"]]
        headers = scheme.sign({}, step["body"].encode(), URL, secret, step["at"])
        judged = {key: value for key, value in step.items() if key != "message"}
        made.append({**judged, "headers": dict(headers), "body": step["body"] + spoil})
    return made


@pytest.mark.services("signatures")
async def test_python_libraries_and_we_agree() -> None:
    steps = signings(*PYTHON)
    said = await use_signing(steps, [*ours(steps), *ours(steps, " ")])
    await check_theirs(steps, said["signed"])
    assert said["judged"] == [True] * len(steps) + [False] * len(steps)


@pytest.mark.services("node")
async def test_octokit_and_we_agree() -> None:
    steps = signings("github")
    said = await use_octokit(steps, [*ours(steps), *ours(steps, " ")])
    await check_theirs(steps, said["signed"])
    assert said["judged"] == [True] * len(steps) + [False] * len(steps)
