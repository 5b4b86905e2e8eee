"""Who gets in by what is known without the body, counted in bounded memory."""

from __future__ import annotations

import ipaddress

import pytest

from support.receiving import receiving, settings_of
from wirepost.events.admit import Peer

NETWORKS = [ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8::/32")]


@pytest.fixture
def made(clock, tmp_path):
    """Makes an endpoint with these options, and the admission that guards it."""

    def make(**options):
        settings = settings_of(tmp_path, {"stripe": {"default": options}})
        there = receiving(None, clock, settings, published=lambda name: NETWORKS if name == "stripe" else ())
        admission, endpoint = there.receiver.admission, there.endpoint()

        def refuse(address, length=None):
            found = admission.refuse(endpoint, "POST", length, Peer(address, is_secure=True))
            return found and found.status

        return refuse

    return make


@pytest.mark.parametrize("address", ["192.0.2.9", "::ffff:192.0.2.9", "2001:db8::7", "198.51.100.1"])
def test_published_and_named_networks_are_let_in(made, address):
    assert made(allow_from=["published", "198.51.100.1"])(address) is None


@pytest.mark.parametrize("address", ["192.0.3.1", "unknown", "", "2001:db9::1", "192.0.2.9, 192.0.2.1"])
def test_nobody_else_is(made, address):
    assert made(allow_from=["published"])(address) == 403


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        ("1048576", None),
        ("1048577", 413),
        ("+1", 413),
        ("1_0", 413),
        ("９", 413),
        ("9" * 400, 413),
        ("", 413),
    ],
)
def test_a_length_is_ascii_digits_within_the_limit(made, length, expected):
    assert made()("203.0.113.1", length) == expected


def test_a_network_of_one_household_is_counted_as_one_and_this_machine_is_not(made):
    refuse = made()
    assert [refuse(f"2001:db8::{n:x}") for n in range(201)][-1] == 429
    assert refuse("2001:db8:0:1::1") is None
    assert {refuse("127.0.0.1") for _ in range(300)} == {None}


def test_those_whose_address_cannot_be_read_are_counted_too(made):
    refuse = made()
    assert [refuse("_hidden") for _ in range(201)][-1] == 429
