"""GitHub's webhook as a whole: samples are signed as GitHub signs, believed, and read; pings are answered."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.providers.github import PROVIDER
from wirepost.providers.github.webhook import SAMPLES, WEBHOOK, answer_ping, read, sample
from wirepost.settings.webhooks import WebhookSettings
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Item, Secret, Terms, Unmapped

URL = "https://hooks.example.com/webhooks/github"
NOW = 1764061200.0
TERMS = Terms((Secret("It's a Secret to Everybody", "only"),), WebhookSettings(own_ids=["acme-bot"]))
GENUINE = Verified("signature", "github-sha256", "only")
BODY = (Path(__file__).parent / "payloads" / "issues.opened.json").read_bytes()
HEADERS = (
    ("x-github-event", "issues"),
    ("x-github-delivery", "guid-1"),
    ("content-type", "application/json"),
)


def request(body: bytes = BODY, headers: tuple[tuple[str, str], ...] = HEADERS) -> Incoming:
    """What comes in."""
    return Incoming("POST", URL, headers, body, NOW)


def only(found: Incoming) -> Item:
    """The one event of a genuine request."""
    (item,) = read(found, GENUINE, TERMS).items
    assert isinstance(item, Item)
    return item


def test_the_provider_loads_it() -> None:
    assert PROVIDER.sender is not None
    assert PROVIDER.sender.load() is WEBHOOK


@pytest.mark.parametrize("kind", sorted(set(SAMPLES) - {"ping"}))
async def test_a_sample_is_signed_as_github_signs_and_believed(kind: str) -> None:
    headers, body = sample(kind, {})
    assert WEBHOOK.sign is not None
    signed = WEBHOOK.sign(headers, body, URL, "It's a Secret to Everybody", NOW)
    plain = tuple((name.lower(), value) for name, value in signed.items())
    verified = await WEBHOOK.scheme.verify(request(body, plain), TERMS)
    assert (verified.by, verified.is_id_signed) == ("signature", False)
    item = only(request(body, plain))
    assert item.provider_type == kind
    assert item.key == headers["X-GitHub-Delivery"]
    with pytest.raises(Rejected):
        await WEBHOOK.scheme.verify(request(body + b" ", plain), TERMS)


def test_a_sample_is_found_by_our_name_and_takes_other_values() -> None:
    headers, body = sample("issue.opened", {"issue.number": 7, "repository.full_name": "acme/shop"})
    plain = tuple((name.lower(), value) for name, value in headers.items())
    assert only(request(body, plain)).subject == "issue/acme/shop#7"
    with pytest.raises(ValueError, match=r"issues\.opened"):
        sample("issue.eaten", {})


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_no_sample_has_the_body_of_another(kind: str) -> None:
    assert sample(kind, {})[1] != sample(kind, {})[1]


def test_a_form_holds_the_same() -> None:
    form = urlencode({"payload": BODY.decode()}).encode()
    headers = (*HEADERS[:2], ("content-type", "application/x-www-form-urlencoded; charset=utf-8"))
    assert only(request(form, headers)) == only(request())


async def test_a_ping_is_answered_and_nothing_else_is() -> None:
    reply = await answer_ping(request(headers=(("x-github-event", "ping"),)), TERMS)
    assert reply is not None
    assert reply.status == 200
    assert await answer_ping(request(), TERMS) is None


def test_what_our_own_user_did_is_ours() -> None:
    body = orjson.loads(BODY)
    body["sender"]["login"] = "acme-bot"
    assert only(request(orjson.dumps(body))).actor.kind == "self"


def test_without_an_id_of_the_delivery_the_body_is_its_id() -> None:
    assert only(request(headers=HEADERS[:1])).key is None


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((), BODY),
        ((("x-github-event", ""),), BODY),
        ((("x-github-event", "issues"), ("x-github-event", "push")), BODY),
        ((*HEADERS, ("x-github-delivery", "guid-2")), BODY),
        (HEADERS, b""),
        (HEADERS, b"[]"),
        (HEADERS, b"\xff"),
        ((*HEADERS[:2], ("content-type", "application/x-www-form-urlencoded")), b"other=1"),
    ],
)
def test_what_cannot_be_read_is_unmapped(headers: tuple[tuple[str, str], ...], body: bytes) -> None:
    with pytest.raises(Unmapped):
        read(request(body, headers), GENUINE, TERMS)


@given(
    st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(orjson.dumps),
    st.lists(st.tuples(st.sampled_from([name for name, _ in HEADERS]), st.text(max_size=20)), max_size=4),
)
def test_any_request_is_read_or_unmapped(body: bytes, headers: list[tuple[str, str]]) -> None:
    with suppress(Unmapped):
        assert only(request(body, tuple(headers))).type
