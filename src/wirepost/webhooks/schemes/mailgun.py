"""Mailgun signs a time and a token inside the payload, and nothing else of it."""

from __future__ import annotations

from dataclasses import dataclass
from hmac import digest
from urllib.parse import parse_qsl

import orjson

from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.checks import (
    MOST_FIELDS,
    check_window,
    find_secret,
    is_among,
    key_bytes,
    read_time,
)
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Terms


@dataclass(frozen=True)
class Mailgun:
    """The token is what was signed: it must be taken once only, whatever the rest of the payload says."""

    name: str = "mailgun-sha256"

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`."""
        signature = _signature_of(request.body)
        time, token, offered = (signature.get(name) for name in ("timestamp", "token", "signature"))
        if isinstance(time, int) and not isinstance(time, bool):
            time = str(time)
        if not (isinstance(time, str) and isinstance(token, str) and isinstance(offered, str)):
            raise Rejected("malformed_body", "signature")
        at = read_time(time, "s")
        content = _utf8(time + token)

        def fits(secret: str) -> bool:
            return is_among(digest(key_bytes(secret), content, "sha256").hex().encode(), [_utf8(offered)])

        secret = await find_secret(terms, fits)
        check_window(at, request.now, terms.tolerance_s)
        return Verified("signature", self.name, secret.label, at, signed=content)


def _signature_of(body: bytes) -> dict[str, object]:
    """Of a JSON payload, or of the form that older webhooks send."""
    if not body:
        raise Rejected("missing_body")
    try:
        if body.lstrip()[:1] == b"{":
            found = orjson.loads(body)["signature"]
        else:
            found = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except (ValueError, LookupError):
        raise Rejected("malformed_body") from None
    if not isinstance(found, dict):
        raise Rejected("malformed_body", "signature")
    return found


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


MAILGUN = Mailgun()
