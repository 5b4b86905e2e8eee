"""The routine: started with the operator's words, and the event behind them as data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.clock import ManualClock
from support.letterbox import Answer, Letterbox, letterbox
from support.occurred import event
from support.sinks import EVIL, outgoing
from wirepost.notifications.sinks.claude_routine import ClaudeRoutineSink
from wirepost.notifications.sinks.sink import Refused, TryAgain
from wirepost.secrets.resolve import Secrets
from wirepost.settings import SecretSettings
from wirepost.settings import events as options
from wirepost.upstream.guard import Poster

PROMPT = "Look into it; refund nothing."


def sink_to(box: Letterbox, clock: ManualClock, **settings: Any) -> ClaudeRoutineSink:
    given = {"routine": "trig_01ABC", "token": "env:ROUTINE_TOKEN", "prompt": PROMPT, "base_url": box.url}
    read = options.ClaudeRoutineSink.model_validate({**given, **settings})
    return ClaudeRoutineSink(
        "agent", read, Secrets(SecretSettings(), clock), Poster(clock, may_be_private=True)
    )


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ROUTINE_TOKEN", "sk-ant-oat01-first-token")
    return "sk-ant-oat01-first-token"


async def test_a_routine_is_started_with_the_prompt_and_the_data_behind_it(
    clock: ManualClock, token: str
) -> None:
    async with letterbox() as box:
        await sink_to(box, clock).send(outgoing(event(data={"text": EVIL})))
        (letter,) = box.letters
    assert letter.path == "/v1/claude_code/routines/trig_01ABC/fire"
    assert letter.headers["authorization"] == f"Bearer {token}"
    assert letter.headers["anthropic-beta"] == "experimental-cc-routine-2026-04-01"
    body = json.loads(letter.body)
    assert list(body) == ["text"]
    before, _, inside = body["text"].partition('<external id="')
    assert before == PROMPT + "\n\n", "nothing of the event stands where the prompt is"
    assert inside.count("</external ") == 1


async def test_a_routine_has_no_other_path(clock: ManualClock) -> None:
    async with letterbox() as box:
        await sink_to(box, clock, routine="../../admin?x=").send(outgoing())
        assert box.letters[0].path == "/v1/claude_code/routines/..%2F..%2Fadmin%3Fx%3D/fire"


async def test_a_token_that_is_refused_is_read_again(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with letterbox() as box:
        sink = sink_to(box, clock)
        box.answers.append(Answer(401))
        with pytest.raises(TryAgain, match="token"):
            await sink.send(outgoing())
        monkeypatch.setenv("ROUTINE_TOKEN", "sk-ant-oat01-second-token")
        await sink.send(outgoing())
        assert box.letters[1].headers["authorization"].endswith("second-token")


async def test_a_missing_token_and_a_wrong_routine(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with letterbox() as box:
        box.answers.append(Answer(404))
        with pytest.raises(Refused, match="404"):
            await sink_to(box, clock).send(outgoing())
        monkeypatch.delenv("ROUTINE_TOKEN")
        with pytest.raises(TryAgain, match="cannot be read"):
            await sink_to(box, clock).send(outgoing())
