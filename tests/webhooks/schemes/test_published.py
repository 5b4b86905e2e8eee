"""What senders publish is asked for once, again after a while, and never as often as requests come."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from support.signatures import NOW, terms_with
from wirepost.core.errors import Rejected as NotThere
from wirepost.core.errors import Unavailable
from wirepost.webhooks.schemes.published import AGAIN_S, KEPT_S, PER_MINUTE, Published
from wirepost.webhooks.verdict import Rejected
from wirepost.webhooks.webhook import Terms

URL = "https://keys.example.com/jwks.json"


class Place:
    """Where documents are published; counts who asks, and fails as it is told."""

    def __init__(self, **documents: str) -> None:
        self.documents, self.asked = {URL: "1", **documents}, 0
        self.failure: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self, url: str) -> bytes:
        self.asked += 1
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        if url not in self.documents:
            raise NotThere("not_found", "There is nothing at this address")
        return self.documents[url].encode()

    @property
    def terms(self) -> Terms:
        return replace(terms_with(), fetch=self.fetch)


def published() -> Published[int]:
    return Published(int, "untrusted_cert_url")


async def test_a_document_is_fetched_once_a_day() -> None:
    place, documents = Place(), published()
    for later_s in (0, 1, KEPT_S - 1):
        assert await documents.get(URL, place.terms, NOW + later_s) == 1
    assert place.asked == 1
    place.documents[URL] = "2"
    assert await documents.get(URL, place.terms, NOW + KEPT_S) == 2


async def test_those_who_come_at_once_wait_for_one_answer_even_if_the_first_leaves() -> None:
    place, documents = Place(), published()
    place.gate.clear()
    waiting = [asyncio.create_task(documents.get(URL, place.terms, NOW)) for _ in range(5)]
    await asyncio.wait(waiting, timeout=0.01)
    waiting[0].cancel()
    place.gate.set()
    assert await asyncio.gather(*waiting[1:]) == [1, 1, 1, 1]
    assert place.asked == 1


async def test_what_is_not_there_is_not_asked_for_again_at_once() -> None:
    place, documents = Place(), published()
    for later_s in (0, AGAIN_S - 1):
        with pytest.raises(Rejected, match="untrusted_cert_url"):
            await documents.get("https://keys.example.com/none", place.terms, NOW + later_s)
    assert place.asked == 1
    place.documents["https://keys.example.com/none"] = "3"
    assert await documents.get("https://keys.example.com/none", place.terms, NOW + AGAIN_S) == 3


async def test_what_cannot_be_read_is_not_there() -> None:
    place, documents = Place(), published()
    place.documents[URL] = "no number"
    with pytest.raises(Rejected, match="untrusted_cert_url"):
        await documents.get(URL, place.terms, NOW)


async def test_nothing_is_there_without_a_way_to_ask() -> None:
    with pytest.raises(Rejected, match="untrusted_cert_url"):
        await published().get(URL, replace(terms_with(), fetch=None), NOW)


async def test_while_the_place_does_not_answer_the_sender_shall_try_again() -> None:
    place, documents = Place(), published()
    place.failure = Unavailable("upstream_unavailable", "It does not answer")
    with pytest.raises(Unavailable):
        await documents.get(URL, place.terms, NOW)
    place.failure = None
    assert await documents.get(URL, place.terms, NOW) == 1  # and the next attempt is not refused


async def test_an_old_document_does_while_no_newer_one_can_be_had() -> None:
    place, documents = Place(), published()
    await documents.get(URL, place.terms, NOW)
    place.failure = Unavailable("upstream_unavailable", "It does not answer")
    assert await documents.get(URL, place.terms, NOW + KEPT_S) == 1
    place.failure, place.documents = None, {}
    assert await documents.get(URL, place.terms, NOW + 2 * KEPT_S) == 1
    assert place.asked == 3


async def test_a_newer_one_can_be_asked_for_but_not_at_each_request() -> None:
    place, documents = Place(), published()
    for later_s in (0, 1, AGAIN_S - 1):
        await documents.get(URL, place.terms, NOW + later_s, newer_than_s=AGAIN_S)
    assert place.asked == 1
    for _ in range(3):
        await documents.get(URL, place.terms, NOW + AGAIN_S, newer_than_s=AGAIN_S)
    assert place.asked == 2


async def test_many_invented_addresses_are_not_all_asked_for() -> None:
    place, documents = Place(), published()
    await documents.get(URL, place.terms, NOW)
    refused: list[str] = []
    for number in range(100):
        try:
            await documents.get(f"https://keys.example.com/{number}", place.terms, NOW)
        except Rejected:
            pass
        except Unavailable as error:
            refused.append(error.code)
    assert (place.asked, refused) == (PER_MINUTE, ["rate_limited"] * (101 - PER_MINUTE))
    assert await documents.get(URL, place.terms, NOW + 1) == 1  # what is known goes on
    place.documents["https://keys.example.com/new"] = "5"
    assert await documents.get("https://keys.example.com/new", place.terms, NOW + AGAIN_S) == 5


async def test_what_is_in_use_is_kept_when_many_others_come() -> None:
    place = Place(**{f"https://keys.example.com/{number}": "2" for number in range(200)})
    documents = published()
    for number in range(200):
        moment = NOW + number * AGAIN_S
        await documents.get(f"https://keys.example.com/{number}", place.terms, moment)
        assert await documents.get(URL, place.terms, moment) == 1
    assert place.asked == 201
