"""The whole configuration as a model."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from wirepost.settings import ServerSettings, Settings
from wirepost.settings.connections import default_connections


def test_settings_do_not_change_once_read() -> None:
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.read_only = True  # type: ignore[misc]


@pytest.mark.parametrize(
    ("server", "address"),
    [
        (ServerSettings(), "http://127.0.0.1:8484"),
        (ServerSettings(host="0.0.0.0", port=1), "http://127.0.0.1:1"),  # noqa: S104 - not bound
        (ServerSettings(host="::1"), "http://[::1]:8484"),
        (ServerSettings(url="https://w.example.com/"), "https://w.example.com"),
        (ServerSettings(url="https://W.Example.com:443/Sub/"), "https://w.example.com/Sub"),
        (ServerSettings(url="http://w.example.com:80"), "http://w.example.com"),
        (ServerSettings(url="https://w.example.com:80"), "https://w.example.com:80"),
        (ServerSettings(url="https://[2001:DB8::1]:8443"), "https://[2001:db8::1]:8443"),
    ],
)
def test_a_server_knows_where_it_is_reached(server: ServerSettings, address: str) -> None:
    assert server.address == address


@pytest.mark.parametrize("url", ["w.example.com", "https://u:p@w.example.com", "https://w.example.com?x=1"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="must be an address such as"):
        ServerSettings(url=url)


def test_no_connections_at_all_means_the_sandbox() -> None:
    assert list(Settings(connections={}).connections) == list(default_connections())
