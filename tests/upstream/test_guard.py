"""Addresses that others gave: checked where they lead when they are connected to, not how they look."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.certificates import Authority
from support.clock import ManualClock
from support.letterbox import Answer, Letterbox, letterbox, tls_for
from wirepost.core.clock import Clock
from wirepost.upstream.guard import AddressRefused, NoAnswer, Poster, check_address, check_url

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


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "https://user:password@hooks.example.com/",
        "https://user@hooks.example.com/",
        "https://hooks.example.com/#part",
        "https:///path",
        "https://[::1",
        "https://hooks.example.com:99999/",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nHost: x",
        "https://hööks.example.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data/",
        "hooks.example.com",
        "",
    ],
)
def test_an_address_is_refused_by_how_it_is_written(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "localhost"])
async def test_other_spellings_of_this_machine_are_seen_through(host: str) -> None:
    async with letterbox() as box:
        port = box.url.rpartition(":")[2]
        with pytest.raises((AddressRefused, NoAnswer)):
            await Poster(Clock()).post(f"https://{host}:{port}/", b"", {}, 5)
        assert box.connections == 0


# Ranges: https://www.iana.org/assignments/iana-ipv4-special-registry and …-ipv6-special-registry.
@pytest.mark.parametrize(
    "address",
    [
        *("10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "127.0.0.1", "100.64.0.1", "198.18.0.1"),
        *("192.0.2.1", "203.0.113.9", "::1", "fc00::1", "fec0::1", "2001:db8::1"),
        *("::ffff:10.0.0.1", "2002:a00:1::", "64:ff9b::10.0.0.1"),
    ],
)
def test_private_networks_are_for_those_who_may(address: str) -> None:
    with pytest.raises(AddressRefused):
        check_address(ip_address(address), may_be_private=False)
    check_address(ip_address(address), may_be_private=True)


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
        *("fe80::1", "fd00:ec2::254", "0.0.0.1", "255.255.255.255", "224.0.0.1", "ff02::1", "::"),
        *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "::169.254.169.254"),
    ],
)
def test_what_tells_a_machines_credentials_is_for_nobody(address: str) -> None:
    for may_be_private in (True, False):
        with pytest.raises(AddressRefused, match="nobody"):
            check_address(ip_address(address), may_be_private=may_be_private)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_the_internet_is_for_everybody(address: str) -> None:
    check_address(ip_address(address), may_be_private=False)


@given(st.text())
def test_whatever_is_given_is_refused_or_begins_with_https(url: str) -> None:
    try:
        check_url(url)
    except AddressRefused:
        return
    assert url.startswith("https://")
