"""Who sends: what proxies say counts only as far as they are trusted, and only from the right."""

from __future__ import annotations

import pytest

from wirepost.server.peers import Peers


def scope(client, *headers, scheme="http"):
    pairs = [(name.encode(), value.encode()) for name, value in headers]
    return {"type": "http", "client": (client, 1) if client else None, "headers": pairs, "scheme": scheme}


FORWARDED = "x-forwarded-for"


@pytest.mark.parametrize(
    ("client", "lines", "expected"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # not a proxy of ours: hearsay
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),  # the left-most may be written by anybody
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1, 10.9.9.9"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["[2001:db8::1]:443"], "2001:db8::1"),
        ("10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, unknown"], "unknown"),
        ("10.0.0.1", ["198.51.100.1, _hidden, 10.0.0.2"], "_hidden"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    ],
)
def test_the_first_untrusted_address_from_the_right_is_the_sender(client, lines, expected):
    peers = Peers(["10.0.0.0/8"])
    assert peers.of(scope(client, *((FORWARDED, line) for line in lines))).address == expected


@pytest.mark.parametrize(
    ("client", "headers", "scheme", "expected"),
    [
        ("203.0.113.9", [], "http", False),
        ("203.0.113.9", [], "https", True),
        ("203.0.113.9", [("x-forwarded-proto", "https")], "http", False),
        ("127.0.0.1", [], "http", True),
        ("::1", [], "http", True),
        ("10.0.0.1", [("x-forwarded-proto", "https")], "http", True),
        ("10.0.0.1", [("x-forwarded-proto", "https, http")], "http", False),
        ("10.0.0.1", [], "http", True),
    ],
)
def test_plain_http_is_secure_only_within_this_machine_or_behind_a_trusted_proxy(
    client, headers, scheme, expected
):
    assert Peers(["10.0.0.0/8"]).of(scope(client, *headers, scheme=scheme)).is_secure is expected


def test_the_address_of_the_server_is_taken_from_a_trusted_proxy_alone():
    peers = Peers(["10.0.0.0/8"])
    headers = [
        ("host", "inner:8484"),
        ("x-forwarded-host", "hooks.example.com"),
        ("x-forwarded-proto", "https"),
    ]
    for client, expected in (("10.0.0.1", "https://hooks.example.com"), ("203.0.113.9", "http://inner:8484")):
        given = scope(client, *headers)
        assert peers.origin_of(given, peers.of(given)) == expected
