"""The running server of a data directory, asked over its local socket in plain MCP."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Mapping
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self

from wirepost.core.errors import ConfigError

PROTOCOL = "2025-11-25"
TIMEOUT_S = 60.0
"""Longer than any tool call takes."""


class Remote:
    """One MCP connection; the SDK's client would take longer to load than most calls take."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(TIMEOUT_S)
        try:
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise ConfigError(
                f"the running server does not answer: {os.strerror(error.errno or 0)}",
                file=path,
                hint="stop it and start it again; wirepost doctor shows its process",
            ) from None
        self._lines = self._socket.makefile("rb")
        self._last_id = 0
        self._report: Callable[[Mapping[str, Any]], None] | None = None
        self._greet()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._socket.close()

    def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any],
        report: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> tuple[dict[str, Any], bool]:
        """The envelope of one tool call, and whether it is an error; `report` hears of progress."""
        self._report = report
        parameters: dict[str, Any] = {"name": name, "arguments": dict(arguments)}
        if report:
            parameters["_meta"] = {"progressToken": 1}
        result = self.request("tools/call", parameters)
        return dict(result["structuredContent"]), bool(result.get("isError"))

    def request(self, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The result of one request; raises `ConfigError` when the server refuses it or goes away."""
        self._last_id += 1
        self._send({"id": self._last_id, "method": method, "params": parameters})
        while True:
            message = self._receive()
            if message.get("method") == "notifications/progress" and self._report:
                self._report(message.get("params") or {})
            if message.get("id") == self._last_id and "method" not in message:
                break
            if message.get("id") is None and "error" in message:  # a line that the server could not read
                break
        if "error" in message:
            raise ConfigError(f"the running server refused {method}: {message['error'].get('message')}")
        return dict(message["result"])

    def _greet(self) -> None:
        client = {"name": "wirepost-cli", "version": version("wirepost")}
        self.request("initialize", {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client})
        self._send({"method": "notifications/initialized"})

    def _send(self, message: Mapping[str, Any]) -> None:
        try:
            self._socket.sendall(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        except OSError:
            raise _gone() from None

    def _receive(self) -> dict[str, Any]:
        try:
            line = self._lines.readline()
        except OSError:
            raise _gone() from None
        if not line:
            raise _gone()
        message = json.loads(line)
        return message if isinstance(message, dict) else {}


def _gone() -> ConfigError:
    return ConfigError(
        "the running server ended the connection",
        hint="the call may have been carried out: repeat it with the same intent, or see wirepost audit list",
    )
