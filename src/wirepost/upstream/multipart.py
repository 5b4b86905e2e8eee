"""`multipart()`: a form with a file in it (RFC 7578)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wirepost.core.ids import new_id


@dataclass(frozen=True)
class FilePart:
    """A file of a form; none of the three texts may have quotes or line breaks."""

    field: str
    name: str
    content_type: str
    content: bytes


def multipart(fields: Mapping[str, str], file: FilePart) -> tuple[bytes, str]:
    """The body and its content type."""
    boundary = new_id("part")
    body = bytearray()
    for name, value in fields.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        body += head.encode() + value.encode() + b"\r\n"
    disposition = f'Content-Disposition: form-data; name="{file.field}"; filename="{file.name}"'
    body += f"--{boundary}\r\n{disposition}\r\nContent-Type: {file.content_type}\r\n\r\n".encode()
    body += file.content + f"\r\n--{boundary}--\r\n".encode()
    return bytes(body), f"multipart/form-data; boundary={boundary}"
