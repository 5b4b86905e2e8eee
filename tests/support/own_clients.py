"""What vendors' own clients have sent for the operations that we use.

They are in `tests/providers/<vendor>/recorded/operations.json`, each recorded from the client that is named
there, on a server of ours on this machine; keys are made up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email import message_from_bytes
from pathlib import Path
from typing import Any

import httpx2

PROVIDERS = Path(__file__).resolve().parent.parent / "providers"
_MADE_UP = re.compile(r"\b(?:batch|resp|file)[_-](?:sandbox\d+|none)\b|\b0{10,}\d+\b")


def sent_by_client(vendor: str) -> dict[str, dict[str, Any]]:
    """Operation → the request of the vendor's own client, ids of what it is about left out."""
    path = PROVIDERS / vendor / "recorded" / "operations.json"
    rows = json.loads(_MADE_UP.sub(r"ID", path.read_text(encoding="utf-8")))["requests"]
    return {
        each["operation"]: _needed(each["method"], each["path"], each["headers"], each["body"])
        for each in rows
    }


def sent_by_us(request: httpx2.Request) -> dict[str, Any]:
    """One of our requests in the same form."""
    kind, body = request.headers.get("content-type", ""), request.content
    read: Any = json.loads(body) if body and kind == "application/json" else None
    if kind.startswith("multipart/form-data"):
        form = message_from_bytes(f"content-type: {kind}\r\n\r\n".encode() + body)
        read = {"parts": [_part(each) for each in form.get_payload()]}
    path = request.url.raw_path.decode()
    told = _needed(request.method, path, dict(request.headers), read)
    return dict(json.loads(_MADE_UP.sub(r"ID", json.dumps(told))))


def _part(part: Any) -> dict[str, Any]:
    return {
        "name": part.get_param("name", header="content-disposition"),
        "filename": part.get_filename(),
        "content-type": part.get("content-type"),
        "content": part.get_payload(),
    }


def _signed(headers: Mapping[str, str]) -> str:
    """The scheme of `authorization`, or else the header that holds the key."""
    if "authorization" in headers:
        return headers["authorization"].partition(" ")[0]
    return next(name for name in ("x-api-key", "x-goog-api-key") if headers.get(name))


def _needed(method: str, path: str, headers: Mapping[str, str], body: Any) -> dict[str, Any]:
    """Method, path, how it is signed, the version, the body and its type without its boundary."""
    kind = headers.get("content-type") if body is not None else None
    return {
        "method": method,
        "path": path,
        "signed": _signed(headers),
        "version": headers.get("anthropic-version"),
        "type": kind and kind.partition(";")[0],
        "body": body,
    }
