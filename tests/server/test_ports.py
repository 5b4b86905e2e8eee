"""Binding the port, and saying what stands in the way."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from wirepost.core.errors import ConfigError
from wirepost.server.ports import bind, check_exposure, find_listener, is_loopback, open_port
from wirepost.settings import ServerSettings


def test_port_zero_is_any_free_one():
    with bind("127.0.0.1", 0) as endpoint:
        assert endpoint.getsockname()[1] > 0


def test_a_taken_port_is_refused_with_who_has_it_and_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError) as refused:
            bind("127.0.0.1", port)
    error = refused.value
    assert error.key == "server.port"
    assert f"port {port} is taken by " in error.message
    if sys.platform == "linux":
        assert f"(process {os.getpid()})" in error.message
    assert f"wirepost serve --port {port + 1}" in error.hint


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(ConfigError) as refused:
        bind("192.0.2.1", 0)
    assert refused.value.key == "server.host"


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux tells")
def test_nobody_listens_on_a_free_port():
    with socket.create_server(("127.0.0.1", 0)) as endpoint:
        port = endpoint.getsockname()[1]
    assert find_listener(port) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "localhost", "::1"])
def test_loopback_addresses_are_not_exposed(host):
    assert is_loopback(host)
    check_exposure(ServerSettings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", ""])  # noqa: S104 - must be refused
def test_an_exposed_server_refuses_to_start_while_it_asks_nobody_who_they_are(host):
    assert not is_loopback(host)
    with pytest.raises(ConfigError) as refused:
        check_exposure(ServerSettings.model_construct(host=host, port=8484, allow_unauthenticated=False))
    assert refused.value.key == "server.host"
    assert "server.allow_unauthenticated" in refused.value.hint


def test_an_exposed_server_starts_when_told_so_and_says_it_loudly(caplog):
    check_exposure(ServerSettings(host="0.0.0.0", allow_unauthenticated=True))  # noqa: S104 - the point of the test
    assert "ANYBODY WHO REACHES 0.0.0.0" in caplog.text


def test_a_server_that_nobody_asked_for_http_moves_to_another_port_unless_one_was_configured(caplog):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        usual = ServerSettings.model_construct(_fields_set=set(), host="127.0.0.1", port=port)
        with open_port(usual, may_move=True) as endpoint:
            assert endpoint.getsockname()[1] != port
        assert f"port {port} is taken" in caplog.text
        for settings, may_move in ((usual, False), (ServerSettings(port=port), True)):
            with pytest.raises(ConfigError):
                open_port(settings, may_move=may_move)


def test_a_server_that_asks_who_calls_may_be_reached(caplog) -> None:
    check_exposure(
        ServerSettings(host="192.0.2.1", auth={"mode": "static"}, url="https://wirepost.example.com")
    )
    assert caplog.text == ""
    check_exposure(ServerSettings(host="192.0.2.1", auth={"mode": "static"}))
    assert "unencrypted" in caplog.text


def test_an_issuer_needs_to_know_the_public_address() -> None:
    with pytest.raises(ConfigError) as refused:
        check_exposure(
            ServerSettings(host="192.0.2.1", auth={"mode": "oauth", "issuer": "https://login.example.com"})
        )
    assert refused.value.key == "server.url"
