"""A request as a sender would make it, for rehearsals, and how it is brought to the running server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wirepost.core.errors import ConfigError
from wirepost.events.endpoints import path_of
from wirepost.webhooks.incoming import Incoming

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.events.endpoints import Endpoint

HERE = "http://127.0.0.1"
ANSWER_S = 15.0


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    said: Any
    """JSON where it is that, otherwise text."""


def request_of(
    endpoint: Endpoint,
    secret: str,
    clock: Clock,
    *,
    kind: str | None = None,
    changed: Mapping[str, Any] | None = None,
    address: str = HERE,
) -> Incoming:
    """A request of that type (`None`: any) with changed fields, signed now; raises `ConfigError`."""
    webhook = endpoint.webhook
    headers, body = sample_of(endpoint, kind, changed or {})
    url = endpoint.url or f"{address}{path_of(endpoint.source, endpoint.name)}"
    now = clock.now().timestamp()
    if webhook.sign is not None:
        headers = webhook.sign(headers, body, url, secret, now)
    lower = tuple((name.lower(), value) for name, value in headers.items())
    return Incoming("POST", url, lower, body, now, peer="127.0.0.1")


def kinds_of(endpoint: Endpoint) -> list[str]:
    """The types of which there is an example, ours and the sender's own."""
    known = {*endpoint.webhook.types, *endpoint.webhook.types.values()}
    return sorted(kind for kind in known if _has_sample(endpoint, kind))


def post_here(url: str, request: Incoming) -> Answer:
    """Post it there, with the query of the address that it was signed for; raises `ConfigError`."""
    place, query = urlsplit(url), urlsplit(request.url).query
    make = HTTPSConnection if place.scheme == "https" else HTTPConnection
    connection = make(place.hostname or "", place.port, timeout=ANSWER_S)
    path = f"{place.path}?{query}" if query else place.path
    try:
        connection.request("POST", path, request.body, dict(request.headers))
        response = connection.getresponse()
        return Answer(response.status, _read(response.read()))
    except (OSError, HTTPException) as error:
        raise ConfigError(f"{url} does not answer: {error}", hint="wirepost doctor server") from None
    finally:
        connection.close()


def changes_of(given: Sequence[str]) -> dict[str, Any]:
    """`path=value` of each, the value as JSON where it is that; raises `ConfigError`."""
    changed: dict[str, Any] = {}
    for each in given:
        path, sign, value = each.partition("=")
        if not sign or not path:
            raise ConfigError(f"{each[:80]!r} is no change", hint="write --set path=value")
        changed[path] = _read(value.encode())
    return changed


def sample_of(
    endpoint: Endpoint, kind: str | None, changed: Mapping[str, Any]
) -> tuple[Mapping[str, str], bytes]:
    """Headers and body before they are signed; raises `ConfigError`, which names the known types."""
    webhook = endpoint.webhook
    if webhook.sample is None:
        raise ConfigError(f"there is no example of what {webhook.title} sends")
    chosen = kind or next(iter(kinds_of(endpoint)), "")
    if kind and not _has_sample(endpoint, kind):
        known = ", ".join(kinds_of(endpoint))
        raise ConfigError(f"there is no example of {kind[:80]!r}", hint=f"there are {known}")
    try:
        return webhook.sample(chosen, changed)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _has_sample(endpoint: Endpoint, kind: str) -> bool:
    if endpoint.webhook.sample is None:
        return False
    try:
        endpoint.webhook.sample(kind, {})
    except ValueError:
        return False
    return True


def _read(content: bytes) -> Any:
    import orjson

    try:
        return orjson.loads(content)
    except ValueError:
        return content.decode("utf-8", "replace")
