"""`HmacScheme`: a digest with a shared secret over parts of the request; and the senders that use one."""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hmac import digest
from typing import Literal

import orjson

from wirepost.core.times import from_epoch
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.checks import (
    Unit,
    check_window,
    find_secret,
    is_among,
    key_bytes,
    latin,
    read_time,
)
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Terms

_PLACES = re.compile(r"\{(body|timestamp|method|url|header:[A-Za-z0-9-]+)\}")
_SHAPES = {"hex": re.compile(r"[0-9A-Fa-f]+"), "base64": re.compile(r"[A-Za-z0-9+/]+={0,2}")}


@dataclass(frozen=True)
class HmacScheme:
    """A signature in a header."""

    name: str
    headers: tuple[str, ...]
    """Where it stands; of several the first that is there."""
    signed: str = "{body}"
    """What is signed, with `{body}`, `{timestamp}`, `{method}`, `{url}`, `{header:Name}`."""
    prefix: str = ""
    encoding: Literal["hex", "base64"] = "hex"
    algorithm: str = "sha256"
    format: Literal["plain", "t=,v1="] = "plain"
    """plain: one signature; t=,v1=: a time and signatures, of which one must fit."""
    time_header: str | None = None
    time_unit: Unit = "s"
    time_member: str | None = None
    """Member of the JSON body with the time, where it is not in a header."""
    is_id_signed: bool = False

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`."""
        time, offered = self._offered(request)
        at = None if time is None else read_time(time, self.time_unit)
        parts = self._parts_of(request, time)

        def fits(secret: str) -> bool:
            return is_among(self._digest(secret, parts), offered)

        secret = await find_secret(terms, fits, len(request.body))
        if self.time_member is not None:
            at = self._time_in(request.body)
        if at is not None:
            check_window(at, request.now, terms.tolerance_s)
        return Verified("signature", self.name, secret.label, at, is_id_signed=self.is_id_signed)

    def sign(
        self, headers: Mapping[str, str], body: bytes, url: str, secret: str, at: float
    ) -> Mapping[str, str]:
        """The headers with a signature, as the sender makes it at that time (seconds since 1970)."""
        time = _written(at, self.time_unit) if self._is_timed else None
        if self.time_header is not None:
            headers = {**headers, self.time_header: str(time)}
        plain = tuple((name.lower(), value) for name, value in headers.items())
        request = Incoming("POST", url, plain, body, at)
        signature = self._digest(secret, self._parts_of(request, time)).decode()
        value = self.prefix + signature if self.format == "plain" else f"t={time},v1={signature}"
        return {**headers, self.headers[0]: value}

    @property
    def _is_timed(self) -> bool:
        return self.format != "plain" or self.time_header is not None

    def _offered(self, request: Incoming) -> tuple[str | None, Sequence[bytes]]:
        """The time as it is written, and the signatures."""
        value = self._header(request)
        if self.format != "plain":
            return _read_list(value)
        if not value.startswith(self.prefix):
            raise Rejected("malformed_header", self.headers[0])
        signature = value[len(self.prefix) :]
        if not _SHAPES[self.encoding].fullmatch(signature):
            raise Rejected("malformed_header", self.headers[0])
        if self.encoding == "hex":
            signature = signature.lower()
        time = None if self.time_header is None else request.required(self.time_header)
        return time, [signature.encode()]

    def _header(self, request: Incoming) -> str:
        for name in self.headers:
            if request.header(name):
                return request.required(name)
        raise Rejected("missing_header", self.headers[0])

    @cached_property
    def _places(self) -> tuple[tuple[bytes, str], ...]:
        """Text and the place behind it, in turn."""
        texts = [text.encode() for text in _PLACES.split(self.signed)[::2]]
        places = [*_PLACES.findall(self.signed), ""]
        return tuple(zip(texts, places, strict=True))

    def _parts_of(self, request: Incoming, time: str | None) -> Sequence[bytes]:
        parts = []
        for text, place in self._places:
            if text:
                parts.append(text)
            if place == "body":
                parts.append(request.body)
            elif place == "timestamp":
                parts.append(latin(time or ""))
            elif place:
                parts.append(latin(_found(request, place)))
        return parts

    def _digest(self, secret: str, parts: Sequence[bytes]) -> bytes:
        content = parts[0] if len(parts) == 1 else b"".join(parts)
        raw = digest(key_bytes(secret), content, self.algorithm)
        return raw.hex().encode() if self.encoding == "hex" else b2a_base64(raw, newline=False)

    def _time_in(self, body: bytes) -> float:
        try:
            value = orjson.loads(body)[self.time_member]
        except (ValueError, LookupError, TypeError):
            raise Rejected("malformed_body") from None
        if type(value) is not int:
            raise Rejected("bad_timestamp")
        return read_time(str(value), self.time_unit)


def _found(request: Incoming, place: str) -> str:
    if place == "method":
        return request.method
    return request.url if place == "url" else request.required(place.removeprefix("header:").lower())


def _read_list(value: str) -> tuple[str, Sequence[bytes]]:
    """Time and signatures of `t=…,v1=…,v1=…`; other members are ignored, a second time is not."""
    pairs = [entry.strip(" ").partition("=") for entry in value.split(",")]
    times = [text for name, _, text in pairs if name == "t"]
    if len(times) != 1 or not times[0]:
        raise Rejected("malformed_header")
    offered = [latin(text) for name, _, text in pairs if name == "v1"]
    if not offered:
        raise Rejected("no_supported_scheme")
    return times[0], offered


def _written(at: float, unit: Unit) -> str:
    if unit == "iso":
        return from_epoch(at)
    return str(int(at * 1000) if unit == "ms" else int(at))


STRIPE = HmacScheme(
    "stripe-v1", ("stripe-signature",), "{timestamp}.{body}", format="t=,v1=", is_id_signed=True
)
GITHUB = HmacScheme("github-sha256", ("x-hub-signature-256",), prefix="sha256=")
META = HmacScheme("meta-sha256", ("x-hub-signature-256",), prefix="sha256=", is_id_signed=True)
SLACK = HmacScheme(
    "slack-v0",
    ("x-slack-signature",),
    "v0:{timestamp}:{body}",
    prefix="v0=",
    time_header="x-slack-request-timestamp",
    is_id_signed=True,
)
ZOOM = HmacScheme(
    "zoom-v0",
    ("x-zm-signature",),
    "v0:{timestamp}:{body}",
    prefix="v0=",
    time_header="x-zm-request-timestamp",
    is_id_signed=True,
)
SHOPIFY = HmacScheme("shopify-sha256", ("x-shopify-hmac-sha256", "shopify-hmac-sha256"), encoding="base64")
TWITTER = HmacScheme(
    "twitter-sha256",
    ("x-twitter-webhooks-signature",),
    prefix="sha256=",
    encoding="base64",
    is_id_signed=True,
)
LINEAR = HmacScheme("linear-sha256", ("linear-signature",), time_member="webhookTimestamp", time_unit="ms")
SQUARE = HmacScheme(
    "square-sha256",
    ("x-square-hmacsha256-signature",),
    "{url}{body}",
    encoding="base64",
    is_id_signed=True,
)
ZENDESK = HmacScheme(
    "zendesk-sha256",
    ("x-zendesk-webhook-signature",),
    "{timestamp}{body}",
    encoding="base64",
    time_header="x-zendesk-webhook-signature-timestamp",
    time_unit="iso",
    is_id_signed=True,
)
TWITCH = HmacScheme(
    "twitch-sha256",
    ("twitch-eventsub-message-signature",),
    "{header:twitch-eventsub-message-id}{timestamp}{body}",
    prefix="sha256=",
    time_header="twitch-eventsub-message-timestamp",
    time_unit="iso",
    is_id_signed=True,
)
ASANA = HmacScheme("asana-sha256", ("x-hook-signature",))
DROPBOX = HmacScheme("dropbox-sha256", ("x-dropbox-signature",))
XERO = HmacScheme("xero-sha256", ("x-xero-signature",), encoding="base64")
TRELLO = HmacScheme(
    "trello-sha1",
    ("x-trello-webhook",),
    "{body}{url}",
    encoding="base64",
    algorithm="sha1",
    is_id_signed=True,
)
