"""Objects of Amazon S3: put, listed, measured, and read piece by piece.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from wirepost.core.errors import Rejected
from wirepost.upstream import faults, parts
from wirepost.upstream.aws import S3, parsed_xml, text_in
from wirepost.upstream.stream import lines_of

if TYPE_CHECKING:
    from wirepost.upstream.aws import AwsClient

PIECE = 4 * 1024 * 1024
"""Bytes of one request for a part of an object."""
PUT_S = 40.0
MOST_PAGES = 1000
"""Of a list, each of up to a thousand objects."""
_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.*)", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """An object, or where the names of several begin."""

    bucket: str
    key: str

    @classmethod
    def of(cls, uri: str) -> Place:
        """The place that `s3://bucket/key` names; raises `ValueError` for anything else."""
        found = _URI.fullmatch(uri)
        if found is None:
            raise ValueError("is no address of an object in S3")
        return cls(found[1], found[2])

    @property
    def uri(self) -> str:
        """`s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def path(self) -> str:
        """Of its address."""
        return f"/{self.bucket}/{quote(self.key, safe='/-_.~')}"


@dataclass(frozen=True)
class Stored:
    """An object that is there."""

    place: Place
    size: int
    """Bytes."""


async def put(api: AwsClient, place: Place, content: bytes, content_type: str) -> None:
    """Store an object; the same once more changes nothing, so that it may be repeated."""
    await api.ask(
        S3,
        "PUT",
        place.path,
        content=content,
        content_type=content_type,
        key=place.key,
        is_write=True,
        timeout_s=PUT_S,
    )


async def find(api: AwsClient, place: Place) -> Stored | None:
    """An object, if it is there; raises `CallError` where AWS does not tell."""
    try:
        answer = await api.ask(S3, "HEAD", place.path)
    except Rejected as error:
        if error.code == "not_found":
            return None
        raise
    return Stored(place, parts.digits(answer.headers.get("content-length")))


async def listed(api: AwsClient, begin: Place) -> list[Stored]:
    """All objects whose names begin so, by name; raises `Rejected` where the list does not end."""
    found: list[Stored] = []
    token = ""
    for _ in range(MOST_PAGES):
        query = [("list-type", "2"), ("prefix", begin.key)]
        query += [("continuation-token", token)] if token else []
        answer = await api.ask(S3, "GET", f"/{begin.bucket}", query=tuple(sorted(query)))
        root = parsed_xml(answer.body)
        if root is None:
            raise faults.not_understood(api.upstream.name)
        for each in root.iterfind("{*}Contents"):
            place = Place(begin.bucket, text_in(each, "Key"))
            found.append(Stored(place, parts.digits(text_in(each, "Size"))))
        token = text_in(root, "NextContinuationToken")
        if not token:
            return found
    raise Rejected("upstream_rejected", f"There are more objects than are listed: {begin.uri}")


async def pieces(api: AwsClient, stored: Stored) -> AsyncIterator[bytes]:
    """The content of an object, in parts that one answer can hold."""
    for start in range(0, stored.size, PIECE):
        end = min(start + PIECE, stored.size) - 1
        answer = await api.ask(S3, "GET", stored.place.path, headers={"Range": f"bytes={start}-{end}"})
        if len(answer.body) != end - start + 1:  # it is another object by now, or the range was not heard
            raise faults.not_understood(api.upstream.name)
        yield answer.body


def lines(api: AwsClient, stored: Stored) -> AsyncIterator[bytes]:
    """The lines of an object that are not empty, without their ends."""
    return lines_of(pieces(api, stored))
