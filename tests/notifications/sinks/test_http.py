"""The HTTP sink: what arrives is signed, and nothing in it was made by the event but the data."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from support.clients import judge_standard
from support.clock import START, ManualClock
from support.letterbox import Answer, Letterbox, letterbox
from support.occurred import event
from support.sinks import outgoing
from wirepost.core.clock import Clock
from wirepost.notifications.sinks.http import HttpSink
from wirepost.notifications.sinks.sink import Refused, TryAgain
from wirepost.secrets.resolve import Secrets
from wirepost.settings import SecretSettings
from wirepost.settings import events as options
from wirepost.settings.webhooks import WebhookSettings
from wirepost.upstream.guard import Poster
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.standard import STANDARD
from wirepost.webhooks.webhook import Secret, Terms

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the examples of the specification
NOW = START.timestamp()


@pytest.fixture
async def box() -> AsyncIterator[Letterbox]:
    async with letterbox() as box:
        yield box


@pytest.fixture
def sink_to(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SINK_SECRET", SECRET)

    def make(box: Letterbox, **settings: Any) -> HttpSink:
        read = options.HttpSink.model_validate(
            {"url": box.url + "/in", "secret": "env:SINK_SECRET", **settings}
        )
        poster = Poster(clock, may_be_private=True)
        return HttpSink("hook", read, Secrets(SecretSettings(), clock), poster, clock)

    return make


async def test_an_event_is_posted_as_a_cloud_event_with_a_signature(box: Letterbox, sink_to: Any) -> None:
    sent = await sink_to(box).send(outgoing())
    assert sent.details == {"status": 200}
    (letter,) = box.letters
    assert (letter.method, letter.path) == ("POST", "/in")
    assert letter.headers["content-type"].startswith("application/cloudevents+json")
    assert json.loads(letter.body)["id"] == letter.headers["webhook-id"] == "evt_1"
    assert letter.headers["webhook-timestamp"] == str(int(NOW))
    request = Incoming("POST", box.url, tuple(letter.headers.items()), letter.body, NOW)
    verified = await STANDARD.verify(request, Terms([Secret(SECRET, "one")], WebhookSettings()))
    assert verified.is_id_signed


@pytest.mark.services("standard-webhooks")
async def test_the_library_of_the_specification_believes_it(
    box: Letterbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SINK_SECRET", SECRET)
    settings = options.HttpSink.model_validate({"url": box.url, "secret": "env:SINK_SECRET"})
    poster = Poster(Clock(), may_be_private=True)
    sink = HttpSink("hook", settings, Secrets(SecretSettings(), Clock()), poster, Clock())
    await sink.send(outgoing(event(summary="Grüße", data={"text": "\u2028 <é>"})))
    await poster.close()
    (letter,) = box.letters
    assert await judge_standard((SECRET, letter.headers, letter.body)) == ["valid"]


async def test_each_attempt_is_signed_anew_under_the_same_id(
    box: Letterbox, sink_to: Any, clock: ManualClock
) -> None:
    sink = sink_to(box)
    await sink.send(outgoing())
    clock.advance(600)
    await sink.send(outgoing(attempt=2))
    first, second = (letter.headers for letter in box.letters)
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) == int(first["webhook-timestamp"]) + 600
    assert first["webhook-signature"] != second["webhook-signature"]


async def test_a_text_of_the_operator_can_stand_in_for_the_event(box: Letterbox, sink_to: Any) -> None:
    body = '{"msg": "New: {summary}", "about": "{subject}"}'
    sink = sink_to(box, body=body, headers={"X-Type": "{type}"})
    await sink.send(outgoing(event(summary='a "quoted" word', subject="a\\b")))
    (letter,) = box.letters
    assert json.loads(letter.body) == {"msg": 'New: a "quoted" word', "about": "a\\b"}
    assert letter.headers["content-type"] == "application/json"
    assert letter.headers["x-type"] == "payment.refunded"
    await sink_to(box, body="{type} happened").send(outgoing())
    assert box.letters[1].body == b"payment.refunded happened"
    assert box.letters[1].headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(("kind", "about"), [("application/json", '\\"a'), ("text/markdown", '"a')])
async def test_what_is_put_in_is_escaped_as_the_text_needs_it(
    box: Letterbox, sink_to: Any, kind: str, about: str
) -> None:
    sink = sink_to(box, body="about {subject}", headers={"Content-Type": kind})
    await sink.send(outgoing(event(subject='"a')))
    assert box.letters[0].body.decode() == f"about {about}"


async def test_a_header_of_the_operator_replaces_ours_but_never_the_signature(
    box: Letterbox, sink_to: Any
) -> None:
    given = {"Content-Type": "application/x-special", "Webhook-Signature": "v1,forged"}
    await sink_to(box, headers=given).send(outgoing())
    headers = box.letters[0].headers
    assert headers["content-type"] == "application/x-special"
    assert headers["webhook-signature"] != "v1,forged"


async def test_a_redirect_is_refused_and_not_followed(box: Letterbox, sink_to: Any) -> None:
    box.answers.append(Answer(302, headers={"Location": box.url + "/elsewhere"}))
    with pytest.raises(Refused, match="answered 302"):
        await sink_to(box).send(outgoing())
    assert len(box.letters) == 1


async def test_silence_is_tried_again(box: Letterbox, sink_to: Any) -> None:
    box.answers.append(Answer(hangs=True))
    with pytest.raises(TryAgain, match="timeout"):
        await sink_to(box, timeout_s=0.1).send(outgoing())


@pytest.mark.parametrize("secret", ["", "whsec_???", None])
async def test_without_a_secret_that_signs_nothing_is_sent(
    box: Letterbox, sink_to: Any, monkeypatch: pytest.MonkeyPatch, secret: str | None
) -> None:
    sink = sink_to(box)
    if secret is None:
        monkeypatch.delenv("SINK_SECRET")
    else:
        monkeypatch.setenv("SINK_SECRET", secret)
    with pytest.raises(TryAgain, match="the secret that signs"):
        await sink.send(outgoing())
    assert box.letters == []


async def test_addresses_of_the_cloud_are_refused_even_to_operators(sink_to: Any) -> None:
    nowhere = Letterbox(url="https://169.254.169.254")
    with pytest.raises(Refused, match="refused"):
        await sink_to(nowhere).send(outgoing())
