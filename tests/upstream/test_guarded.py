"""A name is connected to at the address that was checked, and at no other."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from support.certificates import Authority
from support.clock import ManualClock
from support.letterbox import Answer, Letterbox, letterbox, tls_for
from wirepost.core.clock import Clock
from wirepost.upstream.guard import AddressRefused, NoAnswer, Poster

NAME = "hooks.example.com"


class Names:
    """Says what it is told for every name, and counts how often it was asked."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked = answers, 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        if not self.answers:
            raise OSError("no such host")
        return self.answers


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def box(authority: Authority) -> AsyncIterator[Letterbox]:
    async with letterbox(tls_for(authority.issue(NAME))) as box:
        yield box


def poster(authority: Authority, names: Names | None = None, *, may_be_private: bool = True) -> Poster:
    context = ssl.create_default_context(cafile=authority.certificate)
    return Poster(ManualClock(), may_be_private=may_be_private, resolve=names, context=context)


def at_name(box: Letterbox, path: str = "/inbox") -> str:
    return f"https://{NAME}:{box.url.rpartition(':')[2]}{path}"


async def test_the_checked_address_is_connected_to_under_the_name_that_was_given(
    authority: Authority, box: Letterbox
) -> None:
    names = Names("127.0.0.1")
    posting = poster(authority, names)
    said = await posting.post(at_name(box, "/a?b=c"), b"hello", {"content-type": "text/plain"}, 5)
    assert said.status == 200
    (letter,) = box.letters
    assert (letter.method, letter.path, letter.body) == ("POST", "/a?b=c", b"hello")
    assert letter.headers["host"] == at_name(box, "").removeprefix("https://")
    assert names.asked == 1, "what is looked up twice may be another address the second time"
    await posting.close()


async def test_the_certificate_must_be_for_the_name(authority: Authority) -> None:
    async with letterbox(tls_for(authority.issue("others.example.com"))) as box:
        posting = poster(authority, Names("127.0.0.1"))
        with pytest.raises(NoAnswer, match="untrusted certificate"):
            await posting.post(at_name(box), b"", {}, 5)
        assert box.letters == []
        await posting.close()


async def test_a_connection_to_one_name_serves_no_other(authority: Authority, box: Letterbox) -> None:
    posting = poster(authority, Names("127.0.0.1"))
    await posting.post(at_name(box), b"", {}, 5)
    with pytest.raises(NoAnswer, match="untrusted"):
        await posting.post(at_name(box).replace(NAME, "other.example.com"), b"", {}, 5)
    assert len(box.letters) == 1
    await posting.close()


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["93.184.216.34", "10.0.0.5"], ["::ffff:192.168.1.1"]])
async def test_a_name_that_leads_into_a_private_network_is_refused(
    authority: Authority, box: Letterbox, answers: list[str]
) -> None:
    posting = poster(authority, Names(*answers), may_be_private=False)
    with pytest.raises(AddressRefused, match="private network"):
        await posting.post(at_name(box), b"", {}, 5)
    assert box.connections == 0
    await posting.close()


async def test_a_name_that_changes_its_address_is_checked_each_time(
    authority: Authority, box: Letterbox
) -> None:
    names = Names("127.0.0.1")
    posting = poster(authority, names)
    await posting.post(at_name(box), b"", {}, 5)
    names.answers = ("169.254.169.254",)
    with pytest.raises(AddressRefused, match="nobody"):
        await posting.post(at_name(box), b"", {}, 5)
    await posting.close()


async def test_a_redirect_is_an_answer_and_is_not_followed(authority: Authority, box: Letterbox) -> None:
    box.answers.append(Answer(307, headers={"Location": "/elsewhere"}))
    posting = poster(authority, Names("127.0.0.1"))
    assert (await posting.post(at_name(box), b"x", {}, 5)).status == 307
    assert [letter.path for letter in box.letters] == ["/inbox"]
    await posting.close()


async def test_an_answer_is_read_up_to_its_first_bytes(authority: Authority, box: Letterbox) -> None:
    box.answers.append(Answer(200, b"a" * 5_000_000, {"Set-Cookie": "a=b", "Retry-After": "7"}))
    posting = poster(authority, Names("127.0.0.1"))
    said = await posting.post(at_name(box), b"", {}, 5)
    assert said.body == b"a" * 4096
    assert said.retry_after_s == 7
    box.answers.append(Answer(200, b"short"))
    assert (await posting.post(at_name(box), b"", {}, 5)).body == b"short"
    assert "cookie" not in box.letters[1].headers
    await posting.close()


async def test_who_says_nothing_is_left_after_the_time(authority: Authority, box: Letterbox) -> None:
    box.answers.append(Answer(hangs=True))
    posting = poster(authority, Names("127.0.0.1"))
    with pytest.raises(NoAnswer, match="timeout"):
        await posting.post(at_name(box), b"", {}, 0.2)
    await posting.close()


async def test_a_name_without_address_and_a_closed_port_cannot_be_reached(authority: Authority) -> None:
    async with letterbox() as gone:
        address = gone.url.replace("http:", "https:")
    for names, url in ((Names(), f"https://{NAME}/"), (Names("127.0.0.1", "::1"), address)):
        posting = poster(authority, names)
        with pytest.raises(NoAnswer, match="unreachable"):
            await posting.post(url, b"", {}, 5)
        await posting.close()


async def test_of_several_addresses_the_first_that_answers_is_taken(
    authority: Authority, box: Letterbox
) -> None:
    posting = poster(authority, Names("127.0.0.2", "127.0.0.1"))
    await posting.post(at_name(box), b"hello", {}, 5)
    assert box.letters[0].body == b"hello"
    await posting.close()


async def test_a_name_that_is_known_and_has_no_address_cannot_be_reached(authority: Authority) -> None:
    async def nowhere(host: str, port: int) -> Sequence[str]:
        return []

    context = ssl.create_default_context(cafile=authority.certificate)
    posting = Poster(ManualClock(), may_be_private=True, resolve=nowhere, context=context)
    with pytest.raises(NoAnswer, match="unreachable"):
        await posting.post(f"https://{NAME}/", b"", {}, 5)
    await posting.close()


async def test_what_was_never_used_needs_no_closing(authority: Authority) -> None:
    posting = poster(authority, may_be_private=False)
    await posting.close()
    with pytest.raises(AddressRefused):
        await posting.post("http://hooks.example.com/", b"", {}, 5)


async def test_plain_http_goes_to_this_machine_only_and_only_where_that_is_allowed() -> None:
    async with letterbox() as box:
        here = Poster(Clock(), may_be_private=True)
        assert (await here.post(box.url, b"", {}, 5)).status == 200
        await here.close()
        there = Poster(Clock(), may_be_private=True, resolve=Names("10.0.0.1"))
        with pytest.raises(AddressRefused, match="https"):
            await there.post("http://intranet.example.com/", b"", {}, 5)
        with pytest.raises(AddressRefused, match="https"):
            await Poster(Clock()).post(box.url, b"", {}, 5)
        await there.close()
