"""Requests as senders make them, believed by the scheme of the sender, and brought to a server."""

from __future__ import annotations

import asyncio

import pytest

from support.letterbox import Answer as Say
from support.letterbox import letterbox
from support.receiving import receiving, settings_of
from wirepost.cli.sending import changes_of, kinds_of, post_here, request_of
from wirepost.core.errors import ConfigError

SIGNERS = ["stripe", "github", "shopify", "slack", "hubspot"]
SHOP = {"shopify": {"accounts": ["shop.example.com"]}}


@pytest.fixture
def endpoint(database, clock, tmp_path):
    """The endpoint of a provider."""

    def of(provider, **options):
        settings = settings_of(tmp_path, {provider: {"default": options}})
        return receiving(database, clock, settings).endpoint(provider)

    return of


@pytest.mark.parametrize("provider", SIGNERS)
async def test_each_example_is_believed_and_read(endpoint, clock, provider):
    at = endpoint(provider)
    terms = await at.terms()
    assert kinds_of(at)
    for kind in kinds_of(at):
        request = request_of(at, terms.secrets[0].value, clock, kind=kind)
        verified = await at.webhook.scheme.verify(request, terms)
        assert at.webhook.read(request, verified, terms).items, kind


async def test_the_first_type_is_taken_where_none_is_named(endpoint, clock):
    at = endpoint("stripe")
    secret = (await at.terms()).secrets[0].value
    assert request_of(at, secret, clock).url == "https://hooks.example.com/webhooks/stripe"


async def test_a_sender_without_an_example_says_so(endpoint, clock):
    at = endpoint("stripe", sender="zoom")
    assert kinds_of(at) == []
    with pytest.raises(ConfigError, match="no example of what Zoom sends"):
        request_of(at, "s", clock)


def test_changes_are_json_where_they_are_that():
    assert changes_of(["a.b=5", 'c={"d":[1]}', "e=five", "f=", "g=a=b"]) == {
        "a.b": 5,
        "c": {"d": [1]},
        "e": "five",
        "f": "",
        "g": "a=b",
    }
    for wrong in ("a", "=1", ""):
        with pytest.raises(ConfigError, match="is no change"):
            changes_of([wrong])


async def test_a_request_goes_there_as_it_is_whatever_address_it_was_signed_for(endpoint, clock):
    at = endpoint("stripe", url="https://shop.example.com/hooks/in?tenant=7")
    request = request_of(at, "secret", clock)
    async with letterbox() as box:
        box.answers += [Say(body=b'{"status":"stored","id":"evt_1"}'), Say(403, b"no")]
        answer = await asyncio.to_thread(post_here, f"{box.url}/webhooks/stripe", request)
        refused = await asyncio.to_thread(post_here, box.url, request)
        (letter, _) = box.letters
    assert (answer.status, answer.said) == (200, {"status": "stored", "id": "evt_1"})
    assert (refused.status, refused.said) == (403, "no")
    assert (letter.method, letter.path) == ("POST", "/webhooks/stripe?tenant=7")
    assert letter.body == request.body
    assert letter.headers["stripe-signature"] == request.header("stripe-signature")


async def test_a_server_that_has_gone_is_told(endpoint, clock):
    request = request_of(endpoint("stripe"), "secret", clock)
    async with letterbox() as box:
        url = box.url
    with pytest.raises(ConfigError, match="does not answer"):
        await asyncio.to_thread(post_here, url, request)
