"""The one redaction filter: secrets never reach a log, an error, a result or the audit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import orjson

REDACTED = "[redacted]"
MIN_SECRET = 6
"""Shorter values are not secrets but words; replacing them would make texts unreadable."""

# The forms of keys as their issuers publish them; a known prefix makes a false alarm rare.
_FORMS = re.compile(
    r"""
      \b[sr]k_(?:live|test)_[A-Za-z0-9]{4,}                           # Stripe secret and restricted keys
    | \bwhsec_[A-Za-z0-9+/=]{6,}                                      # webhook signing secrets
    | \b(?:pi|seti|src|cuss)_[A-Za-z0-9]+_secret_[A-Za-z0-9]+         # Stripe client secrets
    | \bxox[a-z]-[A-Za-z0-9-]{6,} | \bxapp-[A-Za-z0-9-]{6,}           # Slack tokens
    | \bgh[oprsu]_[A-Za-z0-9]{16,} | \bgithub_pat_[A-Za-z0-9_]{16,}   # GitHub tokens
    | \bshp(?:at|ca|pa|ss|ut)_[A-Za-z0-9]{16,}                        # Shopify tokens
    | \bpat-[a-z]{2}\d-[0-9a-f-]{16,}                                 # HubSpot private app tokens
    | \bsk-[A-Za-z0-9_-]{16,} | \bhf_[A-Za-z0-9]{16,} | \bAIza[A-Za-z0-9_-]{30,}   # model providers
    | \bAKIA[A-Z0-9]{12,}                                             # AWS access key ids
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*       # signed JSON tokens
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----[\s\S]*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z)
    """,
    re.VERBOSE,
)
_SCHEMES = re.compile(r"\b(Bearer|Basic)[ ]+(?=\S*[0-9+/=_])[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)")
_NAMES = frozenset(
    {
        *("authorization", "proxy-authorization", "cookie", "set-cookie", "password", "passphrase", "secret"),
        *("client_secret", "api_key", "apikey", "access_token", "refresh_token", "id_token", "private_key"),
        *("signing_secret", "webhook_secret"),
    }
)


def redact(text: str) -> str:
    """The text without anything that has the form of a secret."""
    text = _FORMS.sub(REDACTED, text)
    text = _SCHEMES.sub(rf"\1 {REDACTED}", text)
    return _USER_INFO.sub(REDACTED, text) if "://" in text else text


class Redactor:
    """The filter with values that are known to be secret, whatever they look like."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        self._known: re.Pattern[str] | None = None
        for secret in secrets:
            self.add(secret)

    def __repr__(self) -> str:
        return f"Redactor({len(self._forms)} forms)"

    def add(self, secret: str) -> None:
        """From now on this value is replaced, also where it is written URL-encoded or inside JSON."""
        if len(secret) < MIN_SECRET or secret in self._forms:
            return
        self._forms |= {secret, quote(secret, safe=""), orjson.dumps(secret).decode()[1:-1]}
        longest_first = sorted(self._forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first)))

    def text(self, text: str) -> str:
        """The text without secrets."""
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        return redact(text)

    def value(self, value: Any) -> Any:
        """A JSON value without secrets; what stands under a name such as `password` goes as a whole."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {
                self.text(str(name)): REDACTED if item and str(name).lower() in _NAMES else self.value(item)
                for name, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value
