"""Findings about the server: whether one runs, whether it answers, who has its port."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wirepost.cli.findings.finding import Finding, Section
from wirepost.cli.remote import Remote
from wirepost.core.errors import ConfigError
from wirepost.store.owner import DataDirectory

if TYPE_CHECKING:
    from wirepost.settings import Settings

SERVER = Section("server")
ANSWER_S = 3.0
_OK = 200


def server(settings: Settings) -> Iterator[Finding]:
    """The process of this data directory, and where it serves HTTP, or could."""
    try:
        owner = DataDirectory(settings.data_dir).find_owner()
    except ConfigError as error:
        yield SERVER.error(error.message, "whether a server runs cannot be seen", error.hint)
        return
    if owner is None:
        yield SERVER.skipped("no server runs in this data directory", "none was started", "wirepost serve")
        yield _port(settings)
        return
    yield _local(owner.pid, owner.socket, owner.started_at)
    yield _http(owner.url)


def _local(pid: int, path: str, since: str) -> Finding:
    try:
        with Remote(path) as remote:
            listed = remote.request("tools/list", {})
    except ConfigError as error:
        return SERVER.error(
            f"process {pid} owns the data directory and does not answer",
            error.message,
            f"kill {pid} && wirepost serve",
        )
    return SERVER.ok(f"process {pid} runs since {since} and offers {len(listed['tools'])} tools")


def _http(url: str | None) -> Finding:
    if url is None:
        return SERVER.skipped("HTTP is not served", "a client runs the server for itself alone")
    parts = urlsplit(url)
    health = _health(parts.hostname or "", parts.port or 0)
    if health is None:
        return SERVER.error(f"{url} does not answer", "clients reach the server there", "wirepost serve")
    return SERVER.ok(f"{url} answers as Wirepost {health.get('version')}")


def _port(settings: Settings) -> Finding:
    host, port = settings.server.host, settings.server.port
    if port == 0:
        return SERVER.ok("any free port")
    problem = _cannot_bind(host, port)
    if problem is None:
        return SERVER.ok(f"port {port} is free")
    health = _health(host, port)
    other = "a Wirepost with another data directory" if health else "another program"
    if not health and "in use" not in problem.lower():
        return SERVER.error(f"{host}:{port} cannot be used: {problem}", "clients reach the server there")
    return SERVER.error(
        f"{other} has port {port}",
        "the server cannot listen there",
        f"wirepost serve --port {port + 1}, or set server.port",
    )


def _cannot_bind(host: str, port: int) -> str | None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as endpoint:
            endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            endpoint.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return None


def _health(host: str, port: int) -> dict[str, Any] | None:
    """What `/healthz` says, if it is ours."""
    import orjson

    connection = HTTPConnection(host, port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        answer = orjson.loads(response.read(4096))
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()
    is_ours = response.status == _OK and isinstance(answer, dict) and {"status", "version"} <= answer.keys()
    return answer if is_ours else None
