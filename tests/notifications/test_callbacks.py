"""Calling clients back: only addresses that want it, and with a signature that others can check."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.certificates import Authority
from support.clients import judge_standard
from support.clock import START, ManualClock
from support.letterbox import Answer, Letter, Letterbox, letterbox, tls_for
from wirepost.core.clock import Clock
from wirepost.events.callback import Target
from wirepost.notifications.callbacks import Callbacks
from wirepost.settings.webhooks import WebhookSettings
from wirepost.upstream.guard import AddressRefused, Poster
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.standard import STANDARD
from wirepost.webhooks.verdict import Rejected
from wirepost.webhooks.webhook import Secret, Terms

OLD, NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
NOW = START.timestamp()


def echo(letter: Letter) -> Answer:
    return Answer(200, json.dumps({"challenge": json.loads(letter.body)["challenge"]}).encode())


def says(status: int = 200, body: bytes = b"") -> Callable[[Letter], Answer]:
    return lambda _: Answer(status, body)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def box(authority: Authority) -> AsyncIterator[Letterbox]:
    async with letterbox(tls_for(authority.issue("client.example"))) as box:
        yield box


@pytest.fixture
async def callbacks(authority: Authority, clock: ManualClock) -> AsyncIterator[Callbacks]:
    context = ssl.create_default_context(cafile=authority.certificate)
    poster = Poster(clock, may_be_private=True, context=context)
    yield Callbacks(poster, clock)
    await poster.close()


def target_at(box: Letterbox, **changed: object) -> Target:
    made = Target("sub_1", f"{box.url}/hook", "payment.refunded", {}, NEW)
    return replace(made, **changed)  # type: ignore[arg-type]


async def is_signed_with(letter: Letter, secret: str, now: float = NOW) -> bool:
    request = Incoming("POST", "https://client.example/", tuple(letter.headers.items()), letter.body, now)
    try:
        await STANDARD.verify(request, Terms([Secret(secret, "one")], WebhookSettings()))
    except Rejected:
        return False
    return True


async def test_an_address_that_repeats_the_challenge_wants_to_be_called(
    callbacks: Callbacks, box: Letterbox
) -> None:
    """12.4.08a: a right answer."""
    box.always = echo
    assert await callbacks.challenge(target_at(box)) is None
    assert await callbacks.challenge(target_at(box)) is None
    first, second = box.letters
    body = json.loads(first.body)
    assert body.keys() == {"type", "challenge"}
    assert body["type"] == "verification"
    assert body["challenge"] != json.loads(second.body)["challenge"], "one that is known proves nothing"
    assert await is_signed_with(first, NEW)
    assert first.headers["x-mcp-subscription-id"] == "sub_1"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (says(200, b'{"challenge": "something else"}'), "did not repeat the challenge"),
        (says(200, b'{"challenge": 1}'), "did not repeat the challenge"),
        (says(200, b"[]"), "did not repeat the challenge"),
        (says(200, b"not json"), "did not repeat the challenge"),
        (says(200, b""), "did not repeat the challenge"),
        (says(500, b""), "answered 500"),
        (says(302, b""), "answered 302"),
        (lambda letter: Answer(400, echo(letter).body), "answered 400"),
    ],
)
async def test_an_address_that_does_not_is_not_called(
    callbacks: Callbacks, box: Letterbox, answer: Callable[[Letter], Answer], reason: str
) -> None:
    """12.4.08a: wrong answers."""
    box.always = answer
    assert await callbacks.challenge(target_at(box)) == reason


async def test_an_address_in_a_private_network_is_not_asked(clock: ManualClock, box: Letterbox) -> None:
    """12.4.08d: from the beginning."""
    guarded = Callbacks(Poster(clock), clock)
    assert await guarded.challenge(target_at(box)) == "it leads into a private network"
    with pytest.raises(AddressRefused):
        await guarded.post(target_at(box), "evt_1", b"{}")
    assert box.connections == 0


@pytest.mark.services("standard-webhooks")
async def test_the_library_of_the_specification_believes_what_we_sign(
    authority: Authority, box: Letterbox
) -> None:
    """12.4.08b: the library of Standard Webhooks."""
    context = ssl.create_default_context(cafile=authority.certificate)
    poster = Poster(Clock(), may_be_private=True, context=context)
    now = Clock().now().timestamp()
    changed = target_at(box, secret=OLD).renewed(replace(target_at(box), secret=NEW), now)
    await Callbacks(poster, Clock()).challenge(changed)
    await Callbacks(poster, Clock()).post(changed, "evt_1", '{"text": "Grüße \\u00e4"}'.encode())
    await poster.close()
    challenge, posted = ((letter.headers, letter.body) for letter in box.letters)
    other = "whsec_" + "A" * 32
    verdicts = await judge_standard(
        (OLD, *challenge),
        (NEW, *challenge),
        (OLD, *posted),
        (NEW, *posted),
        (other, *posted),
        (NEW, posted[0], posted[1] + b" "),
        (NEW, {**posted[0], "webhook-id": "evt_2"}, posted[1]),
    )
    assert verdicts[:4] == ["valid"] * 4
    assert set(verdicts[4:]) == {"WebhookVerificationError: No matching signature found"}


async def test_for_a_day_after_a_change_both_secrets_sign(
    callbacks: Callbacks, box: Letterbox, clock: ManualClock
) -> None:
    changed = target_at(box, secret=OLD).renewed(replace(target_at(box), secret=NEW), NOW)
    await callbacks.post(changed, "evt_1", b"{}")
    clock.advance(86_401)
    await callbacks.post(changed, "evt_1", b"{}")
    during, after = box.letters
    assert [await is_signed_with(during, each) for each in (OLD, NEW)] == [True, True]
    assert [await is_signed_with(after, each, NOW + 86_401) for each in (OLD, NEW)] == [False, True]
