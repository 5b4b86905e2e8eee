"""Requests and answers as Slack has them: arguments of any encoding, `"ok": false`, cursors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.sandbox.vendor import Request

if TYPE_CHECKING:
    from wirepost.providers.slack.sandbox.workspace import Workspace

Row = dict[str, Any]


class Refused(Exception):
    """An answer with `"ok": false`; further keys explain it."""

    def __init__(self, error: str, status: int = 200, **more: Any) -> None:
        super().__init__(error)
        self.error, self.status, self.more = error, status, more
        self.headers: dict[str, str] = {}

    @property
    def body(self) -> Row:
        """The answer."""
        return {"ok": False, "error": self.error, **self.more}


@dataclass(frozen=True)
class Token:
    """Who asks: the app's bot, or a user; and what it may."""

    user: str
    is_bot: bool
    scopes: Collection[str]

    def need(self, *any_of: str) -> None:
        """Refuse where none of these scopes is granted."""
        if not set(any_of) & set(self.scopes):
            raise Refused("missing_scope", needed=",".join(any_of), provided=",".join(sorted(self.scopes)))


@dataclass(frozen=True)
class Given:
    """One call of a method."""

    workspace: Workspace
    token: Token
    values: Row
    host: str = ""

    def text(self, name: str, default: str = "") -> str:
        """An argument as text."""
        value = self.values.get(name, default)
        return value if isinstance(value, str) else str(value)

    def whole(self, name: str, default: int) -> int:
        """An argument as a number; Slack takes anything else for the default."""
        text = self.text(name)
        return int(text) if text.isdecimal() else default

    def flag(self, name: str) -> bool:
        """An argument as yes or no."""
        return self.text(name).lower() in {"true", "1"}

    def parts(self, name: str) -> Any:
        """An argument that has parts: JSON itself, or as a text in a form."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise Refused("invalid_arguments") from None


@dataclass(frozen=True)
class Method:
    """One method of the Web API."""

    act: Callable[[Given], Row]
    per_minute: int
    takes_json: bool = False
    is_for_users: bool = False
    """Bot tokens are refused."""
    scopes: Collection[str] = field(default_factory=tuple)
    """One of them is needed."""


def arguments_of(request: Request, method: Method) -> Row:
    """Everything that was given, from the address and the body."""
    values: Row = dict(request.query)
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("application/json"):
        if not method.takes_json:
            message = "[ERROR] missing required field: channel"
            raise Refused("invalid_arguments", response_metadata={"messages": [message]})
        try:
            body = orjson.loads(request.body or b"{}")
        except orjson.JSONDecodeError:
            raise Refused("invalid_json") from None
        if not isinstance(body, dict):
            raise Refused("json_not_object")
        return {**values, **body}
    return {**values, **dict(request.form)}


def page(rows: list[Row], given: Given, default: int, most: int) -> tuple[list[Row], Row]:
    """One page of a list, and where the next one starts: an empty text at the end."""
    limit = given.whole("limit", default)
    if not 1 <= limit <= most:
        raise Refused("invalid_limit")
    size = min(limit, given.workspace.most_rows or limit)
    start = _offset(given.text("cursor"))
    end = start + size
    cursor = _cursor(end) if end < len(rows) else ""
    return rows[start:end], {"next_cursor": cursor}


def _cursor(offset: int) -> str:
    return base64.b64encode(f"next:{offset}".encode()).decode()


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except (ValueError, binascii.Error):
        raise Refused("invalid_cursor") from None
