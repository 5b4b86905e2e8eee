"""Signatures of requests to AWS (Signature Version 4).

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
S3 = "s3"
"""The service whose paths are encoded once, and that wants the hash of the content in a header of its own."""
_UNRESERVED = "-_.~"
_SPACES = re.compile(r" +")


@dataclass(frozen=True)
class AwsKey:
    """An access key, and where its signatures count."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str
    service: str
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Signable:
    """A request as the service will see it; the path is written as it goes over the wire.

    Headers named here are signed and must be sent with exactly these values.
    """

    method: str
    url: str
    """Scheme, host and path."""
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)
    service: str | None = None
    """That will see it, where it is another than the key's."""


def signed(request: Signable, key: AwsKey, now: datetime) -> dict[str, str]:
    """The headers that a request needs besides its own, with its signature; `now` has a time zone."""
    service = request.service or key.service
    content_hash = hashlib.sha256(request.content).hexdigest()
    moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    added = {"X-Amz-Date": moment}
    if key.session_token is not None:
        added["X-Amz-Security-Token"] = key.session_token
    if service == S3:
        added["X-Amz-Content-Sha256"] = content_hash
    parts = urlsplit(request.url)
    folded = _folded({**request.headers, **added, "Host": parts.netloc})
    names = ";".join(folded)
    canonical = "\n".join(
        (
            request.method,
            parts.path or "/" if service == S3 else _path(parts.path),
            _query(request.query),
            *(f"{name}:{value}" for name, value in folded.items()),
            "",
            names,
            content_hash,
        )
    )
    scope = f"{moment[:8]}/{key.region}/{service}/aws4_request"
    what = f"{ALGORITHM}\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(_signing_key(key, moment[:8], service), what.encode(), "sha256").hex()
    added["Authorization"] = (
        f"{ALGORITHM} Credential={key.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return added


def _signing_key(key: AwsKey, day: str, service: str) -> bytes:
    made = f"AWS4{key.secret_access_key}".encode()
    for part in (day, key.region, service, "aws4_request"):
        made = hmac.digest(made, part.encode(), "sha256")
    return made


def _folded(headers: Mapping[str, str]) -> dict[str, str]:
    """Names in lower case and in order, values with single spaces."""
    return dict(sorted((name.lower(), _SPACES.sub(" ", value.strip())) for name, value in headers.items()))


def _path(path: str) -> str:
    """Encoded once more than it is sent, as all services but S3 want it."""
    return quote(path or "/", safe=f"/{_UNRESERVED}")


def _query(query: Sequence[tuple[str, str]]) -> str:
    encoded = sorted((quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED)) for name, value in query)
    return "&".join(f"{name}={value}" for name, value in encoded)
