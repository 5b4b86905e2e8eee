"""`HttpSink`: a signed request (Standard Webhooks) with the event, or with a text of the operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import orjson

from wirepost import __version__
from wirepost.core.errors import ConfigError
from wirepost.notifications.outgoing import PLACE
from wirepost.notifications.sinks.sink import Refused, Sent, Sink, TryAgain, verdict
from wirepost.upstream.guard import AddressRefused, NoAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wirepost.core.clock import Clock
    from wirepost.notifications.outgoing import Outgoing
    from wirepost.secrets.resolve import Secrets
    from wirepost.settings import events as options
    from wirepost.upstream.guard import Poster, Said

USER_AGENT = f"wirepost/{__version__}"
CLOUD_EVENT, PLAIN = "application/cloudevents+json; charset=utf-8", "text/plain; charset=utf-8"
BACK_OFF_S = (30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0)
"""Waits after the first, second, … attempt that failed."""
CONCURRENCY = 8


class HttpSink(Sink):
    """Posts to one address."""

    kind: ClassVar[str] = "http"
    starts_models: ClassVar[bool] = True  # what stands behind an address is not known
    attempts: ClassVar[int | None] = len(BACK_OFF_S) + 1

    def __init__(
        self, name: str, settings: options.HttpSink, secrets: Secrets, poster: Poster, clock: Clock
    ) -> None:
        super().__init__(name, timeout_s=settings.timeout_s, concurrency=CONCURRENCY)
        self._settings, self._secrets, self._poster, self._clock = settings, secrets, poster, clock

    async def send(self, outgoing: Outgoing) -> Sent:
        """Post it; raises what a sink does."""
        from wirepost.webhooks.schemes.standard import sign_standard

        headers = {"content-type": CLOUD_EVENT, "user-agent": USER_AGENT}
        given = {name.lower(): value for name, value in outgoing.headers(self._settings.headers).items()}
        if self._settings.body is None:
            body = outgoing.cloud_event()
        else:
            is_json = is_json_text(self._settings.body, given.get("content-type", ""))
            headers["content-type"] = "application/json" if is_json else PLAIN
            body = outgoing.filled(self._settings.body, is_json=is_json).encode()
        try:
            secret = await self._secrets.resolve(self._settings.secret)
            signed = sign_standard(secret, outgoing.message_id, self._clock.now().timestamp(), body)
        except (ConfigError, ValueError):
            raise TryAgain("the secret that signs cannot be used") from None
        said = await posted(
            self._poster, self._settings.url, body, {**headers, **given, **signed}, self.timeout_s
        )
        return verdict(said.status, said.retry_after_s)


def is_json_text(template: str, content_type: str) -> bool:
    """Whether what is put into a text has to be escaped as in JSON."""
    if content_type:
        return "json" in content_type
    try:
        return isinstance(orjson.loads(PLACE.sub("0", template)), dict | list)
    except orjson.JSONDecodeError:
        return False


async def posted(poster: Poster, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Said:
    """What was answered; raises `TryAgain` and `Refused`."""
    try:
        return await poster.post(url, body, headers, timeout_s)
    except NoAnswer as error:
        raise TryAgain(str(error), is_silent=True) from None
    except AddressRefused as error:
        raise Refused(f"the address is refused: {error}") from None
