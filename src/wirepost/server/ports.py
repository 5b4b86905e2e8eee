"""Binding the HTTP port, and saying who has it when it is taken."""

from __future__ import annotations

import errno
import ipaddress
import logging
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.settings import ServerSettings

BACKLOG = 2048
_LISTENING = "0A"

log = logging.getLogger(__name__)


def open_port(settings: ServerSettings, *, may_move: bool = False) -> socket.socket:
    """The socket that HTTP is served on; raises `ConfigError` saying what stands in the way.

    `may_move`: somebody who did not ask for HTTP started the server, so that another port does if the usual
    one is taken (one that was configured is always meant).
    """
    check_exposure(settings)
    try:
        return bind(settings.host, settings.port)
    except ConfigError as taken:
        if not may_move or "port" in settings.model_fields_set:
            raise
        endpoint = bind(settings.host, 0)
        log.warning("%s; HTTP is on port %d instead", taken.message, endpoint.getsockname()[1])
        return endpoint


def check_exposure(settings: ServerSettings) -> None:
    """Refuse to listen where others can reach a server that asks nobody who they are."""
    if is_loopback(settings.host):
        return
    if settings.auth.mode != "none":
        _check_address(settings)
        return
    if not settings.allow_unauthenticated:
        raise ConfigError(
            f"{settings.host} can be reached from other machines, and the server does not ask who calls",
            key="server.host",
            hint="use 127.0.0.1, or let callers show who they are: server.auth.mode static or oauth "
            "(server.allow_unauthenticated: true if something before this server asks them)",
        )
    log.warning(
        "ANYBODY WHO REACHES %s PORT %d MAY DO EVERYTHING: server.allow_unauthenticated is on",
        settings.host,
        settings.port,
    )


def _check_address(settings: ServerSettings) -> None:
    """Callers of other machines show their tokens to an address that they can trust."""
    if settings.url is None and settings.auth.mode == "oauth":
        raise ConfigError(
            "is missing: an issuer gives out tokens for the address by which callers know this server",
            key="server.url",
            hint="set it to the public address, such as https://wirepost.example.com",
        )
    if not (settings.url or "").startswith("https://"):
        log.warning("callers send their tokens unencrypted: set server.url to the https address of a proxy")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises `ConfigError` saying what stands in the way."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as problem:
        raise _refusal(host, port, problem) from None


def _refusal(host: str, port: int, problem: OSError) -> ConfigError:
    if problem.errno == errno.EADDRINUSE:
        return ConfigError(
            f"port {port} is taken by {find_listener(port) or 'another program'}",
            key="server.port",
            hint=f"stop that program, or choose another port: wirepost serve --port {port % 65535 + 1}",
        )
    if problem.errno == errno.EACCES:
        return ConfigError(
            f"this user may not listen on port {port}", key="server.port", hint="choose one above 1023"
        )
    return ConfigError(
        f"cannot listen on {host}: {problem.strerror}", key="server.host", hint="127.0.0.1 always works"
    )


def find_listener(port: int) -> str | None:
    """Name and id of the process that listens on a port, where the system lets this user see it (Linux)."""
    sockets = set(_listening_sockets(port))
    if not sockets:
        return None
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and _holds(process, sockets):
            try:
                name = (process / "comm").read_text().strip()
            except OSError:
                name = "a program"
            return f"{name} (process {process.name})"
    return None


def _listening_sockets(port: int) -> list[str]:
    found = []
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        try:
            rows = table.read_text().splitlines()[1:]
        except OSError:
            continue
        fields = [row.split() for row in rows]
        found += [
            f"socket:[{row[9]}]" for row in fields if row[3] == _LISTENING and row[1].endswith(f":{port:04X}")
        ]
    return found


def _holds(process: Path, sockets: set[str]) -> bool:
    try:
        return any(str(descriptor.readlink()) in sockets for descriptor in (process / "fd").iterdir())
    except OSError:
        return False
