"""Addresses that others gave: which nobody may be sent to, however they are written."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.letterbox import letterbox
from wirepost.core.clock import Clock
from wirepost.upstream.guard import AddressRefused, NoAnswer, Poster, check_address, check_url


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
        *("::ffff:10.0.0.1", "2002:a00:1::", "64:ff9b::10.0.0.1", "64:ff9b:1::7f00:1"),
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
