"""What others publish is fetched from the internet only, in full or not at all."""

from __future__ import annotations

import ssl

import pytest

from support.certificates import Authority
from support.letterbox import Answer, letterbox, tls_for
from wirepost.core.errors import InvalidCall, Unavailable
from wirepost.upstream.documents import LARGEST, Documents

NAME = "keys.example.com"


async def here(host, port):
    return ["127.0.0.1"]


@pytest.fixture
async def box(tmp_path):
    authority = Authority(tmp_path)
    async with letterbox(tls_for(authority.issue(NAME))) as box:
        box.context = ssl.create_default_context(cafile=authority.certificate)
        yield box


def at_name(box):
    return f"https://{NAME}:{box.url.rpartition(':')[2]}/keys.json"


@pytest.fixture
async def documents(box):
    documents = Documents(may_be_private=True, resolve=here, context=box.context)
    yield documents
    await documents.close()


async def test_a_document_comes_as_it_is(box, documents):
    box.answers.append(Answer(body=b'{"keys": []}'))
    assert await documents.fetch(at_name(box)) == b'{"keys": []}'
    assert (box.letters[0].method, box.letters[0].path) == ("GET", "/keys.json")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(404), InvalidCall),
        (Answer(302, headers={"Location": "http://127.0.0.1/secret"}), InvalidCall),
        (Answer(body=b"x" * (LARGEST + 1)), InvalidCall),
        (Answer(503), Unavailable),
    ],
    ids=["none", "elsewhere", "too large", "not now"],
)
async def test_what_is_no_document_is_refused_and_what_may_come_later_is_told_apart(
    box, documents, answer, error
):
    box.answers.append(answer)
    with pytest.raises(error):
        await documents.fetch(at_name(box))
    assert len(box.letters) == 1


async def test_nothing_is_fetched_from_a_private_network(box):
    documents = Documents(resolve=here, context=box.context)
    with pytest.raises(InvalidCall, match="private network"):
        await documents.fetch(at_name(box))
    with pytest.raises(InvalidCall, match="begin with https"):
        await documents.fetch("http://example.com/keys")
    await documents.close()
    assert box.connections == 0


async def test_a_host_that_is_not_there_may_be_there_later(box):
    async def nowhere(host, port):
        raise OSError("no such host")

    documents = Documents(resolve=nowhere, context=box.context)
    with pytest.raises(Unavailable):
        await documents.fetch(at_name(box))
    await documents.close()
    await Documents().close()
