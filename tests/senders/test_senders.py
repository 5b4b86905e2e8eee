"""Each sender is found by its name, and none is stopped by anything that is sent to it."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.handshakes import answered, handshakes
from support.payloads import GENUINE, payload
from support.signatures import incoming, terms_with
from support.sources import SRC, TESTS
from wirepost.core.errors import ConfigError
from wirepost.senders import SENDERS, load_sender, sender_names
from wirepost.webhooks.incoming import Reply
from wirepost.webhooks.verdict import Rejected
from wirepost.webhooks.webhook import Item, Unmapped, Webhook

TYPE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_-]+)+")
LINE = re.compile(r"[\w .:@/#+=,-]{1,280}", re.ASCII)
WORDS = ("x", "message", "Notification", "https://example.com/a", "2026-11-25T09:00:00Z", "1749416383", "")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 2**65)
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(max_size=9)
)
TERMS = terms_with(
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", token="t", topics=["https://example.com/a"], expects_secret=True
)


def names_in(name: str) -> list[str]:
    """The words in quotes of a sender's module, and of what it reads with: members it may look for."""
    files = [
        SRC.parent / f"{SENDERS[name].replace('.', '/')}.py",
        SRC / "webhooks" / "cloud_events.py",
        SRC / "webhooks" / "any_json.py",
    ]
    found = {
        word for path in files for word in re.findall(r'"([\w.@-]{1,40})"', path.read_text(encoding="utf-8"))
    }
    return sorted(found)


def bodies(name: str) -> st.SearchStrategy[Any]:
    """JSON whose members are those the sender's module looks for, with values of any kind."""
    members = st.sampled_from(names_in(name))
    return st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner, max_size=6),
        max_leaves=25,
    )


@cache
def requests_to(name: str) -> st.SearchStrategy[tuple[bytes, dict[str, str], str, str]]:
    """Body, headers, query and method; made once, as making a strategy takes longer than drawing from it."""
    return st.tuples(
        st.binary(max_size=40) | bodies(name).map(_json),
        st.dictionaries(st.sampled_from(HEADERS), st.sampled_from((*WORDS, "ä")), max_size=6),
        st.sampled_from(("", "?crc_token=a", "?hub.mode=subscribe", "?challenge=%ff", "?validationToken=")),
        st.sampled_from(sorted(load_sender(name).methods)),
    )


def check(item: Item) -> None:
    """What holds for each event, whatever was sent."""
    assert TYPE.fullmatch(item.type), item.type
    assert LINE.fullmatch(item.summary), item.summary
    assert item.time is None or 0 < item.time < 253402300800
    assert item.key is None or 0 < len(item.key) <= 200
    assert "" not in {item.subject, item.account, item.key}
    orjson.dumps(item.data)
    for value in item.data.values():
        assert value is None or isinstance(value, str | int | float | bool | list)


@pytest.mark.parametrize("name", sender_names())
def test_it_is_loaded_by_its_name_and_says_how_it_is_set_up(name: str) -> None:
    webhook = load_sender(name)
    assert isinstance(webhook, Webhook)
    assert webhook.name == name
    assert webhook.title
    assert "{url}" in webhook.steps
    assert webhook.methods >= {"POST"}
    assert (webhook.methods > {"POST"}) <= (webhook.greet is not None)
    assert all(TYPE.fullmatch(ours) for ours in webhook.types.values())


def test_every_module_is_on_the_list() -> None:
    modules = {path.stem for path in (SRC / "senders").glob("*.py")} - {"__init__"}
    own = {name for name, module in SENDERS.items() if module.startswith("wirepost.senders.")}
    assert modules == own


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match="no sender 'zom'") as found:
        load_sender("zom")
    assert found.value.hint == "did you mean zoom?"
    with pytest.raises(ConfigError) as found:
        load_sender("???")
    assert found.value.hint is not None
    assert "zoom" in found.value.hint


@pytest.mark.parametrize("name", sender_names())
@given(data=st.data())
async def test_any_bytes_are_read_or_unmapped(name: str, data: st.DataObject) -> None:
    webhook = load_sender(name)
    body, headers, query, method = data.draw(requests_to(name))
    request = incoming(body, headers, method=method, url=f"https://hooks.example.com/x{query}")
    for greeting in (webhook.greet, webhook.reply):
        if greeting is not None:
            with suppress(Rejected):
                await greeting(request, TERMS)
    with suppress(Unmapped, Rejected):
        for item in webhook.read(request, GENUINE, TERMS).items:
            if isinstance(item, Item):
                check(item)


HEADERS = (
    "ce-specversion", "ce-id", "ce-type", "ce-source", "content-type", "link", "aeg-event-type",
    "x-hook-secret", "x-goog-resource-state", "x-goog-channel-id", "x-goog-message-number",
    "x-goog-resource-id", "webhook-id",
    "webhook-signature", "webhook-timestamp", "svix-id", "x-zm-signature", "x-zm-request-timestamp",
    "twitch-eventsub-message-type", "x-okta-verification-challenge", "idempotency-key",
)  # fmt: skip


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        return b"{"


@pytest.mark.parametrize(
    "path",
    sorted((TESTS / "senders" / "payloads").glob("*/*.json")),
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_what_holds_for_each_event_holds_for_the_recorded_ones(path: Any) -> None:
    name = path.parent.name
    headers = {"webhook-id": "msg_1", "webhook-signature": "v1,x"}
    found = load_sender(name).read(incoming(payload(f"{name}/{path.name}"), headers), GENUINE, TERMS)
    assert len(found.items) + len(found.visits) == 1
    for item in found.items:
        assert isinstance(item, Item)
        check(item)


@pytest.mark.parametrize(
    "name",
    [
        "asana: X-Hook-Secret handshake",
        "google_push: sync message (Drive/Calendar channel)",
        "meta: callback verification",
        "twitch: webhook_callback_verification",
        "twitter: CRC challenge",
        "websub: subscription verification of intent",
        "zoom: endpoint.url_validation",
    ],
)
async def test_an_endpoint_that_knows_nothing_answers_no_handshake(name: str) -> None:
    each = handshakes()[name]
    answer: object = "rejected"
    with suppress(Rejected):
        answer = await answered(each.webhook(), each.request, terms_with())
    assert answer == "rejected" or (isinstance(answer, Reply) and answer.status in {403, 404})
