"""Published networks are read from dated files, and nothing else is."""

from __future__ import annotations

import re
from importlib.resources import files
from ipaddress import ip_address

import pytest

from wirepost.webhooks import addresses
from wirepost.webhooks.addresses import published

FILES = [each for each in files(addresses).iterdir() if each.name.endswith(".txt")]


@pytest.mark.parametrize(
    ("name", "count", "inside", "outside"),
    [
        ("stripe", 15, "54.187.216.72", "54.187.216.73"),
        ("github", 6, "140.82.115.43", "140.82.128.1"),
        ("github", 6, "2606:50c0::1", "2606:50c1::1"),
    ],
)
def test_networks_are_those_the_sender_names(name: str, count: int, inside: str, outside: str) -> None:
    networks = published(name)
    assert len(networks) == count
    assert any(ip_address(inside) in network for network in networks)
    assert not any(ip_address(outside) in network for network in networks)


@pytest.mark.parametrize("name", ["", "unknown", "../addresses/stripe", "stripe.txt", "/etc/hosts"])
def test_who_has_no_list_has_no_networks(name: str) -> None:
    assert published(name) == ()


@pytest.mark.parametrize("file", FILES, ids=lambda each: each.name)
def test_each_list_says_where_it_is_from_and_of_when(file) -> None:
    head = file.read_text(encoding="utf-8").split("\n")[:2]
    assert head[0].startswith("# ")
    assert re.search(r"^# Origin: https://\S+,.* \d{4}-\d\d-\d\d;", head[1])


@pytest.mark.parametrize("file", FILES, ids=lambda each: each.name)
def test_no_list_lets_everybody_in(file) -> None:
    for network in published(file.name.removesuffix(".txt")):
        assert network.is_global
        assert network.prefixlen >= (16 if network.version == 4 else 29)
