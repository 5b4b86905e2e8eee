"""A request as a sender would make it, for rehearsals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wirepost.core.errors import ConfigError
from wirepost.events.endpoints import path_of
from wirepost.webhooks.incoming import Incoming

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.events.endpoints import Endpoint

HERE = "http://127.0.0.1"


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
    if webhook.sample is None:
        raise ConfigError(f"there is no example of what {webhook.title} sends")
    try:
        headers, body = webhook.sample(kind or next(iter(webhook.types)), changed or {})
    except ValueError as error:
        raise ConfigError(str(error)) from None
    url = endpoint.url or f"{address}{path_of(endpoint.source, endpoint.name)}"
    now = clock.now().timestamp()
    if webhook.sign is not None:
        headers = webhook.sign(headers, body, url, secret, now)
    lower = tuple((name.lower(), value) for name, value in headers.items())
    return Incoming("POST", url, lower, body, now, peer="127.0.0.1")
